//! The knobs of a carrier: what it tolerates, how it refuses, and how it behaves.
//!
//! Every knob is optional, so that a host or a moment can name just those that differ: a missing one means "as
//! before", and at the bottom the default that its docstring tells.

use serde::Deserialize;

/// Makes `overlaid`, which takes each knob from `over` where it is set there and from `self` elsewhere.
macro_rules! overlay {
    ($type:ident { $($field:ident),* $(,)? }) => {
        impl $type {
            pub(crate) fn overlaid(&self, over: &Self) -> Self {
                Self { $($field: over.$field.or(self.$field)),* }
            }
        }
    };
}

/// What a carrier tolerates; a missing knob is no limit at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Concurrent sessions over all hosts of the carrier.
    pub sessions: Option<u32>,
    /// Mails a second in the long run, counted at MAIL.
    pub mails_per_second: Option<f64>,
    /// Mails that may come at once; default 1. Over any `t` seconds at most `burst + t × mails_per_second` pass, and
    /// one more for each open session, since two clocks and a network between them never agree to the mail.
    pub burst: Option<u32>,
    /// Mails (MAIL commands) in one session.
    pub mails_per_session: Option<u32>,
    /// Recipients (RCPT commands) in one session.
    pub recipients_per_session: Option<u32>,
    /// Connections in any sixty seconds; those refused for it are not counted.
    pub connections_per_minute: Option<u32>,
    /// Whether the limits are for each source address or for all together; default each source.
    pub count_by: Option<CountBy>,
}

overlay!(Limits {
    sessions,
    mails_per_second,
    burst,
    mails_per_session,
    recipients_per_session,
    connections_per_minute,
    count_by,
});

/// Whom a carrier's limits count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CountBy {
    /// Each source address has the limits to itself.
    #[default]
    Source,
    /// All sources share them.
    Total,
}

/// What a carrier does to whoever overruns a limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Overrun {
    /// Beyond `limits.sessions`, at connect; default `421`.
    pub sessions: Option<Refusal>,
    /// Beyond `limits.connections_per_minute`, at connect; default `421`.
    pub connections_per_minute: Option<Refusal>,
    /// Beyond `limits.mails_per_second`, at MAIL; default `421`.
    pub mails_per_second: Option<Refusal>,
    /// Beyond `limits.mails_per_session`, at MAIL; default `421`.
    pub mails_per_session: Option<Refusal>,
    /// Beyond `limits.recipients_per_session`, at RCPT; default `452`.
    pub recipients_per_session: Option<Refusal>,
    /// Seconds during which whoever overran a limit has every connection reset; default 0, forgotten at once.
    pub punish_s: Option<f64>,
}

overlay!(Overrun {
    sessions,
    connections_per_minute,
    mails_per_second,
    mails_per_session,
    recipients_per_session,
    punish_s,
});

/// A style of refusing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Refusal {
    /// Answers 421 and closes.
    #[serde(rename = "421")]
    Reply421,
    /// Answers 451; the session goes on, a connection being refused is closed.
    #[serde(rename = "451")]
    Reply451,
    /// Answers 452 (docomo 552 for recipients, as it really does); the session goes on, a connection being refused is
    /// closed.
    #[serde(rename = "452")]
    Reply452,
    /// Answers 554 and closes, as docomo does beyond a hundred recipients and Apple in its greeting.
    #[serde(rename = "554")]
    Reply554,
    /// Resets the connection (RST, nothing said), as au does.
    #[serde(rename = "reset")]
    Reset,
    /// Says nothing more and keeps the connection open.
    #[serde(rename = "silence")]
    Silence,
    /// Goes on, but every answer from here on takes `manner.tarpit_ms` longer.
    #[serde(rename = "tarpit")]
    Tarpit,
    /// Goes on, but answers MAIL only when the rate allows it; for `mails_per_second` alone.
    #[serde(rename = "slow")]
    Slow,
}

/// How a carrier, or one of its hosts, behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manner {
    /// Round-trip time in milliseconds: every byte is heard that much later, none waits for another; default 0.
    pub rtt_ms: Option<f64>,
    /// Milliseconds from the final dot to its reply; default 0.
    pub service_ms: Option<f64>,
    /// Sessions the carrier bears without slowing down; default: any number.
    pub load_sessions: Option<u32>,
    /// Milliseconds that each session beyond `load_sessions` adds to the service time; default 0.
    pub load_ms: Option<f64>,
    /// Milliseconds that a tarpit adds to every answer; default 2,000.
    pub tarpit_ms: Option<f64>,
    /// Seconds without a byte after which a session is closed with 421; default 300 (RFC 5321 §4.5.3.2.7).
    pub idle_s: Option<f64>,
    /// Whether the host refuses connections altogether (nobody listens); default false.
    pub down: Option<bool>,
    /// What PIPELINING (RFC 2920) means here; default `offered`.
    pub pipelining: Option<Pipelining>,
    /// Milliseconds for each command where `pipelining = "one-by-one"`; default 20.
    pub command_ms: Option<f64>,
    /// Largest mail taken, in bytes, announced by SIZE (RFC 1870); default 3,000,000.
    pub size_max: Option<usize>,
    /// Whether SMTPUTF8 (RFC 6531) is offered; default false.
    pub smtputf8: Option<bool>,
    /// Whether STARTTLS (RFC 3207) is offered, and how good the certificate is; default `none`.
    pub tls: Option<Tls>,
    /// How legacy local parts such as `a..b` must be written; default `both`.
    pub local_parts: Option<LocalParts>,
    /// The stage at which an unknown user is revealed; default `rcpt`.
    pub unknown_at: Option<Stage>,
    /// Share (0 to 1) of the recipients whose own filter refuses the mail after DATA; default 0. Always the same ones.
    pub filter_share: Option<f64>,
    /// Seconds that a recipient never mailed before is put off with 451; default 0, nobody.
    pub greylist_s: Option<f64>,
    /// Share (0 to 1) of the mails taken whose 250 never goes out; default 0.
    pub swallow_share: Option<f64>,
    /// Share (0 to 1) of the mails whose connection is cut at the final dot, the mail *not* taken; default 0.
    pub cut_share: Option<f64>,
    /// Share (0 to 1) of the attempts answered with a reset at RCPT; default 0.
    pub reset_share: Option<f64>,
    /// Share (0 to 1) of the attempts answered with a busy 451 at RCPT; default 0.
    pub busy_share: Option<f64>,
    /// Share (0 to 1) of the connections greeted with 421; default 0.
    pub greet_421_share: Option<f64>,
}

overlay!(Manner {
    rtt_ms,
    service_ms,
    load_sessions,
    load_ms,
    tarpit_ms,
    idle_s,
    down,
    pipelining,
    command_ms,
    size_max,
    smtputf8,
    tls,
    local_parts,
    unknown_at,
    filter_share,
    greylist_s,
    swallow_share,
    cut_share,
    reset_share,
    busy_share,
    greet_421_share,
});

/// What a host makes of pipelined commands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pipelining {
    /// Offered and true.
    #[default]
    Offered,
    /// Not offered.
    Absent,
    /// Offered, but whatever came together with a command is thrown away.
    Lie,
    /// Offered and true, except that whatever came together with the final dot is thrown away.
    SwallowsAfterDot,
    /// Offered, but each command is answered on its own, `command_ms` after the one before.
    OneByOne,
}

/// Whether STARTTLS is offered, and with which certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tls {
    /// STARTTLS is not offered.
    #[default]
    None,
    /// A certificate for the host's name from the mock's own authority ([`ca_pem`](crate::MockNet::ca_pem)).
    Valid,
    /// A certificate that vouches for itself.
    SelfSigned,
    /// A certificate from the mock's authority that ended in 2020.
    Expired,
    /// A certificate from the mock's authority in another host's name.
    WrongName,
    /// No handshake comes about: a `protocol_version` alert, as servers send it that know nothing newer than TLS 1.0.
    Broken,
    /// Valid; but somebody on the way slips a reply in between the 220 to STARTTLS and the handshake.
    Injected,
}

/// How legacy local parts (`a..b`, `abc.`, `.a`: not a dot-atom of RFC 5321 §4.1.2) must be written in RCPT.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LocalParts {
    /// `a..b@docomo.ne.jp` and `"a..b"@docomo.ne.jp` both do.
    #[default]
    Both,
    /// Only `a..b@docomo.ne.jp`; quotes are answered 553.
    Raw,
    /// Only `"a..b"@docomo.ne.jp`; the bare form is answered 501.
    Quoted,
}

/// A stage of the conversation at which a carrier tells that it does not know a user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// In the reply to RCPT.
    #[default]
    Rcpt,
    /// Only in the reply to the final dot.
    Dot,
}

/// Whose words the replies are in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wording {
    /// NTT docomo.
    Docomo,
    /// KDDI au.
    Au,
    /// SoftBank.
    Softbank,
    /// Gmail and Google Workspace.
    Gmail,
    /// Microsoft 365.
    Microsoft,
    /// A plain Postfix-like server.
    #[default]
    Plain,
}
