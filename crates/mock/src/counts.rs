//! What the carriers' books tell: counts, mails taken, and fates of recipients.

use std::time::Instant;

/// What one carrier saw.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct CarrierCount {
    /// The carrier's name in the profile.
    pub name: String,
    /// Mails taken, counted for each recipient, whether or not the 250 went out.
    pub accepted: u64,
    /// Recipients that got at least one mail.
    pub unique: u64,
    /// Recipients that got more than one.
    pub accepted_twice: u64,
    /// Mails taken whose 250 never went out.
    pub reply_lost: u64,
    /// Refusals for pace: 421, 45x, 554, resets and silences for limits, and what `busy_share`, `reset_share`,
    /// `greet_421_share` and punishment refused.
    pub refused_pace: u64,
    /// Refusals because the mailbox does not exist.
    pub unknown: u64,
    /// Refusals by the recipient's own filter after DATA.
    pub filtered: u64,
    /// Refusals by greylisting.
    pub greylisted: u64,
    /// Refusals for the form of an address, a line too long or a mail too large.
    pub malformed: u64,
    /// Recipients of other carriers' domains.
    pub misrouted: u64,
    /// Mails not taken whose connection was cut at the final dot.
    pub cut: u64,
    /// Connections seen, refused ones included.
    pub connections: u64,
    /// Sessions that were greeted with 220.
    pub sessions: u64,
    /// Sessions that went on under TLS.
    pub tls_sessions: u64,
    /// Of these, those that resumed an earlier one instead of showing a certificate again.
    pub tls_resumed: u64,
    /// Sessions in which the client logged in.
    pub logins: u64,
    /// MAIL commands seen in clear.
    pub mails_in_clear: u64,
    /// MAIL commands seen, refused ones included.
    pub mails: u64,
    /// Most connections open at once, one just refused included.
    pub sessions_max_seen: u64,
    /// Most MAIL commands in any sliding second, refused ones included.
    pub mails_per_second_max_seen: u64,
    /// Most MAIL commands in one session.
    pub mails_per_session_max_seen: u64,
    /// Most RCPT commands in one session.
    pub recipients_per_session_max_seen: u64,
    /// Most connections in any sliding minute, refused ones included.
    pub connections_per_minute_max_seen: u64,
    /// Times that a configured limit was overrun.
    pub over_limit: u64,
    /// Connections reset because their source was being punished.
    pub punished: u64,
}

/// One mail taken for one recipient.
#[derive(Clone, Debug)]
pub struct Acceptance {
    /// The carrier's name.
    pub carrier: String,
    /// `local@domain`, the local part without quotes, the domain in lower case.
    pub rcpt: String,
    /// The Message-ID with its brackets, empty if the mail has none.
    pub message_id: String,
    /// Whether the 250 never went out.
    pub reply_lost: bool,
    /// When it was taken.
    pub at: Instant,
}

/// What became of one recipient, as the carrier sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fate {
    /// The carrier's name.
    pub carrier: String,
    /// `local@domain`, the local part without quotes, the domain in lower case.
    pub rcpt: String,
    /// How it ended.
    pub end: End,
}

/// How it ended for a recipient, as the carrier sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Mail was taken.
    Accepted {
        /// How often.
        times: u32,
        /// How many of these without a 250 that went out.
        reply_lost: u32,
    },
    /// The recipient's filter refused it.
    Filtered,
    /// There is no such mailbox.
    Unknown,
    /// Only temporary refusals or none at all; no mail was taken.
    Open,
}
