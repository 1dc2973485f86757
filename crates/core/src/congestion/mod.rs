//! How much one lane may carry now: sessions, rate, mails in flight and mails a session, each learned from the carrier's
//! signals. `docs/congestion.md` explains it.

mod budget;
mod distance;
mod kept;
mod lesson;
mod load;
mod luck;
mod quota;
mod seats;
mod speed;
mod tally;
mod turns;
mod unknown;

use self::budget::Budget;
pub use self::kept::Learned;
use self::lesson::OWN;
pub use self::lesson::{Lesson, Lessons};
use self::quota::Quota;
use self::seats::Seats;
use self::speed::Speed;
use self::turns::{Cut, Turns};
pub use self::unknown::Judged;
use self::unknown::UnknownUsers;
use crate::policy::Policy;
use crate::time::{Instant, Span};

/// Mails that may be in flight soon after the start, and the share of what was accepted that may be later: what a first
/// overrun costs. The policy says how many there are at first.
const FLIGHT_FIRST_MAX: u32 = 6;
const FLIGHT_SHARE: u64 = 50;
/// Mails in flight that each second of sending adds to that.
const FLIGHT_A_SECOND: f64 = 5.0;
/// First and longest time between trial mails to a carrier that blocks.
const BLOCKED: (Span, Span) = (Span::from_secs(10), Span::from_secs(900));
/// Below so many mails a second the distance between two of them is longer than what it takes to open a session.
const SPACED: f64 = 40.0;
/// So long after the last busy reply, a refused connection is about connections.
const CALM: Span = Span::from_secs(5);
/// What a lane hears from its carrier.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Signal {
    /// A mail was accepted, the so-manyth of its session.
    Accepted {
        /// When it left.
        departed: Instant,
        /// From its content to the answer.
        latency: Span,
        /// Mails its session has carried with it.
        turn: u32,
        /// Its address.
        address: Judged,
    },
    /// A mail was answered otherwise than accepted or busy: for its own sake, not for the pace.
    Passed {
        /// When it left.
        departed: Instant,
        /// Mails its session has carried so far.
        turn: u32,
        /// Its address.
        address: Judged,
        /// From its last command to the answer.
        latency: Span,
    },
    /// A busy reply or a broken connection in a session.
    Busy {
        /// When the mail left.
        departed: Instant,
        /// Mails its session had carried before.
        turn: u32,
        /// Whether the session ended with it.
        cut: bool,
    },
    /// A session was greeted; so many are open now.
    Opened(u32),
    /// No further session is wanted: 421 at connect, or the connection was refused, reset or not answered.
    NoSession {
        /// Sessions that are open.
        open: u32,
        /// Whether nothing was said at all.
        silent: bool,
    },
    /// This source is blocked.
    Blocked,
}

/// The present limits of a lane, under the ceilings of its policy.
#[derive(Clone, Debug)]
pub struct Congestion {
    seats: Seats,
    speed: Speed,
    turns: Turns,
    quota: Quota,
    budget: Budget,
    rate_max: Option<f64>,
    flight: u32,
    flight_first_max: u32,
    held_until: Instant,
    last_busy: Instant,
    blocked: Option<Span>,
    unknown: UnknownUsers,
    kept: Option<Learned>,
    /// When the carrier was heard last, in this run and before it.
    heard: Instant,
    heard_before: Instant,
    /// Whether the last refused connection was refused by saying nothing.
    silent: bool,
}

impl Congestion {
    /// Starts from the policy's start values. Where it tells a rate, or to begin with all sessions, that is where it
    /// starts; where it does not, the pace is found from below.
    #[must_use]
    pub fn new(policy: &Policy) -> Self {
        let (known, at_once) = (is_told(policy), at_once(policy));
        Congestion {
            seats: Seats::new(policy.sessions_start, policy.sessions_max, known),
            speed: Speed::new(known),
            turns: Turns::default(),
            quota: Quota::default(),
            budget: Budget::new(),
            rate_max: policy.mails_per_second_max,
            flight: policy.flight_start.max(1).max(at_once),
            flight_first_max: policy.flight_start.max(FLIGHT_FIRST_MAX).max(at_once),
            held_until: Instant::EPOCH,
            last_busy: Instant::EPOCH,
            blocked: None,
            unknown: UnknownUsers::default(),
            kept: None,
            heard: Instant::EPOCH,
            heard_before: Instant::EPOCH,
            silent: false,
        }
    }

    /// Begins with what was learned before, as far as it is still believed.
    pub fn remember(&mut self, learned: Learned, now: Instant) {
        self.kept = Some(learned);
        self.heard_before = learned.at;
        self.begin(learned.aged(now), now);
    }

    /// Begins with what another lane learned, as far as it is still believed, unless the carrier was heard here since or not long
    /// before.
    pub fn begin_from(&mut self, learned: Learned, now: Instant) {
        let own = self.heard.max(self.heard_before);
        if own > Instant::EPOCH && learned.at.since(own) < OWN {
            return;
        }
        let aged = learned.aged(now);
        if !aged.is_limit() {
            return;
        }
        // What is kept is what was heard here: only what moves from now on.
        self.kept = Some(Learned { at: now, ..aged });
        self.begin(aged, now);
    }

    /// What is in force and was met by this lane in this run, and when its carrier was heard last.
    #[must_use]
    pub fn learned(&self) -> Option<Learned> {
        let learned = self.in_force(self.heard);
        (self.heard > Instant::EPOCH && learned.is_limit()).then_some(learned)
    }

    fn in_force(&self, at: Instant) -> Learned {
        Learned { at, sessions: self.seats.limit(), rate: self.speed.level(), turn: self.turns.most() }
    }

    fn begin(&mut self, aged: Learned, now: Instant) {
        if let Some(sessions) = aged.sessions {
            self.seats.remember(sessions);
        }
        if let Some(rate) = aged.rate {
            self.speed.remember(rate, now);
        }
        if let Some(turn) = aged.turn {
            self.turns.remember(turn);
        }
    }

    /// What was learned, if it is to be kept in place of what was kept before.
    pub fn renewed(&mut self, now: Instant) -> Option<Learned> {
        let learned = self.in_force(now);
        learned.replaces(self.kept.as_ref()).then(|| *self.kept.insert(learned))
    }

    /// Takes new ceilings; what was learned below them stays.
    pub fn set_policy(&mut self, policy: &Policy) {
        self.seats.set_most(policy.sessions_max);
        self.flight_first_max = policy.flight_start.max(FLIGHT_FIRST_MAX).max(at_once(policy));
        self.rate_max = policy.mails_per_second_max;
    }

    /// Sessions that may be open now, at least one.
    #[must_use]
    pub fn window(&self) -> u32 {
        if self.blocked.is_some() { 1 } else { self.seats.window() }
    }

    /// Sessions up to which another one is opened: a learned rate may need fewer than the window has.
    #[must_use]
    pub fn wanted(&self) -> u32 {
        self.speed.rate().map_or(u32::MAX, |rate| self.seats.needed(rate)).min(self.window())
    }

    /// Mails a second that may leave now; `None` has no limit.
    #[must_use]
    pub fn rate(&self) -> Option<f64> {
        match (self.speed.rate(), self.rate_max) {
            (Some(rate), Some(max)) => Some(rate.min(max)),
            (rate, max) => rate.or(max),
        }
    }

    /// Mails a second by which the lane's timetable goes: the rate, or before anything was answered the one of a cold start, which
    /// nobody has learned and no forecast counts on.
    #[must_use]
    pub fn pace(&self) -> Option<f64> {
        match (self.rate(), self.speed.start()) {
            (Some(rate), Some(start)) => Some(rate.min(start)),
            (rate, start) => rate.or(start),
        }
    }

    /// Whether it is the configured ceiling that the lane goes by, and not something lower that was learned.
    #[must_use]
    pub fn is_at_ceiling(&self) -> bool {
        self.rate_max.is_some_and(|max| self.pace().is_some_and(|pace| pace >= max))
    }

    /// Whether a rate was learned at which one mail's distance to the next one counts.
    #[must_use]
    pub fn is_spaced(&self) -> bool {
        self.speed.is_bound() && self.rate().is_some_and(|rate| rate < SPACED)
    }

    /// Mails that may leave at once after a pause, at most those of the policy: a learned rate forgives none.
    #[must_use]
    pub fn burst(&self, policy: &Policy) -> u32 {
        match self.speed.rate().or(self.speed.start()) {
            // A hundredth of a second's mails: below that, timers are not exact.
            Some(rate) => policy.burst_mails.min((rate / 100.0) as u32).max(1),
            None => policy.burst_mails,
        }
    }

    /// So many mails wait for the lane: what they may cost is known. `relieved` if another lane of its carrier is open.
    pub fn foresee(&mut self, waiting: usize, relieved: bool) {
        self.budget.foresee(waiting as u64);
        self.seats.relieve(relieved);
    }

    /// Mails that may be on their way, registered and not ended.
    #[must_use]
    pub fn flight(&self) -> u32 {
        if self.blocked.is_some() || self.speed.is_dry() {
            return 1;
        }
        self.flight.min(self.quota.room())
    }

    /// Mails that the next session may carry, if a bound was learned.
    #[must_use]
    pub fn next_turn(&mut self) -> Option<u32> {
        self.turns.next_session()
    }

    /// Mails that a session may carry, if a bound was learned.
    #[must_use]
    pub fn turn(&self) -> Option<u32> {
        self.turns.most()
    }

    /// Until when nothing departs.
    #[must_use]
    pub fn held_until(&self) -> Instant {
        self.held_until
    }

    /// When the next connection may be opened.
    #[must_use]
    pub fn next_connect(&mut self, now: Instant) -> Instant {
        self.seats.next_connect(now)
    }

    /// Connections that may be under way at once, as far as this carrier's greetings say.
    #[must_use]
    pub fn opening(&self) -> usize {
        self.seats.opening()
    }

    /// Until when a quota that is used up holds the lane, while so many mails are on their way.
    #[must_use]
    pub fn used_up_until(&self, flying: u32, now: Instant) -> Option<Instant> {
        self.quota.held_until(flying, now)
    }

    /// Whether connections are tried one at a time.
    #[must_use]
    pub fn is_on_trial(&self) -> bool {
        self.seats.out_since().is_some() || self.seats.is_suspicious()
    }

    /// Whether everything is refused at present, on whatever host.
    #[must_use]
    pub fn takes_nothing(&self) -> bool {
        self.speed.is_dry() || self.is_on_trial()
    }

    /// Whether a carrier that does not know an address is asked about it again before that is believed.
    #[must_use]
    pub fn doubts_unknown(&self) -> bool {
        self.unknown.are_doubted()
    }

    /// Whether more of the lane's recent addresses are unknown than a carrier puts up with.
    #[must_use]
    pub fn has_many_unknown(&self) -> bool {
        self.unknown.are_many()
    }

    /// When the next address without a clean history may leave: not before its time where too many are unknown.
    #[must_use]
    pub fn unproven_from(&self) -> Instant {
        self.unknown.unproven_from()
    }

    /// An address without a clean history leaves now.
    pub fn on_unproven(&mut self, now: Instant) {
        self.unknown.on_unproven(now, self.rate());
    }

    /// Whether a host is asked again although it refused a moment ago: nobody else takes the mails, and asking is cheap.
    #[must_use]
    pub fn insists(&self) -> bool {
        self.is_on_trial() && !self.silent && !self.seats.is_relieved()
    }

    /// Whether the carrier blocks this source: trial mails only.
    #[must_use]
    pub fn is_blocked(&self) -> bool {
        self.blocked.is_some()
    }

    /// Hears one signal.
    pub fn on(&mut self, signal: Signal, now: Instant) {
        self.heard = now;
        self.hear(signal, now);
    }

    fn hear(&mut self, signal: Signal, now: Instant) {
        match signal {
            Signal::Accepted { departed, turn, latency, address } => {
                self.budget.earn();
                self.on_taken(departed, turn, latency, latency, now);
                self.unknown.count(address, self.speed.lately());
            }
            Signal::Passed { departed, turn, latency, address } => {
                if address.unknown {
                    self.budget.earn();
                }
                // An answer to the envelope comes sooner than one to a content: it says nothing of how many sessions
                // the content needs.
                self.on_taken(departed, turn, latency, Span::ZERO, now);
                self.unknown.count(address, self.speed.lately());
            }
            Signal::Busy { departed, turn, cut } => {
                self.budget.pay();
                match self.turns.on_cut(turn, cut, now) {
                    Cut::Explained => return,
                    Cut::Learned => return self.speed.forget(now),
                    Cut::Open => {}
                }
                self.last_busy = now;
                let late = turn == 0 && now.since(departed) > self.seats.usual();
                // What a try ran into is no quota.
                let tried = self.speed.is_trying();
                let was_dry = self.speed.is_dry();
                let hold = self.speed.on_refused(departed, late, now, &self.budget);
                self.quota.on_refused(now);
                if !(was_dry || tried)
                    && self.speed.is_dry()
                    && let Some(until) = self.quota.used_up(now)
                {
                    self.speed.blame_quota();
                    self.held_until = self.held_until.max(until);
                }
                self.held_until = self.held_until.max(now + hold);
            }
            Signal::Opened(open) => self.seats.on_opened(open, now),
            Signal::NoSession { open, silent } => {
                self.silent = silent;
                self.budget.pay();
                let calm = now.since(self.last_busy) > CALM;
                if !self.seats.on_refused(open, calm, now, &self.budget) {
                    self.speed.on_refused_connection(open, silent, now);
                }
            }
            Signal::Blocked => {
                let wait = self.blocked.map_or(BLOCKED.0, |wait| (wait * 2).min(BLOCKED.1));
                if self.held_until <= now {
                    self.blocked = Some(wait);
                    self.held_until = now + wait;
                }
            }
        }
    }

    /// A mail was taken, or was refused for its own sake: its pace was right.
    fn on_taken(&mut self, departed: Instant, turn: u32, latency: Span, content: Span, now: Instant) {
        self.quota.on_accepted(departed);
        self.blocked = None;
        self.turns.on_accepted(turn);
        self.seats.on_accepted(content, !self.speed.is_bound(), now, &self.budget);
        self.speed.on_accepted(departed, latency, now, &self.budget);
        self.held_until = self.held_until.max(self.speed.spaced_until());
        let earned = u32::try_from(self.speed.accepted() / FLIGHT_SHARE).unwrap_or(u32::MAX);
        // A share of a day's seconds fits.
        let lasted = (self.speed.lasts(now).as_secs_f64() * FLIGHT_A_SECOND) as u32;
        self.flight = (self.flight + 1).min(self.flight_first_max.saturating_add(earned).saturating_add(lasted));
    }
}

/// Whether the policy tells what the carrier bears: a rate, or to begin with all sessions.
fn is_told(policy: &Policy) -> bool {
    policy.mails_per_second_max.is_some() || policy.sessions_start >= policy.sessions_max
}

/// Mails in flight with which such a carrier is trusted: what a told rate has on its way in a tenth of a second, else
/// what all sessions have.
fn at_once(policy: &Policy) -> u32 {
    let told = policy.mails_per_second_max.map_or(u32::MAX, |rate| (rate / 10.0) as u32);
    if is_told(policy) { policy.sessions_max.saturating_mul(2).min(told) } else { 0 }
}

#[cfg(test)]
mod tests;
