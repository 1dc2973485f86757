//! Telegrams that were really issued, against what a person reads in them.

use hikyaku_bulletin::{Bulletin, Detail, Intensity, IntensityReport, Kind, Magnitude, Standing, Stations};
use hikyaku_feeds::parse;

use crate::corpus::corpus;

/// The bulletin of a real telegram; `None` where there is no corpus.
fn real(name: &str) -> Option<Bulletin> {
    let path = corpus()?.join("jma-real").join(name);
    Some(parse(&std::fs::read(path).unwrap(), name).unwrap())
}

fn areas(bulletin: &Bulletin) -> Vec<(String, String, u8)> {
    let reports = bulletin.areas.iter();
    let row = |it: &hikyaku_bulletin::AreaReport| {
        (it.area.code.to_string(), it.severity.to_string(), it.area.prefectures[0].code())
    };
    reports.map(row).collect()
}

#[test]
fn the_prompt_of_amami_on_18_february_2021() {
    let Some(it) = real("20210217164825_0_VXSE51_010000.xml") else { return };
    assert_eq!(it.source.as_str(), "20210217164825_0_VXSE51_010000");
    assert_eq!((it.kind.clone(), it.standing.clone(), it.serial), (Kind::IntensityPrompt, Standing::Real, None));
    assert_eq!(it.series[0].as_str(), "20210218014649");
    assert_eq!(it.published, "2021-02-17T16:48:24Z".parse().unwrap());
    assert_eq!(it.issued, "2021-02-17T16:48:00Z".parse().unwrap());
    assert_eq!(it.occurred, "2021-02-17T16:46:00Z".parse().ok());
    assert_eq!(areas(&it), [("779".to_owned(), "震度３".to_owned(), 46)]);
    assert_eq!(it.max_intensity(), Some(IntensityReport::Measured(Intensity::Three)));
    assert_eq!(it.hypocentre, None);
    assert!(it.headline.starts_with("１８日０１時４６分ころ、地震による強い揺れを感じました。"));
}

#[test]
fn the_confirmed_quake_off_fukushima_on_16_february_2021() {
    let Some(it) = real("20210216143410_0_VXSE53_010000.xml") else { return };
    assert_eq!((it.kind.clone(), it.serial), (Kind::HypocentreAndIntensity, Some(1)));
    assert_eq!(it.series[0].as_str(), "20210216233143");
    assert_eq!(it.published, "2021-02-16T14:34:10Z".parse().unwrap());
    assert_eq!(it.occurred, "2021-02-16T14:31:00Z".parse().ok());
    assert_eq!(areas(&it), [("250".to_owned(), "震度１".to_owned(), 7), ("251".to_owned(), "震度１".to_owned(), 7)]);
    let quake = it.hypocentre.unwrap();
    assert_eq!((quake.name.as_str(), quake.code.as_deref()), ("福島県沖", Some("289")));
    let at = quake.position.unwrap();
    assert_eq!((at.latitude(), at.longitude(), quake.depth_km), (37.7, 141.7, Some(50)));
    assert_eq!(quake.magnitude.value(), Some(3.9));
    assert_eq!(it.text, "この地震による津波の心配はありません。\n＊印は気象庁以外の震度観測点についての情報です。");
}

#[test]
fn the_confirmed_quake_in_the_kii_channel_written_at_osaka() {
    let Some(it) = real("20210220144313_0_VXSE53_270000.xml") else { return };
    assert_eq!((it.office.as_str(), it.publisher.as_str()), ("大阪管区気象台", "気象庁"));
    assert_eq!(it.series[0].as_str(), "20210220233822");
    assert_eq!(it.issued, "2021-02-20T23:43:00+09:00".parse().unwrap());
    assert_eq!(areas(&it), [("550".to_owned(), "震度１".to_owned(), 30)]);
    let quake = it.hypocentre.unwrap();
    assert_eq!((quake.name.as_str(), quake.depth_km, quake.magnitude.value()), ("紀伊水道", Some(10), Some(2.3)));
}

#[test]
fn the_eruption_of_marapi_announced_as_a_distant_quake_without_magnitude_or_depth() {
    let Some(it) = real("20231203181616_04485779_VXSE53.xml") else { return };
    assert_eq!((it.kind.clone(), it.serial), (Kind::DistantEarthquake, Some(1)));
    assert_eq!(it.series[0].as_str(), "20231203174001");
    assert_eq!(it.occurred, "2023-12-03T08:40:00Z".parse().ok());
    assert!(it.areas.is_empty() && it.max_intensity().is_none());
    let quake = it.hypocentre.unwrap();
    assert_eq!(
        (quake.name.as_str(), quake.detail.as_deref()),
        ("インドネシア付近", Some("インドネシア、スマトラ南部"))
    );
    let at = quake.position.unwrap();
    assert_eq!((at.latitude(), at.longitude(), quake.depth_km), (-0.4, 100.5, None));
    assert_eq!(quake.magnitude, Magnitude::Unknown { words: "Ｍ不明".to_owned() });
}

fn stations(bulletin: &Bulletin) -> Option<&Stations> {
    match &bulletin.detail {
        Some(Detail::Stations(stations)) => Some(stations),
        _ => None,
    }
}

#[test]
fn req_a11_the_stations_that_measured_a_quake_are_counted_and_a_prompt_names_none() {
    let Some(aichi) = real("20210217190220_0_VXSE53_010000.xml") else { return };
    let told = stations(&aichi).unwrap();
    assert_eq!((told.measured(), told.greatest(), told.unreported()), (274, Some((Intensity::Three, 2)), 0));
    assert!(told.to_string().starts_with("震度観測点 274（最大 ３: 2点）、"), "{told}");
    let kii = real("20210220144313_0_VXSE53_270000.xml").unwrap();
    assert_eq!(stations(&kii).unwrap().to_string(), "震度観測点 1（最大 １: 1点）、1市区町村");
    let prompt = real("20210217164825_0_VXSE51_010000.xml").unwrap();
    assert_eq!(stations(&prompt), None);
}
