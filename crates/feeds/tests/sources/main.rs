//! What is understood of sources other than JMA: CAP, EDXL-DE, 外務省, GDACS, travel advice, indexes, news.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use hikyaku_bulletin::{
    AlertLevel, Bulletin, CapSeverity, Detail, GdacsColour, Kind, Origin, Phase, Revision, SeriesKey, Severity,
    Standing, TravelNotice, TravelScale, WarningGrade,
};
use hikyaku_feeds::{Document, Fate, Index, Reject, Series, Step, parse, read};
use jiff::SignedDuration;

fn corpus(name: &str) -> Option<Vec<u8>> {
    let Some(folder) = std::env::var_os("HIKYAKU_CORPUS") else {
        eprintln!("skipped: HIKYAKU_CORPUS does not name the corpus of telegrams");
        return None;
    };
    Some(std::fs::read(std::path::Path::new(&folder).join(name)).unwrap())
}

fn bulletins(text: &str, name: &str) -> Vec<Bulletin> {
    match read(text.as_bytes(), name) {
        Ok(Document::Bulletins(all)) => all,
        other => panic!("{name}: {other:?}"),
    }
}

fn index(bytes: &[u8]) -> Index {
    match read(bytes, "index") {
        Ok(Document::Index(index)) => index,
        other => panic!("{other:?}"),
    }
}

const CAP: &str = r#"<cap:alert xmlns:cap="urn:oasis:names:tc:emergency:cap:1.2"><cap:identifier>A2</cap:identifier>
<cap:sender>who@example.jp</cap:sender><cap:sent>2026-04-03T03:10:00-00:00</cap:sent><cap:status>Actual</cap:status>
<cap:msgType>Alert</cap:msgType><cap:scope>Public</cap:scope><cap:restriction/><cap:references/>
<cap:info><cap:category>Met</cap:category><cap:event>Flood</cap:event><cap:urgency>Immediate</cap:urgency>
<cap:severity>Extreme</cap:severity><cap:certainty>Observed</cap:certainty><cap:headline>Flood here</cap:headline>
<cap:area><cap:areaDesc>Riverside</cap:areaDesc></cap:area></cap:info></cap:alert>"#;

#[test]
fn a_cap_alert_with_prefixes_and_empty_elements_is_read() {
    let alert = parse(CAP.as_bytes(), "a2.cap").unwrap();
    assert_eq!((alert.origin, &alert.kind, &alert.standing), (Origin::Cap, &Kind::CapAlert, &Standing::Real));
    assert_eq!(alert.series, [SeriesKey::Alert("who@example.jp,A2".into())]);
    assert_eq!((alert.title.as_str(), alert.headline.as_str()), ("Flood", "Flood here"));
    let Severity::Cap(report) = &alert.areas[0].severity else { panic!("{:?}", alert.areas) };
    assert_eq!(report.severity, CapSeverity::Extreme);
    assert_eq!(alert.areas[0].area.name, "Riverside");
}

#[test]
fn a_cap_cancel_takes_back_every_message_it_refers_to() {
    let mut series = Series::default();
    for (id, minute) in [("A1", "05"), ("A2", "10")] {
        let text = CAP
            .replace("<cap:identifier>A2", &format!("<cap:identifier>{id}"))
            .replace("T03:10", &format!("T03:{minute}"));
        let alert = parse(text.as_bytes(), id).unwrap();
        assert_eq!(series.take(&alert, alert.published).step, Step::First);
    }
    let references = "<cap:references>who@example.jp,A1,2026-04-03T03:05:00-00:00 who@example.jp,A2,2026-04-03T03:10:00-00:00</cap:references>";
    let text = CAP
        .replace("<cap:identifier>A2", "<cap:identifier>A3")
        .replace("T03:10:00", "T03:20:00")
        .replace("<cap:msgType>Alert", "<cap:msgType>Cancel")
        .replace("<cap:references/>", references);
    let cancel = parse(text.as_bytes(), "A3").unwrap();
    assert_eq!((&cancel.revision, cancel.replaces.len()), (&Revision::Cancellation, 2));
    assert_eq!(series.take(&cancel, cancel.published).step, Step::Cancelled);
    assert_eq!(series.present(cancel.published).count(), 0);
}

#[test]
fn a_cap_exercise_and_whatever_is_not_actual_is_not_real() {
    for (status, standing) in
        [("Exercise", Standing::Drill), ("Test", Standing::Test), ("Draft", Standing::Unknown("Draft".into()))]
    {
        let alert = parse(CAP.replace("Actual", status).as_bytes(), status).unwrap();
        assert_eq!(alert.standing, standing);
        assert!(!alert.is_dispatchable_as_real());
    }
}

#[test]
fn the_end_that_a_cap_update_declares_is_a_lifting_and_no_cancellation() {
    let Some(bytes) = corpus("cap/canada.cap") else { return };
    let update = parse(&bytes, "canada.cap").unwrap();
    assert_eq!(update.revision, Revision::Issue);
    assert_eq!(update.replaces.len(), 2);
    assert!(update.is_lifting());
}

#[test]
fn every_cap_file_of_the_corpus_is_read_but_the_attack() {
    for name in ["canada", "earthquake", "invalid", "no_optional_fields", "wcatwc-warning", "weather"] {
        let Some(bytes) = corpus(&format!("cap/{name}.cap")) else { return };
        let alert = parse(&bytes, name).unwrap();
        assert_eq!(alert.kind, Kind::CapAlert, "{name}");
    }
    let Some(attack) = corpus("cap/xee.cap") else { return };
    assert!(matches!(parse(&attack, "xee.cap"), Err(Reject::Dtd { .. })));
    let Some(warning) = corpus("cap/wcatwc-warning.cap") else { return };
    assert!(parse(&warning, "w").unwrap().series.iter().any(|it| it.as_str().ends_with("lqw6d6")));
}

#[test]
fn an_index_gives_entries_with_their_links_and_times() {
    let Some(bytes) = corpus("cap/earthquake_index.atom") else { return };
    let atom = index(&bytes);
    assert_eq!(atom.updated, "2010-08-31T00:48:10Z".parse().ok());
    assert_eq!(atom.entries.len(), 1);
    assert!(
        atom.entries[0].summary.starts_with('>') && !atom.entries[0].summary.contains("<p>"),
        "{:?}",
        atom.entries[0]
    );
    assert_eq!(atom.entries[0].link, "http://earthquake.usgs.gov/earthquakes/catalogs/cap/us2010apcd");
    for name in ["no_id.atom", "weather_index.atom", "invalid.rss"] {
        let Some(bytes) = corpus(&format!("cap/{name}")) else { return };
        assert!(!index(&bytes).entries.is_empty(), "{name}");
    }
}

#[test]
fn an_evacuation_order_of_l_alert_is_read_within_soap_and_without() {
    let Some(bytes) = corpus("l-alert/sample1.xml") else { return };
    let order = parse(&bytes, "sample1.xml").unwrap();
    assert_eq!((order.origin, &order.kind, order.serial), (Origin::LAlert, &Kind::Evacuation, Some(1)));
    assert_eq!(order.series, [SeriesKey::Document("7e573043-fc3c-4a6b-bdb8-a9608233b0af".into())]);
    assert_eq!(order.areas[0].area.prefectures[0].name(), "兵庫県");
    assert_eq!(order.areas[0].severity.alert_level(), AlertLevel::new(4));
    let Some(bytes) = corpus("l-alert/soap1.xml") else { return };
    let prepared = parse(&bytes, "soap1.xml").unwrap();
    assert_eq!(prepared.standing, Standing::Test);
    assert_eq!(prepared.areas[0].severity.alert_level(), AlertLevel::new(3));
    assert!(prepared.valid_until.is_some() && prepared.publisher.contains("千代田区"));
}

#[test]
fn every_l_alert_file_of_the_corpus_is_read() {
    for name in ["sample1", "sample2", "sample3", "sample4", "sample5", "soap1"] {
        let Some(bytes) = corpus(&format!("l-alert/{name}.xml")) else { return };
        let bulletin = parse(&bytes, name).unwrap();
        assert_eq!(bulletin.kind, Kind::Evacuation, "{name}");
        assert!(!bulletin.areas.is_empty() && !bulletin.title.is_empty(), "{name}");
    }
}

fn envelope(status: &str, content: &str) -> String {
    format!(
        r#"<e:EDXLDistribution xmlns:e="urn:oasis:names:tc:emergency:EDXL:DE:1.0" xmlns:c="http://xml.publiccommons.ne.jp/xml/edxl/">
<e:distributionID>d1</e:distributionID><e:dateTimeSent>2026-04-03T03:10:00+09:00</e:dateTimeSent>
<e:distributionStatus>{status}</e:distributionStatus><e:distributionType>Report</e:distributionType>
<c:targetArea><c:areaName>青森県</c:areaName><c:jisX0402>020001</c:jisX0402></c:targetArea>
<c:contentObject><e:xmlContent><e:embeddedXMLContent>{content}</e:embeddedXMLContent></e:xmlContent>
<c:documentID>doc1</c:documentID></c:contentObject></e:EDXLDistribution>"#
    )
}

#[test]
fn a_jma_telegram_inside_an_envelope_is_itself_and_a_drill_if_the_envelope_says_so() {
    let telegram = String::from_utf8(hikyaku_feeds::samples::DEMO_VXSE51.to_vec()).unwrap();
    let telegram = telegram.split_once("?>").unwrap().1.to_owned();
    let real = parse(envelope("Actual", &telegram).as_bytes(), "wrapped").unwrap();
    assert_eq!((&real.kind, &real.standing), (&Kind::IntensityPrompt, &Standing::Real));
    let drill = parse(envelope("Exercise", &telegram).as_bytes(), "wrapped").unwrap();
    assert_eq!(drill.standing, Standing::Drill);
    assert!(!drill.is_dispatchable_as_real());
}

#[test]
fn req_a16_civil_protection_from_l_alert_says_what_came_down_where() {
    let say = |words: &str| {
        let content = format!(
            "<Report><Head><Title>国民保護に関する情報</Title><Headline><Text>{words}</Text></Headline></Head></Report>"
        );
        parse(envelope("Actual", &content).as_bytes(), "j").unwrap()
    };
    let launch = say("ミサイル発射。ミサイル発射。ミサイルが発射されたものとみられます。");
    let Some(Detail::CivilProtection(said)) = &launch.detail else { panic!("{launch:?}") };
    assert_eq!((&launch.kind, said.phase), (&Kind::CivilProtection, Phase::Launched));
    assert_eq!(launch.areas[0].area.prefectures[0].name(), "青森県");
    let fallen = say("ミサイルは、秋田県に落下したものとみられます。");
    let Some(Detail::CivilProtection(said)) = &fallen.detail else { panic!("{fallen:?}") };
    assert!(said.has_struck());
    assert!(fallen.areas.iter().any(|it| it.area.name == "秋田県"));
    assert_eq!(say("先ほどのミサイル発射情報は誤報でした。").revision, Revision::Cancellation);
}

/// An envelope whose content objects hold these payloads.
fn envelope_of(payloads: &[&str]) -> String {
    let one = envelope("Actual", "PAYLOAD");
    let (begin, end) = (one.find("<c:contentObject>").unwrap(), one.find("</e:EDXLDistribution>").unwrap());
    let objects: String = payloads.iter().map(|it| one[begin..end].replace("PAYLOAD", it)).collect();
    format!("{}{objects}{}", &one[..begin], &one[end..])
}

#[test]
fn req_a16_a_content_object_that_cannot_be_read_does_not_hide_a_missile_beside_it() {
    let broken = r#"<Report xmlns="http://xml.kishou.go.jp/jmaxml1/"/>"#;
    let missile = "<Report><Head><Title>国民保護に関する情報</Title><Headline><Text>ミサイルが発射されたものとみられます。</Text></Headline></Head></Report>";
    for (payloads, left_out) in [([broken, missile], 1), ([missile, broken], 2)] {
        let all = bulletins(&envelope_of(&payloads), "j");
        assert_eq!(all.iter().map(|it| it.kind.clone()).collect::<Vec<_>>(), [Kind::CivilProtection]);
        let told = format!("contentObject {left_out} is left out");
        assert!(all[0].remarks.iter().any(|it| it.contains(&told)), "{:?}", all[0].remarks);
        assert_eq!(parse(envelope_of(&payloads).as_bytes(), "j").unwrap().kind, Kind::CivilProtection);
    }
    assert!(matches!(parse(envelope_of(&[broken, broken]).as_bytes(), "j"), Err(Reject::Missing { .. })));
}

const MOFA_LIST: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<opendata dataType="A" odType="04" lastModified="2026/09/16 08:10:15">
<mail><keyCd>79978</keyCd><infoType>R10</infoType><infoName>領事メール(一般)</infoName><leaveDate>2026/09/16 08:05:29</leaveDate>
<area><cd>30</cd><name>北米</name></area><country><areaCd>30</areaCd><cd>9001</cd><name>カナダ</name></country><title>注意喚起</title><lead>お知らせ</lead></mail>
<mail><keyCd>2026T088</keyCd><infoType>T40</infoType><leaveDate>2026/09/16 00:00:00</leaveDate>
<country><cd>0509</cd></country><title>ハイチの危険情報【危険レベル４：退避してください】</title><lead/></mail>
<mail><keyCd>2026C1</keyCd><infoType>C51</infoType><leaveDate>2026/09/16</leaveDate><title>広域</title></mail>
<mail><infoType>C30</infoType></mail></opendata>"#;

#[test]
fn the_notices_of_the_foreign_ministry_are_read_one_by_one() {
    let notices = bulletins(MOFA_LIST, "newarrivalA.xml");
    let kinds: Vec<_> = notices.iter().map(|it| it.kind.clone()).collect();
    let travel = [TravelNotice::ConsularMail, TravelNotice::Danger, TravelNotice::WideArea].map(Kind::Travel);
    assert_eq!(kinds, travel, "a notice without a key is left out");
    assert_eq!(notices[0].published, "2026-09-16T08:05:29+09:00".parse().unwrap());
    assert_eq!(notices[0].areas[0].area.code.as_str(), "CA");
    let Severity::Travel(report) = &notices[1].areas[0].severity else { panic!("{:?}", notices[1]) };
    assert_eq!((report.level, notices[1].areas[0].area.code.as_str()), (Some(4), "HT"));
    assert_eq!(notices[2].published, "2026-09-16T00:00:00+09:00".parse().unwrap());
    let as_elements = MOFA_LIST
        .replace(r#" lastModified="2026/09/16 08:10:15">"#, "><lastModified>2026/09/16 08:10:15</lastModified>");
    assert_eq!(bulletins(&as_elements, "newarrivalA.xml"), notices);
}

#[test]
fn a_country_has_the_worst_of_the_levels_that_stand_together() {
    let file = |levels: &str| {
        format!(
            r#"<opendata lastModified="2026/09/16 08:10:15"><country><cd>0066</cd><name>タイ</name></country>{levels}<riskTitle>題</riskTitle></opendata>"#
        )
    };
    let text = file(
        "<riskLevel4>0</riskLevel4><riskLevel3>1</riskLevel3><riskLevel2>1</riskLevel2><riskLevel1>Y</riskLevel1><infectionLevel1>1</infectionLevel1>",
    );
    let country = &bulletins(&text, "0066A.xml")[0];
    let levels: Vec<_> = country
        .areas
        .iter()
        .map(|it| match &it.severity {
            Severity::Travel(report) => (report.scale, report.level),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(levels, [(TravelScale::Mofa, Some(3)), (TravelScale::MofaInfection, Some(1))]);
    assert_eq!(country.series, [SeriesKey::Travel("mofa/TH".into())]);
    let calm = &bulletins(&file("<riskLevel1>0</riskLevel1>"), "0066A.xml")[0];
    assert!(calm.is_lifting());
}

#[test]
fn a_page_for_people_is_refused_although_it_came_with_status_200() {
    for page in ["<!DOCTYPE html><html><body>ページが見つかりません</body></html>", "\n<HTML><br></HTML>"] {
        assert_eq!(read(page.as_bytes(), "country/9999A.xml"), Err(Reject::Page));
        assert_eq!(parse(page.as_bytes(), "country/9999A.xml"), Err(Reject::Page));
    }
}

const GDACS: &str = r#"<rss version="2.0" xmlns:gdacs="http://www.gdacs.org" xmlns:georss="http://www.georss.org/georss"><channel><title>GDACS</title>
<item><title>Orange earthquake alert</title><description>On 8/9/2026 an earthquake</description><guid>EQ1486908</guid><link>https://www.gdacs.org/report.aspx?eventid=1486908</link>
<georss:point>38.1 142.9</georss:point><gdacs:eventtype>EQ</gdacs:eventtype><gdacs:alertlevel>Orange</gdacs:alertlevel>
<gdacs:eventid>1486908</gdacs:eventid><gdacs:episodeid>1</gdacs:episodeid><gdacs:fromdate>Tue, 08 Sep 2026 02:14:00 GMT</gdacs:fromdate>
<gdacs:datemodified>Tue, 08 Sep 2026 03:00:00 GMT</gdacs:datemodified><gdacs:severity unit="M" value="7.1">Magnitude 7.1M</gdacs:severity>
<gdacs:country>Indonesia, Timor-Leste</gdacs:country><gdacs:iso3>IDN</gdacs:iso3></item></channel></rss>"#;

#[test]
fn a_disaster_that_gdacs_reports_is_read_and_its_colour_may_fall_as_well_as_rise() {
    let event = &bulletins(GDACS, "rss.xml")[0];
    assert_eq!(event.series, [SeriesKey::Gdacs("EQ1486908".into())]);
    assert_eq!(event.areas.iter().map(|it| it.area.code.as_str()).collect::<Vec<_>>(), ["ID", "TL"]);
    assert_eq!(event.areas[0].severity, Severity::Gdacs(GdacsColour::Orange));
    assert_eq!(event.hypocentre.as_ref().and_then(|it| it.magnitude.value()), Some(7.1));
    assert_eq!(event.occurred, "2026-09-08T02:14:00Z".parse().ok());
    let mut series = Series::default();
    let soon = |it: &Bulletin| it.published + SignedDuration::from_mins(5);
    assert_eq!(series.take(event, soon(event)).step, Step::First);
    let later = |colour: &str, hour: &str| {
        let text = GDACS.replace(">Orange<", &format!(">{colour}<")).replace("03:00:00", &format!("{hour}:00:00"));
        bulletins(&text, "rss.xml").remove(0)
    };
    let (red, green) = (later("Red", "04"), later("Green", "05"));
    assert_eq!(series.take(&red, soon(&red)).step, Step::Worse);
    assert_eq!(series.take(&green, soon(&green)).step, Step::Changed);
    assert_eq!(series.take(event, soon(&green)).fate(), Fate::Ignore);
}

#[test]
fn advice_of_two_other_governments_is_read_on_their_own_scales() {
    let state = r#"[{"Title":"Afghanistan - Level 4: Do Not Travel","Link":"https://travel.example/af","Category":["AF"],"Summary":"<p>Do not travel.</p>","id":"1","Published":"2026-01-02T00:00:00-05:00","Updated":"2026-01-03T00:00:00-05:00"}]"#;
    let advisory = &bulletins(state, "TravelAdvisories")[0];
    assert_eq!((advisory.origin, advisory.areas[0].area.code.as_str()), (Origin::UsState, "AF"));
    assert_eq!(advisory.text, "Do not travel.");
    let fcdo = r#"{"base_path":"/foreign-travel-advice/thailand","title":"Thailand travel advice","updated_at":"2026-01-02T00:00:00Z","public_updated_at":"2026-01-02T10:00:00.000+00:00","details":{"alert_status":["avoid_all_but_essential_travel_to_parts"],"change_description":"Border update","country":{"name":"Thailand"}}}"#;
    let page = &bulletins(fcdo, "thailand")[0];
    let Severity::Travel(report) = &page.areas[0].severity else { panic!("{page:?}") };
    assert_eq!((report.level, report.whole, report.scale), (Some(3), false, TravelScale::Fcdo));
    let calm = bulletins(&fcdo.replace(r#""avoid_all_but_essential_travel_to_parts""#, ""), "thailand");
    assert!(calm[0].is_lifting());
    assert_eq!(calm[0].remarks, [""; 0]);
    assert!(matches!(read(b"{\"a\":1}", "x"), Err(Reject::Json { .. })));
    assert!(matches!(read("[".repeat(100_000).as_bytes(), "x"), Err(Reject::Json { .. })));
}

#[test]
fn req_o01_a_status_of_the_fcdo_that_is_not_known_counts_as_the_gravest_it_may_be() {
    let advice = |status: &str| {
        let page = format!(
            r#"{{"base_path":"/a","public_updated_at":"2026-01-02T10:00:00Z","details":{{"alert_status":[{status}],"country":{{"name":"Thailand"}}}}}}"#
        );
        let page = bulletins(&page, "a").remove(0);
        let Severity::Travel(report) = &page.areas[0].severity else { panic!("{page:?}") };
        assert!(!page.is_lifting(), "{status}");
        (report.level, report.whole, page.remarks.len())
    };
    assert_eq!(advice(r#""avoid_all_travel_to_whole_country_and_islands""#), (Some(4), true, 1));
    assert_eq!(advice(r#""avoid_all_but_essential_travel_to_the_north""#), (Some(3), true, 1));
    assert_eq!(advice(r#""do_not_go""#), (Some(4), true, 1));
    assert_eq!(
        advice(r#""avoid_all_travel_to_parts","avoid_all_but_essential_travel_to_whole_country""#),
        (Some(4), false, 0)
    );
}

#[test]
fn the_feed_of_the_state_department_is_advice_and_no_index() {
    let rss = r#"<rss version="2.0"><channel><title>Travel Advisories</title><item><title>Chad - Level 3: Reconsider Travel</title>
<link>https://travel.example/chad.html</link><pubDate>Tue, 08 Sep 2026 02:14:00 GMT</pubDate><description>&lt;b&gt;Why&lt;/b&gt;</description></item></channel></rss>"#;
    let advisory = &bulletins(rss, "TAsTWs.xml")[0];
    assert_eq!(advisory.areas[0].area.code.as_str(), "TD");
    assert_eq!(advisory.text, "Why");
}

#[test]
fn the_state_departments_titles_of_2026_with_dates_alone_joined_countries_and_unbreakable_blanks_are_read() {
    let item = |title: &str, date: &str| format!("<item><title>{title}</title><pubDate>{date}</pubDate></item>");
    let rss = |items: &str| format!(r#"<rss version="2.0"><channel><title>t</title>{items}</channel></rss>"#);
    let all = [
        item("Chad\u{a0}- Level\u{a0}3: Reconsider Travel", "Wed, 11 Feb 2026"),
        item("Mexico Travel Advisory - Level 2: Exercise Increased Caution", "Wed, 11 Feb 2026"),
        item("Mainland China, Hong Kong &amp; Macau - Level 2: Exercise Increased Caution", "Wed, 11 Feb 2026"),
        item("Israel, the West Bank and Gaza - Level 3: Reconsider Travel", "soon"),
    ];
    let read = bulletins(&rss(&all.concat()), "TAsTWs.xml");
    let codes = |it: &Bulletin| it.areas.iter().map(|it| it.area.code.to_string()).collect::<Vec<_>>();
    assert_eq!(read.iter().map(codes).collect::<Vec<_>>(), [vec!["TD"], vec!["MX"], vec!["CN", "HK", "MO"]]);
    assert_eq!(read[0].published, "2026-02-11T12:00:00Z".parse().unwrap());
    assert!(read[0].remarks[0].contains("1 items"), "what is left out is told: {:?}", read[0].remarks);
    let unread = hikyaku_feeds::read(rss(&all[3]).as_bytes(), "TAsTWs.xml");
    assert_eq!(unread, Err(Reject::List { items: 1 }), "a list of which nothing is read is no quiet day");
}

#[test]
fn a_country_file_without_its_country_is_of_the_code_in_its_name() {
    let file = r#"<opendata lastModified="2026/09/16 08:10:15"><riskLevel4>1</riskLevel4></opendata>"#;
    for name in ["0066.xml", "https://www.ezairyu.mofa.go.jp/opendata/country/0066L.xml", "0066~0123456789abcdef.xml"] {
        let country = &bulletins(file, name)[0];
        assert_eq!(country.areas[0].area.code.as_str(), "TH", "{name}");
    }
}

#[test]
fn an_alert_of_an_incident_is_neither_outdated_nor_taken_back_by_another_of_it() {
    let alert = |id: &str, minute: &str, kind: &str| {
        let text = CAP
            .replace("<cap:identifier>A2", &format!("<cap:identifier>{id}"))
            .replace("T03:10", &format!("T03:{minute}"))
            .replace("<cap:msgType>Alert", &format!("<cap:msgType>{kind}"))
            .replace("<cap:references/>", "<cap:references/><cap:incidents>storm-1</cap:incidents>");
        parse(text.as_bytes(), id).unwrap()
    };
    let mut series = Series::default();
    let mut take = |it: &Bulletin| series.take(it, alert("now", "20", "Alert").published).step;
    assert_eq!(take(&alert("B", "15", "Alert")), Step::First);
    assert_ne!(take(&alert("A", "10", "Alert")), Step::Outdated, "it comes later and speaks of its own");
    assert_eq!(take(&alert("C", "18", "Cancel")), Step::CancelledNothing, "it refers to none of them");
}

#[test]
fn an_alert_whose_validity_is_over_is_late_and_its_end_is_not() {
    let expires = "<cap:expires>2026-04-03T03:20:00-00:00</cap:expires><cap:headline>";
    let text = CAP.replace("<cap:headline>", expires);
    let alert = parse(text.as_bytes(), "e.cap").unwrap();
    let later = |minutes| alert.published + SignedDuration::from_mins(minutes);
    assert_eq!(Series::default().take(&alert, later(9)).fate(), Fate::Act);
    assert_eq!(Series::default().take(&alert, later(10)).fate(), Fate::Record);
    let mut series = Series::default();
    assert_eq!(series.take(&alert, later(1)).fate(), Fate::Act);
    let clear = text
        .replace("<cap:identifier>A2", "<cap:identifier>A3")
        .replace("<cap:references/>", "<cap:references>who@example.jp,A2,2026-04-03T03:10:00-00:00</cap:references>")
        .replace("<cap:urgency>", "<cap:responseType>AllClear</cap:responseType><cap:urgency>");
    let clear = parse(clear.as_bytes(), "clear.cap").unwrap();
    assert_eq!(
        (series.take(&clear, later(15)).step, series.take(&clear, later(15)).fate()),
        (Step::Lifted, Fate::Ignore)
    );
}

#[test]
fn an_evacuation_that_is_lifted_is_over() {
    let content = "<Report><Head><Title>避難指示 解除</Title></Head></Report>";
    let lifted = parse(envelope("Actual", content).as_bytes(), "e").unwrap();
    assert!(lifted.is_lifting());
    let Severity::Warning(report) = &lifted.areas[0].severity else { panic!("{lifted:?}") };
    assert_eq!(report.grade, WarningGrade::None);
}
