//! Warnings of one office: outages, wrong dates, events beside each other, and what ends by itself.

use hikyaku_bulletin::{
    Area, AreaReport, AreaScheme, Bulletin, Kind, Phenomenon, Revision, SeriesKey, Severity, SourceId, Standing,
    WarningChange, WarningGrade, WarningReport,
};
use hikyaku_feeds::{Fate, Series, Step, Taken, Timing};
use jiff::{SignedDuration, Timestamp};

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A warning of one place of 島根県, published at an instant.
fn warning(kind: Kind, published: &str, (place, phenomenon): (&str, Phenomenon), grade: WarningGrade) -> Bulletin {
    let source = SourceId::new(format!("{kind} {published} {place}"));
    let mut bulletin = Bulletin::new(source, kind, Standing::Real, Revision::Issue, instant(published));
    bulletin.series.push(SeriesKey::Warnings("320000".into()));
    let change = WarningChange::Issued;
    let report = WarningReport { phenomenon, grade, level: None, change, name: "名".into(), code: "1".into() };
    bulletin.areas.push(AreaReport {
        area: Area::new(AreaScheme::Weather, place, "某市", None),
        severity: Severity::Warning(report),
    });
    bulletin
}

fn landslide(published: &str, grade: WarningGrade) -> Bulletin {
    warning(Kind::WeatherWarningR06, published, ("320100", Phenomenon::Landslide), grade)
}

/// A telegram about record rain at a place, of an event.
fn record_rain(kind: Kind, published: &str, place: &str, event: &str) -> Bulletin {
    let mut bulletin = warning(kind, published, (place, Phenomenon::RecordRain), WarningGrade::Danger);
    for id in [format!("{event}_{published}"), event.to_owned()] {
        bulletin.series.insert(0, SeriesKey::Event(id));
    }
    bulletin
}

fn take(series: &mut Series, bulletin: &Bulletin) -> Taken {
    series.take(bulletin, bulletin.published + SignedDuration::from_secs(20))
}

#[test]
fn after_an_outage_a_further_issue_of_what_nobody_was_told_of_in_time_is_told() {
    let mut series = Series::default();
    let now = instant("2026-06-02T18:05:20Z");
    let missed = landslide("2026-06-02T17:00:00Z", WarningGrade::Warning);
    let further = landslide("2026-06-02T18:05:00Z", WarningGrade::Warning);
    assert_eq!(series.take(&missed, now).fate(), Fate::Record);
    let taken = series.take(&further, now);
    assert_eq!((taken.step, taken.fate(), taken.worse_at.len()), (Step::First, Fate::Act, 1));
    let again = take(&mut series, &landslide("2026-06-02T18:15:00Z", WarningGrade::Warning));
    assert_eq!((again.step, again.fate()), (Step::Unchanged, Fate::Record), "now they know");
}

#[test]
fn what_grew_worse_during_an_outage_is_worse_than_what_people_were_told() {
    let mut series = Series::default();
    take(&mut series, &landslide("2026-06-02T16:00:00Z", WarningGrade::Warning));
    let now = instant("2026-06-02T18:05:20Z");
    let missed = series.take(&landslide("2026-06-02T17:00:00Z", WarningGrade::Danger), now);
    assert_eq!((missed.step, missed.fate()), (Step::Worse, Fate::Record));
    let further = series.take(&landslide("2026-06-02T18:05:00Z", WarningGrade::Danger), now);
    assert_eq!((further.step, further.fate()), (Step::Worse, Fate::Act));
}

#[test]
fn the_old_family_is_not_covered_by_what_the_new_one_said_too_late_to_be_told() {
    let mut series = Series::default();
    let now = instant("2026-06-02T18:05:20Z");
    series.take(&landslide("2026-06-02T17:00:00Z", WarningGrade::Warning), now);
    let old =
        warning(Kind::LandslideAlert, "2026-06-02T18:05:00Z", ("320100", Phenomenon::Landslide), WarningGrade::Warning);
    assert_eq!(series.take(&old, now).fate(), Fate::Act);
}

#[test]
fn a_lifting_that_came_too_late_to_be_told_is_told_when_it_is_said_again() {
    let mut series = Series::default();
    take(&mut series, &landslide("2026-06-02T16:00:00Z", WarningGrade::Warning));
    let lifted = |published| {
        let mut bulletin = landslide(published, WarningGrade::None);
        let Severity::Warning(report) = &mut bulletin.areas[0].severity else { panic!() };
        report.change = WarningChange::Lifted;
        bulletin
    };
    let now = instant("2026-06-02T18:05:20Z");
    assert_eq!(series.take(&lifted("2026-06-02T17:00:00Z"), now).fate(), Fate::Record);
    assert_eq!(series.take(&lifted("2026-06-02T18:05:00Z"), now).step, Step::Lifted);
    assert_eq!(take(&mut series, &lifted("2026-06-02T18:15:00Z")).step, Step::Quiet);
}

#[test]
fn a_telegram_dated_a_year_ahead_stands_in_the_way_of_no_true_one() {
    let mut series = Series::default();
    let now = instant("2026-06-02T18:00:20Z");
    let wrong = series.take(&landslide("2027-06-02T18:00:00Z", WarningGrade::Warning), now);
    assert!(matches!(wrong.timing, Timing::Ahead { .. }) && wrong.fate() == Fate::Act);
    let earlier = series.take(&landslide("2026-06-02T17:59:00Z", WarningGrade::Danger), now);
    assert_eq!((earlier.step, earlier.fate()), (Step::Worse, Fate::Act));
    let gravest = take(&mut series, &landslide("2026-06-02T18:10:00Z", WarningGrade::Emergency));
    assert_eq!((gravest.step, gravest.fate()), (Step::Worse, Fate::Act));
    let out_of_turn =
        series.take(&landslide("2026-06-02T18:09:00Z", WarningGrade::Danger), instant("2026-06-02T18:11:00Z"));
    assert_eq!(out_of_turn.step, Step::Outdated, "among true dates the order holds");
}

#[test]
fn the_order_holds_among_telegrams_that_a_slow_clock_of_ours_finds_ahead() {
    let mut series = Series::default();
    let now = instant("2026-06-02T16:00:00Z");
    series.take(&landslide("2026-06-02T18:10:00Z", WarningGrade::Danger), now);
    assert_eq!(series.take(&landslide("2026-06-02T18:00:00Z", WarningGrade::Warning), now).step, Step::Outdated);
}

#[test]
fn two_events_of_one_office_neither_outdate_nor_cover_each_other() {
    for kind in [Kind::RecordRain, Kind::WeatherPrompt] {
        let mut series = Series::default();
        let late = record_rain(kind.clone(), "2026-06-08T18:05:00Z", "3220100", "JPSP202606090305");
        let early = record_rain(kind.clone(), "2026-06-08T18:04:00Z", "3220200", "JPSP202606090304");
        let same_place = record_rain(kind.clone(), "2026-06-08T18:40:00Z", "3220100", "JPSP202606090340");
        let issues =
            [&late, &early, &same_place].map(|it| series.take(it, it.published + SignedDuration::from_mins(2)));
        assert_eq!(issues.map(|it| (it.step, it.fate())), [(Step::First, Fate::Act); 3], "{kind}");
        let further = record_rain(kind.clone(), "2026-06-08T18:50:00Z", "3220100", "JPSP202606090340");
        assert_eq!(take(&mut series, &further).step, Step::Unchanged, "a further issue of one event is no other");
    }
}

#[test]
fn the_two_families_words_of_one_record_rain_are_told_once() {
    let mut series = Series::default();
    let old = record_rain(Kind::RecordRain, "2026-06-08T18:04:00Z", "3220100", "JPSP202606090304");
    let new = record_rain(Kind::WeatherPrompt, "2026-06-08T18:05:00Z", "3220100", "JPSB202606090305");
    assert_eq!(take(&mut series, &old).step, Step::First);
    assert_eq!(take(&mut series, &new).fate(), Fate::Record);
}

#[test]
fn record_rain_ends_by_itself_and_other_warnings_of_the_office_do_not_cover_it() {
    let mut series = Series::default();
    let rain = |published, event| record_rain(Kind::RecordRain, published, "3220100", event);
    assert_eq!(take(&mut series, &rain("2026-06-01T18:00:00Z", "JPSP202606020300")).step, Step::First);
    assert!(series.present(instant("2026-06-01T20:59:00Z")).next().is_some());
    assert!(series.present(instant("2026-06-01T21:00:00Z")).next().is_none(), "after three hours");
    let heavy = warning(
        Kind::WeatherWarningR06,
        "2026-06-08T17:00:00Z",
        ("320100", Phenomenon::HeavyRain),
        WarningGrade::Warning,
    );
    take(&mut series, &heavy);
    let anew = take(&mut series, &rain("2026-06-08T18:00:00Z", "JPSP202606090300"));
    assert_eq!((anew.step, anew.fate()), (Step::Worse, Fate::Act));
}

#[test]
fn a_tornado_advisory_whose_time_is_over_is_news_when_it_is_issued_anew() {
    let mut series = Series::default();
    let advisory = |published: &str, until: &str| {
        let place = ("320100", Phenomenon::Tornado);
        let mut bulletin = warning(Kind::TornadoAdvisory, published, place, WarningGrade::Advisory);
        bulletin.valid_until = Some(instant(until));
        bulletin
    };
    take(&mut series, &advisory("2026-06-08T18:00:00Z", "2026-06-08T19:10:00Z"));
    assert_eq!(take(&mut series, &advisory("2026-06-08T18:30:00Z", "2026-06-08T19:40:00Z")).step, Step::Unchanged);
    assert_eq!(take(&mut series, &advisory("2026-06-08T21:00:00Z", "2026-06-08T22:10:00Z")).step, Step::First);
}

#[test]
fn a_jump_of_the_clock_forgets_nothing_and_time_that_passes_does() {
    let lifted = |published| {
        let mut bulletin = landslide(published, WarningGrade::None);
        let Severity::Warning(report) = &mut bulletin.areas[0].severity else { panic!() };
        report.change = WarningChange::Lifted;
        bulletin
    };
    let warned = landslide("2026-06-02T18:00:00Z", WarningGrade::Danger);
    let other = |hour: i64, now: Timestamp| {
        let published = now + SignedDuration::from_hours(hour);
        let mut bulletin = landslide(&published.to_string(), WarningGrade::Advisory);
        bulletin.source = SourceId::new(format!("other {published}"));
        bulletin.series = vec![SeriesKey::Event(published.to_string())];
        (bulletin, published)
    };
    let mut series = Series::default();
    take(&mut series, &warned);
    let jumped = warned.published + SignedDuration::from_hours(500 * 24);
    for hour in 0..3 {
        let (bulletin, now) = other(hour, jumped);
        series.take(&bulletin, now);
    }
    assert_eq!(series.take(&warned, warned.published).step, Step::Repeated);
    assert_eq!(take(&mut series, &lifted("2026-06-02T20:00:00Z")).step, Step::Lifted);
    let (event, now) = other(0, warned.published);
    assert!(!series.knows(&event.source));
    series.take(&event, now);
    for hour in 1..=11 * 24 {
        let (bulletin, now) = other(hour, warned.published);
        series.take(&bulletin, now);
    }
    assert!(!series.knows(&event.source), "after ten days hour by hour");
}
