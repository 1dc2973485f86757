//! Letters that a session was ordered to send and the press has not finished.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

use tokio::sync::oneshot;

use super::{Page, Spoilt};
use crate::message::{MailId, Urgency};
use crate::time::Instant;

/// One letter that is being rendered and signed, with what its order says.
#[derive(Debug)]
struct Promise {
    mail: MailId,
    urgency: Urgency,
    depart: Instant,
    page: oneshot::Receiver<Page>,
}

/// The letters that a session waits for: a few, taken as they come, for the press does the urgent ones first.
#[derive(Debug, Default)]
pub struct Coming(Vec<Promise>);

impl Coming {
    /// Adds a letter with its urgency and the instant of its departure.
    pub fn add(&mut self, mail: MailId, page: oneshot::Receiver<Page>, urgency: Urgency, depart: Instant) {
        self.0.push(Promise { mail, urgency, depart, page });
    }

    /// Whether none is awaited.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Waits for the next that is finished; for ever if none is awaited.
    pub async fn next(&mut self) -> (MailId, Page, Urgency, Instant) {
        poll_fn(|context| {
            for at in 0..self.0.len() {
                if let Poll::Ready(page) = Pin::new(&mut self.0[at].page).poll(context) {
                    let Promise { mail, urgency, depart, .. } = self.0.remove(at);
                    // Without one the press has stopped, and the engine with it.
                    return Poll::Ready((mail, page.unwrap_or(Err(Spoilt::Gone)), urgency, depart));
                }
            }
            Poll::Pending
        })
        .await
    }

    /// Takes one out; tells whether it was awaited.
    pub fn recall(&mut self, mail: MailId) -> bool {
        let before = self.0.len();
        self.0.retain(|promise| promise.mail != mail);
        self.0.len() < before
    }

    /// Takes all out.
    pub fn take_all(&mut self) -> impl Iterator<Item = MailId> + use<> {
        core::mem::take(&mut self.0).into_iter().map(|promise| promise.mail)
    }
}
