//! One step of the fold: where a bulletin stands to what is known, and what is known afterwards.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use hikyaku_bulletin::{
    Area, AreaReport, AreaScheme, Bulletin, Hazard, Kind, Phenomenon, Revision, SeriesKey, Severity,
};
use jiff::{SignedDuration, Timestamp};

use super::Step;
use super::slot::{Meant, Order, Slot, Thread, ThreadState, slot_name};

/// How long the word of one family of warnings covers the other's.
const COVERS: SignedDuration = SignedDuration::from_hours(24);

/// Takes a bulletin into the state.
pub(super) fn fold(
    threads: &mut BTreeMap<Thread, ThreadState>,
    bulletin: &Bulletin,
    now: Timestamp,
) -> (Step, Vec<Area>) {
    let keys = threads_of(bulletin);
    let name = slot_name(bulletin);
    let found = Known::collect(threads, &keys, &name).judge(bulletin);
    if found.0 != Step::Outdated {
        if found.0 == Step::Lifted && bulletin.hazard() == Hazard::Tsunami {
            end_tsunami(threads, &keys);
        }
        for key in keys {
            let state = threads.entry(key).or_insert_with(|| ThreadState { slots: BTreeMap::new(), touched: now });
            state.touched = state.touched.max(now);
            state.slots.insert(name.clone(), Slot::of(bulletin));
        }
    }
    found
}

/// The end of a tsunami warning is the end of what earlier information said of it: no telegram lifts 津波情報 by itself.
fn end_tsunami(threads: &mut BTreeMap<Thread, ThreadState>, keys: &[Thread]) {
    for key in keys {
        let slots = threads.get_mut(key).into_iter().flat_map(|state| state.slots.values_mut());
        slots.filter(|slot| slot.kind.hazard() == Hazard::Tsunami).for_each(|slot| slot.lifted = true);
    }
}

/// The series of a bulletin in its standing; one without any is a series of its own.
fn threads_of(bulletin: &Bulletin) -> Vec<Thread> {
    let meant = Meant::of(bulletin);
    let own = [SeriesKey::Document(bulletin.source.to_string())];
    let keys = if bulletin.series.is_empty() { own.as_slice() } else { &bulletin.series };
    keys.iter().map(|key| Thread { meant, key: key.clone() }).collect()
}

/// What is known of the series of a bulletin before it is taken.
struct Known<'a> {
    /// The slots of its own kind, one for each series that has one.
    own: Vec<&'a Slot>,
    /// Every slot of its series.
    all: Vec<&'a Slot>,
}

impl<'a> Known<'a> {
    fn collect(threads: &'a BTreeMap<Thread, ThreadState>, keys: &[Thread], name: &str) -> Self {
        let states: Vec<&ThreadState> = keys.iter().filter_map(|key| threads.get(key)).collect();
        Self {
            own: states.iter().filter_map(|state| state.slots.get(name)).collect(),
            all: states.iter().flat_map(|state| state.slots.values()).collect(),
        }
    }

    fn judge(&self, bulletin: &Bulletin) -> (Step, Vec<Area>) {
        let order = Order::of(bulletin);
        if self.own.iter().any(|slot| slot.order > order) {
            return (Step::Outdated, Vec::new());
        }
        if bulletin.revision == Revision::Cancellation {
            return (self.cancelled(), Vec::new());
        }
        let live: Vec<&Slot> = self.all.iter().copied().filter(|slot| slot.is_live()).collect();
        if bulletin.is_lifting() {
            let step = if is_old_family(&bulletin.kind) && self.spoke(bulletin, is_new_family) {
                Step::Covered
            } else if live.iter().any(|slot| !slot.areas.is_empty()) {
                Step::Lifted
            } else {
                Step::Quiet
            };
            return (step, Vec::new());
        }
        let worse_at = worse_places(bulletin, &live);
        let graver = Slot::of(bulletin).rank > live.iter().filter_map(|slot| slot.rank).max();
        if live.is_empty() {
            return (Step::First, worse_at);
        }
        if !worse_at.is_empty() || graver {
            return (Step::Worse, worse_at);
        }
        (self.not_worse(bulletin), Vec::new())
    }

    fn cancelled(&self) -> Step {
        if self.own.iter().any(|slot| !slot.cancelled) {
            Step::Cancelled
        } else if self.own.is_empty() {
            Step::CancelledNothing
        } else {
            Step::Unchanged
        }
    }

    fn not_worse(&self, bulletin: &Bulletin) -> Step {
        if bulletin.revision == Revision::Correction {
            Step::Corrected
        } else if self.is_covered(bulletin) {
            Step::Covered
        } else if !self.own.is_empty() && self.own.iter().all(|slot| says_the_same(slot, bulletin)) {
            Step::Unchanged
        } else {
            Step::Changed
        }
    }

    /// Whether the other family of warnings has already said it of the same office. The old one never counts beside the new one; the new
    /// one not where it only says, worse than it said before itself, what the old one has said.
    fn is_covered(&self, bulletin: &Bulletin) -> bool {
        if is_old_family(&bulletin.kind) {
            return self.spoke(bulletin, is_new_family);
        }
        let own: Vec<&Slot> = self.own.iter().copied().filter(|slot| slot.is_live()).collect();
        is_new_family(&bulletin.kind) && self.spoke(bulletin, is_old_family) && !worse_places(bulletin, &own).is_empty()
    }

    /// Whether a family of warnings spoke of these series within the time that it covers the other.
    fn spoke(&self, bulletin: &Bulletin, family: fn(&Kind) -> bool) -> bool {
        let since = bulletin.published.checked_sub(COVERS).unwrap_or(Timestamp::MIN);
        self.all.iter().any(|it| family(&it.kind) && it.order.published() > since)
    }
}

const fn is_old_family(kind: &Kind) -> bool {
    matches!(kind, Kind::WeatherWarning | Kind::LandslideAlert | Kind::RecordRain | Kind::EmergencyWarningNotice)
}

const fn is_new_family(kind: &Kind) -> bool {
    matches!(kind, Kind::WeatherWarningR06 | Kind::WeatherPrompt)
}

fn says_the_same(slot: &Slot, bulletin: &Bulletin) -> bool {
    !slot.cancelled
        && slot.areas == bulletin.areas
        && slot.headline == bulletin.headline
        && slot.rank == Slot::of(bulletin).rank
}

/// The places where a bulletin says worse than what is known, or that are newly concerned. Known is the latest word on a place, whichever
/// kind of telegram said it; of the two families of warnings the graver.
fn worse_places(bulletin: &Bulletin, live: &[&Slot]) -> Vec<Area> {
    let mut latest_first = live.to_vec();
    latest_first.sort_by_key(|slot| std::cmp::Reverse(slot.order));
    let mut known: BTreeMap<(AreaScheme, &str), Vec<&Severity>> = BTreeMap::new();
    for report in latest_first.iter().flat_map(|slot| &slot.areas) {
        known.entry(place(report)).or_default().push(&report.severity);
    }
    let is_worse = |report: &&AreaReport| {
        if report.severity.is_over() {
            return false;
        }
        let before = known.get(&place(report)).map_or(&[][..], Vec::as_slice);
        let mut stands = before.iter().filter_map(|known| compare(&report.severity, known));
        match report.severity {
            Severity::Warning(_) => stands.all(|order| order == Ordering::Greater),
            _ => stands.next().is_none_or(|order| order == Ordering::Greater),
        }
    };
    let mut places: Vec<Area> = bulletin.areas.iter().filter(is_worse).map(|it| it.area.clone()).collect();
    places.dedup();
    places
}

fn place(report: &AreaReport) -> (AreaScheme, &str) {
    (report.area.scheme, report.area.code.as_str())
}

/// How a new severity stands to a known one. The old family's 洪水警報 is part of the new family's 大雨.
fn compare(new: &Severity, known: &Severity) -> Option<Ordering> {
    new.against(known).or_else(|| match (new, known) {
        (Severity::Warning(a), Severity::Warning(b))
            if a.phenomenon == Phenomenon::Flood && b.phenomenon == Phenomenon::HeavyRain =>
        {
            Some(a.grade.cmp(&b.grade))
        }
        (Severity::Named, Severity::Named) => Some(Ordering::Equal),
        _ => None,
    })
}
