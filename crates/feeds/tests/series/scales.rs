//! Words on one place that are of different scales, several in one telegram, or a digest of others.

use hikyaku_bulletin::{
    Area, AreaReport, AreaScheme, Bulletin, Kind, Revision, SeriesKey, Severity, SourceId, Standing, TsunamiGrade,
    TsunamiReport, VolcanoChange, VolcanoReport, WaterHeight,
};
use hikyaku_feeds::{Fate, Series, Step, Taken};
use jiff::SignedDuration;

fn bulletin(kind: Kind, minute: i64, key: SeriesKey, severities: Vec<(AreaScheme, &str, Severity)>) -> Bulletin {
    let published = "2026-06-02T18:00:00Z".parse::<jiff::Timestamp>().unwrap() + SignedDuration::from_mins(minute);
    let source = SourceId::new(format!("{kind} {minute}"));
    let mut bulletin = Bulletin::new(source, kind, Standing::Real, Revision::Issue, published);
    bulletin.series.push(key);
    let report = |(scheme, code, severity)| AreaReport { area: Area::new(scheme, code, "某所", None), severity };
    bulletin.areas = severities.into_iter().map(report).collect();
    bulletin
}

fn take(series: &mut Series, bulletin: &Bulletin) -> Taken {
    series.take(bulletin, bulletin.published + SignedDuration::from_secs(20))
}

/// A telegram of a volcano about one village, by codes.
fn volcano(kind: Kind, minute: i64, codes: &[&str]) -> Bulletin {
    let report = |code: &&str| {
        let level = VolcanoReport::level_of_code(code);
        let (name, code, change) = ("名".to_owned(), (*code).to_owned(), VolcanoChange::Issued);
        (AreaScheme::City, "1042500", Severity::Volcano(VolcanoReport { level, change, name, code }))
    };
    bulletin(kind, minute, SeriesKey::Volcano("306".into()), codes.iter().map(report).collect())
}

#[test]
fn a_forecast_of_ash_makes_no_lowered_level_look_like_a_rise_and_hides_no_more_ash() {
    let mut series = Series::default();
    take(&mut series, &volcano(Kind::VolcanoWarning, 0, &["13"]));
    take(&mut series, &volcano(Kind::Ashfall, 5, &["71"]));
    let lowered = take(&mut series, &volcano(Kind::VolcanoWarning, 10, &["12"]));
    assert_eq!((lowered.step, lowered.worse_at.len()), (Step::Changed, 0));
    let more = take(&mut series, &volcano(Kind::Ashfall, 15, &["73"]));
    assert_eq!((more.step, more.worse_at.len()), (Step::Worse, 1));
}

#[test]
fn a_telegram_that_says_several_things_of_a_place_is_not_worse_when_it_says_them_again() {
    let mut series = Series::default();
    take(&mut series, &volcano(Kind::Ashfall, 0, &["71", "72"]));
    assert_eq!(take(&mut series, &volcano(Kind::Ashfall, 5, &["71", "72"])).step, Step::Unchanged);
    assert_eq!(take(&mut series, &volcano(Kind::Ashfall, 10, &["71", "73"])).step, Step::Worse);
}

#[test]
fn an_estimate_from_the_open_sea_makes_no_unchanged_tsunami_warning_look_like_a_rise() {
    let coast = |kind, minute, grade, metres: u32| {
        let height = Some(WaterHeight { centimetres: Some(metres * 100), words: format!("{metres}m") });
        let (arrival, arrival_words) = (None, String::new());
        let report =
            TsunamiReport { grade, before: None, lifted: false, arrival, arrival_words, height, measured: false };
        let key = SeriesKey::Event("20260603030105".into());
        bulletin(kind, minute, key, vec![(AreaScheme::Tsunami, "310", Severity::Tsunami(report))])
    };
    let mut series = Series::default();
    let warned = Some(TsunamiGrade::Warning);
    take(&mut series, &coast(Kind::TsunamiWarning, 0, warned, 3));
    take(&mut series, &coast(Kind::TsunamiOffshore, 5, None, 3));
    assert_eq!(take(&mut series, &coast(Kind::TsunamiInformation, 6, warned, 3)).step, Step::Changed);
    assert_eq!(take(&mut series, &coast(Kind::TsunamiOffshore, 9, None, 5)).step, Step::Worse, "more water");
    let major = Some(TsunamiGrade::MajorWarning);
    assert_eq!(take(&mut series, &coast(Kind::TsunamiWarning, 10, major, 5)).step, Step::Worse);
}

#[test]
fn a_digest_of_all_offices_is_told_to_nobody_and_is_no_part_of_the_state() {
    let key = SeriesKey::Warnings("320000".into());
    let places = vec![(AreaScheme::Weather, "320000", Severity::Named)];
    let mut series = Series::default();
    let digest = bulletin(Kind::WeatherWarningDigest, 5, key.clone(), places.clone());
    let taken = take(&mut series, &digest);
    assert_eq!((taken.step, taken.fate(), taken.is_kept()), (Step::Digest, Fate::Record, false));
    assert_eq!(series.present(digest.published).count(), 0);
    let office = bulletin(Kind::WeatherWarningR06, 0, key, places);
    assert_eq!(take(&mut series, &office).fate(), Fate::Act, "the office's own word counts, also when it comes later");
    assert_eq!(take(&mut series, &digest).step, Step::Repeated);
}
