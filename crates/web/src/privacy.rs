//! How personal data are used (requirement S22): the organisation's own words, or ours where it has none.

use crate::words::Lang;

/// The organisation's notice in the languages of responder pages; where one is missing, the Japanese one is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrivacyNotice {
    /// In Japanese.
    pub japanese: Option<String>,
    /// In やさしい日本語.
    pub easy: Option<String>,
    /// In English.
    pub english: Option<String>,
}

impl PrivacyNotice {
    /// The words for a reader of `lang`, and the language that they are in.
    pub(crate) fn text(&self, lang: Lang) -> (Lang, &str) {
        let own = match lang {
            Lang::Japanese => &self.japanese,
            Lang::Easy => &self.easy,
            Lang::English => &self.english,
        };
        match (own, &self.japanese) {
            (Some(own), _) => (lang, own),
            // What an organisation promises in one language, we do not promise otherwise in another.
            (None, Some(japanese)) => (Lang::Japanese, japanese),
            (None, None) => (lang, ours(lang)),
        }
    }
}

/// What holds of every system.
const fn ours(lang: Lang) -> &'static str {
    match lang {
        Lang::Japanese => {
            "氏名、メールアドレス、地域、回答を、安否の確認と連絡のためだけに使います。見られるのは所属の管理者と担当者だけです。個人ごとの鍵で暗号化して保存し、保存期間が過ぎた記録は消去します。開示・訂正・削除は、所属の管理者に申し出てください。"
        }
        Lang::Easy => {
            "名前（なまえ）、アドレス、ところ、こたえは、あなたが だいじょうぶか どうか しるためだけに つかいます。職場（しょくば）の かかりの 人だけが 見ます。きまった 時間（じかん）が すぎたら けします。見たい、なおしたい、けしたいときは、職場の 人に いって ください。"
        }
        Lang::English => {
            "Your name, addresses, regions and answers are used only to find out whether you are safe and to contact you. Only your managers and those in charge see them. They are encrypted with a key of your own, and records are erased when their time is over. To see, correct or erase them, ask your manager."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn req_s22_the_organisations_words_stand_in_place_of_ours_in_every_language() {
        let ours = PrivacyNotice::default();
        assert!(ours.text(Lang::English).1.contains("used only to find out"));
        let own =
            PrivacyNotice { japanese: Some("本省の方針".into()), english: Some("Our policy".into()), easy: None };
        assert_eq!(own.text(Lang::Japanese), (Lang::Japanese, "本省の方針"));
        assert_eq!(own.text(Lang::Easy), (Lang::Japanese, "本省の方針"));
        assert_eq!(own.text(Lang::English), (Lang::English, "Our policy"));
    }
}
