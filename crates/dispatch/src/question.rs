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

/// A question with one choice and a comment.
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
}

impl Question {
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
        }
    }

    /// A choice by its number.
    #[must_use]
    pub fn choice(&self, id: ChoiceId) -> Option<&Choice> {
        self.choices.iter().find(|choice| choice.id == id)
    }

    /// Whether it can be answered: it has choices, and each has a number of its own.
    pub(crate) fn is_sound(&self) -> bool {
        let mut ids: Vec<ChoiceId> = self.choices.iter().map(|choice| choice.id).collect();
        ids.sort_unstable();
        ids.dedup();
        !ids.is_empty() && ids.len() == self.choices.len()
    }

    pub(crate) fn place(&self, id: ChoiceId) -> Option<usize> {
        self.choices.iter().position(|choice| choice.id == id)
    }
}
