//! What was typed of a question set, and the question that it describes.

use std::collections::BTreeSet;

use hikyaku_dispatch::{Aim, ChoiceId, Form, Further, Question};

use super::super::happening;
use super::super::posted::{Fault, Posted};
use super::row::{self, PROMPT_CHARS_MAX, Row, Wording};

/// What a choice and a further question are called on the page.
const CHOICE: &str = "選択肢";
const ASKED: &str = "追加の質問";
/// Further questions that a form makes at most.
const FURTHER_MAX: usize = 20;
/// Blank rows at the end of a list.
const BLANK: usize = 2;

/// What a further question can take.
const FORMS: [(&str, &str); 4] = [
    ("one", "選択肢から一つ選ぶ"),
    ("several", "選択肢からいくつでも選ぶ"),
    ("text", "文章を書く"),
    ("place", "いる場所を書く"),
];

/// A question set as it was typed.
#[derive(Debug, Clone, Default)]
pub(super) struct Typed {
    pub(super) prompt: Wording,
    pub(super) has_comment: bool,
    pub(super) rows: Vec<Row>,
    pub(super) further: Vec<Asked>,
}

/// A further question as it was typed.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    /// What its fields begin with: `f2`.
    pub(super) field: String,
    pub(super) title: String,
    id: Option<u8>,
    pub(super) words: Wording,
    form: String,
    /// Numbers of the choices of the main question after which it is asked.
    only: Vec<u8>,
    pub(super) rows: Vec<Row>,
    pub(super) place: String,
    pub(super) is_gone: bool,
}

impl Typed {
    pub(super) fn of(question: &Question) -> Self {
        let further = question.further.iter().enumerate();
        Self {
            prompt: Wording::new(&question.prompt_ja, &question.prompt_easy_ja, &question.prompt_en),
            // Whoever asks for the first time mostly wants to be told more.
            has_comment: question.comment_allowed || !question.is_asked(),
            rows: row::rows_of(&question.choices, "c", CHOICE),
            further: further.map(|(at, it)| Asked::of(it, at + 1)).collect(),
        }
        .with_room("")
    }

    pub(super) fn read(posted: &Posted) -> Self {
        let count: usize = posted.line("f_rows").parse().unwrap_or_default();
        Self {
            prompt: Wording::read(posted, "prompt"),
            has_comment: posted.has("comment"),
            rows: row::read(posted, "c", CHOICE),
            further: (1..=count.min(usize::from(u8::MAX))).map(|number| Asked::read(posted, number)).collect(),
        }
    }

    /// The same in order, without what goes, with room for more; for one more question where `act` asks for it.
    pub(super) fn arranged(&self, act: &str) -> Self {
        let order = row::ordered(self.further.iter().map(|it| it.place.as_str()));
        let further = order.into_iter().filter_map(|at| self.further.get(at)).filter(|it| !it.is_gone);
        let further = further.enumerate().map(|(at, it)| it.arranged(at + 1)).collect();
        Self { rows: row::arranged(&self.rows, "c", CHOICE), further, ..self.clone() }.with_room(act)
    }

    fn with_room(mut self, act: &str) -> Self {
        self.rows = row::with_blank(self.rows, BLANK, "c", CHOICE);
        if act == "ask" && self.further.len() < FURTHER_MAX {
            self.further.push(Asked { form: "one".to_owned(), ..Asked::default() }.arranged(self.further.len() + 1));
        }
        for asked in &mut self.further {
            let rows = std::mem::take(&mut asked.rows);
            asked.rows = row::with_blank(rows, BLANK, &format!("{}c", asked.field), &asked.choices_title());
        }
        self
    }

    /// What can be named by a further question: number and words of each choice that has a number.
    pub(super) fn named(&self) -> Vec<(u8, &str)> {
        let named = self.rows.iter().filter(|row| !row.words.ja.is_empty());
        named.filter_map(|row| Some((row.id?, row.words.ja.as_str()))).collect()
    }

    /// The question.
    ///
    /// # Errors
    /// What is to be mended, by the fields as they were typed.
    pub(super) fn question(&self, aim: Aim) -> Result<Question, Vec<Fault>> {
        let mut faults = Vec::new();
        let rows = row::arranged(&self.rows, "c", CHOICE);
        let further: Vec<&Asked> = self.further.iter().filter(|it| it.is_meant()).collect();
        if rows.is_empty() && further.is_empty() && self.prompt.is_blank() && aim != Aim::Safety {
            return Ok(Question::none());
        }
        self.prompt.check(&mut faults, "prompt", "質問", PROMPT_CHARS_MAX);
        if rows.is_empty() {
            faults.push(Fault::new(
                "c1_ja",
                "選択肢 1（日本語）",
                "選択肢が一つもありません。一つ以上書いてください。",
            ));
        }
        row::check(&mut faults, &self.rows_that_stay());
        for asked in &further {
            asked.check(&mut faults, &rows);
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let [prompt_ja, prompt_easy_ja, prompt_en] = self.prompt.whole();
        let (choices, further) = (row::choices(&rows), self.arranged("").furthers());
        Ok(Question { prompt_ja, prompt_easy_ja, prompt_en, choices, comment_allowed: self.has_comment, further })
    }

    fn rows_that_stay(&self) -> Vec<Row> {
        staying(&self.rows)
    }

    /// The further questions of a set that is arranged, each with a number of its own.
    fn furthers(&self) -> Vec<Further> {
        let known: Vec<u8> = row::choices(&row::arranged(&self.rows, "c", CHOICE)).iter().map(|it| it.id.0).collect();
        let mut taken = BTreeSet::from([0]);
        let meant: Vec<&Asked> = self.further.iter().filter(|it| it.is_meant()).collect();
        let ids: Vec<Option<u8>> = meant.iter().map(|it| it.id.filter(|id| taken.insert(*id))).collect();
        let mut further = Vec::new();
        for (asked, id) in meant.into_iter().zip(ids) {
            let Some(id) = id.or_else(|| (1..=u8::MAX).find(|id| taken.insert(*id))) else { continue };
            let [prompt_ja, prompt_easy_ja, prompt_en] = asked.words.whole();
            let only_if = asked.only.iter().copied().filter(|it| known.contains(it)).map(ChoiceId).collect();
            further.push(Further { id, prompt_ja, prompt_easy_ja, prompt_en, form: asked.takes(), only_if });
        }
        further
    }
}

/// The rows that are meant, as they were typed.
fn staying(rows: &[Row]) -> Vec<Row> {
    rows.iter().filter(|row| !row.is_gone && !row.words.is_blank()).cloned().collect()
}

impl Asked {
    fn of(further: &Further, number: usize) -> Self {
        let (form, choices) = match &further.form {
            Form::One(choices) => ("one", choices.as_slice()),
            Form::Several(choices) => ("several", choices.as_slice()),
            Form::Text => ("text", &[][..]),
            Form::Place => ("place", &[][..]),
        };
        Self {
            id: Some(further.id),
            words: Wording::new(&further.prompt_ja, &further.prompt_easy_ja, &further.prompt_en),
            form: form.to_owned(),
            only: further.only_if.iter().map(|it| it.0).collect(),
            rows: row::rows_of(choices, "", ""),
            ..Self::default()
        }
        .arranged(number)
    }

    fn read(posted: &Posted, number: usize) -> Self {
        let field = format!("f{number}");
        let title = format!("{ASKED} {number}");
        Self {
            id: posted.line(&format!("{field}_id")).parse().ok(),
            words: Wording::read(posted, &field),
            form: posted.line(&format!("{field}_form")),
            only: posted.all(&format!("{field}_only")),
            rows: row::read(posted, &format!("{field}c"), &format!("{title} の{CHOICE}")),
            place: posted.line(&format!("{field}_place")),
            is_gone: posted.has(&format!("{field}_gone")),
            field,
            title,
        }
    }

    /// Whether it is to be asked: it does not go, and something was typed.
    fn is_meant(&self) -> bool {
        !self.is_gone && (!self.words.is_blank() || !staying(&self.rows).is_empty())
    }

    /// The same as the further question of this number, its choices in order.
    fn arranged(&self, number: usize) -> Self {
        let (field, title) = (format!("f{number}"), format!("{ASKED} {number}"));
        let rows = row::arranged(&self.rows, &format!("{field}c"), &format!("{title} の{CHOICE}"));
        Self { rows, place: number.to_string(), field, title, ..self.clone() }
    }

    fn choices_title(&self) -> String {
        format!("{} の{CHOICE}", self.title)
    }

    pub(super) fn number(&self) -> Option<u8> {
        self.id
    }

    /// What it can take, for a list.
    pub(super) fn forms(&self) -> Vec<happening::Choice> {
        let choice = |(value, label): (&str, &str)| happening::Choice {
            value: value.to_owned(),
            label: label.to_owned(),
            chosen: value == self.form,
        };
        FORMS.map(choice).into()
    }

    /// Whether it is asked of those who chose this.
    pub(super) fn is_after(&self, choice: &u8) -> bool {
        self.only.contains(choice)
    }

    pub(super) fn has_choices(&self) -> bool {
        matches!(self.form.as_str(), "one" | "several")
    }

    fn takes(&self) -> Form {
        match self.form.as_str() {
            "one" => Form::One(row::choices(&self.rows_of_its_own())),
            "several" => Form::Several(row::choices(&self.rows_of_its_own())),
            "place" => Form::Place,
            _ => Form::Text,
        }
    }

    fn rows_of_its_own(&self) -> Vec<Row> {
        row::arranged(&self.rows, "", "")
    }

    /// Notes what is wrong with it; `known` are the choices of the main question that stay.
    fn check(&self, faults: &mut Vec<Fault>, known: &[Row]) {
        self.words.check(faults, &self.field, &self.title, PROMPT_CHARS_MAX);
        let own = staying(&self.rows);
        let fault = |part: &str, text: &str| Fault::new(format!("{}{part}", self.field), self.title.clone(), text);
        if FORMS.iter().all(|(value, _)| *value != self.form) {
            faults.push(fault("_form", "答え方を一覧から選んでください。"));
        }
        if self.has_choices() && own.is_empty() {
            faults.push(fault("c1_ja", "選択肢が一つもありません。書くか、答え方を文章か場所にしてください。"));
        }
        if !self.has_choices() && !own.is_empty() {
            let text = "文章や場所で答える質問に選択肢は使えません。選択肢を消すか、答え方を選び直してください。";
            faults.push(fault("_form", text));
        }
        row::check(faults, &own);
        let stays = |id: &u8| known.iter().any(|row| row.id == Some(*id));
        if !self.only.is_empty() && !self.only.iter().any(stays) {
            let text =
                "この質問を尋ねる相手の選択肢がなくなりました。相手を選び直すか、印を全部外して全員に尋ねてください。";
            faults.push(fault("_form", text));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn posted(pairs: &[(&str, &str)]) -> Posted {
        Posted(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    fn safety_with_place() -> Question {
        let place = Further {
            id: 4,
            prompt_ja: "現在地".into(),
            prompt_easy_ja: "どこに いますか".into(),
            prompt_en: "Where are you?".into(),
            form: Form::Place,
            only_if: vec![ChoiceId(4)],
        };
        let family = Further {
            id: 2,
            form: Form::Several(Question::safety().choices),
            only_if: Vec::new(),
            prompt_ja: "家族".into(),
            ..place.clone()
        };
        Question { further: vec![place, family], ..Question::safety() }
    }

    #[test]
    fn req_a19_a_question_set_that_is_opened_and_not_touched_stays_what_it_was() {
        for question in [Question::safety(), safety_with_place()] {
            let typed = Typed::of(&question);
            assert_eq!(typed.question(Aim::Safety), Ok(question.clone()));
            assert_eq!(typed.arranged("ask").question(Aim::Safety), Ok(question), "a blank question is no question");
        }
        assert_eq!(Typed::of(&Question::none()).question(Aim::Information), Ok(Question::none()));
        assert!(Typed::of(&Question::none()).question(Aim::Safety).is_err());
    }

    #[test]
    fn req_a19_a_question_is_typed_put_in_order_and_asked_further_of_those_it_concerns() {
        let typed = Typed::read(&posted(&[
            ("prompt_ja", "出勤できますか"),
            ("prompt_en", "Can you come?"),
            ("c_rows", "3"),
            ("c1_ja", "できない"),
            ("c1_id", "7"),
            ("c1_place", "2"),
            ("c2_ja", "できる"),
            ("c2_place", "1"),
            ("f_rows", "1"),
            ("f1_ja", "交通手段"),
            ("f1_form", "one"),
            ("f1_only", "7"),
            ("f1c_rows", "2"),
            ("f1c1_ja", "徒歩"),
            ("f1c2_ja", "車"),
            ("f1c2_gone", "1"),
        ]));
        let question = typed.question(Aim::Safety).unwrap();
        let labels: Vec<_> = question.choices.iter().map(|it| (it.id.0, it.label_ja.as_str())).collect();
        assert_eq!(labels, [(1, "できる"), (7, "できない")]);
        assert_eq!(
            (question.prompt_easy_ja.as_str(), question.prompt_en.as_str()),
            ("出勤できますか", "Can you come?")
        );
        assert!(!question.comment_allowed);
        let further = &question.further[0];
        assert_eq!((further.id, further.only_if.clone()), (1, vec![ChoiceId(7)]));
        assert!(matches!(&further.form, Form::One(choices) if choices.len() == 1 && choices[0].label_ja == "徒歩"));
    }

    #[test]
    fn req_a19_what_is_wrong_with_a_question_is_named_by_the_field_that_was_typed() {
        let typed = Typed::read(&posted(&[
            ("c_rows", "3"),
            ("c1_ja", "無事"),
            ("c2_en", "Injured"),
            ("c3_ja", "無事"),
            ("f_rows", "2"),
            ("f1_ja", "家族"),
            ("f1_form", "several"),
            ("f2_ja", "現在地"),
            ("f2_form", "place"),
            ("f2_only", "9"),
        ]));
        let faults = typed.question(Aim::Safety).unwrap_err();
        let fields: Vec<_> = faults.iter().map(|it| it.field.as_str()).collect();
        assert_eq!(fields, ["prompt_ja", "c2_ja", "c3_ja", "f1c1_ja", "f2_form"]);
        assert!(faults[1].label.contains("選択肢 2（日本語）"), "{faults:?}");
    }

    #[test]
    fn a_choice_that_goes_takes_itself_out_of_the_further_questions() {
        let mut typed = Typed::of(&safety_with_place());
        typed.further[0].only = vec![3, 4];
        typed.rows[2].is_gone = true;
        assert_eq!(typed.question(Aim::Safety).unwrap().further[0].only_if, [ChoiceId(4)]);
        typed.rows[3].is_gone = true;
        assert_eq!(typed.question(Aim::Safety).unwrap_err()[0].field, "f1_form");
    }
}
