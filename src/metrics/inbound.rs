//! What came back by mail, counted, as lines of the page that monitoring reads.

use std::sync::atomic::{AtomicU64, Ordering};

use super::sources::{family, line};

/// What was made of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A delivery report.
    Report,
    /// An answer.
    Answer,
    /// Neither: kept for an hour.
    Kept,
    /// It ran in a circle and was refused.
    Loop,
    /// The mail of a drill, in our own mailbox.
    Drill,
}

/// What was sent away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// A connection too many.
    Connection,
    /// An address that is not ours, or was forged.
    Recipient,
}

/// All since the start.
#[derive(Debug, Default)]
pub struct Counts {
    took: [AtomicU64; 5],
    refused: [AtomicU64; 2],
}

impl Counts {
    /// A mail was taken for this.
    pub fn took(&self, kind: Kind) {
        self.took[kind as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Something was sent away.
    pub fn refused(&self, what: Refused) {
        self.refused[what as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// The families in OpenMetrics text, without the end mark.
    pub fn text(&self) -> String {
        let mut all = String::new();
        family(&mut all, "inbound_mails", "counter", "Mails that came back, by what they were taken for");
        for (kind, count) in ["report", "answer", "kept", "loop", "drill"].iter().zip(&self.took) {
            line(&mut all, "inbound_mails_total", &[("kind", kind)], count.load(Ordering::Relaxed));
        }
        family(&mut all, "inbound_refused", "counter", "Connections and recipients that the listener for mail refused");
        for (what, count) in ["connection", "recipient"].iter().zip(&self.refused) {
            line(&mut all, "inbound_refused_total", &[("what", what)], count.load(Ordering::Relaxed));
        }
        all
    }
}
