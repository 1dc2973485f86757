//! The rate at which a carrier takes mails, learned from what it takes while it refuses.

mod resume;
mod tries;

use self::tries::{CLIMB, STRIDE};
use super::budget::{Budget, asked_after};
use super::distance::Distances;
use super::tally::Tally;
use crate::time::{Instant, Span};

/// The least rate that is kept up, in mails a second: one mail every two seconds still asks.
pub(super) const RATE_MIN: f64 = 0.5;
/// A limit that was measured is worked at this share.
const WORK: f64 = 0.93;
/// The pace of a cold start, in mails a second, how soon it doubles, and where it ends.
const RAMP_FROM: f64 = 16.0;
const RAMP_DOUBLES: Span = Span::from_millis(300);
const RAMP_TO: f64 = 2000.0;
/// A carrier that answers within this time is not ramped up.
const RAMP_LATENCY: Span = Span::from_millis(4);
/// A second refusal among so many answers ends a search or a try.
const DOUBT: u32 = 10;
/// A refusal with so many accepted mails before and behind it stood alone; two of them in so many mails are weather.
const ALONE: u32 = 15;
const WEATHER_MAILS: u64 = 600;
/// First and longest time between tries above the limit.
const TRY_AFTER: (Span, Span) = (Span::from_secs(3), Span::from_secs(60));
/// So much later a try is made without a budget for it.
const TRY_UNPAID: Span = Span::from_secs(6);
/// First and longest time between tries while the carrier takes clearly less than it once did.
const TRY_AFTER_FALL: (Span, Span) = (Span::from_millis(1000), Span::from_millis(1800));
/// Below this share of its best, a carrier counts as fallen.
const FALLEN: f64 = 0.75;
/// A rate of which less is used than this share is not what bounds the lane.
const USED: f64 = 0.6;
/// First and longest wait before the next mail while all are refused, and the longest when that lasts.
const WAIT: (Span, Span) = (Span::from_millis(100), Span::from_millis(1800));
const WAIT_FIRST_MAX: Span = Span::from_millis(400);
const WAIT_LONG: Span = Span::from_secs(10);
const WAIT_LONG_AFTER: Span = Span::from_secs(75);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Mode {
    /// No limit is known: sessions alone bound the lane.
    Free,
    /// The limit lies somewhere above: the rate grows with each answer.
    Climb,
    /// At a share of the limit, until the next try.
    Work { try_at: Instant },
    /// Above the limit: how many steps up have been believed in a row.
    Try(usize),
}

/// A time in which mails are refused: one at a time asks whether it is over.
#[derive(Clone, Copy, Debug)]
struct Dry {
    since: Instant,
    /// What the carrier surely took before.
    rate: f64,
    wait: Span,
    /// When the next mail asks.
    asks_at: Instant,
    /// Mails that asked whether it is over, in vain.
    probes: u32,
    /// Whether connections were refused.
    shut: bool,
    /// When the mail left with which it began, and what the carrier surely bore until then.
    departed: Instant,
    surely: f64,
    /// Whether a quota explains it.
    quota: bool,
}

/// What a lane knows of its carrier's rate.
#[derive(Clone, Debug)]
pub(super) struct Speed {
    /// Whether its limits were told: it is not ramped up.
    known: bool,
    mode: Mode,
    dry: Option<Dry>,
    /// The limit as it is believed to be, in mails a second.
    level: f64,
    /// The rate in force.
    rate: f64,
    growth: f64,
    /// Where a climb ends.
    climb_to: f64,
    /// What was in force before the last step up, and had been taken.
    proven: f64,
    /// The highest limit that was measured and held, ageing.
    best: f64,
    /// Not to be exceeded, and until when: what lay above was punished.
    ceiling: Option<(f64, Instant)>,
    /// Whether mails were refused for pace and taken again soon: such a carrier does not punish.
    lenient: bool,
    /// The ceiling at first and what it cost, where it was a punishment.
    punished: Option<(f64, Span)>,
    /// The next try goes this share above the level.
    stride: f64,
    /// Mails beyond the level that a rested carrier was seen to forgive.
    forgiven: f64,
    /// When the present try began, how many mails had been accepted by then, and the level.
    tried: (Instant, u64, f64),
    /// Mails and time of a try whose level was not yet held against a carrier that forgives nothing more.
    doubted: Option<(f64, f64)>,
    try_after: Span,
    fall_after: Span,
    worked_since: Instant,
    tally: Tally,
    /// When mails were taken again after the last dry time, and how many had been accepted by then.
    mark: Option<(Instant, u64)>,
    /// Outcomes of the last mails, one bit each, the latest lowest; 1 is refused.
    recent: u64,
    /// Mails accepted until the last two refusals that stood alone among accepted mails, the older first.
    strays: [Option<u64>; 2],
    /// What left before this instant left at a rate that was given up since.
    cut_at: Instant,
    step_at: Instant,
    /// What is told apart by distance alone.
    distances: Distances,
    /// The mail behind the one that ended a dry time keeps its distance: whatever was forgiven is used up.
    spaced_until: Instant,
    /// Mails accepted that left since, and the latest departure of which the answer must be here.
    step_taken: u32,
    step_last: Instant,
}

impl Speed {
    /// Of a carrier of which nothing is known, or of one whose limits were told.
    pub(super) fn new(known: bool) -> Self {
        Speed {
            known,
            mode: Mode::Free,
            dry: None,
            level: f64::INFINITY,
            rate: f64::INFINITY,
            growth: CLIMB.0,
            climb_to: f64::INFINITY,
            proven: RATE_MIN,
            best: 0.0,
            ceiling: None,
            lenient: false,
            punished: None,
            stride: STRIDE.0,
            forgiven: 0.0,
            tried: (Instant::EPOCH, 0, 0.0),
            doubted: None,
            try_after: TRY_AFTER.0,
            fall_after: TRY_AFTER_FALL.0,
            worked_since: Instant::EPOCH,
            tally: Tally::default(),
            mark: None,
            recent: 0,
            strays: [None; 2],
            cut_at: Instant::EPOCH,
            step_at: Instant::EPOCH,
            distances: Distances::default(),
            spaced_until: Instant::EPOCH,
            step_taken: 0,
            step_last: Instant::EPOCH,
        }
    }

    /// A limit that was learned before.
    pub(super) fn remember(&mut self, level: f64, now: Instant) {
        self.level = level.max(RATE_MIN);
        self.best = self.level;
        self.work(now);
    }

    /// The limit that was measured, if one was.
    pub(super) fn level(&self) -> Option<f64> {
        match self.mode {
            Mode::Free | Mode::Climb => None,
            Mode::Work { .. } | Mode::Try(_) => Some(self.level),
        }
    }

    /// Mails a second that may leave now.
    pub(super) fn rate(&self) -> Option<f64> {
        let ceiling = self.ceiling.map_or(f64::INFINITY, |(most, _)| most);
        let rate = self.rate.min(ceiling);
        rate.is_finite().then(|| rate.max(RATE_MIN))
    }

    /// Mails a second that may leave before anything was answered by a carrier of which nothing was told: they count, too, and a
    /// handful at once would empty a small burst and tell nothing.
    pub(super) fn start(&self) -> Option<f64> {
        let untried = !self.known && self.mode == Mode::Free && self.rate.is_infinite() && self.tally.accepted() == 0;
        untried.then_some(RAMP_FROM)
    }

    /// Whether a limit is known that bounds the lane.
    pub(super) fn is_bound(&self) -> bool {
        matches!(self.mode, Mode::Work { .. } | Mode::Try(_))
    }

    /// Whether more than the believed limit is tried at present.
    pub(super) fn is_trying(&self) -> bool {
        matches!(self.mode, Mode::Try(_))
    }

    /// Whether mails are refused at present and one at a time is sent.
    pub(super) fn is_dry(&self) -> bool {
        self.dry.is_some()
    }

    /// Until when nothing leaves, for the mail before it ended a dry time.
    pub(super) fn spaced_until(&self) -> Instant {
        self.spaced_until
    }

    /// Mails accepted so far.
    pub(super) fn accepted(&self) -> u64 {
        self.tally.accepted()
    }

    /// Mails accepted in the running second or the one before, whichever had more.
    pub(super) fn lately(&self) -> u32 {
        self.tally.lately()
    }

    /// For how long mails have been accepted without a long pause.
    pub(super) fn lasts(&self, now: Instant) -> Span {
        now.since(self.tally.began())
    }

    /// A mail that left at `departed` was accepted.
    pub(super) fn on_accepted(&mut self, departed: Instant, latency: Span, now: Instant, budget: &Budget) {
        let past = self.tally.count(departed, now);
        self.recent <<= 1;
        if self.among(2 * ALONE + 1) == 1 && self.recent >> ALONE & 1 == 1 {
            self.strays = [self.strays[1], Some(self.accepted())];
        }
        self.distances.add(departed, true);
        if self.ceiling.is_some_and(|(_, until)| until <= now) {
            self.ceiling = None;
        }
        self.creep(past, budget.waiting());
        if departed < self.cut_at {
            if let Some(dry) = &mut self.dry {
                dry.surely = self.tally.surely(dry.departed);
            }
            return;
        }
        if let Some(dry) = self.dry.take() {
            return self.resume(dry, departed, now);
        }
        self.step_taken += u32::from(departed >= self.step_at);
        // A mail takes about two latencies from its departure: envelope, then content.
        self.step_last = now - latency * 2;
        match self.mode {
            Mode::Free => self.rate = self.ramp(latency, now),
            Mode::Climb => self.climb_on(now),
            Mode::Work { try_at } => {
                let fallen = self.is_fallen();
                let due = if fallen { self.worked_since + self.fall_after } else { try_at };
                let paid = (fallen && !budget.is_spent()) || budget.allows() || now.since(due) > TRY_UNPAID;
                if due <= now && paid && self.ceiling.is_none() && self.is_used() {
                    self.best = self.best.max(self.level);
                    self.doubted = None;
                    self.tried = (now, self.tally.accepted(), self.level);
                    self.begin_try(0, now);
                }
            }
            Mode::Try(step) => self.try_on(step, now),
        }
    }

    /// The rate that a carrier of which nothing is known is given: it doubles quickly, so that the first overrun comes at
    /// a moderate pace and late enough to tell a rate from a burst. What answers at once is near, and bears all at once.
    fn ramp(&self, latency: Span, now: Instant) -> f64 {
        let rate = RAMP_FROM * (now.since(self.tally.began()).as_secs_f64() / RAMP_DOUBLES.as_secs_f64()).exp2();
        let near = !latency.is_zero() && latency < RAMP_LATENCY;
        if self.known || near || rate > RAMP_TO { f64::INFINITY } else { rate }
    }

    /// The refusals of the present dry time are those of a quota.
    pub(super) fn blame_quota(&mut self) {
        if let Some(dry) = &mut self.dry {
            dry.quota = true;
        }
    }

    /// Refusals were no sign of pace: no limit is known.
    pub(super) fn forget(&mut self, now: Instant) {
        self.mode = Mode::Free;
        self.distances.clear();
        self.dry = None;
        self.mark = None;
        (self.level, self.rate) = (f64::INFINITY, f64::INFINITY);
        self.recent = 0;
        self.cut_at = now;
    }

    fn is_fallen(&self) -> bool {
        self.level < FALLEN * self.best
    }

    /// A connection was refused while so many were open, or `silent`ly not answered.
    pub(super) fn on_refused_connection(&mut self, open: u32, silent: bool, now: Instant) {
        if open == 0 && self.tally.accepted() > 0 {
            let rate = self.present(now);
            let dry = Dry {
                since: now,
                rate,
                wait: WAIT.0,
                asks_at: now,
                probes: 0,
                shut: false,
                departed: now,
                surely: self.tally.surely(now),
                quota: false,
            };
            self.dry.get_or_insert(dry).shut |= !silent;
            self.cut_at = self.cut_at.max(now);
        }
    }

    /// What the carrier surely took until now.
    fn present(&self, now: Instant) -> f64 {
        match self.mode {
            Mode::Free => self.tally.lasting(now),
            Mode::Climb => self.proven.max(self.tally.lasting(now).min(self.rate)),
            Mode::Work { .. } | Mode::Try(_) => self.level,
        }
    }

    fn step(&mut self, now: Instant) {
        self.step_at = now;
        self.step_last = now;
        self.step_taken = 0;
    }

    fn settle(&mut self, level: f64, now: Instant) {
        self.level = level.max(RATE_MIN);
        self.work(now);
    }

    fn work(&mut self, now: Instant) {
        self.rate = self.level * WORK;
        self.step(now);
        self.worked_since = now;
        self.mode = Mode::Work { try_at: now + self.try_after };
    }

    /// A mail that left at `departed` was refused for pace; `late` if it had to wait for its session. Returns how long
    /// nothing should leave.
    pub(super) fn on_refused(&mut self, departed: Instant, late: bool, now: Instant, budget: &Budget) -> Span {
        if !late {
            self.distances.add(departed, false);
        }
        // What had to wait for its session came too near to the next: the rate is not to blame, unless it goes on.
        if late && self.recent & 1 == 0 && self.among(DOUBT) < 2 && self.mode != Mode::Free && self.dry.is_none() {
            self.recent = (self.recent << 1) | 1;
            return Span::ZERO;
        }
        self.recent = (self.recent << 1) | 1;
        if departed < self.cut_at {
            return Span::ZERO;
        }
        if let Some(dry) = &mut self.dry {
            if departed + Span::from_millis(1) < dry.asks_at {
                // It was on its way already.
                return Span::ZERO;
            }
            let long = now.since(dry.since) > WAIT_LONG_AFTER;
            let longest = if long { WAIT_LONG } else { budget.wait(WAIT.1, now.since(dry.since)) };
            dry.wait = (dry.wait * 2).min(longest);
            dry.probes += 1;
            let wait = asked_after(dry.wait, now.since(dry.since));
            dry.asks_at = now + wait;
            self.cut_at = now;
            return wait;
        }
        let over = match self.mode {
            Mode::Free | Mode::Climb | Mode::Work { .. } => self.is_dense(),
            Mode::Try(_) if self.is_fallen() => !self.is_weathered() || self.among(DOUBT) >= 2,
            Mode::Try(_) if self.is_weathered() => self.among(DOUBT) >= 3 || self.among(4 * DOUBT) >= 4,
            Mode::Try(_) => self.among(DOUBT) >= 2 || self.among(4 * DOUBT) >= 3,
        };
        if over {
            let rate = self.present(now);
            // By then a limit like this has room for one mail again.
            let wait = Span::from_secs_f64(1.2 / rate.max(RATE_MIN)).clamp(WAIT.0, WAIT_FIRST_MAX);
            self.dry = Some(Dry {
                since: now,
                rate,
                wait,
                asks_at: now + wait,
                probes: 0,
                shut: false,
                departed,
                surely: self.tally.surely(departed),
                quota: false,
            });
            self.cut_at = now;
            return wait;
        }
        match self.mode {
            Mode::Work { .. } => {
                // Some are weather; a level that is a little too high has them all the time.
                if self.among(60) >= 3 + u32::from(self.is_weathered()) || budget.is_spent() {
                    self.level *= 0.97;
                    self.rate = self.level * WORK;
                }
            }
            // No step up before it is certain.
            Mode::Climb | Mode::Try(_) if !self.is_weathered() => self.step(now),
            Mode::Climb | Mode::Try(_) | Mode::Free => {}
        }
        Span::ZERO
    }

    /// Whether single refusals come now and then whatever the pace.
    fn is_weathered(&self) -> bool {
        self.strays[0].is_some_and(|older| self.accepted() - older <= WEATHER_MAILS)
    }

    /// Whether refusals come so thickly that they are no weather.
    fn is_dense(&self) -> bool {
        if self.is_weathered() {
            return self.among(12) >= 3 || self.among(20) >= 4 || self.among(60) >= 6;
        }
        let early = self.tally.accepted() < 50 && self.among(8) >= 2;
        early || self.among(6) >= 2 || self.among(20) >= 3 || self.among(60) >= 5
    }

    /// Refusals among the last so many answers.
    fn among(&self, answers: u32) -> u32 {
        (self.recent & ((1 << answers) - 1)).count_ones()
    }

    /// Whether the lane really sends at about the rate in force, so that being accepted says something about it.
    fn is_used(&self) -> bool {
        let span = self.step_last.since(self.step_at).as_secs_f64();
        f64::from(self.step_taken + 1) >= USED * self.rate * span
    }
}
