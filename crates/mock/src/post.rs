//! Hands each mail taken to whoever plays the people who read and answer it.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use tokio::sync::mpsc;

use crate::ledger::lock;

/// A mail that a carrier took, for one recipient.
#[derive(Clone, Debug)]
pub struct AcceptedMail {
    /// The carrier's name.
    pub carrier: String,
    /// `local@domain`, the local part without quotes, the domain in lower case.
    pub rcpt: String,
    /// The Message-ID with its brackets, empty if the mail has none.
    pub message_id: String,
    /// When it was taken.
    pub at: Instant,
    /// Whether the 250 is already known never to go out. One that is lost later stands in the ledger only.
    pub reply_lost: bool,
    /// The mail as sent, dots unstuffed, without the final dot.
    pub content: Arc<[u8]>,
}

/// Where mails taken go; nowhere until somebody asks for them.
#[derive(Debug, Default)]
pub(crate) struct Post(Mutex<Option<mpsc::UnboundedSender<AcceptedMail>>>);

impl Post {
    /// Opens the post; an earlier receiver gets no more.
    pub(crate) fn open(&self) -> mpsc::UnboundedReceiver<AcceptedMail> {
        let (sender, receiver) = mpsc::unbounded_channel();
        *lock(&self.0) = Some(sender);
        receiver
    }

    /// Sends what `mail` makes, unless nobody listens.
    pub(crate) fn send(&self, mail: impl FnOnce() -> AcceptedMail) {
        let mut sender = lock(&self.0);
        if let Some(open) = &*sender
            && open.send(mail()).is_err()
        {
            *sender = None;
        }
    }
}
