//! The table of the carriers' own ways to say that a mail did not arrive.

use serde::Deserialize;
use thiserror::Error;

use super::Reason;
use crate::letter::Letter;

/// The table that is built in; each row names its source.
const BUILT_IN: &str = include_str!("../../data/bounces.toml");

/// The table, in the order in which it is looked through: a carrier's own rows before what everybody says, words before codes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Formats {
    sender: Vec<Sender>,
    host: Vec<Host>,
    anywhere: Vec<Row>,
    status: Vec<Row>,
}

/// What is wrong with a table.
#[derive(Debug, Error)]
#[error("the table of delivery reports: {0}")]
pub struct FormatsError(#[from] toml::de::Error);

/// Reports in a form of their own, known by who writes them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sender {
    #[expect(dead_code, reason = "for people who read the table")]
    name: String,
    #[expect(dead_code, reason = "for people who read the table")]
    source: String,
    /// So many of the marks below must be there.
    needs: usize,
    /// Ends of the address in `From`.
    #[serde(default)]
    from: Vec<String>,
    /// Ends of the address in `Reply-To`.
    #[serde(default)]
    reply_to: Vec<String>,
    /// Words of the subject.
    #[serde(default)]
    subject: Vec<String>,
    /// Words of any `Received`.
    #[serde(default)]
    received: Vec<String>,
    /// Ends of the `Message-ID`.
    #[serde(default)]
    message_id: Vec<String>,
    /// Words of the text.
    #[serde(default)]
    text: Vec<String>,
    says: Vec<Row>,
    /// What it means where no row fits.
    otherwise: Reason,
}

/// What servers of these hosts say in the conversation, as reports of others repeat it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Host {
    #[expect(dead_code, reason = "for people who read the table")]
    name: String,
    #[expect(dead_code, reason = "for people who read the table")]
    source: String,
    /// Ends of the host's name.
    hosts: Vec<String>,
    says: Vec<Row>,
}

/// All that is given must fit.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    /// The code of RFC 3463, or its beginning up to a dot.
    status: Option<String>,
    /// In which part of the conversation.
    stage: Option<Stage>,
    /// Words, in small letters; all of them must be there.
    #[serde(default)]
    all: Vec<String>,
    /// The value of the header `X-SPASIGN`, in small letters.
    spasign: Option<String>,
    reason: Reason,
}

/// A part of the conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Stage {
    /// At the recipient.
    Rcpt,
    /// After the content.
    Data,
}

/// What a server said, in small letters.
#[derive(Clone, Copy, Debug)]
pub(super) struct Said<'a> {
    pub(super) host: &'a str,
    pub(super) status: &'a str,
    pub(super) stage: Option<Stage>,
    pub(super) text: &'a str,
}

impl Formats {
    /// The table that is built in.
    ///
    /// # Errors
    /// [`FormatsError`]: none, as long as the table's own test passes.
    pub fn built_in() -> Result<Self, FormatsError> {
        Self::read(BUILT_IN)
    }

    /// Reads a table.
    ///
    /// # Errors
    /// [`FormatsError`] names the line.
    pub fn read(text: &str) -> Result<Self, FormatsError> {
        Ok(toml::from_str(text)?)
    }

    /// What a report in a carrier's own form means; none for any other mail.
    pub(super) fn of_sender(&self, letter: &Letter, text: &str) -> Option<Reason> {
        let sender = self.sender.iter().find(|sender| sender.wrote(letter, text))?;
        let said = Said { host: "", status: "", stage: super::stage(text), text };
        let row = sender.says.iter().find(|row| row.fits(&said, &letter.spasign));
        Some(row.map_or(sender.otherwise, |row| row.reason))
    }

    /// What a reply means that a report repeats.
    pub(super) fn of_reply(&self, said: &Said<'_>) -> Option<Reason> {
        let own = self.host.iter().filter(|host| host.hosts.iter().any(|end| said.host.ends_with(end.as_str())));
        let rows = own.flat_map(|host| &host.says).chain(&self.anywhere).chain(&self.status);
        rows.into_iter().find(|row| row.fits(said, "")).map(|row| row.reason)
    }
}

impl Sender {
    fn wrote(&self, letter: &Letter, text: &str) -> bool {
        let [from, reply_to, subject] = [&letter.from, &letter.reply_to, &letter.subject].map(|it| it.to_lowercase());
        let ends = |of: &str, marks: &[String]| marks.iter().any(|mark| of.ends_with(mark.as_str()));
        let holds = |of: &str, marks: &[String]| marks.iter().any(|mark| of.contains(mark.as_str()));
        let marks = [
            ends(&from, &self.from),
            ends(&reply_to, &self.reply_to),
            holds(&subject, &self.subject),
            holds(&letter.received, &self.received),
            ends(&letter.message_id, &self.message_id),
            holds(text, &self.text),
        ];
        marks.into_iter().filter(|mark| *mark).count() >= self.needs
    }
}

impl Row {
    fn fits(&self, said: &Said<'_>, spasign: &str) -> bool {
        let is_status = |code: &String| {
            said.status.strip_prefix(code.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        self.status.as_ref().is_none_or(is_status)
            && self.stage.is_none_or(|stage| said.stage == Some(stage))
            && self.all.iter().all(|words| said.text.contains(words.as_str()))
            && self.spasign.as_ref().is_none_or(|value| spasign == value)
    }
}
