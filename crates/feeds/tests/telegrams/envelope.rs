//! Control and Head: standing, revision, keys, serials and times.

use hikyaku_bulletin::{Kind, Revision, SeriesKey, Standing};
use hikyaku_feeds::{Reject, parse, samples};

use crate::made::{CONFIRMED, INTENSITY_PROMPT, understood, with};

fn keys(telegram: &str) -> Vec<String> {
    understood(telegram).series.iter().map(ToString::to_string).collect()
}

#[test]
fn the_envelope_of_a_prompt_is_read_whole() {
    let bulletin = understood(INTENSITY_PROMPT);
    assert_eq!(bulletin.source.as_str(), "made");
    assert_eq!(bulletin.kind, Kind::IntensityPrompt);
    assert_eq!(bulletin.standing, Standing::Real);
    assert_eq!(bulletin.revision, Revision::Issue);
    assert_eq!(bulletin.series, [SeriesKey::Event("20260403030105".to_owned())]);
    assert_eq!(bulletin.published, "2026-04-02T18:02:41Z".parse().unwrap());
    assert_eq!(bulletin.issued, "2026-04-03T03:02:00+09:00".parse().unwrap());
    assert_eq!(bulletin.occurred, "2026-04-03T03:01:00+09:00".parse().ok());
    assert_eq!(bulletin.title, "震度速報");
    assert_eq!(bulletin.headline, "３時１分ごろ、強い揺れがありました。");
    assert_eq!(bulletin.text, "今後の情報に注意してください。");
    assert_eq!((bulletin.office.as_str(), bulletin.publisher.as_str()), ("気象庁本庁", "気象庁"));
    assert_eq!(bulletin.remarks, [""; 0]);
}

#[test]
fn an_empty_serial_is_none_and_order_comes_from_the_publishing_time() {
    let first = understood(INTENSITY_PROMPT);
    let second = understood(&with(INTENSITY_PROMPT, "18:02:41Z", "18:03:11Z"));
    assert_eq!((first.serial, second.serial), (None, None));
    assert!(first.published < second.published);
    assert_eq!(first.series, second.series);
}

#[test]
fn a_serial_that_is_no_number_is_remarked_and_not_invented() {
    let bulletin = understood(&with(CONFIRMED, "<Serial>3</Serial>", "<Serial>02-05</Serial>"));
    assert_eq!(bulletin.serial, None);
    assert!(bulletin.remarks.iter().any(|it| it.contains("02-05")));
}

#[test]
fn a_cancellation_repeats_the_serial_and_the_key_of_what_it_cancels_and_names_no_area() {
    let body = CONFIRMED.split("<Earthquake>").next().unwrap();
    let cancelled =
        with(body, "発表</InfoType>", "取消</InfoType>") + "<Text>先の情報を取り消します。</Text></Body></Report>";
    let cancellation = understood(&cancelled);
    assert_eq!(cancellation.revision, Revision::Cancellation);
    assert_eq!(cancellation.serial, understood(CONFIRMED).serial);
    assert_eq!(cancellation.series, understood(CONFIRMED).series);
    assert_eq!(cancellation.kind, Kind::HypocentreAndIntensity);
    assert!(cancellation.areas.is_empty());
    assert_eq!(cancellation.text, "先の情報を取り消します。");
}

#[test]
fn a_cancelled_prompt_needs_no_area_but_an_issued_one_does() {
    let envelope = INTENSITY_PROMPT.split("<Information").next().unwrap().to_owned()
        + r#"</Headline></Head><Body xmlns="http://xml.kishou.go.jp/jmaxml1/body/seismology1/"><Text>取り消します。</Text></Body></Report>"#;
    let cancelled = understood(&with(&envelope, "発表</InfoType>", "取消</InfoType>"));
    assert_eq!(cancelled.revision, Revision::Cancellation);
    assert_eq!(cancelled.occurred, understood(INTENSITY_PROMPT).occurred);
    let refused = parse(envelope.as_bytes(), "made.xml").unwrap_err();
    assert!(matches!(refused, Reject::Missing { element, .. } if element.contains("Area")), "{refused}");
}

#[test]
fn a_correction_keeps_its_key_and_may_lower_the_intensity() {
    let lowered = with(&with(INTENSITY_PROMPT, "発表</InfoType>", "訂正</InfoType>"), ">6-<", ">4<");
    let lowered = with(&lowered, "震度６弱", "震度４");
    let correction = understood(&lowered);
    assert_eq!(correction.revision, Revision::Correction);
    assert_eq!(correction.series, understood(INTENSITY_PROMPT).series);
    assert!(
        correction.intensity_at(&"350".parse().unwrap())
            < understood(INTENSITY_PROMPT).intensity_at(&"350".parse().unwrap())
    );
}

#[test]
fn revisions_of_any_word_are_kept() {
    let revised = |word: &str| understood(&with(CONFIRMED, "発表</InfoType>", &format!("{word}</InfoType>"))).revision;
    assert_eq!(revised("遅延"), Revision::Delayed);
    assert_eq!(revised("再送"), Revision::Other("再送".to_owned()));
    assert_eq!(revised(""), Revision::Other(String::new()));
}

#[test]
fn two_event_ids_in_one_telegram_are_two_keys() {
    let two = with(CONFIRMED, "<EventID>20260403030105<", "<EventID> 20151114055157 20151114061750\n<");
    assert_eq!(keys(&two), ["20151114055157", "20151114061750"]);
}

#[test]
fn interleaved_events_keep_keys_of_their_own() {
    let other = with(INTENSITY_PROMPT, "<EventID>20260403030105<", "<EventID>20260403030204<");
    assert_eq!(keys(INTENSITY_PROMPT), ["20260403030105"]);
    assert_eq!(keys(&other), ["20260403030204"]);
}

#[test]
fn an_empty_event_id_is_no_key() {
    let none: [&str; 0] = [];
    assert_eq!(keys(&with(CONFIRMED, "<EventID>20260403030105</EventID>", "<EventID/>")), none);
}

#[test]
fn only_a_telegram_marked_as_usual_is_ever_real() {
    let marked = |word: &str| understood(&with(INTENSITY_PROMPT, "<Status>通常<", &format!("<Status>{word}<")));
    assert_eq!(marked("訓練").standing, Standing::Drill);
    assert_eq!(marked("試験").standing, Standing::Test);
    for word in ["訓練", "試験", "CCA", "RRB", "AAC", "", "通常（訓練）", "normal", "ＴＥＳＴ"] {
        assert!(!marked(word).is_dispatchable_as_real(), "{word}");
    }
    assert!(marked(" 通常\n").is_dispatchable_as_real());
}

#[test]
fn a_telegram_without_a_status_is_not_real() {
    let bulletin = understood(&with(INTENSITY_PROMPT, "<Status>通常</Status>", ""));
    assert!(!bulletin.is_dispatchable_as_real());
}

#[test]
fn the_drill_variant_of_the_demonstration_differs_in_nothing_but_its_standing() {
    let demo = std::str::from_utf8(samples::DEMO_VXSE51).unwrap();
    let real = understood(demo);
    let mut drill = understood(&with(demo, "<Status>通常<", "<Status>訓練<"));
    assert!(real.is_dispatchable_as_real() && !drill.is_dispatchable_as_real());
    drill.standing = Standing::Real;
    drill.digest = real.digest;
    assert_eq!(drill, real);
}

#[test]
fn wmo_marks_tell_corrections_and_late_telegrams() {
    let marked = |word: &str| understood(&with(CONFIRMED, "<Status>通常<", &format!("<Status>{word}<"))).revision;
    assert_eq!(marked("CCA"), Revision::Correction);
    assert_eq!(marked("AAA"), Revision::Correction);
    assert_eq!(marked("RRA"), Revision::Delayed);
}

#[test]
fn the_same_telegram_from_two_feeds_is_one_source() {
    let of = |name: &str| parse(INTENSITY_PROMPT.as_bytes(), name).unwrap().source;
    let plain = of("20260402180241_0_VXSE51_010000.xml");
    assert_eq!(of("https://example.jp/xml/20260402180241_0_VXSE51_010000.xml#r1"), plain);
}

#[test]
fn an_unknown_kind_is_a_bulletin_with_its_headline_and_its_type() {
    let unknown = with(CONFIRMED, "震源・震度に関する情報", "全く新しい情報");
    let bulletin = parse(unknown.as_bytes(), "20260402180605_0_VXSE99_010000.xml").unwrap();
    assert_eq!(bulletin.kind, Kind::Other { code: Some("VXSE99".to_owned()), title: "全く新しい情報".to_owned() });
    assert_eq!(bulletin.headline, "３時１分ごろ、地震がありました。");
    assert_eq!(understood(&unknown).kind, Kind::Other { code: None, title: "全く新しい情報".to_owned() });
}

#[test]
fn one_control_title_serves_quakes_near_and_far() {
    let far = understood(&with(CONFIRMED, "<Title>震源・震度情報", "<Title>遠地地震に関する情報"));
    assert_eq!(far.kind, Kind::DistantEarthquake);
    assert_eq!(understood(CONFIRMED).kind, Kind::HypocentreAndIntensity);
}

#[test]
fn a_time_without_its_offset_is_refused_with_its_place() {
    let local = with(CONFIRMED, "2026-04-03T03:06:00+09:00</Report", "2026-04-03T03:06:00</Report");
    let refused = parse(local.as_bytes(), "made.xml").unwrap_err().to_string();
    assert!(refused.contains("line 12") && refused.contains("Head/ReportDateTime"), "{refused}");
}

#[test]
fn a_missing_head_is_named() {
    let headless = with(&with(CONFIRMED, "<Head ", "<Foot "), "</Head>", "</Foot>");
    assert!(matches!(parse(headless.as_bytes(), "made.xml"), Err(Reject::Missing { element: "Head", .. })));
}
