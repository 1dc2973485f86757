//! The wording of a mail: a template with named fields, and the mode that no template can forget to show.

use hikyaku_core::letter::{Mailbox, TemplateText};
use hikyaku_core::{Address, Template};
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

impl MailTemplate {
    /// News for subscribers: the facts, and no question.
    #[must_use]
    pub fn information() -> Self {
        MailTemplate {
            subject: "【災害情報】{title}".into(),
            // No {intensity}: subscribers need not be where it happened.
            text: "{title}\n{facts}\n\n詳しくは: {link}\n".into(),
        }
    }

    /// What those are told whom an earlier dispatch reached.
    #[must_use]
    pub fn notice() -> Self {
        MailTemplate { subject: "{title}".into(), text: "{name} さん\n\n{facts}\n{intensity}\n\n{link}\n".into() }
    }

    /// The call to an approver.
    #[must_use]
    pub fn call() -> Self {
        MailTemplate {
            subject: "【承認依頼】{title}".into(),
            text: "{name} さん\n\n安否確認の送信について判断をお願いします。\n\n{title}\n{facts}\n\n{link}\n".into(),
        }
    }
}

impl MailTemplate {
    /// The subject of a mail in this mode about something of this title; fields of the person stay for later.
    #[must_use]
    pub fn subject_of(&self, mode: Mode, title: &str) -> String {
        // In a subject there is room for a title, not for lines of facts.
        let title = in_one_line(title);
        format!("{}{}", mode.mark(), fix(&self.subject, &[("title", &title), ("facts", "")]))
    }
}

/// Longest title in a subject, in bytes: the engine takes subjects of 600.
const TITLE_BYTES_MAX: usize = 300;
/// Most bytes of facts in a mail: the engine takes texts of 6,000; the page behind the link tells the rest.
const FACTS_BYTES_MAX: usize = 3_000;

/// A title as a subject can hold it: whatever a source wrote, no dispatch may fail for it.
pub(crate) fn in_one_line(title: &str) -> String {
    let line: String = title.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    cut(&line, TITLE_BYTES_MAX)
}

/// Facts as a mail can hold them.
pub(crate) fn in_lines(facts: &[String]) -> String {
    let is_nasty = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    let text: String = facts.join("\n").chars().map(|c| if is_nasty(c) { ' ' } else { c }).collect();
    cut(&text, FACTS_BYTES_MAX)
}

/// The beginning of a text, marked as such, if it is longer than so many bytes.
fn cut(text: &str, bytes_max: usize) -> String {
    if text.len() <= bytes_max {
        return text.to_owned();
    }
    let end = (0..=bytes_max).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    format!("{}…（以下略）", &text[..end])
}

/// Whether a template names only fields that exist; the error says which does not.
pub(crate) fn check(template: &MailTemplate) -> Result<(), String> {
    if template.subject.contains(char::is_control) {
        return Err("the subject holds a line break: write it on one line".into());
    }
    let address = Address::parse("check@example.jp").map_err(|e| e.to_string())?;
    let parts = TemplateText {
        from: Mailbox { name: String::new(), address },
        return_path: "check@example.jp",
        reply_to: None,
        subject: &template.subject,
        text: &template.text,
        fields: &MailTemplate::FIELDS,
    };
    Template::new(parts).map(drop).map_err(|e| e.to_string())
}

/// Writes what is the same for everybody into a text: `{title}` becomes the title, `{name}` stays for later.
pub(crate) fn fix(text: &str, fixed: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let doubled = ["{{", "}}"].into_iter().find(|pair| from.starts_with(pair));
        let field = from.strip_prefix('{').and_then(|inner| inner.split_once('}'));
        let known = field.and_then(|(name, after)| {
            let (_, value) = fixed.iter().find(|(field, _)| *field == name.trim())?;
            Some((value, after))
        });
        rest = match (doubled, known) {
            (Some(pair), _) => {
                out.push_str(pair);
                &from[2..]
            }
            (None, Some((value, after))) => {
                // A brace in what is filled in is only a brace.
                out.push_str(&value.replace('{', "{{").replace('}', "}}"));
                after
            }
            (None, None) => {
                out.push_str(&from[..1]);
                &from[1..]
            }
        };
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_the_same_for_everybody_is_written_in_once_and_its_braces_are_only_braces() {
        let fixed = [("title", "地震 {大}"), ("facts", "発生")];
        let text = fix("{name} {title} {{title}} { facts } {link}", &fixed);
        assert_eq!(text, "{name} 地震 {{大}} {{title}} 発生 {link}");
        assert_eq!(fix("a } b { c", &fixed), "a } b { c");
    }

    #[test]
    fn whatever_a_source_wrote_fits_into_a_subject_and_a_text() {
        let subject = MailTemplate::safety().subject_of(Mode::Real, &format!("地震\r\n{}", "震".repeat(400)));
        assert!(subject.len() < 600 && !subject.contains(char::is_control) && subject.ends_with('）'), "{subject}");
        let facts = in_lines(&["一\u{1b}行目".into(), "長".repeat(4_000)]);
        assert!(facts.len() < 3_100 && facts.starts_with("一 行目\n長"), "{facts}");
        assert_eq!(in_lines(&["発生".into(), "震源".into()]), "発生\n震源");
    }

    #[test]
    fn a_template_that_names_an_unknown_field_is_refused_by_name() {
        assert_eq!(check(&MailTemplate::safety()), Ok(()));
        let wrong = MailTemplate { subject: "安否".into(), text: "{nmae}".into() };
        assert!(check(&wrong).unwrap_err().contains("{nmae}"));
        let broken = MailTemplate { subject: "安否\nBcc: x@example.jp".into(), text: String::new() };
        assert!(check(&broken).is_err());
    }
}
