//! Delivery reports: what became of a mail that a server had taken, in the words of RFC 3464 or in a carrier's own.

mod formats;

use serde::Deserialize;

pub use self::formats::{Formats, FormatsError};
use self::formats::{Said, Stage};
use crate::letter::{Group, Letter};

/// Why a mail did not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// There is no such mailbox.
    UnknownUser,
    /// The domain takes no mail.
    NoMail,
    /// The mailbox is full.
    MailboxFull,
    /// The mailbox exists and cannot receive at present.
    Suspended,
    /// The recipient's own filter refused it.
    Filtered,
    /// It was tried for too long.
    TimedOut,
    /// We are too fast, or the server is busy.
    Busy,
    /// We are kept out.
    Blocked,
    /// Something about us or the mail is not as they want it.
    Policy,
    /// The mail is too large.
    TooLarge,
    /// A report in words that no row of the table was made for.
    Unrecognised,
}

impl Reason {
    /// All of them.
    pub const ALL: [Reason; 11] = [
        Reason::UnknownUser,
        Reason::NoMail,
        Reason::MailboxFull,
        Reason::Suspended,
        Reason::Filtered,
        Reason::TimedOut,
        Reason::Busy,
        Reason::Blocked,
        Reason::Policy,
        Reason::TooLarge,
        Reason::Unrecognised,
    ];

    /// The word for it in records and metrics; the same words as a carrier's reply in the conversation has.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Reason::UnknownUser => "unknown-user",
            Reason::NoMail => "no-mail",
            Reason::MailboxFull => "mailbox-full",
            Reason::Suspended => "suspended",
            Reason::Filtered => "filtered",
            Reason::TimedOut => "timed-out",
            Reason::Busy => "busy",
            Reason::Blocked => "blocked",
            Reason::Policy => "policy",
            Reason::TooLarge => "too-large",
            Reason::Unrecognised => "unrecognised",
        }
    }
}

/// What a mail to a return address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    /// The mail did not arrive, and will not.
    Failed(Reason),
    /// It is still tried, or it arrived: nothing is to be noted.
    StillGoing,
    /// No report: an answering machine, or a person who wrote to the wrong address.
    None,
}

/// Reads what came to a return address.
#[must_use]
pub fn read_report(letter: &Letter, formats: &Formats) -> Report {
    let text = letter.text.to_lowercase();
    if let Some(reason) = formats.of_sender(letter, &text) {
        return Report::Failed(reason);
    }
    let failed = letter.groups.iter().find(|group| action(group) == Some("failed".into()));
    match failed {
        Some(group) => Report::Failed(of_group(group, &text, formats)),
        None if letter.groups.iter().any(|group| action(group).is_some()) => Report::StillGoing,
        // Old servers write in words only. What a person or an answering machine wrote holds none of these.
        None if is_from_a_server(letter) => {
            let said = Said { host: "", status: "", stage: stage(&text), text: &text };
            let reason = formats.of_reply(&said).unwrap_or(Reason::Unrecognised);
            if reason == Reason::Unrecognised && !is_report_by_subject(letter) {
                return Report::None;
            }
            Report::Failed(reason)
        }
        None => Report::None,
    }
}

fn action(group: &Group) -> Option<String> {
    group.value("action").map(str::to_ascii_lowercase)
}

fn of_group(group: &Group, text: &str, formats: &Formats) -> Reason {
    let diagnostic = group.value("diagnostic-code").unwrap_or_default().to_lowercase();
    let recipient = group.value("final-recipient").unwrap_or_default();
    let domain = recipient.rsplit_once('@').map_or("", |(_, domain)| domain);
    // Who refused it: the remote server, and where that is not told, whoever the address belongs to.
    let host = group.value("remote-mta").unwrap_or(domain).to_ascii_lowercase();
    let status = group.value("status").unwrap_or_default();
    let stage = stage(&diagnostic).or_else(|| stage(text));
    // What the remote server said; where the report does not repeat it, what people are told.
    let words = if diagnostic.is_empty() { text } else { diagnostic.as_str() };
    let said = Said { host: &host, status: status.split_whitespace().next().unwrap_or_default(), stage, text: words };
    formats.of_reply(&said).unwrap_or(Reason::Unrecognised)
}

/// In which part of the conversation a refusal fell, where a report tells: `>>> RCPT TO`, `in reply to end of DATA command`.
fn stage(text: &str) -> Option<Stage> {
    let after_content = ["in reply to end of data", ">>> data", "after end of data", "end of message"];
    let at_recipient = ["in reply to rcpt to", ">>> rcpt to", "rcpt to command"];
    if after_content.iter().any(|words| text.contains(words)) {
        Some(Stage::Data)
    } else if at_recipient.iter().any(|words| text.contains(words)) {
        Some(Stage::Rcpt)
    } else {
        None
    }
}

fn is_from_a_server(letter: &Letter) -> bool {
    let from = letter.from.to_ascii_lowercase();
    letter.is_automatic || ["mailer-daemon@", "postmaster@", "mail-daemon@"].iter().any(|it| from.starts_with(it))
}

fn is_report_by_subject(letter: &Letter) -> bool {
    let subject = letter.subject.to_lowercase();
    let words =
        ["undeliver", "returned mail", "delivery status", "failure notice", "delivery failure", "mail system error"];
    words.iter().chain(&["配信不能", "配信できません", "送信できません"]).any(|word| subject.contains(word))
}
