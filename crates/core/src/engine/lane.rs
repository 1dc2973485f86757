//! One lane: a way to a carrier with its limits, health and sessions; and the sites behind it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;

use super::health::Relay;
use crate::address::AddressStyle;
use crate::carrier::Carrier;
use crate::congestion::Congestion;
use crate::event::{HostRoute, SessionId};
use crate::message::{MailId, Urgency};
use crate::mx::{self, MxRecord};
use crate::outcome::{Cause, Outcome, Settlement};
use crate::pace::Pace;
use crate::plan::Plan;
use crate::policy::{Policy, TlsPolicy};
use crate::queue::{Past, Queue};
use crate::session::{Manner, Why};
use crate::time::{Instant, Span};
use crate::via::Via;

/// First and longest time for which a host that failed is left alone.
const HOST_HOLD: (Span, Span) = (Span::from_millis(500), Span::from_secs(20));

/// How long a host's bad manners are remembered: it may only have been slow, or have been mended.
const MANNERS_KEPT: Span = Span::from_secs(600);

/// What is remembered of one host.
#[derive(Clone, Debug)]
pub struct Host {
    /// Until when the three below are believed.
    kept_until: Instant,
    pipelining: bool,
    proven: bool,
    overlap: bool,
    mails: u32,
    tls_broken: bool,
    fails: u32,
    held_until: Instant,
}

impl Default for Host {
    fn default() -> Self {
        Host {
            kept_until: Instant::EPOCH,
            pipelining: true,
            proven: false,
            overlap: true,
            mails: 0,
            tls_broken: false,
            fails: 0,
            held_until: Instant::EPOCH,
        }
    }
}

impl Host {
    /// Learns from the end of a session.
    pub fn on_closed(&mut self, why: &Why, was_ready: bool, now: Instant) {
        if matches!(why, Why::DiscardsInput | Why::PipeliningLie | Why::TlsFailed(_)) {
            self.kept_until = now + MANNERS_KEPT;
        }
        match why {
            Why::DiscardsInput => self.overlap = false,
            Why::PipeliningLie => self.pipelining = false,
            Why::TlsFailed(_) if !self.tls_broken => self.tls_broken = true,
            Why::Finished => self.fails = 0,
            _ if !was_ready => {
                self.fails = (self.fails + 1).min(10);
                let hold = HOST_HOLD.0.saturating_mul(1 << (self.fails - 1)).min(HOST_HOLD.1);
                self.held_until = now + hold;
            }
            _ => {}
        }
    }

    /// A mail was taken in a pipelined conversation.
    pub fn on_taken(&mut self) {
        self.proven = self.pipelining;
        self.mails = self.mails.saturating_add(1);
        self.fails = 0;
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
    /// The number of the last session that was opened for it.
    pub last_turn: u64,
    /// The site that took its place when the table of carriers changed.
    pub moved: Option<usize>,
    /// The table by which it was last found to be its carrier's, counted from 0.
    pub table: u32,
    rotation: usize,
}

impl Site {
    /// A site of a carrier.
    #[must_use]
    pub fn new(group: usize, hosts: Vec<HostRoute>) -> Self {
        Site { group, hosts, queue: Queue::default(), last_turn: 0, moved: None, table: 0, rotation: 0 }
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
    /// Whether `Open` was asked for.
    pub opened: bool,
    /// Whether it was greeted.
    pub ready: bool,
    /// Whether it takes no more mails.
    pub finishing: bool,
    /// Whether `Finish` was asked for, once its last mail had been sent to it.
    pub finish_asked: bool,
    /// Mails assigned and not ended, with their urgency.
    pub assigned: VecDeque<(Urgency, MailId)>,
    /// Mails assigned in all.
    pub mails: u32,
    /// Since when it has none.
    pub idle_since: Instant,
}

impl Talk {
    /// Mails that one of this urgency would have to wait for, and all.
    #[must_use]
    pub fn ahead_of(&self, urgency: Urgency) -> (usize, usize) {
        (self.assigned.iter().filter(|(other, _)| *other <= urgency).count(), self.assigned.len())
    }

    /// A session that is about to be opened.
    #[must_use]
    pub fn new(site: usize, host: String, addr: SocketAddr) -> Self {
        Talk {
            site,
            host,
            addr,
            opened: false,
            ready: false,
            finishing: false,
            finish_asked: false,
            assigned: VecDeque::new(),
            mails: 0,
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
    /// Whether the carrier's totals leave nothing to it.
    pub surplus: bool,
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
    /// How legacy local parts are written.
    pub style: AddressStyle,
    /// Whether a legacy local part was taken in this style.
    pub style_proven: bool,
    /// Hosts by name.
    pub hosts: BTreeMap<String, Host>,
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
            surplus: false,
            helo,
            pace: Pace::new(policy.mails_per_second_max, policy.burst_mails),
            connects: Pace::new(connect_rate(&policy).0, connect_rate(&policy).1),
            congestion: Congestion::new(&policy),
            plan: Plan::default(),
            carrier,
            policy,
            style,
            style_proven: false,
            hosts: BTreeMap::new(),
            talks: BTreeMap::new(),
            unsettled: 0,
            reserved: BTreeSet::new(),
            paused: false,
            counts: LaneCounts::default(),
            wake: Instant::NEVER,
        }
    }

    /// Takes new limits; what has left counts against them.
    pub fn set_policy(&mut self, policy: Policy) {
        self.congestion.set_policy(&policy);
        let (rate, burst) = connect_rate(&policy);
        self.connects.set_rate(rate);
        self.connects.set_burst(burst);
        self.pace.set_burst(policy.burst_mails);
        self.policy = policy;
        self.pace.set_rate(self.congestion.rate());
    }

    /// Whether a session carries mails of this site: through a relay it carries everybody's.
    #[must_use]
    pub fn carries(&self, talk: &Talk, site: usize) -> bool {
        self.relay.is_some() || talk.site == site
    }

    /// Whether another session may be open, for this site.
    #[must_use]
    pub fn has_room(&self, site: usize) -> bool {
        let held = if self.reserved.contains(&site) { 0 } else { self.reserved.len() };
        self.talks.len() + held < self.congestion.window().min(self.policy.sessions_max) as usize
    }

    /// The host to speak with next: by preference, ties by `draw`, leaving alone what failed a moment ago.
    ///
    /// # Errors
    /// The instant at which the first of them may be tried again.
    pub fn choose_host(
        &self,
        site: &mut Site,
        now: Instant,
        draw: impl FnMut(usize) -> usize,
    ) -> Result<(String, SocketAddr), Instant> {
        let hosts = self.relay.as_ref().map_or(&site.hosts, |relay| &relay.hosts);
        let records: Vec<MxRecord> =
            hosts.iter().map(|h| MxRecord { preference: h.preference, host: h.name.clone() }).collect();
        let mut retry = Instant::NEVER;
        for name in mx::order(&records, draw) {
            let held = self.hosts.get(&name).map_or(Instant::EPOCH, |h| h.held_until);
            let all = hosts.iter().find(|h| h.name == name).map_or(&[][..], |h| &h.addrs);
            // From an address of ours only hosts of its family can be reached.
            let reachable = |addr: &&SocketAddr| self.via.source().is_none_or(|own| own.is_ipv4() == addr.is_ipv4());
            let addrs: Vec<&SocketAddr> = all.iter().filter(reachable).collect();
            if held > now {
                retry = retry.min(held);
            } else if !addrs.is_empty() {
                site.rotation = site.rotation.wrapping_add(1);
                return Ok((name, *addrs[site.rotation % addrs.len()]));
            }
        }
        Err(retry.min(now + HOST_HOLD.1))
    }

    /// How to speak with a host, from the policy and what is remembered of it.
    #[must_use]
    pub fn manner(&self, host: &str, hurry: bool, now: Instant) -> Manner {
        let known = self.hosts.get(host).cloned().unwrap_or_default();
        let old = known.kept_until <= now;
        let plain = known.tls_broken && !old && self.policy.tls == TlsPolicy::Opportunistic;
        Manner {
            helo: self.helo.clone(),
            tls: if plain { TlsPolicy::Never } else { self.policy.tls },
            timeouts: self.policy.timeouts,
            timeouts_routine: self.policy.timeouts_routine,
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
