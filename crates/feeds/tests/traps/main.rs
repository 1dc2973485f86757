//! The 25 known traps of disaster feeds, each a test by its number.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../frozen/mod.rs"]
mod frozen;

use hikyaku_bulletin::{
    Bulletin, Intensity, IntensityReport, Kind, Revision, SeriesKey, Severity, SourceId, Standing, TsunamiGrade,
};
use hikyaku_feeds::poll::Alarm;
use hikyaku_feeds::{Document, Fate, MAX_TELEGRAM_BYTES, Reject, Series, Step, Timing, parse, read};
use jiff::{SignedDuration, Timestamp};

/// A JMA telegram of our own: title, status, EventID, InfoType, serial, published (UTC), headline's inside, body.
struct Made {
    title: &'static str,
    status: &'static str,
    event: &'static str,
    info: &'static str,
    serial: &'static str,
    published: &'static str,
    body: String,
}

impl Default for Made {
    fn default() -> Self {
        Self {
            title: "震度速報",
            status: "通常",
            event: "20260403030105",
            info: "発表",
            serial: "",
            published: "2026-04-02T18:02:41Z",
            body: shaking(&[("350", "6-")]),
        }
    }
}

fn shaking(areas: &[(&str, &str)]) -> String {
    let area = |(code, value): &(&str, &str)| {
        format!(
            "<Area><Name>某所</Name><Code>{code}</Code>{value}</Area>",
            value = if value.starts_with('<') { (*value).to_owned() } else { format!("<MaxInt>{value}</MaxInt>") }
        )
    };
    let areas: String = areas.iter().map(area).collect();
    format!("<Intensity><Observation><Pref><Name>東京都</Name><Code>13</Code>{areas}</Pref></Observation></Intensity>")
}

fn coasts(items: &[(&str, &str)]) -> String {
    let item = |(area, code): &(&str, &str)| {
        format!(
            "<Item><Area><Name>岸</Name><Code>{area}</Code></Area><Category><Kind><Name>名</Name><Code>{code}</Code></Kind></Category></Item>"
        )
    };
    format!("<Tsunami><Forecast>{}</Forecast></Tsunami>", items.iter().map(item).collect::<String>())
}

fn warned(kinds: &[(&str, &str)]) -> String {
    let kind = |(code, name): &(&str, &str)| {
        format!("<Kind><Name>{name}</Name><Code>{code}</Code><Status>発表</Status></Kind>")
    };
    let kinds: String = kinds.iter().map(kind).collect();
    format!(
        r#"<Warning type="気象警報・注意報（府県予報区等）"><Item>{kinds}<Area><Name>島根県</Name><Code>320000</Code></Area></Item></Warning>"#
    )
}

impl Made {
    fn text(&self) -> String {
        let Self { title, status, event, info, serial, published, body } = self;
        let family = if title.contains("気象警報") { "meteorology1" } else { "seismology1" };
        format!(
            r#"<?xml version="1.0" encoding="UTF-8"?>
<Report xmlns="http://xml.kishou.go.jp/jmaxml1/" xmlns:jmx_eb="http://xml.kishou.go.jp/jmaxml1/elementBasis1/"><Control><Title>{title}</Title><DateTime>{published}</DateTime><Status>{status}</Status><EditorialOffice>松江地方気象台</EditorialOffice><PublishingOffice>気象庁</PublishingOffice></Control>
<Head xmlns="http://xml.kishou.go.jp/jmaxml1/informationBasis1/"><Title>題</Title><ReportDateTime>{published}</ReportDateTime><TargetDateTime>{published}</TargetDateTime><EventID>{event}</EventID><InfoType>{info}</InfoType><Serial>{serial}</Serial><InfoKind>種</InfoKind><InfoKindVersion>1.0_1</InfoKindVersion><Headline><Text>見出し</Text></Headline></Head>
<Body xmlns="http://xml.kishou.go.jp/jmaxml1/body/{family}/">{body}</Body></Report>"#
        )
    }

    fn read(&self, name: &str) -> Bulletin {
        parse(self.text().as_bytes(), name).unwrap()
    }
}

fn soon(bulletin: &Bulletin) -> Timestamp {
    bulletin.published + SignedDuration::from_secs(30)
}

fn at_least(bulletin: &Bulletin, code: &str) -> Option<Intensity> {
    bulletin.intensity_at(&code.parse().unwrap()).map(IntensityReport::floor)
}

fn corpus(name: &str) -> Option<Vec<u8>> {
    let Some(folder) = std::env::var_os("HIKYAKU_CORPUS") else {
        eprintln!("skipped: HIKYAKU_CORPUS does not name the corpus of telegrams");
        return None;
    };
    Some(std::fs::read(std::path::Path::new(&folder).join(name)).unwrap())
}

#[test]
fn trap_01_blanks_around_an_intensity_are_nothing() {
    let it = Made { body: shaking(&[("350", "4 "), ("351", " 6+\n")]), ..Made::default() }.read("t1");
    assert_eq!((at_least(&it, "350"), at_least(&it, "351")), (Some(Intensity::Four), Some(Intensity::SixUpper)));
}

#[test]
fn trap_02_telegrams_without_a_serial_are_ordered_by_their_time() {
    let mut series = Series::default();
    let issue =
        |published, value| Made { published, body: shaking(&[("350", value)]), ..Made::default() }.read(published);
    let (first, second) = (issue("2026-04-02T18:02:41Z", "5-"), issue("2026-04-02T18:02:56Z", "6-"));
    assert_eq!(series.take(&second, soon(&second)).step, Step::First);
    assert_eq!(series.take(&first, soon(&second)).step, Step::Outdated);
}

#[test]
fn trap_03_a_cancellation_repeats_the_last_serial_and_counts() {
    let mut series = Series::default();
    let title = "緊急地震速報（警報）";
    let issue = Made { title, serial: "2", body: String::new(), ..Made::default() }.read("warned");
    let cancel = Made {
        title,
        serial: "2",
        info: "取消",
        published: "2026-04-02T18:03:00Z",
        body: "<Text>取り消します。</Text>".into(),
        ..Made::default()
    };
    let cancel = cancel.read("cancelled");
    assert_eq!(issue.serial, cancel.serial);
    series.take(&issue, soon(&issue));
    assert_eq!(series.take(&cancel, soon(&cancel)).step, Step::Cancelled);
}

#[test]
fn trap_04_a_tsunami_telegram_may_belong_to_two_earthquakes() {
    let it = Made {
        title: "津波警報・注意報・予報a",
        event: "20151114055157 20151114061750",
        body: coasts(&[("771", "62")]),
        ..Made::default()
    };
    let both = it.read("both");
    assert_eq!(both.series, ["20151114055157", "20151114061750"].map(|id| SeriesKey::Event(id.into())));
    let mut series = Series::default();
    let one = Made { event: "20151114055157", published: "2026-04-02T17:50:00Z", ..it }.read("one");
    series.take(&one, soon(&one));
    assert_eq!(series.take(&both, soon(&both)).step, Step::Unchanged, "the first earthquake's tsunami is known");
    assert_eq!(series.present(soon(&both)).count(), 2, "it is in force in the series of either earthquake");
}

#[test]
fn trap_05_two_earthquakes_may_interleave_within_a_minute() {
    let mut series = Series::default();
    let issue = |event, published, value| {
        let made = Made { event, published, body: shaking(&[("350", value)]), ..Made::default() };
        made.read(published)
    };
    let telegrams = [
        issue("20100705065511", "2026-04-02T18:02:00Z", "4"),
        issue("20100705065610", "2026-04-02T18:02:20Z", "5-"),
        issue("20100705065511", "2026-04-02T18:02:40Z", "4"),
        issue("20100705065610", "2026-04-02T18:03:00Z", "6-"),
    ];
    let steps: Vec<Step> = telegrams.iter().map(|it| series.take(it, soon(it)).step).collect();
    assert_eq!(steps, [Step::First, Step::First, Step::Unchanged, Step::Worse]);
}

#[test]
fn trap_06_only_the_status_of_everyday_is_real() {
    for status in ["訓練", "試験", "CCA", "RRB", "AAC", "", "通常 訓練", "unknown"] {
        let it = Made { status, ..Made::default() }.read("t6");
        assert!(!it.is_dispatchable_as_real(), "{status}");
    }
    assert!(Made::default().read("t6").is_dispatchable_as_real());
    let test = Made { title: "緊急地震速報配信テスト", body: String::new(), ..Made::default() }.read("t6");
    assert_eq!(test.standing, Standing::Real);
    assert!(!test.is_dispatchable_as_real(), "the test channel is never real, whatever its status");
}

#[test]
fn trap_07_nan_is_no_number_and_its_words_are_kept() {
    let quake = r#"<Earthquake><OriginTime>2026-04-03T03:01:00+09:00</OriginTime><Hypocenter><Area><Name>三陸沖</Name></Area></Hypocenter><jmx_eb:Magnitude type="M" condition="不明" description="Ｍ８を超える巨大地震">NaN</jmx_eb:Magnitude></Earthquake>"#;
    let height = r#"<Tsunami><Forecast><Item><Area><Name>岩手県</Name><Code>210</Code></Area><Category><Kind><Name>大津波警報</Name><Code>52</Code></Kind></Category><MaxHeight><jmx_eb:TsunamiHeight type="津波の高さ" unit="m" condition="不明" description="巨大">NaN</jmx_eb:TsunamiHeight></MaxHeight></Item></Forecast></Tsunami>"#;
    let it = Made { title: "津波警報・注意報・予報a", body: format!("{height}{quake}"), ..Made::default() }.read("t7");
    let hypocentre = it.hypocentre.as_ref().unwrap();
    assert_eq!(
        (hypocentre.magnitude.value(), hypocentre.magnitude.to_string().as_str()),
        (None, "Ｍ８を超える巨大地震")
    );
    let Severity::Tsunami(report) = &it.areas[0].severity else { panic!("{it:?}") };
    let height = report.height.as_ref().unwrap();
    assert_eq!((height.centimetres, height.words.as_str()), (None, "巨大"));
}

#[test]
fn trap_08_degrees_and_minutes_are_no_degrees() {
    let Some(bytes) = corpus("jma-samples/32-35_03_02_240613_VXSE61.xml") else { return };
    let at = parse(&bytes, "32-35_03_02_240613_VXSE61.xml").unwrap().hypocentre.unwrap();
    let position = at.position.unwrap();
    assert!((position.latitude() - 34.785).abs() < 0.001 && (position.longitude() - 138.498).abs() < 0.001);
    assert_eq!(at.depth_km, Some(23));
}

#[test]
fn trap_09_a_place_that_has_not_reported_counts_as_five_lower_at_least() {
    let city =
        "<MaxInt>4</MaxInt><City><Name>村</Name><Code>0636500</Code><Condition>震度５弱以上未入電</Condition></City>";
    let it = Made { title: "震源・震度に関する情報", body: shaking(&[("350", city)]), ..Made::default() }.read("t9");
    assert_eq!(at_least(&it, "350"), Some(Intensity::FiveLower));
    assert!(it.max_intensity().unwrap().reaches(Intensity::FiveLower));
}

#[test]
fn trap_10_coasts_are_taken_from_the_body_because_the_headline_joins_them() {
    let headline = r#"<Text>見出し</Text><Information type="津波予報領域表現"><Item><Kind><Name>大津波警報</Name><Code>52</Code></Kind><Areas codeType="津波予報区"><Area><Name>東北地方太平洋沿岸</Name><Code>291</Code></Area></Areas></Item></Information>"#;
    let made =
        Made {
            title: "津波警報・注意報・予報a", body: coasts(&[("210", "53"), ("220", "53")]), ..Made::default()
        };
    let text = made.text().replace("<Text>見出し</Text>", headline);
    let it = parse(text.as_bytes(), "t10").unwrap();
    let codes: Vec<&str> = it.areas.iter().map(|it| it.area.code.as_str()).collect();
    assert_eq!(codes, ["210", "220"]);
    let without = Made { body: String::new(), ..made }.text().replace("<Text>見出し</Text>", headline);
    let it = parse(without.as_bytes(), "t10").unwrap();
    assert_eq!(it.areas[0].area.prefectures.len(), 4, "better the joined coast with all its prefectures than none");
}

#[test]
fn trap_11_a_new_and_a_continuing_major_warning_are_one() {
    let mut series = Series::default();
    let title = "津波警報・注意報・予報a";
    let issue =
        |published, code| Made { title, published, body: coasts(&[("210", code)]), ..Made::default() }.read(published);
    let (new, on) = (issue("2026-04-02T18:02:00Z", "53"), issue("2026-04-02T18:30:00Z", "52"));
    series.take(&new, soon(&new));
    assert_eq!(series.take(&on, soon(&on)).step, Step::Unchanged);
    let Severity::Tsunami(report) = &on.areas[0].severity else { panic!("{on:?}") };
    assert_eq!(report.grade, Some(TsunamiGrade::MajorWarning));
}

const INDEX: &str = r#"<feed xmlns="http://www.w3.org/2005/Atom"><title>高頻度（地震火山）</title><updated>2024-01-01T20:53:23+09:00</updated>
<entry><title>震度速報</title><id>https://example.jp/data/20240101071254_0_VXSE51_010000.xml#r1</id><updated>2024-01-01T07:12:54Z</updated>
<link type="application/xml" href="https://example.jp/data/20240101071254_0_VXSE51_010000.xml"/><content type="text">【震度速報】</content></entry></feed>"#;

#[test]
fn trap_12_entries_are_told_apart_by_their_link_not_by_their_id() {
    let Ok(Document::Index(index)) = read(INDEX.as_bytes(), "eqvol.xml") else { panic!() };
    assert_ne!(index.entries[0].id, index.entries[0].link);
    assert_eq!(index.entries[0].source(), SourceId::new("20240101071254_0_VXSE51_010000"));
}

#[test]
fn trap_13_a_telegram_in_two_feeds_is_one() {
    let mut series = Series::default();
    let it = Made::default().read("https://a.example/20260402180241_0_VXSE51_010000.xml");
    let again = Made::default().read("https://b.example/feed/20260402180241_0_VXSE51_010000.xml#r1");
    series.take(&it, soon(&it));
    assert!(series.knows(&again.source));
    assert_eq!(series.take(&again, soon(&it)).fate(), Fate::Ignore);
    let unnamed = Made::default().read("another way, the same bytes");
    assert_eq!(series.take(&unnamed, soon(&it)).fate(), Fate::Ignore);
}

#[test]
fn trap_14_a_dead_feed_shows_by_its_own_time_whatever_the_server_answers() {
    let alarms = |now: &str| frozen::alarms(INDEX, "2024-01-01T20:53:23+09:00".parse().unwrap(), now.parse().unwrap());
    assert_eq!(alarms("2024-01-01T20:58:23+09:00"), []);
    let stale = |age_s| Alarm::Stale { feed: "eqvol".into(), age_s };
    assert_eq!(alarms("2024-01-01T20:58:24+09:00"), [stale(301)]);
    assert_eq!(alarms("2024-03-24T20:53:23+09:00"), [stale(83 * 86_400)]);
}

#[test]
fn trap_15_the_two_families_of_warnings_count_once_and_the_graver_wins() {
    let old = |published, kinds: &[(&str, &str)]| {
        Made {
            title: "気象警報・注意報（Ｈ２７）", event: "", published, body: warned(kinds), ..Made::default()
        }
        .read(&format!("old {published}"))
    };
    let new = |published, kinds: &[(&str, &str)]| {
        Made {
            title: "気象警報・注意報（Ｒ０６）（大雨）",
            event: "",
            published,
            body: warned(kinds),
            ..Made::default()
        }
        .read(&format!("new {published}"))
    };
    let take = |series: &mut Series, it: &Bulletin| series.take(it, soon(it)).step;
    let danger = new("2026-06-02T18:00:00Z", &[("43", "レベル４大雨危険警報")]);
    let same = old("2026-06-02T18:00:01Z", &[("03", "大雨警報"), ("04", "洪水警報")]);
    assert_eq!(danger.series, same.series);
    let mut series = Series::default();
    assert_eq!((take(&mut series, &danger), take(&mut series, &same)), (Step::First, Step::Covered));
    let mut series = Series::default();
    assert_eq!((take(&mut series, &same), take(&mut series, &danger)), (Step::First, Step::Worse));
    let worse = old("2026-06-02T18:20:00Z", &[("33", "大雨特別警報")]);
    assert_eq!(take(&mut series, &worse), Step::Worse, "what the new family has not said yet is not swallowed");
    let equal = new("2026-06-02T18:00:02Z", &[("03", "レベル３大雨警報")]);
    let mut series = Series::default();
    assert_eq!((take(&mut series, &same), take(&mut series, &equal)), (Step::First, Step::Covered));
}

#[test]
fn trap_16_the_series_of_a_volcanic_warning_is_the_volcano() {
    let Some(bytes) = corpus("jma-samples/45_01_01_200522_VFVO50.xml") else { return };
    let it = parse(&bytes, "45_01_01_200522_VFVO50.xml").unwrap();
    assert_eq!(it.series, [SeriesKey::Volcano("306".into())]);
    assert!(it.series[0].is_lasting());
    let Some(bytes) = corpus("jma-samples/67_01_01_140927_VFVO56.xml") else { return };
    let eruption = parse(&bytes, "67_01_01_140927_VFVO56.xml").unwrap();
    assert_eq!(eruption.series, [SeriesKey::Event("20140927120000_312".into())], "an eruption is an event of its own");
}

#[test]
fn trap_17_warnings_without_an_event_belong_to_their_forecast_area() {
    let made = |event| Made {
        title: "気象警報・注意報（Ｈ２７）",
        event,
        body: warned(&[("03", "大雨警報")]),
        ..Made::default()
    };
    assert_eq!(made("").read("t17").series, [SeriesKey::Warnings("320000".into())]);
    let Some(bytes) = corpus("jma-samples/17_04_03_250630_VXWW50.xml") else { return };
    let landslide = parse(&bytes, "17_04_03_250630_VXWW50.xml").unwrap();
    assert!(landslide.series.contains(&SeriesKey::Warnings("140000".into())));
}

#[test]
fn trap_18_a_correction_may_lower_an_intensity() {
    let mut series = Series::default();
    let issue = Made { body: shaking(&[("350", "7")]), ..Made::default() }.read("issued");
    let correction = Made { info: "訂正", body: shaking(&[("350", "4")]), ..Made::default() }.read("corrected");
    series.take(&issue, soon(&issue));
    let taken = series.take(&correction, soon(&correction));
    assert_eq!((taken.step, taken.fate(), &correction.revision), (Step::Corrected, Fate::Act, &Revision::Correction));
    let now: Vec<_> = series.present(soon(&correction)).collect();
    assert_eq!(now[0].areas()[0].severity.to_string(), "震度４");
}

#[test]
fn trap_19_what_a_long_feed_brings_at_start_up_pages_nobody() {
    let mut series = Series::default();
    let start: Timestamp = "2026-05-02T00:00:00Z".parse().unwrap();
    for (published, value) in [("2026-04-02T18:02:41Z", "7"), ("2026-05-01T22:00:00Z", "6+")] {
        let it =
            Made { published, event: published, body: shaking(&[("350", value)]), ..Made::default() }.read(published);
        let taken = series.take(&it, start);
        assert!(matches!(taken.timing, Timing::Late { .. }) && taken.fate() == Fate::Record, "{published}");
    }
}

#[test]
fn trap_20_a_page_for_people_with_status_200_is_refused() {
    let page = "<!DOCTYPE html><html lang=\"ja\"><body>お探しのページは見つかりません。</body></html>";
    assert_eq!(read(page.as_bytes(), "opendata/country/9999L.xml"), Err(Reject::Page));
}

#[test]
fn trap_21_a_cap_cancel_may_refer_to_several_messages() {
    let references = "a@b.example,1,2026-04-03T03:05:00-00:00 a@b.example,2,2026-04-03T03:10:00-00:00";
    let text = format!(
        r#"<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>3</identifier><sender>a@b.example</sender><sent>2026-04-03T03:20:00-00:00</sent><status>Actual</status><msgType>Cancel</msgType><scope>Public</scope><references>{references}</references></alert>"#
    );
    let cancel = parse(text.as_bytes(), "3.cap").unwrap();
    assert_eq!((cancel.replaces.len(), &cancel.revision), (2, &Revision::Cancellation));
    assert!(cancel.series.contains(&SeriesKey::Alert("a@b.example,1".into())));
}

#[test]
fn trap_22_cap_with_prefixes_is_cap() {
    let plain = r#"<alert xmlns="urn:oasis:names:tc:emergency:cap:1.1"><identifier>1</identifier><sender>s</sender><sent>2026-04-03T03:20:00+09:00</sent><status>Actual</status><msgType>Alert</msgType><scope>Public</scope></alert>"#;
    let prefixed = plain
        .replace("</", "</cap:")
        .replace('<', "<cap:")
        .replace("<cap:/cap:", "</cap:")
        .replace("xmlns=", "xmlns:cap=");
    let (plain, prefixed) = (parse(plain.as_bytes(), "1").unwrap(), parse(prefixed.as_bytes(), "1").unwrap());
    assert_eq!((&plain.series, plain.published), (&prefixed.series, prefixed.published));
    assert_eq!(prefixed.kind, Kind::CapAlert);
}

#[test]
fn trap_23_what_is_too_large_or_has_a_dtd_is_never_read() {
    let mut large = Made::default().text().into_bytes();
    large.resize(MAX_TELEGRAM_BYTES + 1, b' ');
    assert!(matches!(parse(&large, "t23"), Err(Reject::TooLarge { .. })));
    assert!(matches!(read(&large, "t23"), Err(Reject::TooLarge { .. })));
    let bomb = Made::default().text().replacen("<Report", "<!DOCTYPE r [<!ENTITY a \"aaaa\">]><Report", 1);
    assert!(matches!(parse(bomb.as_bytes(), "t23"), Err(Reject::Dtd { .. })));
    let Some(attack) = corpus("cap/xee.cap") else { return };
    assert!(matches!(read(&attack, "xee.cap"), Err(Reject::Dtd { .. })));
}

#[test]
fn trap_24_an_intensity_may_rise_within_one_event() {
    let mut series = Series::default();
    let issue = |title, published, value| {
        Made { title, published, body: shaking(&[("350", value)]), ..Made::default() }.read(published)
    };
    let prompt = issue("震度速報", "2026-04-02T18:03:00Z", "6+");
    let whole = issue("震源・震度に関する情報", "2026-04-02T18:14:00Z", "7");
    let same = issue("震源・震度に関する情報", "2026-04-02T18:20:00Z", "7");
    assert_eq!(prompt.series, whole.series);
    assert_eq!(series.take(&prompt, soon(&prompt)).step, Step::First);
    let taken = series.take(&whole, soon(&whole));
    assert_eq!((taken.step, taken.worse_at.len()), (Step::Worse, 1));
    assert_eq!(series.take(&same, soon(&same)).fate(), Fate::Record);
}

#[test]
fn trap_25_every_telegram_is_utf8_and_says_so() {
    let text = Made::default().text();
    assert!(matches!(parse(text.replace("UTF-8", "Shift_JIS").as_bytes(), "t25"), Err(Reject::Encoding { .. })));
    assert!(parse([b"\xEF\xBB\xBF", text.as_bytes()].concat().as_slice(), "t25").is_ok());
    let mut damaged = text.into_bytes();
    let at = damaged.len() / 2;
    damaged[at] = 0xFF;
    assert!(matches!(parse(&damaged, "t25"), Err(Reject::NotUtf8 { .. } | Reject::Malformed { .. })));
}
