//! Observed intensities: forms, gaps and contradictions.

use hikyaku_bulletin::{AreaScheme, Intensity, IntensityReport, Kind};
use hikyaku_feeds::{local_areas, samples};

use crate::made::{CONFIRMED, INTENSITY_PROMPT, understood, with};

fn at(telegram: &str, region: &str) -> Option<IntensityReport> {
    understood(telegram).intensity_at(&region.parse().unwrap())
}

const fn measured(step: Intensity) -> Option<IntensityReport> {
    Some(IntensityReport::Measured(step))
}

#[test]
fn areas_and_their_prefectures_are_read() {
    assert_eq!(at(INTENSITY_PROMPT, "350"), measured(Intensity::SixLower));
    assert_eq!(at(INTENSITY_PROMPT, "351"), measured(Intensity::Four));
    assert_eq!(at(INTENSITY_PROMPT, "13"), measured(Intensity::SixLower));
    assert_eq!(at(INTENSITY_PROMPT, "12"), measured(Intensity::FiveUpper));
    assert_eq!(at(INTENSITY_PROMPT, "14"), None);
    assert_eq!(understood(INTENSITY_PROMPT).max_intensity(), measured(Intensity::SixLower));
}

#[test]
fn blanks_in_an_intensity_are_trimmed() {
    let blank = with(INTENSITY_PROMPT, "<MaxInt>4</MaxInt>", "<MaxInt>4 </MaxInt>");
    assert_eq!(at(&blank, "351"), measured(Intensity::Four));
    let wide = with(INTENSITY_PROMPT, "<MaxInt>4</MaxInt>", "<MaxInt>\u{3000}4\n</MaxInt>");
    assert_eq!(at(&wide, "351"), measured(Intensity::Four));
}

#[test]
fn a_city_that_has_not_reported_raises_its_area_to_at_least_five_lower() {
    let silent = with(
        CONFIRMED,
        "<Code>1220300</Code><MaxInt>4</MaxInt>",
        "<Code>1220300</Code><Condition>震度５弱以上未入電</Condition>",
    );
    let unreported = Some(IntensityReport::AtLeastFiveLowerUnreported);
    assert_eq!(at(&silent, "341"), unreported);
    assert_eq!(at(&silent, "12"), unreported);
    assert!(at(&silent, "12").unwrap().reaches(Intensity::FiveLower));
    let area_too = with(&silent, "<Code>341</Code><MaxInt>4</MaxInt>", "<Code>341</Code>");
    assert_eq!(at(&area_too, "341"), unreported);
}

#[test]
fn a_station_that_has_not_reported_lowers_nothing_that_was_measured() {
    let silent = with(
        CONFIRMED,
        "<Code>1310300</Code><MaxInt>6-</MaxInt>",
        "<Code>1310300</Code><MaxInt>6-</MaxInt><IntensityStation><Name>東京港区海岸</Name><Int>震度５弱以上未入電</Int></IntensityStation>",
    );
    assert_eq!(at(&silent, "350"), measured(Intensity::SixLower));
}

#[test]
fn an_area_without_its_own_value_has_the_greatest_of_its_cities() {
    let cities = with(CONFIRMED, "<Code>350</Code><MaxInt>6-</MaxInt>", "<Code>350</Code>");
    assert_eq!(at(&cities, "350"), measured(Intensity::SixLower));
}

#[test]
fn a_prefecture_without_readable_areas_still_counts() {
    let bare = with(INTENSITY_PROMPT, "<Area><Name>千葉県北西部</Name><Code>341</Code><MaxInt>5+</MaxInt></Area>", "");
    assert_eq!(at(&bare, "12"), measured(Intensity::FiveUpper));
    assert!(understood(&bare).areas.iter().any(|it| it.area.scheme == AreaScheme::Prefecture));
}

#[test]
fn an_unreadable_value_is_remarked_and_the_other_areas_are_kept() {
    let odd = with(INTENSITY_PROMPT, "<MaxInt>4</MaxInt>", "<MaxInt>不明</MaxInt>");
    let bulletin = understood(&odd);
    assert_eq!(at(&odd, "351"), None);
    assert_eq!(at(&odd, "350"), measured(Intensity::SixLower));
    assert!(bulletin.remarks.iter().any(|it| it.contains("不明")), "{:?}", bulletin.remarks);
}

#[test]
fn an_area_that_stands_in_the_headline_only_is_taken_with_its_prefecture() {
    let lost = with(INTENSITY_PROMPT, "<Area><Name>東京都２３区</Name><Code>350</Code><MaxInt>6-</MaxInt></Area>", "");
    assert_eq!(at(&lost, "350"), measured(Intensity::SixLower));
    assert_eq!(at(&lost, "13"), measured(Intensity::SixLower));
    assert!(understood(&lost).remarks.iter().any(|it| it.contains("headline")));
}

#[test]
fn an_area_unknown_to_our_table_counts_for_its_prefecture() {
    let new = with(&with(INTENSITY_PROMPT, "<Code>350</Code>", "<Code>399</Code>"), "東京都２３区", "新しい区域");
    assert_eq!(at(&new, "13"), measured(Intensity::SixLower));
    assert_eq!(at(&new, "399"), measured(Intensity::SixLower));
}

#[test]
fn an_intensity_that_rises_within_one_event_is_another_bulletin_of_the_same_series() {
    let (first, risen) =
        (understood(INTENSITY_PROMPT), understood(&with(&with(CONFIRMED, ">6-<", ">7<"), "Ｍ７．１", "Ｍ７．３")));
    assert_eq!(first.series, risen.series);
    assert!(risen.max_intensity() > first.max_intensity());
}

#[test]
fn the_demonstration_concerns_the_prefectures_from_mie_to_chiba_and_only_those() {
    let demo = understood(std::str::from_utf8(samples::DEMO_VXSE51).unwrap());
    assert_eq!(demo.kind, Kind::IntensityPrompt);
    assert_eq!(demo.remarks, [""; 0]);
    let concerned: Vec<u8> = hikyaku_bulletin::Prefecture::all()
        .filter(|it| {
            let region = hikyaku_bulletin::RegionCode::Prefecture(*it);
            demo.intensity_at(&region).is_some_and(|at| at.reaches(Intensity::SixLower))
        })
        .map(hikyaku_bulletin::Prefecture::code)
        .collect();
    assert_eq!(concerned, [11, 12, 13, 14, 19, 20, 21, 22, 23, 24]);
    for report in &demo.areas {
        let known = local_areas().find(|it| it.code.to_string() == report.area.code.as_str()).unwrap();
        assert_eq!(
            (known.name, known.prefecture()),
            (report.area.name.as_str(), report.area.prefectures.first().copied())
        );
    }
}
