//! One lane: a way to a carrier with its limits, health and sessions; and the sites behind it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

use super::assigned::Assigned;
use super::health::Relay;
use super::hold::Holds;
use super::refusals::Refusals;
use crate::address::AddressStyle;
use crate::carrier::Carrier;
use crate::congestion::Congestion;
use crate::event::{HostRoute, SessionId};
use crate::forecast::Meter;
use crate::message::{BatchId, Urgency};
use crate::mx::{self, Candidate, Failure, Families, MxRecord, Reach};
use crate::outcome::{Cause, Outcome, Settlement, Stage};
use crate::pace::Pace;
use crate::plan::Plan;
use crate::policy::Policy;
use crate::queue::{Past, Queue};
use crate::session::{Manner, Why};
use crate::time::{Instant, Span};
use crate::trust::{Demand, Published};
use crate::via::Via;

/// How long a site without any address waits; its next look-up may bring some.
const NO_ADDRESS_WAIT: Span = Span::from_secs(20);

/// First and longest time for which a site leaves a host alone that did not show what the site must see.
const TLS_HOLD: (Span, Span) = (Span::from_secs(1), Span::from_secs(60));

/// How long a host whose handshake failed is spoken with in clear, where that is allowed: it may only have been slow, and
/// each of these mails can be read on the way.
const TLS_BROKEN_KEPT: Span = Span::from_secs(60);

/// How long a lane is patient after an answer to a content did not come in time: who answered late once does so again, and
/// each impatience is a copy more.
const PATIENT: Span = Span::from_secs(3600);

/// How long a host's bad manners are remembered: it may only have been slow, or have been mended.
const MANNERS_KEPT: Span = Span::from_secs(600);

/// What is remembered of one host.
#[derive(Clone, Debug)]
pub struct Host {
    /// Until when what it did with several commands at once is believed.
    kept_until: Instant,
    /// Until when it is spoken with in clear because a handshake failed.
    tls_broken_until: Instant,
    pipelining: bool,
    proven: bool,
    overlap: bool,
    mails: u32,
}

impl Default for Host {
    fn default() -> Self {
        let (kept_until, tls_broken_until) = (Instant::EPOCH, Instant::EPOCH);
        Host { kept_until, tls_broken_until, pipelining: true, proven: false, overlap: true, mails: 0 }
    }
}

impl Host {
    /// Learns from the end of a session.
    pub fn on_closed(&mut self, why: &Why, now: Instant) {
        if matches!(why, Why::DiscardsInput | Why::PipeliningLie) {
            self.kept_until = now + MANNERS_KEPT;
        }
        match why {
            Why::DiscardsInput => self.overlap = false,
            Why::PipeliningLie => self.pipelining = false,
            Why::TlsFailed(_) => self.tls_broken_until = now + TLS_BROKEN_KEPT,
            _ => {}
        }
    }

    /// A mail was taken in a pipelined conversation.
    pub fn on_taken(&mut self) {
        self.proven = self.pipelining;
        self.mails = self.mails.saturating_add(1);
    }
}

/// The hosts that a set of domains share, and what waits for them.
#[derive(Debug)]
pub struct Site {
    /// The carrier it belongs to.
    pub group: usize,
    /// Its hosts.
    pub hosts: Vec<HostRoute>,
    /// What waits.
    pub queue: Queue,
    /// Its domains that keep us out.
    pub holds: Holds,
    /// The number of the last session that was opened for it.
    pub last_turn: u64,
    rotation: usize,
    /// Hosts that did not show what this site must see: how often in a row, and until when they are left alone. Sites that
    /// ask for less go on with them.
    untrusted: BTreeMap<String, (u32, Instant)>,
}

impl Site {
    /// A site of a carrier.
    #[must_use]
    pub fn new(group: usize, hosts: Vec<HostRoute>) -> Self {
        Site {
            group,
            hosts,
            queue: Queue::default(),
            holds: Holds::default(),
            last_turn: 0,
            rotation: 0,
            untrusted: BTreeMap::new(),
        }
    }

    /// What is published about a host. One that has left the route meanwhile must not be spoken with: nothing is known of it.
    #[must_use]
    pub fn published(&self, host: &str) -> Published {
        let found = self.hosts.iter().find(|route| route.name == host).map(|route| route.published.clone());
        found.unwrap_or_else(|| Published::Barred(format!("{host} is no host of the domain any more")))
    }

    /// A host did not show what it must. Says whether there is another one to try at once.
    pub fn on_untrusted(&mut self, host: &str, now: Instant) -> bool {
        let (fails, until) = self.untrusted.entry(host.to_string()).or_default();
        *until = now + TLS_HOLD.0.saturating_mul(1 << (*fails).min(10)).min(TLS_HOLD.1);
        *fails += 1;
        self.hosts.iter().any(|route| route.name != host && self.left_alone_until(&route.name) <= now)
    }

    /// A host showed what it must.
    pub fn on_trusted(&mut self, host: &str) {
        self.untrusted.remove(host);
    }

    /// Until when a host is left alone for what it did not show.
    fn left_alone_until(&self, host: &str) -> Instant {
        self.untrusted.get(host).map_or(Instant::EPOCH, |(_, until)| *until)
    }
}

/// One carrier: what waits for it, and by which lanes it goes.
#[derive(Debug)]
pub struct Group {
    /// Whose.
    pub carrier: Carrier,
    /// Its lanes; at least one.
    pub lanes: Vec<usize>,
    /// Its sites.
    pub sites: Vec<usize>,
}

/// One open or opening session, as the machine sees it.
#[derive(Debug)]
pub struct Talk {
    /// The site it serves.
    pub site: usize,
    /// The host it speaks with.
    pub host: String,
    /// Where it connects.
    pub addr: SocketAddr,
    /// What the connection must show; known when `Open` is asked for.
    pub demand: Demand,
    /// Whether `Open` was asked for.
    pub opened: bool,
    /// Whether it was greeted.
    pub ready: bool,
    /// Whether it takes no more mails.
    pub finishing: bool,
    /// Whether `Finish` was asked for, once its last mail had been sent to it.
    pub finish_asked: bool,
    /// Mails assigned and not ended, with their urgency.
    pub assigned: Assigned,
    /// Mails assigned in all.
    pub mails: u32,
    /// Mails it may be assigned in all.
    pub mails_max: u32,
    /// Whether a mail was begun on it.
    pub begun: bool,
    /// What was remembered of its address before it was greeted.
    pub reach_before: Option<Reach>,
    /// Mails it has carried: accepted.
    pub carried: u32,
    /// Since when it has none.
    pub idle_since: Instant,
}

impl Talk {
    /// Mails that one of this urgency would have to wait for, and all.
    #[must_use]
    pub fn ahead_of(&self, urgency: Urgency) -> (usize, usize) {
        (self.assigned.ahead_of(urgency), self.assigned.len())
    }

    /// A session that is about to be opened.
    #[must_use]
    pub fn new(site: usize, host: String, addr: SocketAddr) -> Self {
        Talk {
            site,
            host,
            addr,
            demand: Demand::default(),
            opened: false,
            ready: false,
            finishing: false,
            finish_asked: false,
            assigned: Assigned::default(),
            mails: 0,
            mails_max: u32::MAX,
            begun: false,
            reach_before: None,
            carried: 0,
            idle_since: Instant::NEVER,
        }
    }
}

/// What a lane has done, for observers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LaneCounts {
    /// Mails that were accepted.
    pub accepted: u64,
    /// Mails that were deferred at least once.
    pub deferred: u64,
    /// Mails refused for good, by cause.
    pub bounced: BTreeMap<Cause, u64>,
    /// Mails that expired, were cancelled or are unknown.
    pub dropped: u64,
    /// Attempts that ended in doubt.
    pub in_doubt: u64,
    /// Attempts that repeated one in doubt.
    pub resent: u64,
    /// Refusals for pace: busy or blocking replies, refused or broken connections.
    pub refused: u64,
    /// Sessions opened.
    pub sessions: u64,
    /// Connections whose encryption failed, or would not have done under a policy that is only tested.
    pub tls_failures: u64,
}

impl LaneCounts {
    /// Counts one attempt of a mail with this past.
    pub fn count(&mut self, past: &Past, outcome: Outcome, cause: Option<Cause>, settled: Option<Settlement>) {
        self.resent += u64::from(past.doubts > 0);
        self.deferred += u64::from(outcome == Outcome::Deferred && past.deferrals == 0);
        self.in_doubt += u64::from(outcome == Outcome::InDoubt);
        match settled {
            Some(Settlement::Accepted) => self.accepted += 1,
            Some(Settlement::Bounced) => *self.bounced.entry(cause.unwrap_or(Cause::Unrecognised)).or_default() += 1,
            Some(_) => self.dropped += 1,
            None => {}
        }
    }
}

/// One way to a carrier and everything that goes by it.
#[derive(Debug)]
pub struct Lane {
    /// The carrier's group, whose sites it serves.
    pub group: usize,
    /// Whose lane.
    pub carrier: Carrier,
    /// By which way.
    pub via: Via,
    /// What observers, gates and what is kept call it.
    pub name: Arc<str>,
    /// The relay it leads through.
    pub relay: Option<Relay>,
    /// Whether nothing goes by it: the carrier's totals leave nothing to it, or a new table has no such way any more.
    pub closed: bool,
    /// Our own name in EHLO on this way.
    pub helo: String,
    /// Its ceilings.
    pub policy: Policy,
    /// Whose turn it is.
    pub plan: Plan,
    /// When mails may depart.
    pub pace: Pace,
    /// When connections may be opened.
    pub connects: Pace,
    /// How much it carries now.
    pub congestion: Congestion,
    /// How many of its last answers were about us.
    pub refusals: Refusals,
    /// Whether the last session that ended had been greeted and carried nothing: the next greeting is not believed before
    /// a mail was begun.
    pub fruitless: bool,
    /// Until when an answer to a content is waited for as long as RFC 5321 says, however urgent the mail is.
    pub patient_until: Instant,
    /// How legacy local parts are written.
    pub style: AddressStyle,
    /// Whether a legacy local part was taken in this style.
    pub style_proven: bool,
    /// Hosts by name.
    pub hosts: BTreeMap<String, Host>,
    /// What is remembered of their addresses.
    pub reach: BTreeMap<SocketAddr, Reach>,
    /// What this carrier's hosts have shown of IPv4 and IPv6.
    pub families: Families,
    /// Its sessions.
    pub talks: BTreeMap<SessionId, Talk>,
    /// Attempts that are registered and not durable as ended.
    pub unsettled: usize,
    /// Sites for which a session of another site was ended: the room is theirs.
    pub reserved: BTreeSet<usize>,
    /// Whether an operator stopped it.
    pub paused: bool,
    /// What it has done.
    pub counts: LaneCounts,
    /// How fast it is.
    pub meter: Meter,
    /// Mails that settled here, by batch.
    pub settled: BTreeMap<BatchId, u64>,
    /// When it must be looked at again.
    pub wake: Instant,
}

impl Lane {
    /// An idle lane.
    #[must_use]
    pub fn new(
        (group, carrier): (usize, Carrier),
        via: Via,
        policy: Policy,
        (helo, style): (String, AddressStyle),
    ) -> Self {
        Lane {
            group,
            name: via.lane_name(&carrier),
            via,
            relay: None,
            closed: false,
            helo,
            pace: Pace::new(policy.mails_per_second_max, policy.burst_mails),
            connects: Pace::new(connect_rate(&policy).0, connect_rate(&policy).1),
            congestion: Congestion::new(&policy),
            refusals: Refusals::default(),
            fruitless: false,
            patient_until: Instant::EPOCH,
            plan: Plan::default(),
            carrier,
            policy,
            style,
            style_proven: false,
            hosts: BTreeMap::new(),
            reach: BTreeMap::new(),
            families: Families::default(),
            talks: BTreeMap::new(),
            unsettled: 0,
            reserved: BTreeSet::new(),
            paused: false,
            counts: LaneCounts::default(),
            meter: Meter::default(),
            settled: BTreeMap::new(),
            wake: Instant::NEVER,
        }
    }

    /// Takes new limits; what has left counts against them.
    pub fn set_policy(&mut self, policy: Policy) {
        self.congestion.set_policy(&policy);
        let (rate, burst) = connect_rate(&policy);
        self.connects.set_rate(rate);
        self.connects.set_burst(burst);
        self.policy = policy;
        self.set_pace();
    }

    /// Brings the timetable up to what is allowed and learned now.
    pub fn set_pace(&mut self) {
        self.pace.set_rate(self.congestion.pace());
        self.pace.set_burst(self.congestion.burst(&self.policy));
    }

    /// When the next connection may be opened.
    #[must_use]
    pub fn may_connect(&mut self, now: Instant) -> Instant {
        let ready = self.talks.values().filter(|talk| talk.ready).count();
        let opening = self.talks.len() - ready;
        let start = (self.policy.sessions_start as usize).saturating_sub(ready);
        let most = if self.congestion.is_on_trial() {
            1
        } else {
            (ready / 4).max(start).max(self.congestion.opening()).max(2)
        };
        if opening >= most {
            // How the one under way ends is heard.
            return Instant::NEVER;
        }
        self.connects.next(now).max(self.congestion.next_connect(now))
    }

    /// Sessions that were greeted and are open.
    #[must_use]
    pub fn open(&self) -> u32 {
        u32::try_from(self.talks.values().filter(|talk| talk.ready).count()).unwrap_or(u32::MAX)
    }

    /// Whether a session carries mails of this site: through a relay it carries everybody's.
    #[must_use]
    pub fn carries(&self, talk: &Talk, site: usize) -> bool {
        self.relay.is_some() || talk.site == site
    }

    /// Where its mails for this site go: to the relay, or to the site's own hosts.
    #[must_use]
    pub fn hosts_of<'a>(&'a self, site: &'a Site) -> &'a [HostRoute] {
        self.relay.as_ref().map_or(&site.hosts, |relay| &relay.hosts)
    }

    /// Whether another session may be open, for this site.
    #[must_use]
    pub fn has_room(&self, site: usize) -> bool {
        let held = if self.reserved.contains(&site) { 0 } else { self.reserved.len() };
        self.talks.len() + held < self.congestion.wanted().min(self.policy.sessions_max) as usize
    }

    /// The host to speak with next: by preference, ties by `draw`, and its address, leaving alone what failed lately.
    /// `machine` knows for which family the system has a route.
    ///
    /// # Errors
    /// The instant at which the first of them may be tried again.
    pub fn choose_host(
        &self,
        site: &mut Site,
        machine: &Families,
        now: Instant,
        draw: impl FnMut(usize) -> usize,
    ) -> Result<(String, SocketAddr), Instant> {
        let candidates = self.candidates(site, now, draw);
        if candidates.is_empty() {
            let alone =
                self.hosts_of(site).iter().map(|host| site.left_alone_until(&host.name)).filter(|until| *until > now);
            return Err(alone.min().unwrap_or(now + NO_ADDRESS_WAIT));
        }
        site.rotation = site.rotation.wrapping_add(1);
        let choose = |at| mx::choose(&candidates, machine, &self.families, site.rotation, at);
        let chosen = match choose(now) {
            // Where the whole carrier takes no connection, congestion control says when it is asked again.
            Err(until) if self.congestion.insists() => choose(until)?,
            chosen => chosen?,
        };
        let host = self.hosts_of(site).iter().find(|host| host.addrs.contains(&chosen.addr));
        Ok((host.map(|host| host.name.clone()).unwrap_or_default(), chosen.addr))
    }

    /// Whether the site has an address that has not failed and may be tried now.
    #[must_use]
    pub fn has_other_way(&self, site: &Site, machine: &Families, now: Instant) -> bool {
        let chosen = mx::choose(&self.candidates(site, now, |_| 0), machine, &self.families, 0, now);
        chosen.is_ok_and(|candidate| !candidate.reach.is_doubtful())
    }

    /// Whether a session that was greeted is open to this address.
    #[must_use]
    pub fn is_alive(&self, addr: SocketAddr) -> bool {
        self.talks.values().any(|talk| talk.addr == addr && talk.ready)
    }

    fn candidates(&self, site: &Site, now: Instant, draw: impl FnMut(usize) -> usize) -> Vec<Candidate> {
        let hosts = self.hosts_of(site);
        let records: Vec<MxRecord> =
            hosts.iter().map(|h| MxRecord { preference: h.preference, host: h.name.clone() }).collect();
        let mut candidates = Vec::new();
        for (host, name) in mx::order(&records, draw).iter().enumerate() {
            if site.left_alone_until(name) > now {
                continue;
            }
            let addrs = hosts.iter().filter(|h| h.name == *name).flat_map(|h| &h.addrs).copied();
            // From an address of ours only hosts of its family can be reached.
            let reachable = |addr: &SocketAddr| self.via.source().is_none_or(|own| own.is_ipv4() == addr.is_ipv4());
            for addr in addrs.filter(reachable) {
                let reach = self.reach.get(&addr).copied().unwrap_or_default();
                let opening = reach.is_doubtful() && self.talks.values().any(|talk| talk.addr == addr && !talk.ready);
                candidates.push(Candidate { host, addr, reach, opening });
            }
        }
        candidates
    }

    /// An answer to a content did not come in time.
    pub fn on_late(&mut self, now: Instant) {
        self.patient_until = now + PATIENT;
    }

    /// A host greeted us. Gives what was remembered of its address: it holds on if no mail is begun there.
    pub fn on_greeted(&mut self, addr: SocketAddr) -> Option<Reach> {
        self.families.worked(addr);
        self.reach.remove(&addr)
    }

    /// A session ended before it was greeted: its address is left alone for a while.
    pub fn on_not_greeted(&mut self, addr: SocketAddr, stage: Stage, why: &Why, now: Instant) {
        let failure = match why {
            Why::TimedOut => Failure::Silent,
            Why::Protocol(_) | Why::TlsFailed(_) => Failure::Mistaken,
            // It had greeted us, and took no mail.
            _ if stage >= Stage::Mail => Failure::Mistaken,
            _ => Failure::Refused,
        };
        self.reach.entry(addr).or_default().failed(failure, now);
        if stage == Stage::Connect && matches!(why, Why::TimedOut | Why::Unreachable(_)) {
            self.families.doubt(addr, now);
        }
    }

    /// How to speak with a host, from the policy, what it must show and what is remembered of it.
    #[must_use]
    pub fn manner(&self, host: &str, demand: Demand, hurry: bool, now: Instant) -> Manner {
        let known = self.hosts.get(host).cloned().unwrap_or_default();
        let old = known.kept_until <= now;
        let (mut timeouts, timeouts_routine) = (self.policy.timeouts, self.policy.timeouts_routine);
        if self.patient_until > now {
            timeouts.content = timeouts.content.max(timeouts_routine.content);
        }
        Manner {
            helo: self.helo.clone(),
            tls: if known.tls_broken_until > now { demand.after_failure() } else { demand },
            tls_min: self.policy.tls_min,
            timeouts,
            timeouts_routine,
            hurry,
            pipelining: known.pipelining || old,
            pipelining_proven: known.proven,
            overlap: known.overlap || old,
            mails_before: known.mails,
            login: self.relay.as_ref().and_then(|relay| relay.route.login.clone()),
        }
    }
}

/// Connections a second and at once: half a minute's may come at once, so that no sliding minute holds more than the
/// limit.
fn connect_rate(policy: &Policy) -> (Option<f64>, u32) {
    let limit = policy.connects_per_minute_max;
    let burst = limit.map_or(1, |n| (n / 2).max(1));
    (limit.map(|n| f64::from(n.saturating_sub(burst).max(1)) / 60.0), burst)
}
