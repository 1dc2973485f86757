//! The rate at which a carrier takes mails, learned from what it takes while it refuses.

use super::budget::Budget;
use super::quota;
use crate::time::{Instant, Span};

/// The least rate that is kept up, in mails a second: one mail every two seconds still asks.
pub(super) const RATE_MIN: f64 = 0.5;
/// A limit that was measured is worked at this share.
const WORK: f64 = 0.93;
/// A try above the limit begins with this factor, and each that succeeds is followed by a bolder one.
const TRY: [f64; 4] = [1.15, 1.3, 1.6, 2.0];
/// The pace of a cold start, in mails a second, how soon it doubles, and where it ends.
const RAMP_FROM: f64 = 20.0;
const RAMP_DOUBLES: Span = Span::from_millis(250);
const RAMP_TO: f64 = 2000.0;
/// A carrier that answers within this time is not ramped up.
const RAMP_LATENCY: Span = Span::from_millis(4);
/// Growth a step while the limit is looked for from below: before much was accepted, and after.
const CLIMB: (f64, f64) = (2.0, 1.3);
/// Where the search begins at least, in mails a second.
const CLIMB_FROM: f64 = 2.0;
/// A second refusal among so many answers ends a search or a try.
const DOUBT: u32 = 10;
/// First and longest time between tries above the limit.
const TRY_AFTER: (Span, Span) = (Span::from_secs(3), Span::from_secs(60));
/// So much later a try is made without a budget for it.
const TRY_UNPAID: Span = Span::from_secs(6);
/// First and longest time between tries while the carrier takes clearly less than it once did.
const TRY_AFTER_FALL: (Span, Span) = (Span::from_millis(1000), Span::from_millis(1800));
/// Below this share of its best, a carrier counts as fallen.
const FALLEN: f64 = 0.75;
/// A limit that was worked at for so long is one.
const HELD: Span = Span::from_millis(1500);
/// Accepted mails, or time, from which a measured rate is believed.
const MEASURED_MAILS: u64 = 5;
const MEASURED_SPAN: Span = Span::from_millis(500);
/// A rate of which less is used than this share is not what bounds the lane.
const USED: f64 = 0.6;
/// First and longest wait before the next mail while all are refused, and the longest when that lasts.
const WAIT: (Span, Span) = (Span::from_millis(100), Span::from_millis(1800));
const WAIT_FIRST_MAX: Span = Span::from_millis(400);
const WAIT_LONG: Span = Span::from_secs(10);
/// The longest wait once the budget is spent.
const WAIT_POOR: Span = Span::from_secs(5);
const WAIT_LONG_AFTER: Span = Span::from_secs(75);
/// A stop of this length in which connections were refused is a punishment.
const PUNISHED: Span = Span::from_secs(10);
/// How long after a stop nothing above the rate before it is tried, and after a punishment.
const CEILING: (Span, Span) = (Span::from_secs(4), Span::from_secs(600));
/// After a stop, this share of the rate before it.
const AFTER_STOP: f64 = 0.9;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Mode {
    /// No limit is known: sessions alone bound the lane.
    Free,
    /// The limit lies somewhere above: the rate grows with each answer.
    Climb,
    /// At a share of the limit, until the next try.
    Work { try_at: Instant },
    /// Above the limit: how many tries have succeeded in a row.
    Try(usize),
}

/// A time in which mails are refused: one at a time asks whether it is over.
#[derive(Clone, Copy, Debug)]
struct Dry {
    since: Instant,
    /// What the carrier surely took before.
    rate: f64,
    wait: Span,
    /// Mails that asked whether it is over, in vain.
    probes: u32,
    /// Whether connections were refused.
    shut: bool,
    /// Whether a quota explains it.
    quota: bool,
}

/// What a lane knows of its carrier's rate.
#[derive(Clone, Debug)]
pub(super) struct Speed {
    mode: Mode,
    dry: Option<Dry>,
    /// The limit as it is believed to be, in mails a second.
    level: f64,
    /// The rate in force.
    rate: f64,
    growth: f64,
    /// What was in force before the last step up, and had been taken.
    proven: f64,
    /// The highest limit that was measured and held, ageing.
    best: f64,
    /// Not to be exceeded, and until when: what lay above was punished.
    ceiling: Option<(f64, Instant)>,
    try_after: Span,
    fall_after: Span,
    worked_since: Instant,
    /// All mails accepted so far, and since when without a long pause.
    accepted: u64,
    began: (Instant, u64),
    last_accepted: Instant,
    /// When mails were taken again after the last dry time, and how many had been accepted by then.
    mark: Option<(Instant, u64)>,
    /// Outcomes of the last mails, one bit each, the latest lowest; 1 is refused.
    recent: u64,
    /// What left before this instant left at a rate that was given up since.
    cut_at: Instant,
    step_at: Instant,
    /// Mails accepted that left since, and the latest departure of which the answer must be here.
    step_taken: u32,
    step_last: Instant,
    /// Accepted mails in the running second and in the one before.
    second: (Instant, u32, u32),
}

impl Speed {
    pub(super) fn new() -> Self {
        Speed {
            mode: Mode::Free,
            dry: None,
            level: f64::INFINITY,
            rate: f64::INFINITY,
            growth: CLIMB.0,
            proven: RATE_MIN,
            best: 0.0,
            ceiling: None,
            try_after: TRY_AFTER.0,
            fall_after: TRY_AFTER_FALL.0,
            worked_since: Instant::EPOCH,
            accepted: 0,
            began: (Instant::EPOCH, 0),
            last_accepted: Instant::EPOCH,
            mark: None,
            recent: 0,
            cut_at: Instant::EPOCH,
            step_at: Instant::EPOCH,
            step_taken: 0,
            step_last: Instant::EPOCH,
            second: (Instant::EPOCH, 0, 0),
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

    pub(super) fn is_free(&self) -> bool {
        self.mode == Mode::Free
    }

    /// Whether mails are refused at present and one at a time is sent.
    pub(super) fn is_dry(&self) -> bool {
        self.dry.is_some()
    }

    /// Mails accepted so far.
    pub(super) fn accepted(&self) -> u64 {
        self.accepted
    }

    /// For how long mails have been accepted without a long pause.
    pub(super) fn lasts(&self, now: Instant) -> Span {
        now.since(self.began.0)
    }

    /// A mail that left at `departed` was accepted.
    pub(super) fn on_accepted(&mut self, departed: Instant, latency: Span, now: Instant, budget: &Budget) {
        if now.since(self.last_accepted) > Span::from_secs(2) {
            self.began = (departed.max(self.last_accepted), self.accepted);
        }
        self.last_accepted = now;
        self.accepted += 1;
        self.recent <<= 1;
        self.count_second(now);
        if self.ceiling.is_some_and(|(_, until)| until <= now) {
            self.ceiling = None;
        }
        if departed < self.cut_at {
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
                    self.begin_try(0, now);
                }
            }
            Mode::Try(step) => {
                if f64::from(self.step_taken) < (self.rate * 0.3).clamp(2.0, 40.0) {
                } else if self.is_used() {
                    self.proven = self.rate;
                    self.level = self.level.max(self.rate);
                    self.try_after = TRY_AFTER.0;
                    self.begin_try((step + 1).min(TRY.len() - 1), now);
                } else {
                    // It is not the limit that holds the lane back.
                    self.work(now);
                }
            }
        }
    }

    /// The rate that a carrier of which nothing is known is given: it doubles quickly, so that the first overrun comes at
    /// a moderate pace and late enough to tell a rate from a burst. What answers at once is near, and bears all at once.
    fn ramp(&self, latency: Span, now: Instant) -> f64 {
        if latency.is_zero() {
            return self.rate;
        }
        let rate = RAMP_FROM * (now.since(self.began.0).as_secs_f64() / RAMP_DOUBLES.as_secs_f64()).exp2();
        if latency < RAMP_LATENCY || rate > RAMP_TO { f64::INFINITY } else { rate }
    }

    fn climb_on(&mut self, now: Instant) {
        if f64::from(self.step_taken) < (self.rate * 0.05).max(1.0) || !self.is_used() {
            return;
        }
        self.proven = self.rate;
        self.level = self.level.max(self.rate);
        self.rate *= self.growth;
        self.step(now);
    }

    /// Mails are taken again: what was accepted between two dry times is the limit.
    fn resume(&mut self, dry: Dry, departed: Instant, now: Instant) {
        let lasted = departed.since(dry.since);
        let measured = self.measured(departed);
        self.mark = Some((departed, self.accepted));
        self.recent = 0;
        if dry.quota {
            return self.step(now);
        }
        if lasted >= quota::STOP {
            // What was learned meanwhile says nothing about the rate.
            let most = (dry.rate * AFTER_STOP).max(RATE_MIN);
            let punished = dry.shut && lasted >= PUNISHED;
            if self.mode == Mode::Free && !punished {
                return self.climb(dry.rate, now);
            }
            self.ceiling = Some((most, now + if punished { CEILING.1 } else { CEILING.0 }));
            self.level = most / WORK;
            return self.work(now);
        }
        match (self.mode, measured) {
            (Mode::Free, _) => self.climb(dry.rate, now),
            // Where mails must keep a distance, much of the search was spent below what it found.
            (Mode::Climb, Some(rate)) => {
                let spaced = dry.probes == 0 && rate < self.proven * 0.5;
                let found = if spaced { self.proven * 0.7 } else { rate };
                self.settle(found, now);
            }
            (Mode::Climb, None) => {
                self.climb(self.rate * 0.5, now);
                self.growth = CLIMB.1;
            }
            (Mode::Try(step), rate) => {
                let before = if step == 0 || self.is_fallen() { self.level } else { self.level / TRY[step - 1] };
                if self.is_fallen() {
                    self.fall_after = self.fall_after.mul_f64(1.3).min(TRY_AFTER_FALL.1);
                    self.best = self.best * 0.97 + self.level * 0.03;
                } else {
                    self.try_after = (self.try_after * 2).min(TRY_AFTER.1);
                }
                self.settle(rate.unwrap_or(before).clamp(before, self.rate.max(before)), now);
            }
            (Mode::Work { .. }, rate) => {
                let level = self.level;
                let found = rate.map_or(level * 0.7, |rate| rate.clamp(level * 0.2, level * 0.98));
                if found < level * FALLEN {
                    if now.since(self.worked_since) > HELD {
                        self.best = self.best.max(level);
                    }
                    self.fall_after = TRY_AFTER_FALL.0;
                    self.try_after = TRY_AFTER.0;
                }
                self.settle(found, now);
            }
        }
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
        if open == 0 && self.accepted > 0 {
            let rate = self.present(now);
            let dry = Dry { since: now, rate, wait: WAIT.0, probes: 0, shut: false, quota: false };
            self.dry.get_or_insert(dry).shut |= !silent;
            self.cut_at = self.cut_at.max(now);
        }
    }

    /// What the carrier surely took until now.
    fn present(&self, now: Instant) -> f64 {
        match self.mode {
            Mode::Free => self.lasting(now),
            Mode::Climb => self.proven.max(self.lasting(now).min(self.rate)),
            Mode::Work { .. } | Mode::Try(_) => self.level,
        }
    }

    fn step(&mut self, now: Instant) {
        self.step_at = now;
        self.step_last = now;
        self.step_taken = 0;
    }

    fn climb(&mut self, from: f64, now: Instant) {
        self.level = from.max(CLIMB_FROM);
        self.rate = self.level;
        self.proven = RATE_MIN;
        self.growth = if self.accepted < 20 { CLIMB.0 } else { CLIMB.1 };
        self.mode = Mode::Climb;
        self.step(now);
    }

    fn begin_try(&mut self, step: usize, now: Instant) {
        self.rate = self.level * TRY[step];
        self.step(now);
        self.mode = Mode::Try(step);
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
        // What had to wait for its session came too near to the next: the rate is not to blame, unless it goes on.
        if late && self.recent & 1 == 0 && self.mode != Mode::Free && self.dry.is_none() {
            self.recent = (self.recent << 1) | 1;
            return Span::ZERO;
        }
        self.recent = (self.recent << 1) | 1;
        if departed < self.cut_at {
            return Span::ZERO;
        }
        if let Some(dry) = &mut self.dry {
            let long = now.since(dry.since) > WAIT_LONG_AFTER;
            let longest = if long {
                WAIT_LONG
            } else if budget.is_spent() {
                WAIT_POOR
            } else {
                WAIT.1
            };
            dry.wait = (dry.wait * 2).min(longest);
            dry.probes += 1;
            self.cut_at = now;
            return dry.wait;
        }
        let over = match self.mode {
            Mode::Free | Mode::Climb | Mode::Work { .. } => self.is_dense(),
            Mode::Try(_) if self.is_fallen() => true,
            Mode::Try(_) => self.among(DOUBT) >= 2 || self.among(4 * DOUBT) >= 3,
        };
        if over {
            let rate = self.present(now);
            // By then a limit like this has room for one mail again.
            let wait = Span::from_secs_f64(1.2 / rate.max(RATE_MIN)).clamp(WAIT.0, WAIT_FIRST_MAX);
            self.dry = Some(Dry { since: now, rate, wait, probes: 0, shut: false, quota: false });
            self.cut_at = now;
            return wait;
        }
        match self.mode {
            Mode::Work { .. } => {
                self.level *= if budget.is_spent() { 0.95 } else { 0.99 };
                self.rate = self.level * WORK;
            }
            // No step up before it is certain.
            Mode::Climb | Mode::Try(_) => self.step(now),
            Mode::Free => {}
        }
        Span::ZERO
    }

    /// The rate at which mails were accepted since they were last taken again: at both ends the limit was used up, so
    /// this is the limit.
    fn measured(&self, now: Instant) -> Option<f64> {
        let (at, accepted) = self.mark?;
        let (mails, span) = (self.accepted - accepted, now.since(at));
        let enough = mails >= MEASURED_MAILS || (mails >= 1 && span >= MEASURED_SPAN);
        enough.then(|| mails as f64 / span.as_secs_f64().max(0.02))
    }

    /// What the carrier has taken at least, if a burst of one second's worth is forgiven.
    fn lasting(&self, now: Instant) -> f64 {
        let whole = (self.accepted - self.began.1) as f64 / (now.since(self.began.0).as_secs_f64() + 1.0);
        whole.max(f64::from(self.second.1.max(self.second.2)) / 2.0)
    }

    /// Whether refusals come so thickly that they are no weather.
    fn is_dense(&self) -> bool {
        let early = self.accepted < 50 && self.among(8) >= 2;
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

    fn count_second(&mut self, now: Instant) {
        let past = now.since(self.second.0);
        if past >= Span::from_secs(2) {
            self.second = (now, 0, 0);
        } else if past >= Span::from_secs(1) {
            self.second = (self.second.0 + Span::from_secs(1), 0, self.second.1);
        }
        self.second.1 += 1;
    }
}
