//! What people are asked, and the answers they can choose, in three kinds of wording.

use serde::{Deserialize, Serialize};

/// The number of a choice within its question; it is what a form posts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ChoiceId(pub u8);

/// One answer that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// Its number in the question.
    pub id: ChoiceId,
    /// Japanese.
    pub label_ja: String,
    /// やさしい日本語.
    pub label_easy_ja: String,
    /// English.
    pub label_en: String,
}

/// A further question, asked beside the main one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Further {
    /// Its number; 0 is the main question.
    pub id: u8,
    /// Japanese.
    pub prompt_ja: String,
    /// やさしい日本語.
    pub prompt_easy_ja: String,
    /// English.
    pub prompt_en: String,
    /// What can be answered.
    pub form: Form,
    /// It is asked only of whoever chose one of these in the main question; empty: of everybody.
    pub only_if: Vec<ChoiceId>,
}

/// What a further question takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Form {
    /// One of these.
    One(Vec<Choice>),
    /// Any of these.
    Several(Vec<Choice>),
    /// Free text.
    Text,
    /// Where the person is, in words.
    Place,
}

/// Longest free text of a further question, in characters.
pub const DETAIL_CHARS_MAX: usize = 200;

/// The answer to a further question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    /// Which question.
    pub question: u8,
    /// What was chosen.
    pub chosen: Vec<ChoiceId>,
    /// What was written.
    pub text: String,
}

/// A main question with one choice and a comment, by which people are counted, and further ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Japanese.
    pub prompt_ja: String,
    /// やさしい日本語.
    pub prompt_easy_ja: String,
    /// English.
    pub prompt_en: String,
    /// What can be chosen, in the order shown.
    pub choices: Vec<Choice>,
    /// Whether a comment may be written.
    pub comment_allowed: bool,
    /// Further questions, in the order shown.
    pub further: Vec<Further>,
}

impl Question {
    /// Nothing is asked.
    #[must_use]
    pub fn none() -> Self {
        let (prompt_ja, prompt_easy_ja, prompt_en) = Default::default();
        Question {
            prompt_ja,
            prompt_easy_ja,
            prompt_en,
            choices: Vec::new(),
            comment_allowed: false,
            further: Vec::new(),
        }
    }

    /// Whether anything is asked.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        !self.choices.is_empty()
    }

    /// Safety and whether one can come to work (安否・登庁可否).
    #[must_use]
    pub fn safety() -> Self {
        let choice = |id, ja: &str, easy: &str, en: &str| Choice {
            id: ChoiceId(id),
            label_ja: ja.into(),
            label_easy_ja: easy.into(),
            label_en: en.into(),
        };
        Question {
            prompt_ja: "あなたの安否と登庁の可否を教えてください。".into(),
            prompt_easy_ja: "あなたは だいじょうぶですか。しごとに 来(く)ることが できますか。".into(),
            prompt_en: "Are you safe, and can you come to the office?".into(),
            choices: vec![
                choice(1, "無事・登庁可", "だいじょうぶです。しごとに 行(い)けます", "Safe, can come in"),
                choice(2, "無事・登庁不可", "だいじょうぶです。しごとに 行(い)けません", "Safe, cannot come in"),
                choice(3, "負傷", "けがを しました", "Injured"),
                choice(4, "支援が必要", "たすけてください", "Need help"),
            ],
            comment_allowed: true,
            further: Vec::new(),
        }
    }

    /// A choice by its number.
    #[must_use]
    pub fn choice(&self, id: ChoiceId) -> Option<&Choice> {
        self.choices.iter().find(|choice| choice.id == id)
    }

    /// Whether all choices and further questions have numbers of their own, and further ones depend on choices that exist.
    pub(crate) fn is_sound(&self) -> bool {
        let further: Vec<u8> = self.further.iter().map(|it| it.id).collect();
        let exists = |it: &Further| it.only_if.iter().all(|choice| self.choice(*choice).is_some());
        numbered(&self.choices)
            && all_differ(&further)
            && self.further.iter().all(|it| it.id > 0 && exists(it))
            && self.further.iter().all(|it| match &it.form {
                Form::One(choices) | Form::Several(choices) => !choices.is_empty() && numbered(choices),
                Form::Text | Form::Place => true,
            })
    }

    /// The further questions that are asked of whoever chose `choice`.
    pub fn asked_of(&self, choice: ChoiceId) -> impl Iterator<Item = &Further> {
        self.further.iter().filter(move |it| it.only_if.is_empty() || it.only_if.contains(&choice))
    }

    /// Whether a detail answers one of the further questions that are asked of whoever chose `choice`.
    pub(crate) fn takes(&self, choice: ChoiceId, detail: &Detail) -> bool {
        let Some(further) = self.asked_of(choice).find(|it| it.id == detail.question) else { return false };
        let known = |choices: &[Choice]| detail.chosen.iter().all(|id| choices.iter().any(|it| it.id == *id));
        match &further.form {
            Form::One(choices) => detail.text.is_empty() && detail.chosen.len() == 1 && known(choices),
            Form::Several(choices) => detail.text.is_empty() && all_differ(&detail.chosen) && known(choices),
            Form::Text | Form::Place => detail.chosen.is_empty() && detail.text.chars().count() <= DETAIL_CHARS_MAX,
        }
    }

    pub(crate) fn place(&self, id: ChoiceId) -> Option<usize> {
        self.choices.iter().position(|choice| choice.id == id)
    }
}

fn numbered(choices: &[Choice]) -> bool {
    all_differ(&choices.iter().map(|choice| choice.id).collect::<Vec<_>>())
}

fn all_differ<T: Ord>(items: &[T]) -> bool {
    items.iter().collect::<std::collections::BTreeSet<_>>().len() == items.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question() -> Question {
        let words = |id, form, only_if| Further {
            id,
            prompt_ja: "同行者".into(),
            prompt_easy_ja: "だれと いますか".into(),
            prompt_en: "Who is with you?".into(),
            form,
            only_if,
        };
        let choices = Question::safety().choices;
        let further = vec![words(1, Form::Several(choices), vec![]), words(2, Form::Place, vec![ChoiceId(4)])];
        Question { further, ..Question::safety() }
    }

    #[test]
    fn req_a19_a_further_question_is_asked_only_of_whom_it_concerns() {
        let place = Detail { question: 2, chosen: vec![], text: "3階の会議室".into() };
        assert!(question().takes(ChoiceId(4), &place));
        assert!(!question().takes(ChoiceId(1), &place));
        let both = Detail { question: 1, chosen: vec![ChoiceId(1), ChoiceId(3)], text: String::new() };
        assert!(question().takes(ChoiceId(1), &both));
        let twice = Detail { chosen: vec![ChoiceId(1), ChoiceId(1)], ..both.clone() };
        assert!(!question().takes(ChoiceId(1), &twice));
        assert!(!question().takes(ChoiceId(1), &Detail { question: 9, ..both }));
    }

    #[test]
    fn a_question_whose_parts_share_a_number_is_not_sound() {
        assert!(question().is_sound());
        let mut twice = question();
        twice.further[1].id = 1;
        assert!(!twice.is_sound());
        let mut nowhere = question();
        nowhere.further[1].only_if = vec![ChoiceId(9)];
        assert!(!nowhere.is_sound());
    }
}
