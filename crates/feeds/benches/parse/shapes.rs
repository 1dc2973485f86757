//! Documents of 4 MB, each in a shape that asks much of a reader: many places, many names, many tags.

use hikyaku_feeds::MAX_REPORTS;

use crate::envelope;

const BYTES: usize = 4 * 1024 * 1024;

/// What makes a document.
pub(crate) type Make = fn() -> Vec<u8>;

/// Each shape with its name.
pub(crate) const ALL: [(&str, Make); 26] = [
    ("digest", digest),
    ("digest-with-headlines", digest_with_headlines),
    ("digest-with-levels", digest_with_levels),
    ("long-names", long_names),
    ("geocodes", geocodes),
    ("periods", periods),
    ("usual-warning", usual_warning),
    ("dense-warning", dense_warning),
    ("wide-warning", wide_warning),
    ("kinds-by-places", kinds_by_places),
    ("ash-fall", volcano),
    ("flood", flood),
    ("stations", stations),
    ("cap", cap),
    ("l-alert", l_alert),
    ("gdacs", gdacs),
    ("mofa", mofa),
    ("news", news),
    ("unclosed-tags", unclosed),
    ("empty-elements", empty),
    ("attributes", attributes),
    ("cut-short", cut_short),
    ("most-warnings", most_warnings),
    ("most-ash-fall", most_ash_fall),
    ("most-stations", most_stations),
    ("most-cap-areas", most_cap_areas),
];

/// As dense as official warnings are.
fn usual_warning() -> Vec<u8> {
    warning(
        "<Item><Kind><Name>大雨警報</Name><Code>03</Code><Status>発表</Status><Condition>土砂災害</Condition></Kind><Kind><Name>雷注意報</Name><Code>14</Code><Status>継続</Status></Kind><Area><Name>松江市</Name><Code>3220100</Code></Area></Item>\n",
    )
}

/// Danger and level of a warning, as bodies of the new family have them.
const PROPERTY: &str = "<Property>\n<Type>雷危険度</Type>\n<SignificancyPart>\n<Base>\n<Significancy type=\"雷危険度\">\n<Name>注意報級</Name>\n<Code>20</Code>\n</Significancy>\n</Base>\n</SignificancyPart>\n</Property>\n";

/// JMA's digest of all warnings of the country (集約通報): a line for each element, kinds by the half dozen, all of it body.
fn digest() -> Vec<u8> {
    country("", 0)
}

/// The same with headlines for half of it, which JMA's has not.
fn digest_with_headlines() -> Vec<u8> {
    country("", BYTES / 2)
}

/// The same with levels of danger.
fn digest_with_levels() -> Vec<u8> {
    country(PROPERTY, BYTES / 2)
}

/// A digest whose body tells so much more of each warning, with so many bytes of headlines.
fn country(more: &str, headlines: usize) -> Vec<u8> {
    let kind = "<Kind>\n<Name>雷注意報</Name>\n<Code>14</Code>\n";
    let told = "<Status>継続</Status>\n<LastKind>\n<Name>雷注意報</Name>\n<Code>14</Code>\n</LastKind>\n<DateTime type=\"発表時刻\">2019-10-12T08:17:00+09:00</DateTime>\n";
    let place = "<Area>\n<Name>上松町</Name>\n<Code>2042200</Code>\n</Area>\n";
    let end = "</Kind>\n";
    let headline = format!("<Item>\n{}<Areas>\n{place}</Areas>\n</Item>\n", format!("{kind}{end}").repeat(6));
    let body = format!("<Item>\n{}{place}</Item>\n", format!("{kind}{told}{more}{end}").repeat(6));
    let fill = |item: &str, bytes: usize| item.repeat(bytes / item.len());
    let plain = String::from_utf8_lossy(&envelope("気象警報・注意報（Ｒ０６）（集約通報）", "")).into_owned();
    let headline = format!("<Headline><Information>{}</Information></Headline>", fill(&headline, headlines));
    let (before, after) = plain.split_once("<Headline>").unwrap_or_default();
    let after = after.split_once("</Headline>").unwrap_or_default().1;
    let body = format!(
        r#"<Body xmlns="http://xml.kishou.go.jp/jmaxml1/body/meteorology1/"><Warning>{}</Warning></Body>"#,
        fill(&body, BYTES - headlines)
    );
    format!("{before}{headline}{after}").replace("</Report>", &format!("{body}</Report>")).into_bytes()
}

/// A name of a megabyte for a warning at many places, each with many of them.
fn long_names() -> Vec<u8> {
    let long = "名".repeat(BYTES / 12);
    let kinds = format!("<Kind><Name>{long}</Name></Kind>").repeat(2);
    weather(&format!("<Item>{kinds}<Areas>{}</Areas></Item>", numbered("<Area><Code>#</Code></Area>", BYTES / 8)))
}

/// An alert's place with a long name and many codes.
fn geocodes() -> Vec<u8> {
    let codes = numbered("<geocode><valueName>a</valueName><value>#</value></geocode>", BYTES / 2);
    alert(&format!("<area><areaDesc>{}</areaDesc>{codes}</area>", "n".repeat(BYTES / 2)))
}

/// Levels of danger in periods that are not defined.
fn periods() -> Vec<u8> {
    let values = numbered(
        "<Significancy type=\"大雨浸水危険度\" refID=\"#\"><Name>警戒レベル３</Name><Code>31</Code></Significancy>",
        BYTES - 4_000,
    );
    let body = format!(
        r#"<Body xmlns="http://xml.kishou.go.jp/jmaxml1/body/meteorology1/"><MeteorologicalInfos><TimeSeriesInfo><Item><Kind><Property>{values}</Property></Kind><Area><Name>稚内市</Name><Code>0121400</Code></Area></Item></TimeSeriesInfo></MeteorologicalInfos></Body>"#
    );
    envelope("気象警報・注意報時系列情報（Ｒ０６）", &body)
}

/// As little as makes a report, of a municipality.
fn dense_warning() -> Vec<u8> {
    warning("<Item><Kind><Name>a</Name></Kind><Area><Code>3220100</Code></Area></Item>")
}

/// The same of an area with many municipalities.
fn wide_warning() -> Vec<u8> {
    warning("<Item><Kind><Name>a</Name></Kind><Area><Code>130010</Code></Area></Item>")
}

/// The piece again and again, with its number for `#`.
fn numbered(piece: &str, bytes: usize) -> String {
    let mut all = String::with_capacity(bytes + piece.len());
    let mut number = 0;
    while all.len() + piece.len() + 8 < bytes {
        all.push_str(&piece.replace('#', &number.to_string()));
        number += 1;
    }
    all
}

fn weather(inner: &str) -> Vec<u8> {
    let body = format!(
        r#"<Body xmlns="http://xml.kishou.go.jp/jmaxml1/body/meteorology1/"><Warning type="気象警報・注意報（市町村等）">{inner}</Warning></Body>"#
    );
    envelope("気象警報・注意報（Ｈ２７）", &body)
}

fn warning(item: &str) -> Vec<u8> {
    weather(&item.repeat((BYTES - 2_000) / item.len()))
}

fn kinds_by_places() -> Vec<u8> {
    let kinds = numbered("<Kind><Code>#</Code></Kind>", BYTES / 2);
    let areas = numbered("<Area><Code>#</Code></Area>", BYTES / 2);
    weather(&format!("<Item>{kinds}<Areas>{areas}</Areas></Item>"))
}

fn volcano() -> Vec<u8> {
    ash_fall(&numbered("<Area><Name>a</Name><Code>#</Code></Area>", BYTES))
}

fn ash_fall(areas: &str) -> Vec<u8> {
    let body = format!(
        r#"<Body xmlns="http://xml.kishou.go.jp/jmaxml1/body/volcanology1/"><VolcanoInfo><Item><Kind><Name>降灰</Name><Code>71</Code></Kind><Areas codeType="市町村等">{areas}</Areas></Item></VolcanoInfo></Body>"#
    );
    envelope("降灰予報（定時）", &body)
}

fn flood() -> Vec<u8> {
    let areas = numbered("<Area><Name>a</Name><Code>#</Code></Area>", BYTES);
    let headline = format!(
        r#"<Headline><Information type="指定河川洪水予報（河川）"><Item><Kind><Name>氾濫警戒情報</Name><Code>30</Code></Kind><Areas>{areas}</Areas></Item></Information></Headline>"#
    );
    let plain = String::from_utf8_lossy(&envelope("指定河川洪水予報", "")).into_owned();
    let (before, after) = plain.split_once("<Headline>").unwrap_or_default();
    let after = after.split_once("</Headline>").unwrap_or_default().1;
    format!("{before}{headline}{after}").into_bytes()
}

fn stations() -> Vec<u8> {
    measured(&numbered("<Station><Code>#</Code></Station>", BYTES))
}

fn measured(stations: &str) -> Vec<u8> {
    let body = format!(
        r#"<Body xmlns="http://xml.kishou.go.jp/jmaxml1/body/seismology1/"><Tsunami><Observation><Item><Area><Name>東京湾内湾</Name><Code>312</Code></Area>{stations}</Item></Observation></Tsunami></Body>"#
    );
    envelope("津波情報a", &body)
}

fn cap() -> Vec<u8> {
    alert(&numbered("<area><areaDesc>#</areaDesc></area>", BYTES))
}

fn alert(areas: &str) -> Vec<u8> {
    format!(
        r#"<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>1</identifier><sender>s</sender><sent>2026-11-21T12:00:00Z</sent><status>Actual</status><msgType>Alert</msgType><scope>Public</scope><info><event>e</event>{areas}</info></alert>"#
    )
    .into_bytes()
}

fn l_alert() -> Vec<u8> {
    let targets = numbered("<targetArea><jisX0402>#</jisX0402></targetArea>", BYTES / 2);
    let objects = numbered("<contentObject><documentID>#</documentID></contentObject>", BYTES / 2);
    format!(
        r#"<EDXLDistribution xmlns="urn:oasis:names:tc:emergency:EDXL:DE:1.0"><dateTimeSent>2026-11-21T12:00:00Z</dateTimeSent><distributionStatus>Actual</distributionStatus>{targets}{objects}</EDXLDistribution>"#
    )
    .into_bytes()
}

fn gdacs() -> Vec<u8> {
    let countries = numbered("Japan#,", BYTES);
    format!(
        r#"<rss xmlns:gdacs="http://www.gdacs.org"><channel><title>g</title><item><title>t</title><pubDate>Sat, 21 Nov 2026 12:00:00 GMT</pubDate><gdacs:eventid>1</gdacs:eventid><gdacs:country>{countries}</gdacs:country></item></channel></rss>"#
    )
    .into_bytes()
}

fn mofa() -> Vec<u8> {
    let countries = numbered("<country><cd>#</cd><name>タイ王国#</name></country>", BYTES);
    format!(
        r#"<opendata lastModified="2026/11/21 12:00:00"><mail><keyCd>1</keyCd><infoType>C50</infoType><title>t</title>{countries}</mail></opendata>"#
    )
    .into_bytes()
}

fn news() -> Vec<u8> {
    let items = numbered("<item><link>https://n.example/#</link><title>見出し#</title></item>", BYTES);
    format!(r#"<rss><channel><title>n</title>{items}</channel></rss>"#).into_bytes()
}

fn unclosed() -> Vec<u8> {
    let tags = "&lt;a".repeat(BYTES / 5 - 100);
    format!(r#"<rss><channel><title>n</title><item><link>https://n.example/1</link><description>{tags}</description></item></channel></rss>"#)
        .into_bytes()
}

fn empty() -> Vec<u8> {
    weather(&"<a/>".repeat((BYTES - 2_000) / 4))
}

fn attributes() -> Vec<u8> {
    let attributes: String = (0..30).map(|it| format!(" a{it}=\"\"")).collect();
    let element = format!("<a{attributes}/>");
    weather(&element.repeat((BYTES - 2_000) / element.len()))
}

/// The piece with its number for `#` as often as places are read, then other elements to the full size: what just passes the bounds.
fn most(piece: &str) -> String {
    let mut all: String = (0..MAX_REPORTS - 10).map(|number| piece.replace('#', &number.to_string())).collect();
    while all.len() < BYTES - 2_000 {
        all.push_str("<bbbbbbbbbbbbbbbb/>\n");
    }
    all
}

fn most_warnings() -> Vec<u8> {
    weather(&most("<Item><Kind><Name>a</Name></Kind><Area><Code>3220100</Code></Area></Item>"))
}

fn most_ash_fall() -> Vec<u8> {
    ash_fall(&most("<Area><Name>a</Name><Code>#</Code></Area>"))
}

fn most_stations() -> Vec<u8> {
    measured(&most("<Station><Code>#</Code></Station>"))
}

fn most_cap_areas() -> Vec<u8> {
    alert(&most("<area><areaDesc>#</areaDesc></area>"))
}

fn cut_short() -> Vec<u8> {
    let mut whole = dense_warning();
    whole.truncate(BYTES - 3_000);
    whole
}
