//! In which language a person is written to, and whether the person works here at present.

use serde::{Deserialize, Serialize};

/// The language of mails and pages for a person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Language {
    /// 日本語.
    #[default]
    Japanese,
    /// やさしい日本語.
    EasyJapanese,
    /// English.
    English,
}

impl Language {
    /// All of them.
    pub const ALL: [Language; 3] = [Language::Japanese, Language::EasyJapanese, Language::English];

    /// The word in a roster.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Language::Japanese => "日本語",
            Language::EasyJapanese => "やさしい日本語",
            Language::English => "English",
        }
    }

    pub(crate) fn of(word: &str) -> Option<Language> {
        let short = match word {
            "ja" => Some(Language::Japanese),
            "en" | "英語" => Some(Language::English),
            _ => None,
        };
        short.or_else(|| Language::ALL.into_iter().find(|language| language.word().eq_ignore_ascii_case(word)))
    }
}

/// How the link of somebody's own page came to that one (requirement A03).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum LinkWay {
    /// On a card that a manager printed.
    Printed,
    /// In a mail to each of the person's addresses.
    Mailed,
}

/// Whether a person works here at present.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Employment {
    /// 在職.
    #[default]
    Active,
    /// 休職: on the books, asked like everybody.
    OnLeave,
    /// 退職 or no longer on the roster: not asked any more, links no longer open.
    Left,
}

impl Employment {
    /// All of them.
    pub const ALL: [Employment; 3] = [Employment::Active, Employment::OnLeave, Employment::Left];

    /// The word in a roster.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Employment::Active => "在職",
            Employment::OnLeave => "休職",
            Employment::Left => "退職",
        }
    }

    pub(crate) fn of(word: &str) -> Option<Employment> {
        Employment::ALL.into_iter().find(|employment| employment.word() == word)
    }
}

/// The two halves of the system that know nothing of each other (requirement O06).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Side {
    /// 国内.
    #[default]
    Domestic,
    /// 海外: travellers and those posted abroad, on a roster of their own.
    Overseas,
}

impl Side {
    /// Its name for people.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Side::Domestic => "国内",
            Side::Overseas => "海外",
        }
    }
}
