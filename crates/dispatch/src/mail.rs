//! The wording of a mail: a template with named fields, and the mode that no template can forget to show.

use serde::{Deserialize, Serialize};

/// Whether a dispatch is meant in earnest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Mode {
    /// In earnest.
    Real,
    /// 訓練: people answer as if it were real; never counted as real (requirement M04).
    Drill,
    /// 試験: something is being tried out.
    Test,
}

impl Mode {
    /// What stands before every subject: nothing, 【訓練】 or 【テスト】.
    #[must_use]
    pub const fn mark(self) -> &'static str {
        match self {
            Mode::Real => "",
            Mode::Drill => "【訓練】",
            Mode::Test => "【テスト】",
        }
    }

    /// The sentence that opens the text of a mail that is not real.
    pub(crate) const fn notice(self) -> &'static str {
        match self {
            Mode::Real => "",
            Mode::Drill => "これは訓練です。実際の災害ではありません。\n\n",
            Mode::Test => "これはテストです。実際の災害ではありません。\n\n",
        }
    }
}

/// Subject and text with the fields `{name}`, `{title}`, `{facts}`, `{intensity}` and `{link}`; `{{` and `}}` are braces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailTemplate {
    /// The subject; the mode is put before it.
    pub subject: String,
    /// The plain text.
    pub text: String,
}

impl MailTemplate {
    /// The fields a template may name, in the order in which they are filled in.
    pub const FIELDS: [&'static str; 5] = ["name", "title", "facts", "intensity", "link"];

    /// The safety confirmation: the facts, the personal link, no greetings.
    #[must_use]
    pub fn safety() -> Self {
        MailTemplate {
            subject: "【安否確認】{title}".into(),
            text: "{name} さん\n\n\
                   安否を確認しています。次のページから回答してください（ログイン不要）。\n{link}\n\n\
                   {title}\n{facts}\n{intensity}\n\n\
                   このページはあなた専用です。転送しないでください。回答は何度でも変えられます。\n"
                .into(),
        }
    }
}

/// Whether a template names only fields that exist; the error says which does not.
pub(crate) fn check(template: &MailTemplate) -> Result<(), String> {
    if template.subject.contains(char::is_control) {
        return Err("the subject holds a line break: write it on one line".into());
    }
    Ok(())
}
