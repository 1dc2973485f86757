//! What is sent, to whom, how urgently: batches, templates and recipients.

use std::collections::HashSet;

use thiserror::Error;

use crate::address::{Address, AddressError};
use crate::time::{Instant, Span};

/// Longest subject after filling in, in bytes of UTF-8; keeps headers far under SoftBank's 12 KB.
const SUBJECT_BYTES_MAX: usize = 600;
/// Longest display name of the sender, in bytes of UTF-8.
const NAME_BYTES_MAX: usize = 200;
/// Longest text after filling in, in bytes of UTF-8; base64 makes it 4/3, and a mail stays under 10,000 bytes
/// (facts: carriers §5, the size that old handsets read).
const TEXT_BYTES_MAX: usize = 6_000;
/// Most recipients in one batch.
const RECIPIENTS_MAX: usize = 20_000_000;

/// How much hurry a batch has; earlier ones go first wherever they meet (design §2, requirements P02–P10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Urgency {
    /// A missile: overtakes everything (P05).
    Immediate,
    /// Prompt earthquake bulletins (P02).
    Bulletin,
    /// Safety confirmation (P09).
    Safety,
    /// Confirmed earthquake reports (P03).
    Confirmed,
    /// Other hazards (P04).
    Hazard,
    /// Everything else.
    Routine,
}

impl Urgency {
    /// Within what time after its submission a batch without a deadline should be through (requirements P02–P05, P09);
    /// zero for what has no hurry.
    #[must_use]
    pub fn hurry(self) -> Span {
        match self {
            Urgency::Immediate | Urgency::Bulletin => Span::from_secs(3 * 60),
            Urgency::Safety | Urgency::Confirmed | Urgency::Hazard => Span::from_secs(10 * 60),
            Urgency::Routine => Span::ZERO,
        }
    }
}

/// A name and an address, as in `From`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Mailbox {
    /// The display name; may be empty.
    pub name: String,
    /// The address.
    pub address: Address,
}

/// Text with `{field}` places, checked and cut into pieces once.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Pattern(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
enum Piece {
    Literal(String),
    Field(u16),
}

impl Pattern {
    /// Cuts a text at its `{field}` places. `{{` and `}}` stand for braces.
    ///
    /// # Errors
    /// [`BatchError::Pattern`] names the place in `what` and the field that does not exist.
    pub fn parse(what: &'static str, text: &str, fields: &[String]) -> Result<Self, BatchError> {
        let wrong = |problem: String| BatchError::Pattern { what, problem };
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '{' | '}' if chars.peek() == Some(&c) => {
                    chars.next();
                    literal.push(c);
                }
                '{' => {
                    let mut name = String::new();
                    loop {
                        match chars.next() {
                            Some('}') => break,
                            Some(c) if c != '{' && c != '\n' => name.push(c),
                            _ => return Err(wrong(format!("\"{{{name}\" is not closed with \"}}\""))),
                        }
                    }
                    let at = fields.iter().position(|f| *f == name.trim());
                    let known = || fields.join(", ");
                    let at =
                        at.ok_or_else(|| wrong(format!("there is no field {{{name}}}; there are: {}", known())))?;
                    let at = u16::try_from(at).map_err(|_| wrong("more than 65,535 fields".into()))?;
                    pieces.extend((!literal.is_empty()).then(|| Piece::Literal(std::mem::take(&mut literal))));
                    pieces.push(Piece::Field(at));
                }
                '}' => return Err(wrong("a lone \"}\"; write \"}}\" for a brace".into())),
                c => literal.push(c),
            }
        }
        pieces.extend((!literal.is_empty()).then_some(Piece::Literal(literal)));
        Ok(Pattern(pieces))
    }

    /// The text with a recipient's fields in their places; a missing field is left out.
    #[must_use]
    pub fn fill(&self, fields: &[String]) -> String {
        let mut out = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Literal(text) => out.push_str(text),
                Piece::Field(at) => out.push_str(fields.get(usize::from(*at)).map_or("", String::as_str)),
            }
        }
        out
    }
}

impl Pattern {
    /// The length of what `fill` gives, in bytes.
    fn filled_len(&self, fields: &[String]) -> usize {
        let len = |piece: &Piece| match piece {
            Piece::Literal(text) => text.len(),
            Piece::Field(at) => fields.get(usize::from(*at)).map_or(0, String::len),
        };
        self.0.iter().map(len).sum()
    }

    /// Whether anything in what `fill` gives fits.
    fn holds(&self, fields: &[String], fits: impl Fn(char) -> bool) -> bool {
        self.0.iter().any(|piece| match piece {
            Piece::Literal(text) => text.contains(&fits),
            Piece::Field(at) => fields.get(usize::from(*at)).is_some_and(|field| field.contains(&fits)),
        })
    }

    /// Whether it is the same for everybody.
    fn is_fixed(&self) -> bool {
        self.0.iter().all(|piece| matches!(piece, Piece::Literal(_)))
    }
}

/// The parts of a template as they are written, before they are checked.
#[derive(Clone, Debug)]
pub struct TemplateText<'a> {
    /// Who the mail is from.
    pub from: Mailbox,
    /// Envelope sender, with fields, such as `b+{verp}@example.jp`; where bounces go.
    pub return_path: &'a str,
    /// Where answers by mail go, with fields; `None` leaves it to `From`.
    pub reply_to: Option<&'a str>,
    /// The subject.
    pub subject: &'a str,
    /// The plain text.
    pub text: &'a str,
    /// Names of the fields, in the order in which every recipient gives them.
    pub fields: &'a [&'a str],
}

/// What every mail of a batch has in common; checked once.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Template {
    pub(crate) from: Mailbox,
    pub(crate) return_path: Pattern,
    pub(crate) reply_to: Option<Pattern>,
    pub(crate) subject: Pattern,
    pub(crate) text: Pattern,
    pub(crate) fields: Vec<String>,
}

impl Template {
    /// Checks the parts: every field that is named must exist.
    ///
    /// # Errors
    /// [`BatchError::Pattern`] names the part and the field.
    pub fn new(parts: TemplateText<'_>) -> Result<Self, BatchError> {
        let fields: Vec<String> = parts.fields.iter().map(ToString::to_string).collect();
        Ok(Template {
            return_path: Pattern::parse("return path", parts.return_path, &fields)?,
            reply_to: parts.reply_to.map(|p| Pattern::parse("reply-to", p, &fields)).transpose()?,
            subject: Pattern::parse("subject", parts.subject, &fields)?,
            // Line ends as mail has them, once here instead of in every mail. A CR alone is one too: it must not reach the
            // wire (RFC 5321 §2.3.8).
            text: Pattern::parse("text", &parts.text.replace("\r\n", "\n").replace(['\r', '\n'], "\r\n"), &fields)?,
            from: parts.from,
            fields,
        })
    }
}

/// The key with which a recipient's personal data is sealed in the queue; 0 is the store's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct KeyId(pub u64);

/// One mail to be: an address and what is filled in for it. `Debug` shows neither local part nor fields.
#[derive(Clone, PartialEq, Eq)]
pub struct Recipient {
    /// The caller's own name for this mail, unique in the batch; comes back in every record. Not personal data.
    pub id: String,
    /// The key that seals address and fields while they wait.
    pub key: KeyId,
    /// Where the mail goes.
    pub address: Address,
    /// A value for each field of the template, in its order.
    pub fields: Vec<String>,
    /// What is known of the address; decides its place in the batch alone.
    pub history: History,
}

impl core::fmt::Debug for Recipient {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let mut shown = f.debug_struct("Recipient");
        shown.field("id", &self.id).field("key", &self.key).field("address", &self.address);
        shown.field("history", &self.history).finish_non_exhaustive()
    }
}

/// What earlier mails to an address have shown. Within a batch good addresses go first, so that those which carriers
/// hold against the sender come when the good ones are through (design §2); where a carrier knows too few of the addresses
/// it is asked about, the others are slowed. It is kept only as the number of a chunk ([`ChunkId::history`]).
///
/// [`ChunkId::history`]: crate::queue::ChunkId::history
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum History {
    /// The last mail to it was accepted.
    Clean,
    /// Nothing is known.
    #[default]
    Unknown,
    /// The last mail to it bounced or could not be delivered for long.
    Suspect,
}

/// One template and everybody who gets it.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The caller's own name for the batch. Submitting a known key sends nothing new.
    pub key: String,
    /// What is sent.
    pub template: Template,
    /// How much hurry it has.
    pub urgency: Urgency,
    /// When 99 % should have been accepted.
    pub deadline: Option<Instant>,
    /// After this a mail is not sent any more.
    pub expires: Option<Instant>,
    /// To whom.
    pub recipients: Vec<Recipient>,
}

/// Why a batch was not taken. Nothing of it was stored.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BatchError {
    /// The template does not fit its fields.
    #[error("{what}: {problem}")]
    Pattern {
        /// The part of the template.
        what: &'static str,
        /// What is wrong and what there is instead.
        problem: String,
    },
    /// One recipient cannot be sent to.
    #[error("recipient \"{id}\": {problem}")]
    Recipient {
        /// The caller's name for it.
        id: String,
        /// What is wrong.
        problem: String,
    },
    /// The batch as a whole is not well-formed.
    #[error("batch: {0}")]
    Shape(&'static str),
}

impl Batch {
    /// Checks everything that rendering could refuse, so that nothing fails after the receipt was given.
    ///
    /// # Errors
    /// The first [`BatchError`] found, naming the recipient by the caller's id.
    pub fn validate(&self) -> Result<(), BatchError> {
        self.check_head(self.recipients.len())?;
        let mut seen = HashSet::with_capacity(self.recipients.len());
        for recipient in &self.recipients {
            if !seen.insert(recipient.id.as_str()) {
                return Err(recipient.is_there_twice());
            }
            self.template.check_recipient(recipient)?;
        }
        Ok(())
    }

    /// Checks what is not a matter of single recipients, of whom there are so many.
    pub(crate) fn check_head(&self, recipients: usize) -> Result<(), BatchError> {
        if self.key.is_empty() || self.key.len() > 200 {
            return Err(BatchError::Shape("the key is empty or longer than 200 bytes"));
        }
        check_number(recipients)?;
        self.template.check_fixed()
    }
}

/// Refuses a batch with too many recipients.
pub(crate) fn check_number(recipients: usize) -> Result<(), BatchError> {
    if recipients > RECIPIENTS_MAX {
        return Err(BatchError::Shape("more than 20,000,000 recipients: split it"));
    }
    Ok(())
}

impl Recipient {
    /// Why a batch is refused in which this one's id occurs before.
    pub(crate) fn is_there_twice(&self) -> BatchError {
        BatchError::Recipient { id: self.id.clone(), problem: "the id is there twice".into() }
    }
}

impl Template {
    /// Checks everything that rendering this recipient's mail could refuse.
    pub(crate) fn check_recipient(&self, recipient: &Recipient) -> Result<(), BatchError> {
        let wrong = |problem: String| BatchError::Recipient { id: recipient.id.clone(), problem };
        self.check(recipient).map_err(wrong)
    }

    fn check(&self, recipient: &Recipient) -> Result<(), String> {
        let fields = &recipient.fields;
        if fields.len() != self.fields.len() {
            return Err(format!("has {} fields, the template has {}", fields.len(), self.fields.len()));
        }
        let nasty = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
        if let Some(at) = fields.iter().position(|field| field.contains(nasty)) {
            return Err(format!("the field {{{}}} holds a control character", self.fields[at]));
        }
        if self.subject.holds(fields, char::is_control) || self.subject.filled_len(fields) > SUBJECT_BYTES_MAX {
            return Err(format!("its subject has a line break or is longer than {SUBJECT_BYTES_MAX} bytes"));
        }
        if self.text.filled_len(fields) > TEXT_BYTES_MAX {
            return Err(format!("its text is longer than {TEXT_BYTES_MAX} bytes"));
        }
        if !self.return_path.is_fixed() {
            self.check_address("return path", &self.return_path, fields)?;
        }
        match &self.reply_to {
            Some(pattern) if !pattern.is_fixed() => self.check_address("reply-to", pattern, fields),
            _ => Ok(()),
        }
    }

    /// What is the same for everybody is checked once.
    fn check_fixed(&self) -> Result<(), BatchError> {
        let name = &self.from.name;
        if name.len() > NAME_BYTES_MAX || name.contains(char::is_control) {
            let problem = format!("the display name has a control character or is longer than {NAME_BYTES_MAX} bytes");
            return Err(BatchError::Pattern { what: "from", problem });
        }
        let nasty = |c: char| c.is_control() && !matches!(c, '\r' | '\n' | '\t');
        if self.text.holds(&[], nasty) {
            return Err(BatchError::Pattern { what: "text", problem: "it holds a control character".into() });
        }
        for (what, pattern) in [("return path", Some(&self.return_path)), ("reply-to", self.reply_to.as_ref())] {
            if let Some(pattern) = pattern.filter(|pattern| pattern.is_fixed()) {
                let checked = self.check_address(what, pattern, &[]);
                checked.map_err(|problem| BatchError::Pattern { what, problem })?;
            }
        }
        Ok(())
    }

    fn check_address(&self, what: &str, pattern: &Pattern, fields: &[String]) -> Result<(), String> {
        let parsed = Address::parse(&pattern.fill(fields)).map_err(|e: AddressError| format!("its {what}: {e}"))?;
        // Every server must be able to take it, whatever the recipient's can.
        if parsed.needs_smtputf8() { Err(format!("its {what}: the part before @ must be ASCII")) } else { Ok(()) }
    }
}

/// The engine's number for a batch, in the order of submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct BatchId(pub u32);

/// One recipient of one batch, in eight bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct MailId {
    /// The batch.
    pub batch: BatchId,
    /// The place among its recipients, in sending order.
    pub index: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(subject: &str, text: &str) -> Result<Template, BatchError> {
        let from = Mailbox { name: "安否確認".into(), address: Address::parse("anpi@example.go.jp").unwrap() };
        let return_path = "b+{verp}@example.go.jp";
        Template::new(TemplateText { from, return_path, reply_to: None, subject, text, fields: &["name", "verp"] })
    }

    fn batch(fields: &[&str]) -> Batch {
        let recipient = Recipient {
            id: "p1-1".into(),
            key: KeyId::default(),
            address: Address::parse("taro@docomo.ne.jp").unwrap(),
            fields: fields.iter().map(ToString::to_string).collect(),
            history: History::default(),
        };
        Batch {
            key: "k".into(),
            template: template("安否 {name}", "{name} さん {{}}").unwrap(),
            urgency: Urgency::Safety,
            deadline: None,
            expires: None,
            recipients: vec![recipient],
        }
    }

    #[test]
    fn fields_are_filled_in_and_double_braces_are_braces() {
        let t = template("a", "{name} さん {{x}}").unwrap();
        assert_eq!(t.text.fill(&["太郎".into(), "v".into()]), "太郎 さん {x}");
    }

    #[test]
    fn a_lone_carriage_return_in_the_text_is_a_line_end_like_any_other() {
        let text = |t: &str| template("a", t).unwrap().text.fill(&[]);
        assert_eq!(text("1\r2\r\n3\n4\r\r5"), "1\r\n2\r\n3\r\n4\r\n\r\n5");
    }

    #[test]
    fn a_field_that_does_not_exist_is_named_with_those_that_do() {
        let error = template("a", "Hello {nmae}").unwrap_err().to_string();
        assert!(error.contains("text") && error.contains("{nmae}") && error.contains("name, verp"), "{error}");
        assert!(template("{name", "x").is_err());
        assert!(template("x", "a } b").is_err());
    }

    #[test]
    fn req_s08_a_line_break_in_a_header_field_is_refused_before_anything_is_stored() {
        let error = batch(&["太郎\nBcc: x@y.jp", "v"]).validate().unwrap_err().to_string();
        assert!(error.contains("p1-1") && error.contains("subject"), "{error}");
        assert!(batch(&["太郎\r", "v"]).validate().is_err());
        assert!(batch(&["太郎", "v>\u{0}"]).validate().is_err());
        assert!(batch(&["太郎", "not an address@"]).validate().is_err());
        assert!(batch(&["太郎"]).validate().is_err());
        assert!(batch(&["太郎", "v"]).validate().is_ok());
    }

    #[test]
    fn the_same_id_twice_is_refused_by_name() {
        let mut twice = batch(&["太郎", "v"]);
        twice.recipients.push(twice.recipients[0].clone());
        assert!(twice.validate().unwrap_err().to_string().contains("p1-1"));
    }
}
