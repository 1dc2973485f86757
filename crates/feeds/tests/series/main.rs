//! What a bulletin means for what was known before: order, corrections, cancellations, repeats, age.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod scales;
mod weather;

use hikyaku_bulletin::{
    Area, AreaReport, AreaScheme, Bulletin, Intensity, IntensityReport, Kind, Prefecture, Revision, SeriesKey,
    Severity, SourceId, Standing,
};
use hikyaku_feeds::{Fate, Series, Step, Taken, Timing};
use jiff::{SignedDuration, Timestamp};

fn at(seconds: i64) -> Timestamp {
    "2026-04-02T18:02:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_secs(seconds)
}

/// A 震度速報 published at a second, of one area.
fn prompt(second: i64, revision: Revision, intensity: Intensity) -> Bulletin {
    let source = SourceId::new(format!("{second}-{revision}-{intensity}"));
    let mut bulletin = Bulletin::new(source, Kind::IntensityPrompt, Standing::Real, revision, at(second));
    bulletin.series.push(SeriesKey::Event("20260403030105".to_owned()));
    bulletin.areas.push(AreaReport {
        area: Area::new(AreaScheme::SeismicLocal, "350", "東京都２３区", Prefecture::from_code(13)),
        severity: Severity::Intensity(IntensityReport::Measured(intensity)),
    });
    bulletin
}

fn cancellation(second: i64) -> Bulletin {
    let mut bulletin = prompt(second, Revision::Cancellation, Intensity::One);
    bulletin.areas.clear();
    bulletin
}

fn take(series: &mut Series, bulletin: &Bulletin) -> Taken {
    series.take(bulletin, bulletin.published + SignedDuration::from_secs(20))
}

#[test]
fn telegrams_without_serials_are_ordered_by_their_publishing_time() {
    let mut series = Series::default();
    let [early, middle, late] = [(0, Intensity::Four), (15, Intensity::FiveLower), (30, Intensity::SixLower)]
        .map(|(second, intensity)| prompt(second, Revision::Issue, intensity));
    assert_eq!(take(&mut series, &early).step, Step::First);
    assert_eq!(take(&mut series, &late).step, Step::Worse);
    assert_eq!(series.take(&middle, at(60)).step, Step::Outdated);
    let present: Vec<_> = series.present(at(60)).collect();
    assert_eq!(present.len(), 1);
    assert_eq!(present[0].areas()[0].severity.to_string(), "震度６弱");
}

#[test]
fn a_cancellation_holds_although_it_repeats_the_serial_and_what_it_takes_back_is_refused_if_it_comes_late() {
    let mut series = Series::default();
    let numbered = |mut bulletin: Bulletin| {
        bulletin.serial = Some(2);
        bulletin
    };
    assert_eq!(take(&mut series, &numbered(prompt(0, Revision::Issue, Intensity::SixLower))).step, Step::First);
    let cancelled = take(&mut series, &numbered(cancellation(90)));
    assert_eq!((cancelled.step, cancelled.fate()), (Step::Cancelled, Fate::Act));
    assert_eq!(series.present(at(100)).count(), 0);
    let late = series.take(&numbered(prompt(60, Revision::Issue, Intensity::Seven)), at(100));
    assert_eq!((late.step, late.fate()), (Step::Outdated, Fate::Record));
}

#[test]
fn a_cancellation_of_what_was_never_issued_reaches_nobody_and_is_kept() {
    let mut series = Series::default();
    let nothing = take(&mut series, &cancellation(60));
    assert_eq!((nothing.step, nothing.fate()), (Step::CancelledNothing, Fate::Record));
    assert_eq!(series.take(&prompt(0, Revision::Issue, Intensity::SixLower), at(70)).step, Step::Outdated);
}

#[test]
fn a_correction_that_lowers_is_news_and_the_state_follows_it() {
    let mut series = Series::default();
    take(&mut series, &prompt(0, Revision::Issue, Intensity::SixLower));
    let lowered = take(&mut series, &prompt(0, Revision::Correction, Intensity::Four));
    assert_eq!((lowered.step, lowered.fate()), (Step::Corrected, Fate::Act));
    assert_eq!(take(&mut series, &prompt(60, Revision::Issue, Intensity::FiveLower)).step, Step::Worse);
}

#[test]
fn a_drill_never_meets_the_real_thing() {
    let mut series = Series::default();
    take(&mut series, &prompt(0, Revision::Issue, Intensity::SixLower));
    let mut drill = cancellation(60);
    drill.standing = Standing::Drill;
    assert_eq!(take(&mut series, &drill).step, Step::CancelledNothing);
    assert!(series.present(at(70)).any(|it| it.is_real()));
}

#[test]
fn the_same_telegram_by_two_names_or_two_feeds_is_one() {
    let mut series = Series::default();
    let mut first = prompt(0, Revision::Issue, Intensity::SixLower);
    let mut renamed = first.clone();
    let digest = hikyaku_bulletin::Digest::new([7; 32]);
    first.digest = digest;
    renamed.source = SourceId::new("by another way");
    renamed.digest = digest;
    assert_eq!(take(&mut series, &first).step, Step::First);
    assert!(series.knows(&first.source));
    assert_eq!(take(&mut series, &renamed).fate(), Fate::Ignore);
    assert_eq!(take(&mut series, &first).fate(), Fate::Ignore);
}

#[test]
fn what_is_old_by_the_clock_reaches_nobody_but_builds_the_state() {
    let mut series = Series::default();
    let month = SignedDuration::from_hours(30 * 24);
    let replayed = series.take(&prompt(0, Revision::Issue, Intensity::Seven), at(0) + month);
    assert_eq!(replayed.step, Step::First);
    assert!(matches!(replayed.timing, Timing::Late { minutes: 43_200 }));
    assert_eq!(replayed.fate(), Fate::Record);
    assert_eq!(series.present(at(0) + month).count(), 1);
}

#[test]
fn a_slow_clock_of_ours_silences_nothing() {
    let mut series = Series::default();
    let taken = series.take(&prompt(0, Revision::Issue, Intensity::Seven), at(-3600));
    assert!(matches!(taken.timing, Timing::Ahead { minutes: 60 }));
    assert_eq!(taken.fate(), Fate::Act);
}

#[test]
fn a_telegram_that_says_it_was_held_up_counts_from_its_official_time() {
    let mut series = Series::default();
    let mut held = prompt(7200, Revision::Delayed, Intensity::Seven);
    held.issued = at(0);
    assert_eq!(take(&mut series, &held).fate(), Fate::Record);
}
