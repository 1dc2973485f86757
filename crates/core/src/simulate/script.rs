//! What a simulation plays: carriers with their limits and ways, batches, and what befalls the engine meanwhile.

use std::net::IpAddr;

use crate::address::AddressStyle;
use crate::message::{History, Urgency};
use crate::policy::{Policy, TlsPolicy};
use crate::route::{RelayRoute, Source};
use crate::time::Span;

/// Everything that happens in one run. All moments count from the beginning of the run.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Where chance begins; the same seed gives the same run.
    pub seed: u64,
    /// Who receives.
    pub carriers: Vec<CarrierScript>,
    /// Our own addresses; without any, mails leave from one of the system's.
    pub sources: Vec<Source>,
    /// Relays of some carriers, each played by a script that has the name of its host.
    pub relays: Vec<(RelayRoute, CarrierScript)>,
    /// What is sent.
    pub batches: Vec<BatchScript>,
    /// What befalls the engine, and when.
    pub orders: Vec<(Span, Order)>,
    /// Domains about which the name service has something else to say than the address of their carrier, at times; the
    /// first that holds counts.
    pub names: Vec<(String, NameTrouble)>,
    /// How long an answer of the name service holds.
    pub route_holds: Span,
    /// What becomes of connections to the IPv6 addresses that hosts have.
    pub ipv6: Ipv6,
    /// How long a commit takes at most; at least half of it.
    pub commit: Span,
    /// As in the engine's configuration: attempts registered and not durable as ended, at most.
    pub unsettled_max: Option<usize>,
    /// When the run ends even if something still waits.
    pub ends: Span,
    /// Whether a log is written.
    pub log: bool,
    /// Whether the report holds each mail; without, memory is bounded by the carriers and not by the people.
    pub each_mail: bool,
}

impl Default for Scenario {
    fn default() -> Self {
        Scenario {
            seed: 1,
            carriers: Vec::new(),
            sources: Vec::new(),
            relays: Vec::new(),
            batches: Vec::new(),
            orders: Vec::new(),
            names: Vec::new(),
            route_holds: Span::from_secs(300),
            ipv6: Ipv6::Absent,
            commit: Span::from_millis(4),
            unsettled_max: None,
            ends: Span::from_secs(4 * 3600),
            log: false,
            each_mail: true,
        }
    }
}

impl Scenario {
    /// Everybody who can be connected to: carriers and relays.
    pub(super) fn scripts(&self) -> impl Iterator<Item = &CarrierScript> {
        self.carriers.iter().chain(self.relays.iter().map(|(_, script)| script))
    }
}

/// Something that befalls the engine.
#[derive(Clone, Debug)]
pub enum Order {
    /// The batch at this place of the scenario is cancelled.
    Cancel(usize),
    /// The lane of this carrier stops departing, or goes on.
    Pause(String, bool),
    /// An operator lets a carrier have at most so many mails a second.
    Limit(String, Option<f64>),
    /// A carrier gets new configured limits.
    SetPolicy(String, Box<Policy>),
    /// The program dies without warning, and starts again after this long.
    Crash(Span),
    /// For this long nothing passes between the program and anybody else, neither names nor mail; then what was sent meanwhile does.
    Cut(Span),
    /// Somebody asks when the batch at this place will have been accepted.
    Forecast(usize),
    /// The program ends in order.
    ShutDown,
}

/// What the name service says about a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameTrouble {
    /// It takes no mail (RFC 7505).
    NoMail,
    /// No answer before this moment.
    FailsUntil(Span),
    /// No answer from this moment on.
    FailsFrom(Span),
    /// From the first moment to the second it is said not to exist.
    DeniedBetween(Span, Span),
    /// From this moment on it belongs to the carrier of this name.
    MovesTo(Span, String),
}

/// How IPv6 is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ipv6 {
    /// No host has an IPv6 address.
    Absent,
    /// Every host has one, and it works.
    Works,
    /// Every host has one, and this machine has no route.
    NoRoute,
    /// Every host has one, and what is sent there is lost.
    Silent,
}

/// What is wrong with one host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostTrouble {
    /// Nobody listens.
    Refuses,
    /// What is sent there is lost.
    Silent,
}

/// One batch.
#[derive(Clone, Debug)]
pub struct BatchScript {
    /// When it is submitted.
    pub at: Span,
    /// Its hurry.
    pub urgency: Urgency,
    /// When 99 % should have been accepted.
    pub deadline: Option<Span>,
    /// When it expires.
    pub expires: Option<Span>,
    /// To whom it goes.
    pub to: Vec<Group>,
}

impl BatchScript {
    /// A safety confirmation to these groups, now.
    #[must_use]
    pub fn new(to: Vec<Group>) -> Self {
        BatchScript { at: Span::ZERO, urgency: Urgency::Safety, deadline: None, expires: None, to }
    }
}

/// Recipients of one domain. "Every" means every n-th of them, 0 none.
#[derive(Clone, Debug, Default)]
pub struct Group {
    /// Their domain.
    pub domain: String,
    /// How many mails.
    pub mails: u32,
    /// Of whom the carrier does not know every so many.
    pub unknown_every: u32,
    /// Whose own filter refuses every so many after the content.
    pub filtered_every: u32,
    /// Of whom every so many have a mailbox that is always full.
    pub full_every: u32,
    /// Of whom every so many have a local part that only old handsets had.
    pub legacy_every: u32,
    /// What earlier mails to them have shown.
    pub history: History,
}

impl Group {
    /// So many ordinary recipients.
    #[must_use]
    pub fn new(domain: &str, mails: u32) -> Self {
        Group { domain: domain.into(), mails, ..Group::default() }
    }

    /// The local part of the n-th recipient of a batch; its first letters tell the carrier what it is.
    #[must_use]
    pub(super) fn local(&self, batch: usize, n: u32) -> String {
        let every = |m: u32| m > 0 && (n + 1).is_multiple_of(m);
        let (kind, dots) = match () {
            () if every(self.unknown_every) => ("nobody", "."),
            () if every(self.filtered_every) => ("filter", "."),
            () if every(self.full_every) => ("full", "."),
            () if every(self.legacy_every) => ("old", ".."),
            () => ("user", "."),
        };
        format!("{kind}{n}{dots}b{batch}")
    }
}

/// A carrier as the engine meets it.
#[derive(Clone, Debug)]
pub struct CarrierScript {
    /// Its name, which is the lane's.
    pub name: String,
    /// The domains it serves; each is a site of its own if `shared` is not set.
    pub domains: Vec<String>,
    /// Whether all its domains have the same hosts.
    pub shared: bool,
    /// How many MX hosts of equal preference a site has.
    pub hosts: u8,
    /// Hosts of it that are down, by number from 1.
    pub hosts_down: Vec<(u8, HostTrouble)>,
    /// What the engine is configured with.
    pub policy: Policy,
    /// Round-trip time.
    pub rtt: Span,
    /// From the final dot to the answer.
    pub service: Span,
    /// What it tolerates from each address of ours, at first.
    pub limits: Limits,
    /// Whether its limits count over all our addresses together, and not for each of them.
    pub together: bool,
    /// What it tolerates from some addresses, where that differs.
    pub from: Vec<(IpAddr, Limits)>,
    /// What it tolerates from a moment on.
    pub changes: Vec<(Span, Limits)>,
    /// How it behaves.
    pub ways: Ways,
}

impl CarrierScript {
    /// A carrier that takes everything, for one domain; the engine has no limits for it but one session's worth of TLS.
    #[must_use]
    pub fn new(name: &str, domain: &str) -> Self {
        CarrierScript {
            name: name.into(),
            domains: vec![domain.into()],
            shared: true,
            hosts: 1,
            hosts_down: Vec::new(),
            policy: Policy { tls: TlsPolicy::Never, ..Policy::default() },
            rtt: Span::from_millis(20),
            service: Span::from_millis(30),
            limits: Limits::default(),
            together: false,
            from: Vec::new(),
            changes: Vec::new(),
            ways: Ways::default(),
        }
    }
}

/// What a carrier tolerates; what is `None` has no limit.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// Most sessions open at once; 0 refuses everything.
    pub sessions_max: Option<u32>,
    /// How one session too many is refused.
    pub refusal: Refusal,
    /// Most mails a second; one too many is answered 451.
    pub mails_per_second_max: Option<f64>,
    /// Mails that may come at once when nothing came before.
    pub burst_mails: u32,
    /// Most mails in a window of time, beside the rate.
    pub quota: Option<Quota>,
    /// How a mail beyond rate or quota is refused.
    pub overrun: Overrun,
    /// For how long whoever overran rate, quota or sessions has every connection reset.
    pub punish: Span,
    /// Most mails a session; one too many is answered 421.
    pub mails_per_session_max: Option<u32>,
    /// Most connections in any minute; one too many is refused like a session too many.
    pub connects_per_minute_max: Option<u32>,
    /// It takes connections and bytes, and answers nothing until this has passed.
    pub silent: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            sessions_max: None,
            refusal: Refusal::Reply421,
            mails_per_second_max: None,
            burst_mails: 1,
            quota: None,
            overrun: Overrun::Reply451,
            punish: Span::ZERO,
            mails_per_session_max: None,
            connects_per_minute_max: None,
            silent: false,
        }
    }
}

/// So many mails in so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// How many.
    pub mails: u32,
    /// In how long.
    pub window: Span,
    /// Whether every stretch of that length counts, or only those that begin at whole multiples of it.
    pub sliding: bool,
}

/// How a mail too many is refused, at MAIL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overrun {
    /// 451, and the session goes on.
    Reply451,
    /// 421, and the session is closed.
    Reply421,
    /// A TCP reset.
    Reset,
}

/// How a connection is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A 421 greeting.
    Reply421,
    /// A TCP reset.
    Reset,
    /// No greeting at all.
    Silence,
}

/// Whether a server takes several commands at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pipelining {
    /// It says so and does.
    Yes,
    /// It does not say so.
    No,
    /// It says so, and throws away all but the first.
    Lie,
}

/// What STARTTLS meets with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsScript {
    /// It is not offered.
    None,
    /// The handshake succeeds.
    Works,
    /// The handshake fails.
    Fails,
}

/// What is answered to every RCPT of a domain.
#[derive(Clone, Debug)]
pub struct Ban {
    /// Which domain; `None` is all.
    pub domain: Option<String>,
    /// Until when.
    pub until: Span,
    /// What is answered.
    pub reply: String,
}

/// How a carrier behaves, apart from its limits.
#[derive(Clone, Debug)]
pub struct Ways {
    /// Several commands at once.
    pub pipelining: Pipelining,
    /// Whether it throws away what came together with the final dot.
    pub discards_input: bool,
    /// What it says unasked right behind its answer to EHLO.
    pub after_ehlo: Option<String>,
    /// Recipients whom it refuses, whoever they are.
    pub bans: Vec<Ban>,
    /// For how long a recipient that was not seen before is put off.
    pub greylist: Option<Span>,
    /// The share of mails that it takes and then drops the connection instead of answering, 0 to 1.
    pub swallows: f64,
    /// The one form of legacy local parts it understands; `None` takes both.
    pub legacy: Option<AddressStyle>,
    /// STARTTLS.
    pub tls: TlsScript,
    /// The share of mails that are answered 451 whatever the pace, 0 to 1.
    pub weather: f64,
    /// The share of connections that it greets with 421 for no reason, 0 to 1.
    pub unwelcome: f64,
    /// Sessions that are borne without slowing down.
    pub load_sessions: u32,
    /// What each session beyond them adds to the service time.
    pub load: Span,
    /// Mails a second that are worked off, one after the other; those that come faster wait. `None` has no such bound.
    pub capacity: Option<f64>,
}

impl Default for Ways {
    fn default() -> Self {
        Ways {
            pipelining: Pipelining::Yes,
            discards_input: false,
            after_ehlo: None,
            bans: Vec::new(),
            greylist: None,
            swallows: 0.0,
            legacy: None,
            tls: TlsScript::None,
            weather: 0.0,
            unwelcome: 0.0,
            load_sessions: u32::MAX,
            load: Span::ZERO,
            capacity: None,
        }
    }
}
