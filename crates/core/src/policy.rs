//! What a carrier tolerates, as configured: ceilings, start values and waits.

use std::sync::Arc;

use crate::time::Span;
pub use crate::trust::TlsPolicy;
use crate::trust::{TlsVersion, Trusted};

/// The limits and waits of one lane. Every number is a hard ceiling, never exceeded whatever is learned.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Most sessions open at once.
    pub sessions_max: u32,
    /// Sessions to begin with, before anything is learned.
    pub sessions_start: u32,
    /// Mails under way at once before anything is learned: what a first overrun may cost.
    pub flight_start: u32,
    /// Most mails a second; `None` has no ceiling.
    pub mails_per_second_max: Option<f64>,
    /// Mails that may leave at once when nothing was sent before.
    pub burst_mails: u32,
    /// Most mails on one connection; then it is closed in order.
    pub mails_per_session_max: u32,
    /// Most new connections a minute; `None` has no ceiling.
    pub connects_per_minute_max: Option<u32>,
    /// How long an idle session is kept open.
    pub idle: Span,
    /// Whether to encrypt.
    pub tls: TlsPolicy,
    /// The oldest version of TLS that counts as encryption.
    pub tls_min: TlsVersion,
    /// Whom to trust where `tls` is [`TlsPolicy::Pinned`].
    pub trusted: Arc<Trusted>,
    /// How long to wait for each answer, for mails that must arrive now: those with a deadline or above routine.
    pub timeouts: Timeouts,
    /// How long to wait for each answer, for all other mails.
    pub timeouts_routine: Timeouts,
    /// Attempts after which a mail that was deferred each time expires; `None` means that only its own time ends it.
    pub attempts_max: Option<u32>,
    /// Ceilings over all our addresses together; the others count for each address.
    pub total: Totals,
    /// How often a mail in doubt is sent again (with the same Message-ID), at growing intervals, before it settles as unknown:
    /// so many copies more than one a recipient may get, at most.
    pub in_doubt_resends_max: u32,
}

/// Ceilings of a carrier over all our addresses; `None` has none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Totals {
    /// Most sessions open at once.
    pub sessions_max: Option<u32>,
    /// Most mails a second.
    pub mails_per_second_max: Option<f64>,
    /// Most new connections a minute.
    pub connects_per_minute_max: Option<u32>,
}

/// How long to wait for each answer, after RFC 5321 §4.5.3.2 and shortened for mails that must arrive now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// TCP connection (the RFC has none; hosts give up after about two minutes).
    pub connect: Span,
    /// The 220 (RFC: 5 min).
    pub greeting: Span,
    /// EHLO, STARTTLS, RSET (RFC: 5 min).
    pub command: Span,
    /// MAIL and RCPT (RFC: 5 min).
    pub envelope: Span,
    /// DATA (RFC: 2 min).
    pub data: Span,
    /// The answer to the content (RFC: 10 min); cutting it short risks a second copy.
    pub content: Span,
}

impl Timeouts {
    /// The waits of RFC 5321 §4.5.3.2.
    pub const RFC: Timeouts = Timeouts {
        connect: Span::from_secs(60),
        greeting: Span::from_secs(300),
        command: Span::from_secs(300),
        envelope: Span::from_secs(300),
        data: Span::from_secs(120),
        content: Span::from_secs(600),
    };
    /// For mails that must arrive within minutes: another host may answer sooner.
    pub const URGENT: Timeouts = Timeouts {
        connect: Span::from_secs(5),
        greeting: Span::from_secs(10),
        command: Span::from_secs(10),
        envelope: Span::from_secs(20),
        data: Span::from_secs(20),
        content: Span::from_secs(60),
    };
}

impl Default for Policy {
    /// For a carrier of which nothing is known.
    fn default() -> Self {
        Policy {
            sessions_max: 20,
            sessions_start: 4,
            flight_start: 4,
            mails_per_second_max: None,
            burst_mails: 20,
            mails_per_session_max: 100,
            connects_per_minute_max: None,
            idle: Span::from_secs(5),
            tls: TlsPolicy::Opportunistic,
            tls_min: TlsVersion::V1_2,
            trusted: Arc::default(),
            timeouts: Timeouts::URGENT,
            timeouts_routine: Timeouts::RFC,
            attempts_max: None,
            total: Totals::default(),
            in_doubt_resends_max: 2,
        }
    }
}
