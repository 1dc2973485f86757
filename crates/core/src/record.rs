//! What is written down about each attempt, in order, so that the past can be read again.

use crate::carrier::Carrier;
use crate::message::BatchId;
use crate::outcome::{Cause, Outcome, Settlement, Stage};
use crate::time::{Instant, Span};
use crate::trust::Encryption;
use crate::via::Via;

/// One attempt, or the end of a recipient without one. No address is in it, only the caller's own id.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Record {
    /// The batch.
    pub batch: BatchId,
    /// The caller's name for the recipient.
    pub recipient: String,
    /// When it ended.
    pub at: Instant,
    /// The carrier whose lane it was in.
    pub carrier: Carrier,
    /// Which attempt this was, counted from 1; 0 where none was made.
    pub attempt: u32,
    /// How the attempt ended; `None` where none was made (expired or cancelled while waiting).
    pub outcome: Option<Outcome>,
    /// Why, unless it was accepted.
    pub cause: Option<Cause>,
    /// Where in the conversation.
    pub stage: Option<Stage>,
    /// The MX host or relay.
    pub host: String,
    /// How the conversation was encrypted, and who vouched for the host.
    pub tls: Encryption,
    /// The reply, with `<rcpt>` in place of the address (requirement A29).
    pub reply: String,
    /// How long the carrier took to answer what ended the attempt.
    pub latency: Span,
    /// How the recipient settled, if it did by this.
    pub settled: Option<Settlement>,
    /// By which way it went: MX hosts, from an address of ours, through a relay. Records of earlier programs say MX.
    pub route: Via,
}

impl Record {
    /// The record of an attempt that was registered and had no outcome when the program ended. Whose lane it was in is not
    /// known any more, so the domain stands for the carrier.
    pub(crate) fn crashed(batch: BatchId, recipient: String, domain: &str, attempt: u32, at: Instant) -> Record {
        Record {
            batch,
            recipient,
            at,
            carrier: Carrier::new(domain),
            attempt,
            outcome: Some(Outcome::InDoubt),
            cause: Some(Cause::Crash),
            stage: None,
            host: String::new(),
            tls: Encryption::None,
            reply: String::new(),
            latency: Span::ZERO,
            settled: None,
            route: Via::Direct,
        }
    }
}
