//! What an observer may know: lanes, counts and a forecast, without a single address.

use std::collections::BTreeMap;

use crate::carrier::Carrier;
use crate::congestion::Lesson;
use crate::forecast::Forecast;
use crate::heard::HeardReply;
use crate::outcome::Cause;
use crate::time::Instant;
use crate::unseen::UnseenReply;
use crate::via::Via;

/// One lane as it is now.
#[derive(Clone, Debug, PartialEq)]
pub struct LaneView {
    /// Whose lane.
    pub carrier: Carrier,
    /// By which way its mails go.
    pub via: Via,
    /// Mails accepted since the engine opened.
    pub accepted: u64,
    /// Mails deferred at least once.
    pub deferred: u64,
    /// Mails refused for good, by cause.
    pub bounced: BTreeMap<Cause, u64>,
    /// Mails that expired, were cancelled or are unknown.
    pub dropped: u64,
    /// Attempts that ended in doubt.
    pub in_doubt: u64,
    /// Attempts that repeated one in doubt.
    pub resent: u64,
    /// Mails that wait or are under way. What waits for a carrier is counted once, at the first of its lanes.
    pub waiting: u64,
    /// Of those, the ones that were tried and wait for a time of their own: they would not leave now, however well it goes.
    pub later: u64,
    /// Sessions open now.
    pub sessions: u32,
    /// Sessions that may be open now.
    pub window: u32,
    /// Mails a second that may leave now; `None` has no limit.
    pub rate: Option<f64>,
    /// Sessions opened since the engine opened.
    pub sessions_opened: u64,
    /// Refusals for pace.
    pub refused: u64,
    /// Connections whose TLS failed, or would have under an MTA-STS policy that is only tested: what a report after RFC 8460
    /// counts.
    pub tls_failures: u64,
    /// Whether an operator stopped it.
    pub paused: bool,
    /// Mails a second that an operator lets the whole carrier have; `None` where nobody said anything.
    pub limit: Option<f64>,
    /// What somebody should look at: [`Cause::Blocked`] while the carrier blocks this source and only trial mails are
    /// sent; [`Cause::Policy`] while half of its last answers are refusals that are about us (authentication, DNS, words
    /// that nobody knows): nobody bounces for them, single trial mails are sent; [`Cause::UnknownUser`] while more than 15
    /// in a hundred of the recent addresses are unknown there, for which carriers block: addresses without a clean history
    /// are slowed. Where they came suddenly, or of addresses with one, nobody is given up before he was refused twice.
    pub alarm: Option<Cause>,
    /// Until when nothing departs because the carrier was busy.
    pub held_until: Option<Instant>,
    /// The last different replies to its mails since the engine opened, the latest first: at most eight.
    pub heard: Vec<HeardReply>,
}

/// A domain of which it cannot be found out at present where its mail goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DomainTrouble {
    /// The domain.
    pub domain: String,
    /// What the name service said, or that it said nothing.
    pub why: String,
    /// Since when.
    pub since: Instant,
    /// Mails that wait until it is known.
    pub waiting: u64,
    /// Whether its last known hosts are used meanwhile, so that its mail goes on.
    pub goes_on: bool,
}

/// A relay of a carrier (特定接続) that cannot be used: somebody must see to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteTrouble {
    /// Whose mails go through it.
    pub carrier: Carrier,
    /// The route's name in the carrier table.
    pub route: String,
    /// Its host and port.
    pub relay: String,
    /// Since when.
    pub since: Instant,
    /// Why.
    pub why: String,
    /// Whether the carrier's mails go another way meanwhile; else they wait.
    pub goes_round: bool,
}

impl core::fmt::Display for RouteTrouble {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let RouteTrouble { carrier, route, relay, why, .. } = self;
        let meanwhile = if self.goes_round { "go another way meanwhile" } else { "wait" };
        write!(
            f,
            "route {route}: relay {relay} is down ({why}); mails for {carrier} {meanwhile}. It is tried again by itself: \
             see to the relay, its account, or the route in the carrier table"
        )
    }
}

/// Whether the queue takes what is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueueHealth {
    /// It does.
    Well,
    /// There is no room: nothing is sent and nothing new is taken until there is. Outcomes that came meanwhile are kept in
    /// memory; should the program end before they are written, they are in doubt.
    Full {
        /// Since when.
        since: Instant,
        /// What to do about it.
        remedy: String,
    },
}

/// Everything at one instant.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// When.
    pub at: Instant,
    /// The lanes, in the order in which they came to be.
    pub lanes: Vec<LaneView>,
    /// Mails that wait or are under way anywhere.
    pub waiting: u64,
    /// Attempts that are registered and not durable as ended.
    pub unsettled: u64,
    /// Whether the queue takes what is to be written.
    pub queue: QueueHealth,
    /// When what waits will have been accepted.
    pub forecast: Forecast,
    /// Refusals that no row of the table of replies knows, the latest first: at most a hundred kinds.
    pub unrecognised: Vec<UnseenReply>,
    /// Domains that cannot be resolved, by name.
    pub unresolved: Vec<DomainTrouble>,
    /// Relays of carriers that are down.
    pub routes_down: Vec<RouteTrouble>,
    /// Domains whose mail waits because their carrier blocks us, or an operator stopped it, on every one of its lanes; by name.
    pub blocked: Vec<String>,
    /// What the carriers of the table were found to bear, for other programs that send to them too: see [`Lesson`].
    pub learned: Vec<Lesson>,
}
