//! One step of the fold: where a bulletin stands to what is known, and what is known afterwards.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use hikyaku_bulletin::{
    Area, AreaReport, AreaScheme, Bulletin, Hazard, Kind, Phenomenon, Revision, SeriesKey, Severity,
};
use jiff::{SignedDuration, Timestamp};

use super::Step;
use super::freshness::Timing;
use super::slot::{Held, Meant, Slot, Thread, ThreadState, slot_name};

/// How long the word of one family of warnings covers the other's.
const COVERS: SignedDuration = SignedDuration::from_hours(24);

/// Takes a bulletin into the state at `now`, so much time having passed.
pub(super) fn fold(
    threads: &mut BTreeMap<Thread, ThreadState>,
    bulletin: &Bulletin,
    (now, passed): (Timestamp, SignedDuration),
    timing: Timing,
) -> (Step, Vec<Area>) {
    if bulletin.kind == Kind::WeatherWarningDigest {
        return (Step::Digest, Vec::new());
    }
    let keys = threads_of(bulletin);
    let name = slot_name(bulletin);
    let slot = Slot::of(bulletin, now, timing);
    let found = Known::collect(threads, &keys, &name, (&slot, now)).judge(bulletin);
    if found.0 != Step::Outdated {
        if found.0 == Step::Lifted && bulletin.hazard() == Hazard::Tsunami {
            end_tsunami(threads, &keys);
        }
        for key in keys {
            match threads.entry(key).or_default().entry(name.clone()) {
                Entry::Vacant(place) => drop(place.insert(Held::new(slot.clone(), passed))),
                // Alerts of one incident come in any order; the newer one stays.
                Entry::Occupied(place) if place.get().latest.outdates(&slot) => {}
                Entry::Occupied(mut place) => place.get_mut().follow(slot.clone(), passed),
            }
        }
    }
    found
}

/// The end of a tsunami warning is the end of what earlier information said of it: no telegram lifts 津波情報 by itself.
fn end_tsunami(threads: &mut BTreeMap<Thread, ThreadState>, keys: &[Thread]) {
    for key in keys {
        let held = threads.get_mut(key).into_iter().flat_map(BTreeMap::values_mut);
        held.filter(|it| it.latest.kind.hazard() == Hazard::Tsunami).for_each(Held::lift);
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
    /// The bulletin, as it will be held.
    new: &'a Slot,
    now: Timestamp,
    /// What is held of its own kind, one for each series that has one. Other alerts of its incident are none of its own.
    own: Vec<&'a Held>,
    /// All that is held of its series and can be compared with it.
    all: Vec<&'a Held>,
}

impl<'a> Known<'a> {
    fn collect(
        threads: &'a BTreeMap<Thread, ThreadState>,
        keys: &[Thread],
        name: &str,
        (new, now): (&'a Slot, Timestamp),
    ) -> Self {
        let states = || keys.iter().filter_map(|key| Some((key, threads.get(key)?)));
        let all = states().flat_map(|(_, state)| state.values()).filter(|held| new.concerns(&held.latest));
        let own = states().filter(|(thread, _)| !matches!(thread.key, SeriesKey::Incident(_)));
        Self { new, now, own: own.filter_map(|(_, state)| state.get(name)).collect(), all: all.collect() }
    }

    /// What a bulletin is compared with: of one that may be told only what people may have been told.
    fn word(&self, held: &'a Held) -> Option<&'a Slot> {
        if self.new.is_in_time() { held.told() } else { Some(&held.latest) }
    }

    /// What is in force of these, as far as it is compared.
    fn in_force(&self, held: &[&'a Held]) -> Vec<&'a Slot> {
        let standing = held.iter().filter(|it| it.latest.is_in_force(self.now));
        standing.filter_map(|it| self.word(it)).filter(|it| it.is_in_force(self.now)).collect()
    }

    fn judge(&self, bulletin: &Bulletin) -> (Step, Vec<Area>) {
        if self.own.iter().any(|held| held.latest.outdates(self.new)) {
            return (Step::Outdated, Vec::new());
        }
        if bulletin.revision == Revision::Cancellation {
            return (self.cancelled(), Vec::new());
        }
        if bulletin.is_lifting() {
            return (self.lifted(), Vec::new());
        }
        let live = self.in_force(&self.all);
        let worse_at = worse_places(bulletin, &live);
        let graver = self.new.rank > live.iter().filter_map(|slot| slot.rank).max();
        if live.is_empty() {
            return (Step::First, worse_at);
        }
        if !worse_at.is_empty() || graver {
            return (Step::Worse, worse_at);
        }
        (self.not_worse(bulletin), Vec::new())
    }

    /// Of what is held, or was told before, whatever is so.
    fn any(held: &[&Held], is_so: impl Fn(&Slot) -> bool) -> bool {
        held.iter().any(|it| is_so(&it.latest) || it.told().is_some_and(&is_so))
    }

    fn cancelled(&self) -> Step {
        if Self::any(&self.own, |slot| !slot.cancelled) {
            Step::Cancelled
        } else if self.own.is_empty() {
            Step::CancelledNothing
        } else {
            Step::Unchanged
        }
    }

    fn lifted(&self) -> Step {
        if is_old_family(&self.new.kind) && self.other_family_spoke() {
            Step::Covered
        } else if Self::any(&self.all, |slot| slot.is_to_lift(self.now)) {
            Step::Lifted
        } else {
            Step::Quiet
        }
    }

    fn not_worse(&self, bulletin: &Bulletin) -> Step {
        let says_the_same = |held: &&Held| self.word(held).is_some_and(|slot| says_the_same(slot, self.new));
        if bulletin.revision == Revision::Correction {
            Step::Corrected
        } else if self.is_covered(bulletin) {
            Step::Covered
        } else if !self.own.is_empty() && self.own.iter().all(says_the_same) {
            Step::Unchanged
        } else {
            Step::Changed
        }
    }

    /// Whether the other family of warnings has already said it of the same office. The old one never counts beside the new one; the new
    /// one not where it only says, worse than it said before itself, what the old one has said.
    fn is_covered(&self, bulletin: &Bulletin) -> bool {
        self.other_family_spoke()
            && (is_old_family(&self.new.kind) || !worse_places(bulletin, &self.in_force(&self.own)).is_empty())
    }

    /// Whether the other family of warnings spoke of these series within the time that it covers this one.
    fn other_family_spoke(&self) -> bool {
        let since = self.new.heard.checked_sub(COVERS).unwrap_or(Timestamp::MIN);
        let mut words = self.all.iter().filter_map(|held| self.word(held));
        words.any(|it| are_counterparts(&it.kind, &self.new.kind) && it.heard > since)
    }
}

/// Whether two kinds of telegram say the same before and since the reorganisation of 2026.
const fn are_counterparts(a: &Kind, b: &Kind) -> bool {
    matches!(
        (a, b),
        (Kind::WeatherWarningR06, Kind::WeatherWarning | Kind::LandslideAlert | Kind::EmergencyWarningNotice)
            | (Kind::WeatherWarning | Kind::LandslideAlert | Kind::EmergencyWarningNotice, Kind::WeatherWarningR06)
            | (Kind::WeatherPrompt, Kind::RecordRain)
            | (Kind::RecordRain, Kind::WeatherPrompt)
    )
}

const fn is_old_family(kind: &Kind) -> bool {
    matches!(kind, Kind::WeatherWarning | Kind::LandslideAlert | Kind::RecordRain | Kind::EmergencyWarningNotice)
}

fn says_the_same(known: &Slot, new: &Slot) -> bool {
    !known.cancelled && known.areas == new.areas && known.headline == new.headline && known.rank == new.rank
}

/// The places where a bulletin says worse than what is known, or that are newly concerned. Known is what the latest telegram that measures a
/// place on the same scale says of it, the gravest where it says several things; of the two families of warnings the graver.
fn worse_places(bulletin: &Bulletin, live: &[&Slot]) -> Vec<Area> {
    let mut latest_first = live.to_vec();
    latest_first.sort_by_key(|slot| std::cmp::Reverse((slot.heard, slot.order)));
    let mut known: BTreeMap<(AreaScheme, &str), Vec<(usize, &Severity)>> = BTreeMap::new();
    for (age, slot) in latest_first.iter().enumerate() {
        for report in &slot.areas {
            known.entry(place(report)).or_default().push((age, &report.severity));
        }
    }
    let is_worse = |report: &&AreaReport| {
        if report.severity.is_over() {
            return false;
        }
        let before = known.get(&place(report)).map_or(&[][..], Vec::as_slice);
        let mut stands =
            before.iter().filter_map(|(age, known)| Some((*age, compare(&report.severity, known)?))).peekable();
        let latest = stands.peek().map(|(age, _)| *age);
        let counts = |age| matches!(report.severity, Severity::Warning(_)) || Some(age) == latest;
        stands.all(|(age, order)| !counts(age) || order == Ordering::Greater)
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
