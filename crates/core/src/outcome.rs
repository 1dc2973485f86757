//! What became of one mail in one attempt, whose fault it was, and the rules that read it from a reply.

mod rules;

pub use rules::{EnhancedPattern, Reading, ReplyRule, ReplyRules};

/// Where in the conversation something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Looking up where to go.
    Resolve,
    /// Opening the TCP connection.
    Connect,
    /// Waiting for the 220.
    Greeting,
    /// EHLO or HELO.
    Ehlo,
    /// STARTTLS and the handshake.
    Tls,
    /// MAIL FROM.
    Mail,
    /// RCPT TO.
    Rcpt,
    /// DATA, before any content.
    Data,
    /// After the first byte of content.
    Content,
}

/// How one attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The carrier answered 250 to the content. Accepted (受付済) is not reached.
    Accepted,
    /// Not now; it will be tried again.
    Deferred,
    /// Not like this; it will not be tried again.
    Refused,
    /// Content was sent and no answer came: the carrier may have it or not.
    InDoubt,
}

/// How a recipient ended, once and for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Settlement {
    /// A carrier took it.
    Accepted,
    /// A carrier refused it for good.
    Bounced,
    /// Its time ran out.
    Expired,
    /// It was cancelled before it was taken.
    Cancelled,
    /// In doubt, and the policy says not to send it again.
    Unknown,
}

/// Why an attempt did not end as accepted, by who must act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Cause {
    /// The carrier is busy: slow down and try again.
    Busy,
    /// The carrier blocks this source: stop, alarm, another route.
    Blocked,
    /// Our authentication, content or DNS is wrong: the operator must act, the address is fine.
    Policy,
    /// No such mailbox.
    UnknownUser,
    /// The mailbox is full.
    MailboxFull,
    /// The mailbox exists but cannot receive at present.
    Suspended,
    /// This one mailbox is receiving too much; the carrier is not busy.
    RecipientBusy,
    /// The recipient's own filter refused this mail; the address is fine.
    Filtered,
    /// Asked to come again later because we are new (greylisting).
    Greylisted,
    /// The mail is too large.
    TooLarge,
    /// The server did not like how the address was written.
    Syntax,
    /// The conversation went wrong.
    Protocol,
    /// No connection, or it broke.
    Network,
    /// No answer in time.
    TimedOut,
    /// The name service did not answer.
    Dns,
    /// The domain does not exist, or takes no mail (null MX, RFC 7505).
    NoMail,
    /// TLS was required and could not be had.
    Tls,
    /// The local part needs SMTPUTF8 and the server does not offer it.
    SmtpUtf8,
    /// We crashed while it was under way.
    Crash,
    /// A reply that no rule knows; it is kept verbatim.
    Unrecognised,
}

impl Cause {
    /// Whether it tells something about how much the lane may send.
    #[must_use]
    pub fn is_about_pace(self) -> bool {
        matches!(self, Cause::Busy | Cause::Blocked)
    }

    /// Whether the recipient is why, as far as can be told, and not the carrier, the network or ourselves.
    #[must_use]
    pub fn is_of_recipient(self) -> bool {
        use Cause::{Blocked, Busy, Crash, Dns, Network, Protocol, TimedOut, Tls};
        !matches!(self, Busy | Blocked | Network | TimedOut | Protocol | Tls | Dns | Crash)
    }
}
