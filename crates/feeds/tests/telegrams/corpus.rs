//! Every telegram of the corpus (`HIKYAKU_CORPUS`), against its manifest and its code tables.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use hikyaku_bulletin::{Bulletin, Hazard, IntensityReport, Kind, Prefecture, Revision, Standing};
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
    for (name, _, bulletin) in telegrams(&corpus, |_| true) {
        let row = &manifest[&name];
        assert_eq!(bulletin.standing.to_string(), row[1], "{name}");
        assert_eq!(bulletin.revision.to_string(), row[2], "{name}");
        let keys: Vec<&str> = bulletin.series.iter().map(hikyaku_bulletin::SeriesKey::as_str).collect();
        let event_ids: Vec<&str> = row[3].split_whitespace().collect();
        assert_eq!(keys[..event_ids.len()], event_ids, "{name}");
        assert_eq!(bulletin.serial, row[4].parse().ok(), "{name}");
        assert_eq!(bulletin.issued, row[5].parse().unwrap(), "{name}");
        assert_eq!(bulletin.telegram.as_ref(), Some(&row[0]), "{name}");
        assert_eq!(bulletin.kind.hazard() == Hazard::Other, !is_listed(&row[0]), "{name} {}", bulletin.kind);
        if is_listed(&row[0]) {
            let told = |it: &&String| !it.contains("テスト") && !it.contains("Head/Serial");
            assert_eq!(bulletin.remarks.iter().find(told), None, "{name}");
        }
    }
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
        let usual = text.contains("<Status>通常</Status>");
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
