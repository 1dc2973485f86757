//! Whether a dispatch was in time, and if not, which stage and which carrier were slowest (requirement P06).

use jiff::{SignedDuration, Timestamp};

use crate::class::{Class, Start};
use crate::dispatch::Dispatch;
use crate::measure::Measure;
use crate::thousands::Thousands;

/// The share of reachable mails that must be accepted for a dispatch to be over, in hundredths.
const SHARE: usize = 99;

/// One step on the way from the hazard to the last mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// Its name, in Japanese.
    pub name: String,
    /// When it was over.
    pub at: Timestamp,
    /// How long it took since the step before.
    pub took: SignedDuration,
}

/// When a carrier accepted the first mails of a dispatch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CarrierTimes {
    /// The carrier, as the engine names it.
    pub carrier: String,
    /// How many it accepted.
    pub accepted: usize,
    /// First, 50 %, 90 %, 99 % and last of those.
    pub at: [Timestamp; 5],
}

/// How a dispatch stands to its deadline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Punctuality {
    /// Its class.
    pub class: Class,
    /// From which instant it counts.
    pub start: (Start, Timestamp),
    /// When it should be over.
    pub deadline: Timestamp,
    /// When 99 % of the reachable mails were accepted; `None` if they are not yet.
    pub over: Option<Timestamp>,
    /// Reachable mails that no carrier has accepted yet.
    pub waiting: usize,
    /// When the delivery engine had the mails, else when it was decided to send them.
    pub submitted: Timestamp,
    /// The steps.
    pub stages: Vec<Stage>,
    /// The carriers, the slowest first.
    pub carriers: Vec<CarrierTimes>,
}

impl Punctuality {
    /// How a dispatch stands. Reachable is every first mail that was not refused for good.
    #[must_use]
    pub fn of(dispatch: &Dispatch) -> Self {
        let (record, timeline) = (dispatch.record(), dispatch.timeline());
        let start = record.class.start(&timeline.origin, timeline.decided);
        let mut carriers: Vec<CarrierTimes> = timeline.by_carrier().filter_map(times).collect();
        carriers.sort_by_key(|it| std::cmp::Reverse(it.at[3]));
        let mut all: Vec<i64> = timeline.by_carrier().flat_map(|(_, instants)| instants).collect();
        all.sort_unstable();
        let reachable = dispatch.reachable_mails();
        let needed = (reachable * SHARE).div_ceil(100);
        let over = needed.checked_sub(1).and_then(|last| all.get(last)).and_then(|at| instant(*at));
        let deadline = start.1.checked_add(record.class.limit()).unwrap_or(Timestamp::MAX);
        Punctuality {
            class: record.class,
            start,
            deadline,
            over,
            waiting: reachable.saturating_sub(all.len()),
            submitted: timeline.queued.unwrap_or(timeline.decided),
            stages: stages(dispatch, over),
            carriers,
        }
    }

    /// Whether it is late at `now` by more than `factor` times what its class allows; 1.0 is the deadline itself.
    #[must_use]
    pub fn is_late(&self, factor: f64, now: Timestamp) -> bool {
        let took = self.over.unwrap_or(now).duration_since(self.start.1);
        took.as_secs_f64() > self.class.limit().as_secs_f64() * factor
    }

    /// The stage that took longest; while it is not over, the wait for what comes next is a stage like the others.
    #[must_use]
    pub fn slowest_stage(&self, now: Timestamp) -> Option<Stage> {
        let waits = self.stages.last().filter(|_| self.over.is_none()).map(|last| Stage {
            name: "受付待ち（未完了）".to_owned(),
            at: now,
            took: now.duration_since(last.at),
        });
        self.stages.iter().cloned().chain(waits).max_by_key(|stage| stage.took)
    }

    /// The report for those who must explain it: figures, the slowest stage and carrier, and room for measures.
    #[must_use]
    pub fn cause_report(&self, title: &str, measures: &[Measure], now: Timestamp) -> String {
        let seconds = |span: SignedDuration| format!("{:.1} 秒", span.as_secs_f64());
        let took = self.over.unwrap_or(now).duration_since(self.start.1);
        let end = if self.over.is_some() { "完了まで" } else { "未完了・現在まで" };
        let mut lines = vec![
            format!("遅延原因報告: {title}"),
            format!("区分 {}  制限 {}  {end} {}", self.class, seconds(self.class.limit()), seconds(took)),
        ];
        lines.extend(self.stages.iter().map(|it| format!("  {}: {}", it.name, seconds(it.took))));
        lines.extend((self.waiting > 0).then(|| format!("  未受付: {} 通", Thousands::of(self.waiting))));
        if let Some(stage) = self.slowest_stage(now) {
            lines.push(format!("最も遅い段階: {}（{}）", stage.name, seconds(stage.took)));
        }
        if let Some(it) = self.carriers.first() {
            // From when it could have begun: a carrier that kept its first mail waiting is slow, too.
            let last = it.at[3].duration_since(self.submitted);
            lines.push(format!(
                "最も遅いキャリア: {}（{} 通、配信準備から 99 % まで {}）",
                it.carrier,
                Thousands::of(it.accepted),
                seconds(last)
            ));
        }
        lines.push("再発防止対策:".to_owned());
        let state = |done| if done { "完了" } else { "未完了" };
        lines.extend(measures.iter().map(|it| format!("  {}（担当 {}、{}）", it.what, it.owner, state(it.done))));
        if measures.is_empty() {
            lines.push("  （未記入）".to_owned());
        }
        lines.join("\n")
    }
}

fn times((carrier, instants): (&str, Vec<i64>)) -> Option<CarrierTimes> {
    let last = instants.len().checked_sub(1)?;
    let at = |hundredths: usize| instant(*instants.get((instants.len() * hundredths).div_ceil(100).saturating_sub(1))?);
    let at = [instant(instants[0])?, at(50)?, at(90)?, at(99)?, instant(instants[last])?];
    Some(CarrierTimes { carrier: carrier.to_owned(), accepted: instants.len(), at })
}

fn instant(micros: i64) -> Option<Timestamp> {
    Timestamp::from_microsecond(micros).ok()
}

/// The steps as far as they are known; what a source did not tell is left out.
fn stages(dispatch: &Dispatch, over: Option<Timestamp>) -> Vec<Stage> {
    let timeline = dispatch.timeline();
    let origin = timeline.origin;
    let known = [
        ("発生", origin.occurred),
        ("発表", origin.reported),
        ("受信", origin.received),
        ("判定", origin.judged),
        ("送信の決定", Some(timeline.decided)),
        ("配信準備", timeline.queued),
        ("最初の受付", timeline.first_accepted),
        ("99 % の受付", over),
    ];
    let mut before = None;
    let mut stages = Vec::new();
    for (name, at) in known.into_iter().filter_map(|(name, at)| Some((name, at?))) {
        let took = before.map_or(SignedDuration::ZERO, |before| at.duration_since(before));
        stages.push(Stage { name: name.to_owned(), at, took });
        before = Some(at);
    }
    stages
}
