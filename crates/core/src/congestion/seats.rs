//! How many sessions a carrier bears at once, and how fast it lets them come.

use std::collections::VecDeque;

use super::budget::{Budget, asked_after};
use super::load::Load;
use super::luck::Luck;
use crate::time::{Instant, Span};

/// First and longest time between tries of one session more than the limit, and their growth: one refusal may be chance, so
/// the first come soon; each that is refused makes it more certain.
const TRY_AFTER: (Span, Span, f64) = (Span::from_millis(300), Span::from_secs(60), 2.0);
/// The same while the carrier bears fewer than it once did.
const TRY_AFTER_FALL: (Span, Span, f64) = (Span::from_millis(1000), Span::from_secs(6), 1.3);
/// First and longest wait after a refused connection while no session is open.
const WAIT: (Span, Span) = (Span::from_millis(250), Span::from_millis(1800));
/// An outage of this length is asked about ever more rarely.
const WAIT_LONG_AFTER: Span = Span::from_secs(75);
const WAIT_LONG: Span = Span::from_secs(10);
/// The wait while another lane of the same carrier does the work.
const WAIT_RELIEVED: Span = Span::from_secs(5);
/// Where connections are limited, it is to so many a minute.
const MINUTE: Span = Span::from_secs(60);
/// How soon it is asked first whether it is so, and how rarely at last, while it is not certain.
const MINUTE_WAIT: (Span, Span) = (Span::from_millis(500), Span::from_secs(20));
/// A session that has just ended may still be counted for so long.
const LINGERS: Span = Span::from_millis(120);
/// Connections in a minute from which a refusal may mean their rate.
const CONNECTS_MIN: usize = 8;

/// What a lane knows of its carrier's bound on sessions.
#[derive(Clone, Debug)]
pub(super) struct Seats {
    /// Whether the limit was told.
    known: bool,
    most: u32,
    window: f64,
    /// The number of sessions at which one more was refused.
    limit: Option<u32>,
    best: u32,
    /// Sessions that were open when the last one was greeted; connections refused and greeted since the other happened.
    open: u32,
    refused: u32,
    greeted: u32,
    try_at: Instant,
    try_after: Span,
    wait: Span,
    /// When a connection was last refused, and before which instant no other is opened.
    refused_at: Instant,
    closed_until: Instant,
    /// Whether another lane of the carrier does the work.
    relieved: bool,
    /// Since when every connection is refused: they are tried one at a time.
    out_since: Option<Instant>,
    /// Connections of the last minute, and how many of them a minute bears, if that is what is limited.
    connects: VecDeque<Instant>,
    a_minute: Option<usize>,
    /// As many as came in the minute before connections were refused: perhaps the limit.
    suspected: Option<usize>,
    luck: Luck,
    load: Load,
}

impl Seats {
    pub(super) fn new(start: u32, most: u32, known: bool) -> Self {
        Seats {
            known,
            most: most.max(1),
            window: f64::from(start.clamp(1, most.max(1))),
            limit: None,
            best: 0,
            open: 0,
            refused: 0,
            greeted: 0,
            try_at: Instant::EPOCH,
            try_after: TRY_AFTER.0,
            wait: WAIT.0,
            refused_at: Instant::EPOCH,
            closed_until: Instant::EPOCH,
            relieved: false,
            out_since: None,
            connects: VecDeque::new(),
            a_minute: None,
            suspected: None,
            luck: Luck::default(),
            load: Load::default(),
        }
    }

    pub(super) fn set_most(&mut self, most: u32) {
        self.most = most.max(1);
        self.window = self.window.min(f64::from(self.most));
    }

    pub(super) fn remember(&mut self, limit: u32) {
        self.limit = Some(limit.max(1));
        self.best = limit;
        self.window = f64::from(limit.clamp(1, self.most));
    }

    pub(super) fn limit(&self) -> Option<u32> {
        self.limit
    }

    /// A mail that waited for nothing has its answer within this time.
    pub(super) fn usual(&self) -> Span {
        if self.load.base().is_some() { Span::from_secs_f64(self.load.latency() * 2.2) } else { Span::MAX }
    }

    /// Sessions that carry so many mails a second, with some to spare: none is opened beyond them.
    pub(super) fn needed(&self, rate: f64) -> u32 {
        // Where nothing was timed yet (a carrier that puts everybody off first), nothing is known of it.
        let Some(base) = self.load.base() else { return u32::MAX };
        // A mail takes about two latencies. What is slow for load would be slower with more.
        let latency = self.load.latency().min(2.0 * base);
        (rate * latency * 2.5 + 2.0) as u32
    }

    pub(super) fn is_relieved(&self) -> bool {
        self.relieved
    }

    pub(super) fn relieve(&mut self, relieved: bool) {
        self.relieved = relieved;
    }

    /// Since when every connection is refused.
    pub(super) fn out_since(&self) -> Option<Instant> {
        self.out_since
    }

    /// Sessions that may be open now.
    pub(super) fn window(&self) -> u32 {
        let enough = self.load.enough().map_or(f64::INFINITY, f64::from);
        self.window.min(enough).clamp(1.0, f64::from(self.most)) as u32
    }

    /// A mail was accepted: more sessions may be worth having.
    pub(super) fn on_accepted(&mut self, latency: Span, free: bool, now: Instant, budget: &Budget) {
        let most = f64::from(self.most);
        self.load.on_accepted(latency, self.window as u32, free, now);
        match self.limit {
            // Slow answers: the carrier has enough, or will have.
            _ if self.load.enough().is_some() || self.load.is_slow(latency.as_secs_f64()) => {}
            None if !self.known && self.window > f64::from(2 * self.open + 4) => {}
            None => self.window = (self.window + 1.0).min(most),
            Some(limit) if f64::from(limit) < most => {
                let fallen = limit < self.best;
                if self.try_at <= now && (fallen || budget.allows()) && self.window <= f64::from(limit) {
                    self.window = f64::from(limit + 1).min(most);
                    self.try_at = now + self.try_after;
                }
            }
            Some(_) => {}
        }
    }

    /// A session was greeted; so many are open now.
    pub(super) fn on_opened(&mut self, open: u32, now: Instant) {
        self.out_since = None;
        self.wait = WAIT.0;
        self.best = self.best.max(open);
        self.open = open;
        self.refused = 0;
        self.greeted += 1;
        self.forget(now);
        self.luck.on_taken(self.connects.len());
        if let Some(most) = self.suspected.take() {
            // It was so many a minute if room came only as the minute passed.
            self.a_minute = (self.connects.len() < most).then_some(most);
        }
        self.connects.push_back(now);
        if self.a_minute.is_some_and(|most| self.connects.len() > most) {
            self.a_minute = None;
        }
        if self.limit.is_some_and(|limit| open > limit) {
            self.limit = Some(open);
            self.try_after = TRY_AFTER.0;
            // What was a limit is none any more, or was none: half as many again.
            self.window = self.window.max(f64::from(open) * 1.5).min(f64::from(self.most));
        }
    }

    fn forget(&mut self, now: Instant) {
        while self.connects.front().is_some_and(|at| now.since(*at) >= MINUTE) {
            self.connects.pop_front();
        }
    }

    /// A connection was refused while so many were open; `calm` if nothing else was refused lately. Says whether it is
    /// the number of connections a minute that is to blame.
    pub(super) fn on_refused(&mut self, open: u32, calm: bool, now: Instant, budget: &Budget) -> bool {
        self.forget(now);
        self.refused += 1;
        self.greeted = 0;
        self.refused_at = now;
        let fewer = open < self.limit.unwrap_or(self.best).min(self.best);
        let chancy = calm && self.luck.is_known();
        if let Some(limit) = self.limit.filter(|limit| self.window > f64::from(*limit) && open > 0)
            && !(chancy && fewer)
        {
            if chancy && self.refused == 1 && budget.allows() {
                // Whether it was the one more or chance, the next one tells.
                self.luck.on_refused(self.connects.len());
                return true;
            }
            // It was one session more that was refused, however many of the others were just being opened.
            self.luck.on_explained();
            self.window = f64::from(limit);
            self.space_tries(true, now);
            return false;
        }
        // Fewer are open than were borne: perhaps one that ended is still counted, or it is chance, or they come too fast.
        if fewer && self.refused <= self.luck.in_a_row() && calm {
            self.luck.on_refused(self.connects.len());
            let wait = if chancy { Span::ZERO } else { LINGERS };
            self.closed_until = self.closed_until.max(now + wait);
            return true;
        }
        self.luck.on_explained();
        if fewer
            && calm
            && (self.suspected.is_some()
                || (self.out_since.is_none() && self.connects.len() >= (self.best as usize).max(CONNECTS_MIN)))
        {
            self.suspected = Some(self.suspected.map_or(self.connects.len(), |most| most.max(self.connects.len())));
            let frees = self.connects.front().map_or(now, |at| *at + MINUTE);
            self.wait = (self.wait * 2).clamp(MINUTE_WAIT.0, MINUTE_WAIT.1);
            self.closed_until = self.closed_until.max(frees.min(now + self.wait));
            return true;
        }
        if open == 0 {
            let since = *self.out_since.get_or_insert(now);
            if self.closed_until <= now {
                // Others do the work: it need not be asked often.
                let wait = if self.relieved { self.wait.max(WAIT_RELIEVED) } else { self.wait };
                self.closed_until = now + asked_after(wait, now.since(since));
                let long = now.since(since) > WAIT_LONG_AFTER;
                let longest = if long { WAIT_LONG } else { budget.wait(WAIT.1, now.since(since)) };
                self.wait = (self.wait * 2).min(longest);
            }
            return false;
        }
        let above = self.limit.is_some_and(|limit| open >= limit);
        self.limit = Some(open);
        self.window = f64::from(open);
        self.space_tries(above, now);
        false
    }

    /// One session more is tried later: the later, the more often it was refused.
    fn space_tries(&mut self, again: bool, now: Instant) {
        let fallen = self.limit.is_some_and(|limit| limit < self.best);
        let (first, longest, growth) = if fallen { TRY_AFTER_FALL } else { TRY_AFTER };
        self.try_after = if again { self.try_after.mul_f64(growth).clamp(first, longest) } else { first };
        self.try_at = now + self.try_after;
    }

    /// Whether connections seem to come too fast.
    pub(super) fn is_suspicious(&self) -> bool {
        self.suspected.is_some() || self.a_minute.is_some_and(|most| self.connects.len() + 2 >= most)
    }

    /// Connections that may be under way at once: the more, the more were greeted since one was refused.
    pub(super) fn opening(&self) -> usize {
        self.greeted as usize / 8
    }

    /// When the next connection may be opened.
    pub(super) fn next_connect(&mut self, now: Instant) -> Instant {
        self.forget(now);
        let full = self.a_minute.is_some_and(|most| self.connects.len() >= most);
        let frees = if full { self.connects.front().map_or(now, |at| *at + MINUTE) } else { now };
        // Whether it is so is asked now and then.
        let asks = self.refused_at + MINUTE_WAIT.1;
        if full { frees.min(asks).max(self.closed_until) } else { self.closed_until.max(now) }
    }
}
