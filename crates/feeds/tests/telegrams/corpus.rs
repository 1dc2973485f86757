//! Every telegram of the corpus (`HIKYAKU_CORPUS`), against its manifest and its code tables.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use hikyaku_bulletin::{
    Bulletin, Detail, Hazard, IntensityReport, Kind, Phenomenon, Prefecture, Revision, Standing, WarningGrade,
};
use hikyaku_feeds::{Reject, local_areas, parse};

/// Where the corpus is. Says so and gives `None` where there is none: the tests that need it then pass without looking.
pub(crate) fn corpus() -> Option<PathBuf> {
    let folder = std::env::var_os("HIKYAKU_CORPUS").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("skipped: HIKYAKU_CORPUS does not name the corpus of telegrams");
    }
    folder
}

/// Rows of the manifest, by path: type, Status, InfoType, EventID, Serial, ReportDateTime.
fn manifest(corpus: &Path) -> HashMap<String, Vec<String>> {
    let text = std::fs::read_to_string(corpus.join("MANIFEST.tsv")).unwrap();
    let rows = text.lines().skip(1).map(|line| line.split('\t').map(str::to_owned).collect::<Vec<_>>());
    rows.map(|mut row| (row.remove(0), row)).collect()
}

/// Name, text and bulletin of each JMA telegram whose path in the corpus fits.
pub(crate) fn telegrams(corpus: &Path, fits: impl Fn(&str) -> bool) -> Vec<(String, String, Bulletin)> {
    let mut found = Vec::new();
    for folder in ["jma-real", "jma-samples", "eew-synthetic"] {
        for entry in std::fs::read_dir(corpus.join(folder)).unwrap() {
            let name = format!("{folder}/{}", entry.unwrap().file_name().to_string_lossy());
            if name.ends_with(".xml") && fits(&name) {
                let text = std::fs::read_to_string(corpus.join(&name)).unwrap();
                let bulletin = parse(text.as_bytes(), &name).unwrap_or_else(|reject| panic!("{name}: {reject}"));
                found.push((name, text, bulletin));
            }
        }
    }
    assert!(!found.is_empty(), "the corpus at {} has no such telegram", corpus.display());
    found
}

/// Whether a telegram type has a parser of its own.
fn is_listed(telegram: &str) -> bool {
    let types = [
        "VXSE42", "VXSE43", "VXSE44", "VXSE45", "VXSE51", "VXSE52", "VXSE53", "VXSE61", "VXSE62", "VYSE", "VTSE",
        "VFVO", "VPWW", "VPWP", "VPWS", "VPBS", "VPNO", "VXWW", "VPOA", "VPHW", "VXKO", "VPTW", "VPTI", "VPZJ", "VPCJ",
        "VPFJ", "VMCJ",
    ];
    types.iter().any(|it| telegram.starts_with(it))
}

fn is_quake(name: &str) -> bool {
    name.contains("_VXSE51") || name.contains("_VXSE53")
}

#[test]
fn every_telegram_of_the_corpus_is_a_bulletin_as_its_manifest_says() {
    let Some(corpus) = corpus() else { return };
    let manifest = manifest(&corpus);
    let mut silent = Vec::new();
    for (name, _, bulletin) in telegrams(&corpus, |_| true) {
        let row = &manifest[&name];
        // Samples whose notice says so are told apart behind the status: 通常（お知らせはテスト）.
        assert!(bulletin.standing.to_string().starts_with(row[1].as_str()), "{name}");
        assert_eq!(bulletin.revision.to_string(), row[2], "{name}");
        let keys: Vec<&str> = bulletin.series.iter().map(hikyaku_bulletin::SeriesKey::as_str).collect();
        let event_ids: Vec<&str> = row[3].split_whitespace().collect();
        assert_eq!(keys[..event_ids.len()], event_ids, "{name}");
        assert_eq!(bulletin.serial, row[4].parse().ok(), "{name}");
        assert_eq!(bulletin.issued, row[5].parse().unwrap(), "{name}");
        assert_eq!(bulletin.telegram.as_ref(), Some(&row[0]), "{name}");
        assert_eq!(bulletin.kind.hazard() == Hazard::Other, !is_listed(&row[0]), "{name} {}", bulletin.kind);
        if is_listed(&row[0]) {
            // A typhoon is told by its points, a forecast of a small quake by its hypocentre; a cancellation may tell nothing but itself.
            let has_points = matches!(&bulletin.detail, Some(Detail::Typhoon(it)) if !it.points.is_empty());
            let is_small = bulletin.kind == Kind::EarlyWarningForecast && bulletin.hypocentre.is_some();
            let tells = !bulletin.areas.is_empty() || !bulletin.text.is_empty() || has_points || is_small;
            silent.extend((!tells && bulletin.revision != Revision::Cancellation).then_some(name.clone()));
            let told = |it: &&String| {
                !["the body says", "Head/Serial", "has no TimeDefine"].iter().any(|known| it.contains(known))
            };
            assert_eq!(bulletin.remarks.iter().find(told), None, "{name}");
        }
    }
    assert_eq!(silent, [""; 0], "listed kinds with neither areas nor text");
}

#[test]
fn a_commentary_tells_its_main_text_in_its_old_form_and_in_that_of_2026() {
    let Some(corpus) = corpus() else { return };
    for (name, words) in
        [("07_04_02_200826_VPTI51", "マリアナ諸島"), ("85(82)_02_01_250630_VPFJ51", "平地も含めて大雪となる所がある")]
    {
        let (name, _, bulletin) = telegrams(&corpus, |it| it.contains(name)).remove(0);
        assert!(bulletin.text.contains(words), "{name}: {}", bulletin.text);
        assert_eq!(bulletin.text.matches(words).count(), 1, "{name}");
    }
}

#[test]
fn every_outlook_tells_its_municipalities_and_each_value_of_each_period() {
    let Some(corpus) = corpus() else { return };
    let outlooks = telegrams(&corpus, |it| it.contains("_VPWP50"));
    assert_eq!(outlooks.len(), 8);
    for (name, text, bulletin) in outlooks {
        let codes: Vec<&str> = bulletin.areas.iter().map(|it| it.area.code.as_str()).collect();
        let soya = [
            "0121400", "0151100", "0151200", "0151300", "0151400", "0151600", "0151700", "0151800", "0151900",
            "0152000",
        ];
        assert_eq!(codes, soya, "{name}");
        assert!(bulletin.areas.iter().all(|it| it.area.prefectures.len() == 1), "{name}");
        let Some(Detail::Outlook(expected)) = &bulletin.detail else { panic!("{name}: {:?}", bulletin.detail) };
        let hours: i64 = expected.iter().filter_map(|it| Some(it.ends?.duration_since(it.begins?).as_hours())).sum();
        assert_eq!(hours, hours_of_values(&text), "{name}");
        // One draft speaks of a third day that it does not define.
        let undefined = expected.iter().filter(|it| it.begins.is_none()).count();
        assert_eq!(undefined > 0, name.contains("81_01_02_241226"), "{name}");
        // The drafts are of a calm day.
        assert!(expected.iter().all(|it| it.grade == WarningGrade::None && it.level.is_none()), "{name}");
        assert!(expected.iter().all(|it| soya.contains(&it.area.as_str())), "{name}");
        let straits = expected.iter().filter(|it| it.part == "宗谷海峡" && it.phenomenon == Phenomenon::Storm);
        assert!(straits.count() > 0, "{name}");
        assert!(expected.iter().all(|it| it.phenomenon != Phenomenon::Other), "{name}");
        assert!(expected.iter().any(|it| (it.code.as_str(), it.name.as_str()) == ("11", "警戒レベル２未満")), "{name}");
    }
}

/// The hours that all values of an outlook cover together, counted in its text.
fn hours_of_values(text: &str) -> i64 {
    let between = |text: &str, begin: &str, end: &str| -> Vec<String> {
        let pieces = text.split(begin).skip(1).filter_map(|it| it.split(end).next());
        pieces.map(str::to_owned).collect()
    };
    let mut hours = 0;
    for series in text.split("<TimeSeriesInfo>").skip(1) {
        let numbers = between(series, "<TimeDefine timeId=\"", "\"");
        let lengths = between(series, "<Duration>PT", "H</Duration>");
        let length: HashMap<&str, i64> =
            numbers.iter().map(String::as_str).zip(lengths.iter().map(|it| it.parse().unwrap())).collect();
        hours += between(series, "<Significancy refID=\"", "\"")
            .iter()
            .filter_map(|it| length.get(it.as_str()))
            .sum::<i64>();
    }
    hours
}

#[test]
fn every_quake_telegram_is_understood_to_the_last_area() {
    let Some(corpus) = corpus() else { return };
    for (name, text, bulletin) in telegrams(&corpus, is_quake) {
        assert_eq!(bulletin.remarks, [""; 0], "{name}");
        let prompt = name.contains("_VXSE51");
        assert_eq!(bulletin.kind == Kind::IntensityPrompt, prompt, "{name}");
        assert_eq!(bulletin.areas.len(), text.matches("<Area>").count() - areas_elsewhere(&text), "{name}");
        assert!(bulletin.areas.iter().all(|it| it.area.prefectures.len() == 1), "{name}");
        // The first MaxInt of the text is the whole observation's.
        let stated = text.split("<MaxInt>").nth(1).and_then(|it| it.split('<').next());
        let stated = stated.map(|it| it.parse::<IntensityReport>().unwrap().floor());
        assert_eq!(bulletin.max_intensity().map(IntensityReport::floor), stated, "{name}");
        let cancelled = bulletin.revision == Revision::Cancellation;
        assert_eq!(bulletin.hypocentre.is_none(), prompt || cancelled, "{name}");
        assert_eq!(bulletin.occurred.is_none(), !prompt && cancelled, "{name}");
    }
}

/// Area elements that are no observed area: those of the headline and of the hypocentre.
fn areas_elsewhere(text: &str) -> usize {
    let body = text.find("<Body").unwrap();
    text[..body].matches("<Area>").count() + text[body..].matches("<Hypocenter>").count()
}

#[test]
fn official_places_that_have_not_reported_count_as_five_lower_at_least() {
    let Some(corpus) = corpus() else { return };
    let of = |name: &str| telegrams(&corpus, |it| it.contains(name)).remove(0).2;
    // 大蔵村 in 山形県最上 (241) is 未入電 while the rest of the area measured 5弱.
    let mogami = of("32-35_06_03_240613_VXSE53").intensity_at(&"241".parse().unwrap());
    assert_eq!(mogami, Some(IntensityReport::AtLeastFiveLowerUnreported));
}

#[test]
fn telegrams_of_training_and_of_tests_are_never_real() {
    let Some(corpus) = corpus() else { return };
    let mut drills = 0;
    for (name, text, bulletin) in telegrams(&corpus, |_| true) {
        let says_test = ["テストサンプル", "検討中の案", "この電文はサンプル"].iter().any(|it| text.contains(it));
        let usual = text.contains("<Status>通常</Status>") && !says_test;
        assert_eq!(bulletin.is_dispatchable_as_real(), usual, "{name}");
        drills += usize::from(bulletin.standing == Standing::Drill);
    }
    assert!(drills >= 19, "{drills}");
}

#[test]
fn a_training_variant_of_each_real_prompt_is_a_drill() {
    let Some(corpus) = corpus() else { return };
    for (name, text, bulletin) in telegrams(&corpus, |it| it.contains("_VXSE51")) {
        let drill = text.replace("<Status>通常<", "<Status>訓練<");
        let drill = parse(drill.as_bytes(), &name).unwrap();
        assert!(bulletin.is_dispatchable_as_real() && !drill.is_dispatchable_as_real(), "{name}");
    }
}

#[test]
fn iterated_prompts_have_no_serial_and_grow_in_the_order_of_their_publishing_times() {
    let Some(corpus) = corpus() else { return };
    let mut prompts = telegrams(&corpus, |it| it.contains("32-35_07_") && it.contains("_VXSE51"));
    prompts.sort_by_key(|it| it.2.published);
    assert!(prompts.len() >= 5 && prompts.iter().all(|it| it.2.serial.is_none()));
    assert!(prompts.windows(2).all(|pair| pair[0].2.areas.len() <= pair[1].2.areas.len()));
    assert!(prompts.windows(2).all(|pair| pair[0].2.series == pair[1].2.series));
}

#[test]
fn the_double_quake_is_two_series() {
    let Some(corpus) = corpus() else { return };
    let both = telegrams(&corpus, |it| it.contains("32-35_08_") && is_quake(it));
    let mut keys: Vec<_> = both.iter().flat_map(|it| it.2.series.clone()).collect();
    keys.sort();
    keys.dedup();
    let keys: Vec<_> = keys.iter().map(hikyaku_bulletin::SeriesKey::as_str).collect();
    assert_eq!(keys, ["20100705065511", "20100705065610"]);
}

#[test]
fn hostile_and_foreign_files_are_refused_with_the_reason() {
    let Some(corpus) = corpus() else { return };
    let refused = |name: &str| parse(&std::fs::read(corpus.join(name)).unwrap(), name).unwrap_err();
    let xxe = refused("cap/xee.cap");
    assert!(matches!(xxe, Reject::Dtd { place } if place.line == 3), "{xxe}");
    assert!(xxe.to_string().contains("DTD"), "{xxe}");
    // What is merely invalid is understood as far as it goes: an alarm does not hang on a formality.
    let invalid = parse(&std::fs::read(corpus.join("cap/invalid.cap")).unwrap(), "invalid.cap").unwrap();
    assert!(invalid.remarks.iter().any(|it| it.contains("scope")), "{:?}", invalid.remarks);
}

#[test]
fn our_area_table_agrees_with_the_published_codes() {
    let Some(corpus) = corpus() else { return };
    let read = |name: &str| -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(corpus.join("codes").join(name)).unwrap()).unwrap()
    };
    let published = read("seis_saibun.json");
    let names: HashMap<&str, &str> = published
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["code"].as_str().unwrap(), it["name"].as_str().unwrap()))
        .collect();
    assert_eq!(names.len(), local_areas().count());
    for area in local_areas() {
        assert_eq!(names[area.code.to_string().as_str()], area.name);
    }
    let cities = read("PointSeismicIntensity.json");
    for (code, city) in cities["cityToSaibun"].as_object().unwrap() {
        let area = hikyaku_feeds::local_area(city["seisSaibunCode"].as_str().unwrap()).unwrap();
        assert_eq!(area.prefecture(), Prefecture::from_code(code[..2].parse().unwrap()), "{code}");
    }
}

#[test]
fn every_station_that_a_telegram_of_the_corpus_names_is_counted() {
    let Some(corpus) = corpus() else { return };
    let mut counted = 0;
    for (name, text, bulletin) in telegrams(&corpus, |it| it.contains("_VXSE53") || it.contains("_VXSE62")) {
        let written = text.matches("<IntensityStation>").count();
        let told = match &bulletin.detail {
            Some(Detail::Stations(it)) => it.measured() + it.unreported(),
            _ => 0,
        };
        assert_eq!(usize::try_from(told).unwrap(), written, "{name}");
        counted += written;
    }
    assert!(counted > 10_000, "{counted}");
}
