//! When will mails have been accepted, carrier by carrier, will the deadline hold, and what would help.
//!
//! A lane is taken for a pipe of one speed: the measured one where it has sent, else what was learned before or is
//! configured, else an assumption that says so. Mails of higher standing go before those in question, batches of equal
//! standing share the lane evenly (`plan`). Values only: whoever shows them finds the words; `Display` has English ones.

mod meter;
mod words;

pub(crate) use meter::Meter;

use crate::carrier::Carrier;
use crate::message::{BatchId, Urgency};
use crate::time::{Instant, Span};

/// Mails that were not submitted yet, as far as a forecast needs to know them.
#[derive(Clone, Debug, PartialEq)]
pub struct Composition {
    /// Their hurry.
    pub urgency: Urgency,
    /// When 99 % should have been accepted.
    pub deadline: Option<Instant>,
    /// How many go to each domain.
    pub domains: Vec<(String, u64)>,
}

/// What a forecast is about.
#[derive(Clone, Debug, PartialEq)]
pub enum Subject {
    /// Everything that waits.
    All,
    /// A batch that was submitted.
    Batch(BatchId),
    /// Mails that may be submitted.
    Composition(Composition),
}

impl From<BatchId> for Subject {
    fn from(batch: BatchId) -> Self {
        Subject::Batch(batch)
    }
}

impl From<Composition> for Subject {
    fn from(composition: Composition) -> Self {
        Subject::Composition(composition)
    }
}

/// How well a lane's speed is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Basis {
    /// Not known yet: the sessions that the table starts with, at [`ASSUMED_TURN`] a mail.
    Assumed,
    /// The ceiling that is configured.
    Configured,
    /// What was learned of the carrier's limits.
    Learned,
    /// What it has taken of late.
    Measured,
}

/// What one mail is taken to cost a session of a lane of which nothing is known.
pub(crate) const ASSUMED_TURN: Span = Span::from_millis(200);

/// How fast mails leave for a carrier, by all the ways that are open together.
#[derive(Clone, Debug, PartialEq)]
pub struct Speed {
    /// Mails a second when every way runs; zero if all are stopped.
    pub per_second: f64,
    /// How that is known.
    pub basis: Basis,
    /// How long nothing departs from now on.
    pub held: Span,
    /// How many ways are open: addresses of our own, relays.
    pub ways: u32,
    /// Ways that join in later than the first: how long from now, and how many of the mails a second are theirs.
    pub joins: Vec<(Span, f64)>,
    /// Mails a second that leave in addition once somebody resumes what an operator stopped.
    pub paused: f64,
}

impl Speed {
    /// The speed of a single way.
    #[must_use]
    pub fn of_one(per_second: f64, basis: Basis, held: Span) -> Speed {
        Speed { per_second, basis, held, ways: 1, joins: Vec::new(), paused: 0.0 }
    }

    /// The same way while an operator keeps it stopped.
    #[must_use]
    pub fn stopped(self) -> Speed {
        Speed { paused: self.per_second, per_second: 0.0, ..self }
    }

    /// As it would be if all that is stopped were resumed now.
    #[must_use]
    fn resumed(&self) -> Speed {
        Speed { per_second: self.per_second + self.paused, paused: 0.0, ..self.clone() }
    }

    /// The speed of several ways together: they draw from the same queue, and one that is held joins in when it may.
    #[must_use]
    pub fn together(ways: Vec<Speed>) -> Speed {
        let held = ways.iter().map(|way| way.held).min().unwrap_or_default();
        let later = ways.iter().filter(|way| way.held > held && way.per_second > 0.0);
        Speed {
            per_second: ways.iter().map(|way| way.per_second).sum(),
            basis: ways.iter().map(|way| way.basis).min().unwrap_or(Basis::Assumed),
            held,
            ways: ways.iter().map(|way| way.ways).sum(),
            joins: later.map(|way| (way.held, way.per_second)).collect(),
            paused: ways.iter().map(|way| way.paused).sum(),
        }
    }

    /// When so many mails will have left; `None` is never.
    fn time_for(&self, mails: f64) -> Option<Span> {
        let mut joins = self.joins.clone();
        joins.sort_by_key(|(when, _)| *when);
        let (mut left, mut now) = (mails, self.held);
        let mut rate = self.per_second - joins.iter().map(|(_, more)| more).sum::<f64>();
        for (when, more) in joins {
            let until = when.saturating_sub(now).as_secs_f64();
            if left <= rate * until {
                break;
            }
            left -= rate * until;
            (now, rate) = (when, rate + more);
        }
        Some(now + Span::try_from_secs_f64(left / rate).ok()?)
    }
}

/// What a lane has to carry.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Load {
    /// Mails in question that have settled.
    pub done: u64,
    /// Mails in question that have not.
    pub waiting: u64,
    /// Mails that go before them.
    pub before: u64,
    /// Batches that share the lane with them evenly, in mails.
    pub beside: Vec<u64>,
    /// How long the last of them that was put off is not tried again.
    pub put_off: Span,
}

/// When parts of a whole will have been accepted, counted from now; `None` is never, as things stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Milestones {
    /// 50 %.
    pub half: Option<Span>,
    /// 90 %.
    pub most: Option<Span>,
    /// 99 %, which is what deadlines ask for.
    pub nearly_all: Option<Span>,
    /// 100 %.
    pub all: Option<Span>,
}

impl Milestones {
    /// When each share will have been.
    fn of(when: impl Fn(f64) -> Option<Span>) -> Milestones {
        Milestones { half: when(0.5), most: when(0.9), nearly_all: when(0.99), all: when(1.0) }
    }
}

/// What would make a lane fast enough. More addresses help where limits count by source, a relay where they count in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remedy {
    /// So many more source addresses.
    pub sources: u64,
    /// Time to 100 % with them.
    pub all: Span,
}

/// What is expected of one carrier.
#[derive(Clone, Debug, PartialEq)]
pub struct LaneForecast {
    /// Which.
    pub carrier: Carrier,
    /// Mails in question, settled or not.
    pub mails: u64,
    /// Those that have not settled.
    pub waiting: u64,
    /// Mails that go before them.
    pub before: u64,
    /// How fast it is.
    pub speed: Speed,
    /// When its mails will have been accepted.
    pub times: Milestones,
    /// When they will have been accepted if somebody resumes the carrier now; `None` unless an operator stopped it.
    pub resumed: Option<Milestones>,
    /// What would help, if it is too slow.
    pub remedy: Option<Remedy>,
}

/// When mails will have been accepted, refused for good or given up: settled.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Forecast {
    /// By carrier.
    pub lanes: Vec<LaneForecast>,
    /// All carriers together.
    pub times: Milestones,
    /// All together if somebody resumes now what operators stopped; `None` unless something waits for a carrier that is stopped.
    pub resumed: Option<Milestones>,
    /// How long the deadline is away; zero if it has passed.
    pub deadline: Option<Span>,
}

impl Forecast {
    /// Whether 99 % will have been accepted before the deadline; `None` without a deadline.
    #[must_use]
    pub fn holds(&self) -> Option<bool> {
        let deadline = self.deadline?;
        Some(self.times.nearly_all.is_some_and(|nearly_all| nearly_all <= deadline))
    }

    /// The carriers that an operator stopped and for which something waits, in the order of the lanes.
    pub fn stopped(&self) -> impl Iterator<Item = &LaneForecast> {
        self.lanes.iter().filter(|lane| lane.resumed.is_some() && lane.waiting > 0)
    }

    /// Whether it rests on an assumption: a carrier's speed is not known yet.
    #[must_use]
    pub fn is_assumed(&self) -> bool {
        self.lanes.iter().any(|lane| lane.waiting > 0 && lane.speed.basis == Basis::Assumed)
    }
}

/// What a forecast is made from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outlook {
    /// What each lane has to carry, and how fast it is.
    pub lanes: Vec<(Carrier, Load, Speed)>,
    /// Mails in question that have settled and belong to no lane: refused before they were tried, or before a restart.
    pub settled: u64,
    /// How long the deadline is away.
    pub deadline: Option<Span>,
    /// The time within which all should be through, for the remedies.
    pub goal: Option<Span>,
}

/// A forecast from what each lane has to carry and how fast it is.
#[must_use]
pub fn forecast(outlook: Outlook) -> Forecast {
    let Outlook { lanes, settled, deadline, goal } = outlook;
    let total: u64 = settled + lanes.iter().map(|(_, load, _)| load.done + load.waiting).sum::<u64>();
    let by = |lanes: &[(Carrier, Load, Speed)]| {
        Milestones::of(|share| together(lanes, part(total, share).saturating_sub(settled)))
    };
    let times = by(&lanes);
    let is_stopped = lanes.iter().any(|(_, load, speed)| speed.paused > 0.0 && load.waiting > 0);
    let resumed = is_stopped.then(|| {
        let all = lanes.iter().map(|(carrier, load, speed)| (carrier.clone(), load.clone(), speed.resumed()));
        by(&all.collect::<Vec<_>>())
    });
    let lanes = lanes.into_iter().map(|(carrier, load, speed)| of_lane(carrier, &load, speed, goal)).collect();
    Forecast { lanes, times, resumed, deadline }
}

fn of_lane(carrier: Carrier, load: &Load, speed: Speed, goal: Option<Span>) -> LaneForecast {
    let mails = load.done + load.waiting;
    let by = |speed: &Speed| Milestones::of(|share| time_of(load, speed, part(mails, share).saturating_sub(load.done)));
    let times = by(&speed);
    let resumed = (speed.paused > 0.0).then(|| by(&speed.resumed()));
    let remedy = goal.and_then(|goal| remedy(load, &speed, goal));
    LaneForecast { carrier, mails, waiting: load.waiting, before: load.before, speed, times, resumed, remedy }
}

fn part(mails: u64, share: f64) -> u64 {
    (mails as f64 * share).ceil() as u64
}

/// When so many of the waiting mails will be through.
fn time_of(load: &Load, speed: &Speed, mails: u64) -> Option<Span> {
    if mails == 0 {
        return Some(Span::ZERO);
    }
    let beside: u64 = load.beside.iter().map(|other| mails.min(*other)).sum();
    let through = speed.time_for((load.before + mails + beside) as f64)?;
    Some(if mails >= load.waiting { through.max(load.put_off) } else { through })
}

/// How many of the waiting mails will be through by then.
fn through_by(load: &Load, speed: &Speed, when: Span) -> u64 {
    let (mut low, mut high) = (0, load.waiting);
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        if time_of(load, speed, middle).is_some_and(|time| time <= when) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    low
}

/// When so many mails of all lanes will be through.
fn together(lanes: &[(Carrier, Load, Speed)], mails: u64) -> Option<Span> {
    let by =
        |when: Span| -> u64 { lanes.iter().map(|(_, load, speed)| load.done + through_by(load, speed, when)).sum() };
    // The last moment at which anything changes; lanes that never end do not count.
    let ends = lanes.iter().filter_map(|(_, load, speed)| time_of(load, speed, load.waiting));
    let last = ends.max().unwrap_or(Span::ZERO);
    if by(Span::ZERO) >= mails {
        return Some(Span::ZERO);
    }
    if by(last) < mails {
        return None;
    }
    let (mut low, mut high) = (Span::ZERO, last);
    // To a thousandth, and never finer than a millisecond.
    while high - low > (high / 1000).max(Span::from_millis(1)) {
        let middle = low + (high - low) / 2;
        if by(middle) >= mails { high = middle } else { low = middle }
    }
    Some(high)
}

/// How many more sources would bring the lane within the goal; `None` if it is, or no number would do.
fn remedy(load: &Load, speed: &Speed, goal: Span) -> Option<Remedy> {
    let late = time_of(load, speed, load.waiting).is_some_and(|all| all > goal);
    let left = goal.checked_sub(speed.held).filter(|left| *left > Span::ZERO)?;
    let beside: u64 = load.beside.iter().map(|other| load.waiting.min(*other)).sum();
    let needed = (load.before + load.waiting + beside) as f64 / left.as_secs_f64();
    let ways = f64::from(speed.ways.max(1));
    let sources = (needed / (speed.per_second / ways)).ceil() - ways;
    if !late || !sources.is_finite() || sources < 1.0 {
        return None;
    }
    let per_second = speed.per_second * (sources + ways) / ways;
    let faster = Speed { per_second, joins: Vec::new(), ..speed.clone() };
    let all = time_of(&Load { put_off: Span::ZERO, ..load.clone() }, &faster, load.waiting)?;
    Some(Remedy { sources: sources as u64, all })
}

#[cfg(test)]
mod tests;
