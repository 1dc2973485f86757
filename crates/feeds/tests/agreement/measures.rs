//! Agreement on what is measured: positions, depths, heights, classes, levels of rivers, winds.

use std::collections::BTreeSet;

use hikyaku_bulletin::{AreaScheme, Detail, Hypocentre, Kind, Position, Severity, TsunamiGrade, TsunamiReport};
use serde_json::Value;

use super::{both, every, instant, list, text};

/// The numbers in official words, whose digits are wide: `北緯３４度４７．１分　東経１３８度２９．９分　深さ　２３ｋｍ`.
fn numbers(words: &str) -> Vec<f64> {
    let narrow = |it: char| match it {
        '０'..='９' => char::from_digit(u32::from(it) - u32::from('０'), 10).unwrap(),
        '．' => '.',
        other => other,
    };
    let narrow: String = words.chars().map(narrow).collect();
    narrow.split(|it: char| !it.is_ascii_digit() && it != '.').filter_map(|it| it.parse().ok()).collect()
}

/// Latitude, longitude and depth as the official words tell them, which are no part of what we read.
fn told(words: &str) -> Option<(f64, f64, Option<i64>)> {
    let (latitude, longitude, rest) = match numbers(words)[..] {
        [a, b, c, d, ref rest @ ..] if words.contains('分') => (a + b / 60.0, c + d / 60.0, rest.first().copied()),
        [a, b, ref rest @ ..] => (a, b, rest.first().copied()),
        _ => return None,
    };
    let sign = |back: &str| if words.contains(back) { -1.0 } else { 1.0 };
    #[expect(clippy::cast_possible_truncation, reason = "kilometres of depth")]
    let depth = if words.contains("ごく浅い") { Some(0) } else { rest.map(|it| it as i64) };
    Some((latitude * sign("南緯"), longitude * sign("西経"), depth))
}

fn near(position: Position, latitude: f64, longitude: f64) -> bool {
    (position.latitude() - latitude).abs() < 0.01 && (position.longitude() - longitude).abs() < 0.01
}

#[test]
fn both_readers_see_the_same_positions_and_depths_of_earthquakes() {
    let Some(all) = both() else { return };
    let mut compared = 0;
    for (name, bulletin, report) in all {
        let ours: Vec<&Hypocentre> =
            bulletin.hypocentre.iter().chain(bulletin.further.iter().map(|it| &it.hypocentre)).collect();
        for (ours, theirs) in ours.iter().zip(every(&report["body"], "earthquakes")) {
            let coordinates: Vec<&Value> = list(&theirs["hypocenter"]["area"], "coordinates").collect();
            // In degrees and minutes where they stand so, which is the more precise.
            let precise = coordinates.iter().find(|it| text(it, &["type"]).contains("度分"));
            let words = precise.or(coordinates.first()).map(|it| text(it, &["description"])).unwrap_or_default();
            let Some((latitude, longitude, depth)) = told(words) else {
                assert_eq!(ours.position, None, "{name} 「{words}」");
                continue;
            };
            assert!(near(ours.position.unwrap(), latitude, longitude), "{name} {ours:?} 「{words}」");
            assert_eq!(ours.depth_km.map(i64::from), depth, "{name} 「{words}」");
            compared += 1;
        }
    }
    assert!(compared > 150, "{compared}");
}

fn tsunami(severity: &Severity) -> Option<&TsunamiReport> {
    match severity {
        Severity::Tsunami(report) => Some(report),
        _ => None,
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "metres of a wave")]
fn centimetres(theirs: &Value) -> Option<u32> {
    theirs["maxHeight"]["tsunamiHeight"]["value"].as_f64().map(|it| (it * 100.0).round() as u32)
}

#[test]
fn both_readers_see_the_same_heights_and_arrivals_at_coasts_and_stations() {
    let Some(all) = both() else { return };
    let (mut coasts, mut stations) = (0, 0);
    for (name, bulletin, report) in all {
        let parts = every(&report["body"], "tsunami");
        let items = |part: &'static str| parts.iter().flat_map(move |it| list(&it[part], "items"));
        let theirs: Vec<&Value> = items("forecast").chain(items("estimation")).collect();
        let measured: Vec<&Value> = items("observation").flat_map(|it| list(it, "stations")).collect();
        let reports = || bulletin.areas.iter().filter_map(|it| Some((&it.area, tsunami(&it.severity)?)));
        for (of_ours, theirs, count) in [(false, theirs, &mut coasts), (true, measured, &mut stations)] {
            if theirs.is_empty() {
                continue;
            }
            let ours: Vec<_> = reports().filter(|(area, _)| (area.scheme == AreaScheme::Station) == of_ours).collect();
            assert_eq!(ours.len(), theirs.len(), "{name}");
            for ((area, ours), theirs) in ours.iter().zip(theirs) {
                let code = theirs["area"]["code"].as_str().unwrap_or_else(|| text(theirs, &["code"]));
                assert_eq!(area.code.as_str(), code, "{name}");
                let height = ours.height.as_ref();
                assert_eq!(height.and_then(|it| it.centimetres), centimetres(theirs), "{name} {theirs}");
                let words = text(theirs, &["maxHeight", "tsunamiHeight", "description"]).trim();
                assert!(words.is_empty() || height.is_some_and(|it| it.words == words), "{name} {theirs}");
                assert_eq!(ours.arrival, instant(theirs, &["firstHeight", "arrivalTime"]), "{name}");
                assert_eq!(ours.arrival_words, text(theirs, &["firstHeight", "condition"]), "{name}");
                *count += 1;
            }
        }
    }
    assert!(coasts > 300 && stations > 300, "{coasts} {stations}");
}

#[test]
fn both_readers_see_the_same_long_period_classes_by_area() {
    let Some(all) = both() else { return };
    let mut compared = 0;
    for (name, bulletin, report) in all.iter().filter(|(_, bulletin, _)| bulletin.kind == Kind::LongPeriod) {
        let prefs = every(&report["body"], "observation").into_iter().flat_map(|it| list(it, "prefs"));
        let theirs: BTreeSet<(&str, &str)> = prefs
            .flat_map(|pref| list(pref, "areas"))
            .map(|area| (text(area, &["code"]), text(area, &["maxLgInt"])))
            .filter(|(_, class)| !class.is_empty())
            .collect();
        let class = |it: &Severity| match it {
            Severity::LongPeriod(class) => Some(class.number().to_string()),
            _ => None,
        };
        let ours: Vec<(&str, String)> =
            bulletin.areas.iter().filter_map(|it| Some((it.area.code.as_str(), class(&it.severity)?))).collect();
        assert_eq!(ours.iter().map(|(code, it)| (*code, it.as_str())).collect::<BTreeSet<_>>(), theirs, "{name}");
        compared += ours.len();
    }
    assert!(compared >= 5, "{compared}");
}

#[test]
fn both_readers_see_the_same_levels_of_rivers() {
    let Some(all) = both() else { return };
    let mut compared = 0;
    for (name, bulletin, report) in all.iter().filter(|(_, bulletin, _)| bulletin.kind == Kind::FloodForecast) {
        let is_river = |it: &&Value| ["（予報区域）", "（河川）"].iter().any(|end| text(it, &["type"]).ends_with(end));
        let lists = list(&report["head"]["headline"], "informations").filter(is_river);
        let theirs: BTreeSet<(&str, &str, &str)> = lists
            .flat_map(|it| list(it, "items"))
            .flat_map(|item| {
                let kind = list(item, "kinds").next().unwrap();
                let areas = list(&item["areas"], "areas").map(|it| text(it, &["code"]));
                areas.map(move |area| (area, text(kind, &["code"]), text(kind, &["name"])))
            })
            .collect();
        let ours = bulletin.areas.iter().filter_map(|it| match &it.severity {
            Severity::Warning(report) => Some((it.area.code.as_str(), report.code.as_str(), report.name.as_str())),
            _ => None,
        });
        assert_eq!(ours.collect::<BTreeSet<_>>(), theirs, "{name}");
        compared += theirs.len();
    }
    assert!(compared > 15, "{compared}");
}

#[test]
fn both_readers_see_the_same_keyword_of_great_earthquakes() {
    let Some(all) = both() else { return };
    let mut compared = 0;
    for (name, bulletin, report) in all {
        let Some(Detail::GreatQuake(ours)) = &bulletin.detail else { continue };
        let information = &report["body"]["earthquakeInfo"];
        assert_eq!(ours.code, text(information, &["infoSerial", "code"]), "{name}");
        let keyword = text(information, &["infoSerial", "name"]);
        let keyword = if keyword.is_empty() { text(information, &["infoKind"]) } else { keyword };
        assert_eq!(ours.keyword, keyword, "{name}");
        compared += 1;
    }
    assert!(compared > 8, "{compared}");
}

#[test]
fn both_readers_see_the_same_centres_pressures_and_winds_of_typhoons() {
    let Some(all) = both() else { return };
    let mut compared = 0;
    for (name, bulletin, report) in all {
        let Some(Detail::Typhoon(typhoon)) = &bulletin.detail else { continue };
        let lists = every(&report["body"], "meteorologicalInfos").into_iter();
        let infos = lists.filter(|it| text(it, &["type"]) == "台風情報").flat_map(|it| list(it, "meteorologicalInfos"));
        for (ours, theirs) in typhoon.points.iter().zip(infos) {
            let centres = every(theirs, "centerPart");
            let centre = centres.first().copied().unwrap_or(&Value::Null);
            let coordinate = list(centre, "coordinates").find(|it| text(it, &["type"]) == "中心位置（度）");
            // The words of one official sample contradict its own numbers. All typhoons are north and east of zero.
            let degrees = coordinate.map(|it| numbers(text(it, &["value"])));
            if let Some(&[latitude, longitude]) = degrees.as_deref() {
                assert!(near(ours.position.unwrap(), latitude, longitude), "{name} {ours:?} {coordinate:?}");
                compared += 1;
            }
            let pressure = centre["pressure"]["value"].as_f64();
            assert_eq!(ours.pressure_hpa.map(f64::from), pressure, "{name}");
            let wind = |what: &str| {
                let winds = every(theirs, "windPart").into_iter().flat_map(|it| list(it, "windSpeeds"));
                let mut fitting = winds.filter(|it| text(it, &["type"]) == what && text(it, &["unit"]) == "m/s");
                fitting.find_map(|it| it["value"].as_f64())
            };
            assert_eq!(ours.wind_ms.map(f64::from), wind("最大風速"), "{name}");
            assert_eq!(ours.gust_ms.map(f64::from), wind("最大瞬間風速"), "{name}");
        }
    }
    assert!(compared > 50, "{compared}");
}

#[test]
fn both_readers_see_the_same_tsunami_grades_before() {
    let Some(all) = both() else { return };
    let mut compared = 0;
    for (name, bulletin, report) in all.iter().filter(|(_, it, _)| it.hazard() == hikyaku_bulletin::Hazard::Tsunami) {
        let items = every(&report["body"], "tsunami").into_iter().flat_map(|it| list(&it["forecast"], "items"));
        let theirs: Vec<_> = items
            .map(|item| {
                let last = match text(item, &["category", "lastKind", "code"]) {
                    "52" | "53" => Some(TsunamiGrade::MajorWarning),
                    "51" => Some(TsunamiGrade::Warning),
                    "62" => Some(TsunamiGrade::Advisory),
                    "71" | "72" | "73" => Some(TsunamiGrade::Forecast),
                    "00" | "50" | "60" => Some(TsunamiGrade::None),
                    "" => None,
                    other => panic!("{name}: {other}"),
                };
                let code = text(item, &["category", "kind", "code"]);
                let is_lifted = matches!(code, "50" | "60" | "72" | "73");
                (text(item, &["area", "code"]), last, is_lifted)
            })
            .collect();
        let ours = bulletin.areas.iter().filter_map(|it| match &it.severity {
            Severity::Tsunami(report) if report.grade.is_some() => {
                Some((it.area.code.as_str(), report.before, report.lifted))
            }
            _ => None,
        });
        assert_eq!(ours.collect::<Vec<_>>(), theirs, "{name}");
        compared += theirs.iter().filter(|it| it.1.is_some()).count();
    }
    assert!(compared > 100, "{compared}");
}

#[test]
fn both_readers_see_the_same_early_warnings_as_warned() {
    let Some(all) = both() else { return };
    let (mut warned, mut forecast) = (0, 0);
    for (name, bulletin, report) in all {
        let Some(Detail::EarlyWarning(ours)) = &bulletin.detail else { continue };
        let of_title = text(&report["control"], &["title"]).contains("（警報）");
        let headline = list(&report["head"]["headline"], "informations").flat_map(|it| list(it, "items"));
        let of_headline = headline.flat_map(|it| list(it, "kinds")).any(|it| text(it, &["code"]) == "31");
        let areas = every(&report["body"], "forecast").into_iter().flat_map(|it| list(it, "prefs"));
        let codes = areas.flat_map(|it| list(it, "areas")).map(|it| text(it, &["category", "kind", "code"]));
        let of_areas = codes.into_iter().any(|code| matches!(code, "10" | "11" | "19"));
        assert_eq!(ours.warned, of_title || of_headline || of_areas, "{name}");
        if ours.warned { warned += 1 } else { forecast += 1 }
    }
    assert!(warned > 30 && forecast > 5, "{warned} {forecast}");
}
