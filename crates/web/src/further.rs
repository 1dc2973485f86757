//! Further questions on the responder's side: asked once the answer is safe, of whom they concern (requirement A19).

use hikyaku_dispatch::{AnswerView, ChoiceId, DETAIL_CHARS_MAX, Detail, Form, Further, Question};

use crate::words::Lang;

/// One further question, ready for its template.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    /// The name of its field.
    pub(crate) field: String,
    pub(crate) prompt: &'a str,
    /// Number, label, and whether it was chosen; empty for free text.
    pub(crate) choices: Vec<(u8, &'a str, bool)>,
    /// Whether several may be chosen.
    pub(crate) several: bool,
    /// What was written.
    pub(crate) text: &'a str,
    pub(crate) limit: usize,
}

/// What is asked of whoever gave this answer.
pub(crate) fn asked<'a>(question: &'a Question, answer: &'a AnswerView, lang: Lang) -> Vec<Asked<'a>> {
    question.asked_of(answer.choice.id).map(|further| one(further, answer, lang)).collect()
}

fn one<'a>(further: &'a Further, answer: &'a AnswerView, lang: Lang) -> Asked<'a> {
    let given = answer.details.iter().find(|detail| detail.question == further.id);
    let choices = match &further.form {
        Form::One(choices) | Form::Several(choices) => choices.as_slice(),
        Form::Text | Form::Place => &[],
    };
    let is_chosen = |id: ChoiceId| given.is_some_and(|detail| detail.chosen.contains(&id));
    Asked {
        field: field(further),
        prompt: prompt(further, lang),
        choices: choices.iter().map(|it| (it.id.0, lang.label(it), is_chosen(it.id))).collect(),
        several: matches!(further.form, Form::Several(_)),
        text: given.map_or("", |detail| &detail.text),
        limit: DETAIL_CHARS_MAX,
    }
}

fn prompt(further: &Further, lang: Lang) -> &str {
    match lang {
        Lang::Japanese => &further.prompt_ja,
        Lang::Easy => &further.prompt_easy_ja,
        Lang::English => &further.prompt_en,
    }
}

fn field(further: &Further) -> String {
    format!("d{}", further.id)
}

/// Of whom the posted page asked its questions, by the choice of the answer that it showed.
pub(crate) fn asked_by(posted: &[(String, String)]) -> Option<ChoiceId> {
    posted.iter().find(|(field, _)| field == "choice")?.1.parse().ok().map(ChoiceId)
}

/// What was posted, as far as it answers what is asked of whoever chose `choice`. What is left empty is no answer; free text is
/// cut at its limit.
pub(crate) fn read(question: &Question, choice: ChoiceId, posted: &[(String, String)]) -> Vec<Detail> {
    let detail = |further: &Further| {
        let name = field(further);
        let mut values = posted.iter().filter(|(field, _)| *field == name).map(|(_, value)| value.as_str());
        let detail = match &further.form {
            Form::Text | Form::Place => {
                let typed: String = values.next()?.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
                let text = typed.trim().chars().take(DETAIL_CHARS_MAX).collect();
                Detail { question: further.id, chosen: Vec::new(), text }
            }
            Form::One(choices) | Form::Several(choices) => {
                let known = |id: &ChoiceId| choices.iter().any(|it| it.id == *id);
                let mut chosen: Vec<ChoiceId> =
                    values.filter_map(|id| id.parse().ok().map(ChoiceId)).filter(known).collect();
                chosen.sort_unstable();
                chosen.dedup();
                if matches!(further.form, Form::One(_)) {
                    chosen.truncate(1);
                }
                Detail { question: further.id, chosen, text: String::new() }
            }
        };
        (!detail.chosen.is_empty() || !detail.text.is_empty()).then_some(detail)
    };
    question.asked_of(choice).filter_map(detail).collect()
}

/// Of the details of an earlier answer, those that still concern whoever now chooses `choice`.
pub(crate) fn kept(question: &Question, choice: ChoiceId, before: Option<&AnswerView>) -> Vec<Detail> {
    let details = before.map(|answer| answer.details.as_slice()).unwrap_or_default();
    let still = |detail: &&Detail| question.asked_of(choice).any(|further| further.id == detail.question);
    details.iter().filter(still).cloned().collect()
}

/// Fills what was typed for another answer in where this one is asked the same and says nothing; what finds no place.
pub(crate) fn offer(question: &Question, answer: &mut AnswerView, typed: Vec<Detail>) -> Vec<Detail> {
    let choice = answer.choice.id;
    let is_asked = |detail: &Detail| question.asked_of(choice).any(|further| further.id == detail.question);
    let new = typed.into_iter().filter(|detail| !answer.details.contains(detail));
    let is_free = |detail: &Detail| !answer.details.iter().any(|said| said.question == detail.question);
    let (fitting, left): (Vec<Detail>, _) = new.partition(|detail| is_asked(detail) && is_free(detail));
    answer.details.extend(fitting);
    left
}

/// The details of an answer, a line each.
pub(crate) fn lines(question: &Question, details: &[Detail], lang: Lang) -> Vec<String> {
    let line = |detail: &Detail| {
        let further = question.further.iter().find(|it| it.id == detail.question)?;
        let said = match &further.form {
            Form::One(choices) | Form::Several(choices) => {
                let label = |id: &ChoiceId| Some(lang.label(choices.iter().find(|it| it.id == *id)?));
                detail.chosen.iter().filter_map(label).collect::<Vec<_>>().join("、")
            }
            Form::Text | Form::Place => detail.text.clone(),
        };
        Some(format!("{}: {said}", prompt(further, lang)))
    };
    details.iter().filter_map(line).collect()
}
