//! What passes between the machine and the edge: questions, answers, and why there is none.

use std::time::Duration;

use jiff::Timestamp;

use super::room::Room;
use super::schedule::Chance;
use super::spec::Limits;
use super::telegram::Telegram;

/// What a server gave to ask the next time whether anything has changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Validators {
    /// `ETag`.
    pub etag: Option<String>,
    /// `Last-Modified`.
    pub last_modified: Option<String>,
}

/// What is kept of an index across restarts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    /// What to ask with.
    pub validators: Validators,
    /// The time that the index gave for itself.
    pub updated: Option<Timestamp>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// No connection.
    #[error("{0}")]
    Connect(String),
    /// A connection and no trust.
    #[error("TLS: {0}")]
    Tls(String),
    /// Too slow.
    #[error("no answer within {0} s")]
    Timeout(u64),
    /// Cut short, or not HTTP, or not the packing that it says.
    #[error("the answer is damaged: {0}")]
    Broken(String),
    /// Another status than 200 and 304.
    #[error("the server answered {code}")]
    Status {
        /// The status.
        code: u16,
        /// What it said in `Retry-After`, in seconds.
        retry_after_s: Option<u32>,
    },
    /// It sends us elsewhere, and we do not go there.
    #[error("the server sends us elsewhere: {0}: check the address in the configuration")]
    Redirect(String),
    /// Larger than anything real.
    #[error("the answer has more than {0} bytes")]
    TooLarge(usize),
    /// 200, and yet not what was asked for.
    #[error("not what was asked for: {0}")]
    Content(String),
}

impl Failure {
    /// Whether it speaks of one document and not of the server.
    pub(super) fn is_of_one_document(&self) -> bool {
        match self {
            Self::Broken(_) | Self::TooLarge(_) | Self::Content(_) => true,
            Self::Status { code, .. } => matches!(code, 404 | 410),
            Self::Connect(_) | Self::Tls(_) | Self::Timeout(_) | Self::Redirect(_) => false,
        }
    }

    /// The pause after so many in a row.
    pub(super) fn pause(&self, failures: u32, limits: &Limits, chance: &mut Chance) -> Duration {
        let Self::Status { code, retry_after_s } = self else { return limits.backoff.pause(failures, chance.next()) };
        let told = Duration::from_secs(retry_after_s.unwrap_or(0).min(3_600).into());
        let backoff = if matches!(code, 403 | 429 | 451) { limits.refused } else { limits.backoff };
        backoff.pause(failures, chance.next()).max(told)
    }
}

/// What came of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// 304.
    Unchanged {
        /// The server's clock.
        date: Option<Timestamp>,
    },
    /// 200.
    Found {
        /// The document, unpacked.
        bytes: Vec<u8>,
        /// A digest of it.
        digest: String,
        /// What to ask with next time.
        validators: Validators,
        /// The server's clock.
        date: Option<Timestamp>,
        /// How many bytes came over the network, header and all.
        wire_bytes: u64,
    },
    /// Nothing usable.
    Failed(Failure),
}

/// What the machine hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// An answer to a question.
    Answered(u64, Answer),
    /// A telegram that was handed over is safe with whoever took it.
    Taken(String),
    /// From now on there is so much room for what is handed over.
    Room(Room),
    /// A telegram that was handed over was not taken: it is known no more, and comes again when it is listed again.
    Dropped(String),
}

/// What the machine asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Ask for a document.
    Fetch {
        /// The question's number, to be named in the answer.
        request: u64,
        /// Where.
        url: String,
        /// What to ask with, so that what has not changed is not sent.
        validators: Validators,
        /// The largest answer to read, in bytes when unpacked.
        limit_bytes: usize,
    },
    /// A telegram is here.
    HandOver(Telegram),
    /// This telegram is the same as one that is here. Once that one is safe, so is this: say so as for one that was handed over.
    Repeated {
        /// Its identity.
        key: String,
        /// The digest of its bytes, by which the other one is known.
        digest: String,
    },
    /// Keep this for the next start; everything that the index listed is safe.
    Keep {
        /// The index.
        url: String,
        /// What to keep.
        kept: Kept,
    },
}
