//! What the console asks of whoever takes mail in, whom it does not know itself.

use jiff::Timestamp;

/// Whoever takes mail in, as far as the console needs it.
pub trait Inbox: std::fmt::Debug + Send + Sync {
    /// The mails of the last hour that were neither a delivery report nor an answer, the newest first.
    fn look(&self, now: Timestamp) -> Vec<InboxMail>;
}

/// Such a mail; no address in it has its local part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxMail {
    /// When it came.
    pub at: Timestamp,
    /// Why it was taken for nothing.
    pub why: &'static str,
    /// Who wrote it.
    pub from: String,
    /// Its subject.
    pub subject: String,
    /// The beginning of its text.
    pub text: String,
}
