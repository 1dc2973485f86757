//! Agreement with an independent reader: the crate `jmaxml`, made from JMA's own dictionary, field by field over the whole corpus.
//!
//! Its typed report is turned into JSON and walked by the names of JMA's elements, so that nothing of ours is used to read it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod measures;

use std::collections::BTreeSet;
use std::sync::OnceLock;

use hikyaku_bulletin::{Bulletin, Detail, IntensityReport, Kind, Severity, TsunamiGrade};
use hikyaku_feeds::parse;
use jiff::Timestamp;
use serde_json::Value;

/// Each telegram of the corpus that both read: name, bulletin, the other reader's report.
fn both() -> Option<&'static [(String, Bulletin, Value)]> {
    static BOTH: OnceLock<Option<Vec<(String, Bulletin, Value)>>> = OnceLock::new();
    BOTH.get_or_init(read_both).as_deref()
}

fn read_both() -> Option<Vec<(String, Bulletin, Value)>> {
    let Some(corpus) = std::env::var_os("HIKYAKU_CORPUS") else {
        eprintln!("skipped: HIKYAKU_CORPUS does not name the corpus of telegrams");
        return None;
    };
    let mut found = Vec::new();
    let mut unread = Vec::new();
    for folder in ["jma-real", "jma-samples", "eew-synthetic"] {
        for entry in std::fs::read_dir(std::path::Path::new(&corpus).join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let bulletin = parse(text.as_bytes(), &name).unwrap_or_else(|reject| panic!("{name}: {reject}"));
            match text.parse::<jmaxml::Report>() {
                Ok(report) => found.push((name, bulletin, serde_json::to_value(report).unwrap())),
                Err(error) => unread.push(format!("{name}: {error}")),
            }
        }
    }
    eprintln!("{} telegrams read by both, {} by us only: {unread:#?}", found.len(), unread.len());
    assert!(found.len() > 500, "the other reader knows most types: {unread:#?}");
    Some(found)
}

fn text<'a>(value: &'a Value, path: &[&str]) -> &'a str {
    path.iter().fold(value, |value, name| &value[name]).as_str().unwrap_or_default()
}

fn instant(value: &Value, path: &[&str]) -> Option<Timestamp> {
    text(value, path).parse().ok()
}

fn list<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value[name].as_array().into_iter().flatten()
}

/// Every object anywhere under a name, however deep.
fn anywhere<'a>(value: &'a Value, name: &str, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                if key == name {
                    match inner {
                        Value::Array(many) => found.extend(many),
                        one => found.push(one),
                    }
                }
                anywhere(inner, name, found);
            }
        }
        Value::Array(many) => many.iter().for_each(|inner| anywhere(inner, name, found)),
        _ => {}
    }
}

fn every<'a>(value: &'a Value, name: &str) -> Vec<&'a Value> {
    let mut found = Vec::new();
    anywhere(value, name, &mut found);
    found
}

fn lines(words: &str) -> String {
    words.split_whitespace().collect()
}

#[test]
fn both_readers_see_the_same_envelope() {
    let Some(all) = both() else { return };
    for (name, bulletin, report) in all {
        let (control, head) = (&report["control"], &report["head"]);
        assert_eq!(Some(bulletin.published), instant(control, &["dateTime"]), "{name}");
        // A notice that says it is a test makes a sample unreal; the status is told in front all the same.
        assert!(bulletin.standing.to_string().starts_with(text(control, &["status"])), "{name}");
        assert_eq!(bulletin.office, text(control, &["editorialOffice"]), "{name}");
        assert_eq!(Some(bulletin.issued), instant(head, &["reportDateTime"]), "{name}");
        assert_eq!(bulletin.valid_until, instant(head, &["validDateTime"]), "{name}");
        assert_eq!(bulletin.title, text(head, &["title"]), "{name}");
        assert_eq!(bulletin.revision.to_string(), text(head, &["infoType"]), "{name}");
        assert_eq!(bulletin.serial, text(head, &["serial"]).parse().ok(), "{name}");
        let events: Vec<&str> = text(head, &["eventID"]).split_whitespace().collect();
        let keys: Vec<&str> = bulletin.series.iter().map(hikyaku_bulletin::SeriesKey::as_str).collect();
        assert_eq!(keys[..events.len()], events, "{name}");
        assert_eq!(lines(&bulletin.headline), lines(text(head, &["headline", "text"])), "{name}");
    }
}

#[test]
fn both_readers_see_the_same_intensities_by_area() {
    let Some(all) = both() else { return };
    let mut compared = 0;
    for (name, bulletin, report) in all {
        let observations = every(&report["body"], "observation");
        let prefs = observations.iter().flat_map(|it| list(it, "prefs"));
        let theirs: BTreeSet<(String, String)> = prefs
            .flat_map(|pref| list(pref, "areas"))
            .filter(|area| !text(area, &["maxInt"]).is_empty())
            .map(|area| (text(area, &["code"]).to_owned(), text(area, &["maxInt"]).to_owned()))
            .collect();
        let ours: BTreeSet<(String, String)> = bulletin
            .areas
            .iter()
            .filter_map(|it| match it.intensity()? {
                IntensityReport::Measured(step) => Some((it.area.code.to_string(), step.code().to_owned())),
                // More than was measured, and said so: the other reader gives what was measured.
                IntensityReport::AtLeastFiveLowerUnreported => None,
            })
            .collect();
        let unreported: BTreeSet<&str> = bulletin
            .areas
            .iter()
            .filter(|it| it.intensity() == Some(IntensityReport::AtLeastFiveLowerUnreported))
            .map(|it| it.area.code.as_str())
            .collect();
        let theirs: BTreeSet<_> = theirs.into_iter().filter(|(code, _)| !unreported.contains(code.as_str())).collect();
        if bulletin.hazard() == hikyaku_bulletin::Hazard::Earthquake {
            assert_eq!(ours, theirs, "{name}");
            compared += ours.len();
        }
    }
    assert!(compared > 500, "{compared}");
}

#[test]
fn both_readers_see_the_same_earthquakes() {
    let Some(all) = both() else { return };
    let mut compared = 0;
    for (name, bulletin, report) in all {
        let earthquakes: Vec<&Value> = every(&report["body"], "earthquakes");
        let seismic = matches!(
            bulletin.hazard(),
            hikyaku_bulletin::Hazard::Earthquake
                | hikyaku_bulletin::Hazard::Tsunami
                | hikyaku_bulletin::Hazard::EarlyWarning
        );
        if !seismic || earthquakes.is_empty() {
            continue;
        }
        let ours: Vec<_> = bulletin.hypocentre.iter().chain(bulletin.further.iter().map(|it| &it.hypocentre)).collect();
        assert_eq!(ours.len(), earthquakes.len(), "{name}");
        for (quake, theirs) in ours.iter().zip(&earthquakes) {
            let area = &theirs["hypocenter"]["area"];
            assert_eq!(quake.name, text(area, &["name"]), "{name}");
            assert_eq!(quake.code.as_deref().unwrap_or_default(), text(area, &["code", "value"]), "{name}");
            let magnitude = list(theirs, "magnitudes").next().unwrap();
            let value = magnitude["value"].as_f64().or_else(|| text(magnitude, &["value"]).parse().ok());
            assert_eq!(quake.magnitude.value(), value.filter(|it| it.is_finite()), "{name} {magnitude}");
            compared += 1;
        }
        let origin = instant(earthquakes[0], &["originTime"]).or_else(|| instant(earthquakes[0], &["arrivalTime"]));
        assert_eq!(bulletin.occurred, origin, "{name}");
    }
    assert!(compared > 100, "{compared}");
}

#[test]
fn both_readers_see_the_same_expected_intensities() {
    let Some(all) = both() else { return };
    let mut compared = 0;
    for (name, bulletin, report) in all {
        let Some(Detail::EarlyWarning(warning)) = &bulletin.detail else { continue };
        let forecasts = every(&report["body"], "forecast");
        let prefs = forecasts.iter().flat_map(|it| list(it, "prefs"));
        let theirs: BTreeSet<(String, String)> = prefs
            .flat_map(|pref| list(pref, "areas"))
            .map(|area| {
                let range = ["from", "to"].map(|end| text(area, &["forecastInt", end]));
                (text(area, &["code"]).to_owned(), range.join("/"))
            })
            .collect();
        let step = |it: Option<hikyaku_bulletin::Intensity>| it.map(hikyaku_bulletin::Intensity::code);
        let ours: BTreeSet<(String, String)> = bulletin
            .areas
            .iter()
            .filter_map(|it| match &it.severity {
                Severity::Expected(range) => {
                    let to = if range.or_more { Some("over") } else { step(range.to) };
                    let [from, to] = [step(range.from), to].map(|it| it.unwrap_or("0"));
                    Some((it.area.code.to_string(), format!("{from}/{to}")))
                }
                _ => None,
            })
            .collect();
        let plain = |set: &BTreeSet<(String, String)>| -> BTreeSet<_> {
            set.iter().map(|(code, range)| (code.clone(), range.replace("不明", "0"))).collect()
        };
        let theirs = plain(&theirs);
        let (named, warned_only): (BTreeSet<_>, BTreeSet<_>) =
            plain(&ours).into_iter().partition(|(code, _)| theirs.iter().any(|(known, _)| known == code));
        assert_eq!(named, theirs, "{name}");
        // Areas that are still warned stand in the headline when the body has dropped them: for us they count as 震度４ or more.
        let headline = report["head"]["headline"].to_string();
        assert!(
            warned_only.iter().all(|(code, range)| headline.contains(code) && range == "4/over"),
            "{name} {warned_only:?}"
        );
        let last = every(&report["body"], "nextAdvisory").iter().any(|it| !it.as_str().unwrap_or_default().is_empty());
        assert_eq!(warning.last, last, "{name}");
        compared += 1;
    }
    assert!(compared > 60, "{compared}");
}

#[test]
fn both_readers_see_the_same_tsunami_grades_and_heights() {
    let Some(all) = both() else { return };
    let mut compared = 0;
    for (name, bulletin, report) in all {
        if bulletin.hazard() != hikyaku_bulletin::Hazard::Tsunami {
            continue;
        }
        let tsunami: Vec<&Value> = every(&report["body"], "tsunami");
        let theirs: Vec<&Value> = tsunami.iter().flat_map(|it| list(&it["forecast"], "items")).collect();
        let ours: Vec<_> = bulletin
            .areas
            .iter()
            .filter_map(|it| match &it.severity {
                Severity::Tsunami(report) if report.grade.is_some() => Some((it.area.code.as_str(), report)),
                _ => None,
            })
            .collect();
        assert_eq!(ours.len(), theirs.len(), "{name}");
        for ((code, ours), theirs) in ours.iter().zip(theirs) {
            assert_eq!(*code, text(theirs, &["area", "code"]), "{name}");
            let kind = &theirs["category"]["kind"];
            let grade = match text(kind, &["code"]) {
                "52" | "53" => TsunamiGrade::MajorWarning,
                "51" => TsunamiGrade::Warning,
                "62" => TsunamiGrade::Advisory,
                "71" | "72" | "73" => TsunamiGrade::Forecast,
                _ => TsunamiGrade::None,
            };
            assert_eq!(ours.grade, Some(grade), "{name}");
            assert_eq!(ours.arrival, instant(theirs, &["firstHeight", "arrivalTime"]), "{name}");
            compared += 1;
        }
    }
    assert!(compared > 100, "{compared}");
}

/// Pairs of area code and kind code, from items that carry kinds and areas.
fn pairs<'a>(items: impl Iterator<Item = &'a Value>) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for item in items {
        let kinds: Vec<&Value> = list(item, "kinds").chain(item.get("kind").filter(|it| it.is_object())).collect();
        let mut areas: Vec<&Value> = list(item, "areas").filter(|it| it.get("code").is_some()).collect();
        areas.extend(item.get("area").filter(|it| it.is_object()));
        areas.extend(list(&item["areas"], "areas"));
        for area in areas {
            for kind in &kinds {
                let code = area["code"].as_str().unwrap_or_else(|| text(area, &["code", "value"]));
                found.insert((code.to_owned(), text(kind, &["code"]).to_owned()));
            }
        }
    }
    found
}

#[test]
fn both_readers_see_the_same_volcanoes_and_their_codes() {
    let Some(all) = both() else { return };
    let mut compared = 0;
    for (name, bulletin, report) in all {
        let of_ours = |it: &hikyaku_bulletin::AreaReport| match &it.severity {
            Severity::Volcano(report) => Some((it.area.code.to_string(), report.code.clone())),
            _ => None,
        };
        let ours: BTreeSet<_> = bulletin.areas.iter().filter_map(of_ours).collect();
        if bulletin.hazard() == hikyaku_bulletin::Hazard::Volcano && !every(&report["body"], "volcanoInfos").is_empty()
        {
            let infos = every(&report["body"], "volcanoInfos");
            assert_eq!(ours, pairs(infos.iter().flat_map(|it| list(it, "items"))), "{name}");
            compared += ours.len();
        }
    }
    assert!(compared > 30, "{compared}");
}

#[test]
fn both_readers_see_the_same_warnings_by_place() {
    let Some(all) = both() else { return };
    let mut compared = 0;
    for (name, bulletin, report) in all {
        let listed = matches!(
            bulletin.kind,
            Kind::WeatherWarning
                | Kind::WeatherWarningR06
                | Kind::LandslideAlert
                | Kind::TornadoAdvisory
                | Kind::RecordRain
        );
        let warnings = every(&report["body"], "warnings");
        let theirs = pairs(warnings.iter().flat_map(|it| list(it, "items")));
        if !listed || theirs.is_empty() {
            continue;
        }
        let of_ours = |it: &hikyaku_bulletin::AreaReport| match &it.severity {
            Severity::Warning(report) => Some((it.area.code.to_string(), report.code.clone())),
            _ => None,
        };
        let ours: BTreeSet<_> = bulletin.areas.iter().filter_map(of_ours).collect();
        assert_eq!(ours, theirs, "{name}");
        compared += ours.len();
    }
    assert!(compared > 1000, "{compared}");
}

#[test]
fn both_readers_see_the_same_typhoons() {
    let Some(all) = both() else { return };
    let mut compared = 0;
    for (name, bulletin, report) in all {
        let Some(Detail::Typhoon(typhoon)) = &bulletin.detail else { continue };
        let body = &report["body"];
        let names = every(body, "typhoonNamePart");
        let first = names.first().copied().unwrap_or(&Value::Null);
        assert_eq!(
            (typhoon.number.as_str(), typhoon.name.as_str()),
            (text(first, &["number"]), text(first, &["name"])),
            "{name}"
        );
        let infos: Vec<&Value> = every(body, "meteorologicalInfos")
            .into_iter()
            .filter(|it| text(it, &["type"]) == "台風情報")
            .flat_map(|it| list(it, "meteorologicalInfos").collect::<Vec<_>>())
            .collect();
        assert_eq!(typhoon.points.len(), infos.len(), "{name}");
        for (point, info) in typhoon.points.iter().zip(infos) {
            assert_eq!(Some(point.at), instant(info, &["dateTime", "value"]), "{name}");
            compared += 1;
        }
    }
    assert!(compared > 100, "{compared}");
}
