//! The profile: which carriers there are, what they tolerate and when they change their mind.

use std::net::IpAddr;

use serde::Deserialize;

use crate::auth::AuthProfile;
use crate::error::Error;
use crate::settings::{CountBy, Limits, Manner, Overrun, Refusal, Wording};

/// A set of mock carriers and the name server that knows them; read from TOML with [`Profile::parse`].
///
/// ```
/// let profile = hikyaku_mock::Profile::parse(r#"
///     [[carrier]]
///     name = "docomo"
///     domains = ["docomo.ne.jp"]
///     wording = "docomo"
///     limits = { sessions = 10, mails_per_second = 200, burst = 40 }
///     overrun = { mails_per_second = "451" }
///     manner = { rtt_ms = 20 }
///     [[carrier.host]]
///     name = "mfsmax.docomo.ne.jp"
///     [[carrier.change]]
///     at_s = 5.0
///     limits = { mails_per_second = 50 }
/// "#)?;
/// assert_eq!(profile.carriers[0].limits.sessions, Some(10));
/// # Ok::<(), hikyaku_mock::Error>(())
/// ```
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The carriers, `[[carrier]]` in TOML.
    #[serde(rename = "carrier", default)]
    pub carriers: Vec<CarrierProfile>,
    /// The name server.
    #[serde(default)]
    pub dns: DnsProfile,
}

/// One carrier.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CarrierProfile {
    /// Its name in statistics.
    pub name: String,
    /// Domains it takes mail for, in lower case; `*.tenant.example` stands for every name below.
    pub domains: Vec<String>,
    /// Whose reply texts it uses; default a plain server's.
    #[serde(default)]
    pub wording: Wording,
    /// The MTA-STS policy of its domains (RFC 8461); default none.
    #[serde(default)]
    pub sts: Option<StsProfile>,
    /// Whether its names are delegated without signatures in a net that is [signed](DnsProfile::signed).
    #[serde(default)]
    pub unsigned: bool,
    /// Whether its domains have no MX record, only the address of the first host (RFC 5321 §5.1).
    #[serde(default)]
    pub implicit_mx: bool,
    /// What it tolerates from the start.
    #[serde(default)]
    pub limits: Limits,
    /// What it does to whoever overruns a limit.
    #[serde(default)]
    pub overrun: Overrun,
    /// How all its hosts behave, unless they say otherwise.
    #[serde(default)]
    pub manner: Manner,
    /// Domains of other carriers for which it takes mail too, as their relay; no MX record names it for them.
    #[serde(default)]
    pub relays: Vec<String>,
    /// The account without which its hosts take no mail (RFC 4954); default none is asked for.
    #[serde(default)]
    pub auth: Option<AuthProfile>,
    /// Its MX hosts, `[[carrier.host]]`; at least one.
    #[serde(rename = "host", default)]
    pub hosts: Vec<HostProfile>,
    /// What it tolerates from some addresses, `[[carrier.from]]`, where that differs.
    #[serde(rename = "from", default)]
    pub sources: Vec<FromSource>,
    /// What changes when, `[[carrier.change]]`, in the order of time.
    #[serde(rename = "change", default)]
    pub changes: Vec<Change>,
}

/// What a carrier tolerates from one source address; each has its limits to itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FromSource {
    /// The client's address, such as `127.0.0.2`.
    pub address: IpAddr,
    /// Limits that differ from the carrier's, whatever changes there.
    pub limits: Limits,
}

/// One MX host; each listens on a loopback address of its own.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostProfile {
    /// Its name in the DNS, in lower case.
    pub name: String,
    /// MX preference, the lowest first; default 10.
    #[serde(default = "default_preference")]
    pub preference: u16,
    /// The domains of the carrier that name this host; default all of them.
    #[serde(default)]
    pub domains: Vec<String>,
    /// Its TLSA records (DANE, RFC 7672), for what it shows with `tls = "valid"`; all qualities have the same key.
    #[serde(default)]
    pub tlsa: Vec<TlsaProfile>,
    /// Whether the signature of its TLSA records does not fit.
    #[serde(default)]
    pub tlsa_forged: bool,
    /// Where it behaves otherwise than its carrier.
    #[serde(default)]
    pub manner: Manner,
}

/// One TLSA record of a host (RFC 6698 §2.1).
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsaProfile {
    /// 2: for the mock's authority, which hosts show in their chain; any other: for the host's certificate.
    pub usage: u8,
    /// 0: the certificate, 1: its key.
    pub selector: u8,
    /// 0: itself, 1: its SHA-256, 2: its SHA-512.
    pub matching: u8,
    /// Whether it stands for another certificate.
    #[serde(default)]
    pub wrong: bool,
}

/// An MTA-STS policy and how it is served.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StsProfile {
    /// The `id` in the TXT record; empty: there is no record.
    pub id: String,
    /// `enforce`, `testing` or `none`.
    pub mode: String,
    /// Names of hosts, `*.` allowed; default those of the carrier.
    #[serde(default)]
    pub mx: Vec<String>,
    /// Seconds for which it may be kept; default a day.
    #[serde(default = "a_day")]
    pub max_age_s: u64,
    /// How the policy host serves it; default as it should.
    #[serde(default)]
    pub serve: StsServing,
}

fn a_day() -> u64 {
    86_400
}

/// How a policy host serves a policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StsServing {
    /// As it should.
    #[default]
    Well,
    /// Under a certificate in another name.
    WrongName,
    /// Under a certificate that vouches for itself.
    SelfSigned,
    /// From elsewhere: 302.
    Redirect,
    /// As text/html.
    Html,
    /// A megabyte of it.
    Huge,
    /// Not at all: 404.
    Missing,
    /// Nothing comes after the request.
    Silence,
}

fn default_preference() -> u16 {
    10
}

/// What a carrier does differently from a moment on; knobs not named stay as they are.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// Seconds after the first SMTP connection to any carrier of the profile.
    pub at_s: f64,
    /// The one host whose manner changes; default the whole carrier. Limits always concern the whole carrier.
    pub host: Option<String>,
    /// Limits that change. To lift one, make it large.
    #[serde(default)]
    pub limits: Limits,
    /// Refusal styles that change.
    #[serde(default)]
    pub overrun: Overrun,
    /// Manners that change.
    #[serde(default)]
    pub manner: Manner,
}

/// The name server.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DnsProfile {
    /// Time to live of every record, in seconds; default 60.
    pub ttl_s: u32,
    /// Milliseconds until an answer leaves; default 0.
    pub delay_ms: f64,
    /// Whether it fails from the start.
    pub fail: DnsFailure,
    /// When it begins or stops to fail, `[[dns.change]]`.
    #[serde(rename = "change")]
    pub changes: Vec<DnsChange>,
    /// Domains that take no mail at all (null MX, RFC 7505).
    pub null_mx: Vec<String>,
    /// Whether all names are signed (DNSSEC) with the key of [`trust_anchor`](crate::MockNet::trust_anchor), in one zone from
    /// the root on.
    pub signed: bool,
}

impl Default for DnsProfile {
    fn default() -> Self {
        Self {
            ttl_s: 60,
            delay_ms: 0.0,
            fail: DnsFailure::None,
            changes: Vec::new(),
            null_mx: Vec::new(),
            signed: false,
        }
    }
}

/// The name server begins or stops to fail.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DnsChange {
    /// Seconds after the first SMTP connection to any carrier.
    pub at_s: f64,
    /// How it fails from then on.
    pub fail: DnsFailure,
}

/// How the name server fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DnsFailure {
    /// Not at all.
    #[default]
    None,
    /// Answers SERVFAIL.
    Servfail,
    /// Never answers.
    Silence,
}

impl Profile {
    /// The built-in profile of that name: `calm` (generous), `busy` (limits that bite), `hostile` (faults of all kinds), or
    /// one of the `hidden-…`: a single carrier with one kind of limit that nobody tells the sender.
    pub fn named(name: &str) -> Option<Self> {
        let text = match name {
            "calm" => include_str!("../profiles/calm.toml"),
            "busy" => include_str!("../profiles/busy.toml"),
            "hostile" => include_str!("../profiles/hostile.toml"),
            "hidden-sessions" => include_str!("../profiles/hidden-sessions.toml"),
            "hidden-rate" => include_str!("../profiles/hidden-rate.toml"),
            "hidden-both" => include_str!("../profiles/hidden-both.toml"),
            "hidden-fall" => include_str!("../profiles/hidden-fall.toml"),
            "hidden-connect" => include_str!("../profiles/hidden-connect.toml"),
            "hidden-resets" => include_str!("../profiles/hidden-resets.toml"),
            "hidden-load" => include_str!("../profiles/hidden-load.toml"),
            "hidden-turns" => include_str!("../profiles/hidden-turns.toml"),
            "hidden-punish" => include_str!("../profiles/hidden-punish.toml"),
            "hidden-unknown" => include_str!("../profiles/hidden-unknown.toml"),
            "hidden-sources" => include_str!("../profiles/hidden-sources.toml"),
            _ => return None,
        };
        // a test reads all three, so this cannot fail for a reader
        Self::parse(text).ok()
    }

    /// Reads a profile from TOML.
    ///
    /// # Errors
    /// [`Error::Profile`] names line and key of what is unknown or of the wrong kind; [`Error::Nonsense`] names the
    /// carrier and key whose value makes no sense.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let profile: Self = toml::from_str(text).map_err(|error| Error::Profile {
            line: error
                .span()
                .map_or(1, |span| 1 + text.as_bytes()[..span.start].iter().filter(|&&b| b == b'\n').count()),
            message: error.message().replace('\n', " "),
        })?;
        profile.check()?;
        Ok(profile)
    }

    /// Refuses what reads well but makes no sense.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let mut names = std::collections::HashSet::new();
        if self.carriers.is_empty() {
            return nonsense("[[carrier]]", "there is none; name at least one");
        }
        for carrier in &self.carriers {
            carrier.check()?;
            for host in &carrier.hosts {
                if !names.insert(&host.name) {
                    return nonsense(&host.name, "two hosts have this name");
                }
            }
        }
        let moments = self.dns.changes.iter().map(|change| change.at_s);
        check_moments("dns", moments)
    }
}

impl CarrierProfile {
    fn check(&self) -> Result<(), Error> {
        if self.hosts.is_empty() || self.domains.is_empty() {
            return nonsense(&self.name, "needs at least one of `domains` and one [[carrier.host]]");
        }
        let lower = |name: &String| !name.is_empty() && *name == name.to_ascii_lowercase();
        let mut names = self.domains.iter().chain(self.hosts.iter().map(|h| &h.name));
        if let Some(name) = names.find(|name| !lower(name)) {
            return nonsense(&self.name, &format!("`{name}` must be in lower case and not empty"));
        }
        for host in &self.hosts {
            if let Some(domain) = host.domains.iter().find(|d| !self.domains.contains(d)) {
                return nonsense(&host.name, &format!("`{domain}` is not among the carrier's `domains`"));
            }
            check_manner(&host.name, &host.manner)?;
        }
        check_manner(&self.name, &self.manner)?;
        check_limits(&self.name, &self.limits, &self.overrun)?;
        for from in &self.sources {
            let place = format!("{}, from {}", self.name, from.address);
            check_limits(&place, &from.limits, &self.overrun)?;
            if from.limits.count_by == Some(CountBy::Total) {
                return nonsense(&place, "`count_by` must be left out: these are for one address");
            }
        }
        for change in &self.changes {
            let place = format!("{}, change at {} s", self.name, change.at_s);
            check_limits(&place, &change.limits, &change.overrun)?;
            check_manner(&place, &change.manner)?;
            if let Some(host) = &change.host
                && !self.hosts.iter().any(|h| h.name == *host)
            {
                return nonsense(&place, &format!("`host = \"{host}\"` is none of its hosts"));
            }
        }
        check_moments(&self.name, self.changes.iter().map(|change| change.at_s))
    }
}

fn check_limits(place: &str, limits: &Limits, overrun: &Overrun) -> Result<(), Error> {
    let counts = [
        ("sessions", limits.sessions),
        ("burst", limits.burst),
        ("mails_per_session", limits.mails_per_session),
        ("recipients_per_session", limits.recipients_per_session),
        ("connections_per_minute", limits.connections_per_minute),
    ];
    if let Some((key, _)) = counts.iter().find(|(_, value)| *value == Some(0)) {
        return nonsense(place, &format!("`{key}` must be 1 or more; leave it out for no limit"));
    }
    if limits.mails_per_second.is_some_and(|rate| !(rate.is_finite() && rate >= 0.001)) {
        return nonsense(place, "`mails_per_second` must be 0.001 or more; leave it out for no limit");
    }
    let elsewhere =
        [overrun.sessions, overrun.connections_per_minute, overrun.mails_per_session, overrun.recipients_per_session];
    if elsewhere.contains(&Some(Refusal::Slow)) {
        return nonsense(place, "\"slow\" is for `overrun.mails_per_second` alone");
    }
    check_amount(place, "punish_s", overrun.punish_s, f64::MAX)
}

fn check_manner(place: &str, manner: &Manner) -> Result<(), Error> {
    let shares = [
        ("filter_share", manner.filter_share),
        ("swallow_share", manner.swallow_share),
        ("cut_share", manner.cut_share),
        ("reset_share", manner.reset_share),
        ("busy_share", manner.busy_share),
        ("greet_421_share", manner.greet_421_share),
    ];
    for (key, value) in shares {
        check_amount(place, key, value, 1.0)?;
    }
    let spans = [
        ("rtt_ms", manner.rtt_ms),
        ("service_ms", manner.service_ms),
        ("load_ms", manner.load_ms),
        ("tarpit_ms", manner.tarpit_ms),
        ("command_ms", manner.command_ms),
        ("idle_s", manner.idle_s),
        ("greylist_s", manner.greylist_s),
    ];
    for (key, value) in spans {
        check_amount(place, key, value, f64::MAX)?;
    }
    Ok(())
}

fn check_amount(place: &str, key: &str, value: Option<f64>, most: f64) -> Result<(), Error> {
    match value {
        Some(v) if !(v.is_finite() && v >= 0.0) => nonsense(place, &format!("`{key}` must be 0 or more")),
        Some(v) if v > most => nonsense(place, &format!("`{key}` must be at most {most}")),
        _ => Ok(()),
    }
}

fn check_moments(place: &str, moments: impl Iterator<Item = f64>) -> Result<(), Error> {
    let mut before = 0.0;
    for at_s in moments {
        if !(at_s.is_finite() && at_s >= before) {
            return nonsense(place, &format!("`at_s = {at_s}` must be 0 or more and not before the change above it"));
        }
        before = at_s;
    }
    Ok(())
}

fn nonsense(place: &str, message: &str) -> Result<(), Error> {
    Err(Error::Nonsense { place: place.to_owned(), message: message.to_owned() })
}
