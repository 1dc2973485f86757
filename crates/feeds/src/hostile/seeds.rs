//! A small telegram of each family, from which property tests and fuzz targets begin; nothing in them has happened.

/// Name and text of each: every parser is reached by one.
pub const SEEDS: [(&str, &str); 16] = [
    ("震度速報", QUAKE),
    ("緊急地震速報", EARLY_WARNING),
    ("南海トラフ", GREAT_QUAKE),
    ("津波", TSUNAMI),
    ("火山", VOLCANO),
    ("気象警報", WARNING),
    ("洪水", FLOOD),
    ("台風", TYPHOON),
    ("CAP", CAP),
    ("L アラート", EDXL),
    ("外務省", MOFA),
    ("GDACS", GDACS),
    ("索引", INDEX),
    ("英国", FCDO),
    ("米国", STATE),
    ("手入力", ENTRY),
];

/// The telegram of a number, whatever the number.
#[must_use]
pub fn seed(which: usize) -> &'static str {
    SEEDS[which % SEEDS.len()].1
}

macro_rules! jma {
    ($title:literal, $event:literal, $headline:literal, $family:literal, $body:literal) => {
        concat!(
            r#"<?xml version="1.0" encoding="UTF-8"?>
<Report xmlns="http://xml.kishou.go.jp/jmaxml1/" xmlns:eb="http://xml.kishou.go.jp/jmaxml1/elementBasis1/"><Control><Title>"#,
            $title,
            r#"</Title><DateTime>2026-04-02T18:02:41Z</DateTime><Status>通常</Status><EditorialOffice>気象庁本庁</EditorialOffice><PublishingOffice>気象庁</PublishingOffice></Control>
<Head xmlns="http://xml.kishou.go.jp/jmaxml1/informationBasis1/"><Title>"#,
            $title,
            r#"</Title><ReportDateTime>2026-04-03T03:02:00+09:00</ReportDateTime><TargetDateTime>2026-04-03T03:01:00+09:00</TargetDateTime><EventID>"#,
            $event,
            r#"</EventID><InfoType>発表</InfoType><Serial>1</Serial><InfoKind>種</InfoKind><InfoKindVersion>1.0_1</InfoKindVersion><Headline><Text>見出し</Text>"#,
            $headline,
            r#"</Headline></Head>
<Body xmlns="http://xml.kishou.go.jp/jmaxml1/body/"#,
            $family,
            r#"1/">"#,
            $body,
            "</Body></Report>"
        )
    };
}

const QUAKE: &str = jma!(
    "震源・震度に関する情報",
    "20260403030105",
    "",
    "seismology",
    r#"<Earthquake><OriginTime>2026-04-03T03:01:00+09:00</OriginTime><Hypocenter><Area><Name>東京湾</Name><Code type="震央地名">477</Code><eb:Coordinate>+35.5+139.9-30000/</eb:Coordinate></Area></Hypocenter><eb:Magnitude type="Mj" description="Ｍ７．１">7.1</eb:Magnitude></Earthquake>
<Intensity><Observation><MaxInt>6-</MaxInt><Pref><Name>東京都</Name><Code>13</Code><Area><Name>東京都２３区</Name><Code>350</Code><MaxInt>6-</MaxInt><City><Name>東京港区</Name><Code>1310300</Code><Condition>震度５弱以上未入電</Condition></City></Area></Pref></Observation></Intensity>
<Comments><ForecastComment><Text>津波の心配はありません。</Text></ForecastComment></Comments>"#
);

const EARLY_WARNING: &str = jma!(
    "緊急地震速報（警報）",
    "20260403030105",
    r#"<Information><Item><Kind><Name>緊急地震速報（警報）</Name><Code>31</Code></Kind><Areas codeType="地震情報／細分区域"><Area><Name>東京都２３区</Name><Code>350</Code></Area></Areas></Item></Information>"#,
    "seismology",
    r#"<Earthquake><Condition>仮定震源要素</Condition><ArrivalTime>2026-04-03T03:01:00+09:00</ArrivalTime><Hypocenter><Area><Name>東京湾</Name></Area></Hypocenter><eb:Magnitude type="Mj">NaN</eb:Magnitude></Earthquake>
<Intensity><Forecast><ForecastInt><From>5-</From><To>over</To></ForecastInt><ForecastLgInt><From>2</From><To>3</To></ForecastLgInt><Pref><Area><Name>東京都２３区</Name><Code>350</Code><Category><Kind><Code>19</Code></Kind></Category><ForecastInt><From>5-</From><To>over</To></ForecastInt></Area></Pref></Forecast></Intensity><NextAdvisory>最終報</NextAdvisory>"#
);

const GREAT_QUAKE: &str = jma!(
    "南海トラフ地震臨時情報",
    "20260403040000",
    "",
    "seismology",
    "<EarthquakeInfo><InfoKind>南海トラフ地震臨時情報</InfoKind><InfoSerial><Name>巨大地震警戒</Name><Code>120</Code></InfoSerial><Text>本文</Text></EarthquakeInfo><NextAdvisory>次</NextAdvisory>"
);

const TSUNAMI: &str = jma!(
    "津波警報・注意報・予報a",
    "20260403030105 20260403030610",
    r#"<Information><Item><Kind><Name>津波警報</Name><Code>51</Code></Kind><Areas><Area><Name>関東地方</Name><Code>491</Code></Area></Areas></Item></Information>"#,
    "seismology",
    r#"<Tsunami><Observation><Item><Area><Name>千葉県</Name><Code>310</Code></Area><Station><Name>銚子</Name><Code>31001</Code><MaxHeight><eb:TsunamiHeight description="３．２ｍ">3.2</eb:TsunamiHeight></MaxHeight></Station></Item></Observation>
<Forecast><Item><Area><Name>千葉県九十九里・外房</Name><Code>310</Code></Area><Category><Kind><Name>大津波警報：発表</Name><Code>53</Code></Kind><LastKind><Name>津波なし</Name><Code>00</Code></LastKind></Category><FirstHeight><ArrivalTime>2026-04-03T03:20:00+09:00</ArrivalTime></FirstHeight><MaxHeight><eb:TsunamiHeight condition="不明" description="巨大">NaN</eb:TsunamiHeight></MaxHeight></Item></Forecast></Tsunami>"#
);

const VOLCANO: &str = jma!(
    "噴火警報・予報",
    "306",
    "",
    "volcanology",
    r#"<VolcanoInfo type="噴火警報・予報（対象火山）"><Item><Kind><Name>レベル３（入山規制）</Name><Code>13</Code><Condition>引上げ</Condition></Kind><Areas codeType="火山名"><Area><Name>浅間山</Name><Code>306</Code></Area></Areas></Item></VolcanoInfo><VolcanoInfo><Item><Kind><Name>火口周辺警報</Name><Code>02</Code></Kind><Areas codeType="気象・地震・火山情報／市町村等"><Area><Name>群馬県嬬恋村</Name><Code>1042500</Code></Area></Areas></Item></VolcanoInfo><VolcanoInfoContent><VolcanoHeadline>本文</VolcanoHeadline></VolcanoInfoContent>"#
);

const WARNING: &str = jma!(
    "気象警報・注意報（Ｒ０６）（土砂）",
    "",
    "",
    "meteorology",
    r#"<Warning type="気象警報・注意報（市町村等）"><Item><Kind><Name>レベル４土砂災害危険警報</Name><Code>49</Code><Status>発表</Status></Kind><Kind><Name>解除</Name><Code>00</Code><Status>解除</Status></Kind><Area><Name>松江市</Name><Code>3220100</Code></Area></Item><Item><Kind><Status>発表警報・注意報はなし</Status></Kind><Area><Name>隠岐</Name><Code>320030</Code></Area></Item></Warning>"#
);

const FLOOD: &str = jma!(
    "指定河川洪水予報",
    "123456789012",
    r#"<Information type="指定河川洪水予報（予報区域）"><Item><Kind><Name>レベル４氾濫危険警報</Name><Code>40</Code><Condition>洪水警報（発表）</Condition></Kind><Areas><Area><Name>某川</Name><Code>123456789012</Code></Area></Areas></Item></Information><Information type="指定河川洪水予報（府県予報区等）"><Item><Areas><Area><Name>島根県</Name><Code>320000</Code></Area></Areas></Item></Information>"#,
    "meteorology",
    "<Warning><Item><Kind><Property><Type>主文</Type><Text>氾濫のおそれ</Text></Property></Kind></Item></Warning>"
);

const TYPHOON: &str = jma!(
    "台風解析・予報情報（５日予報）（Ｈ３０）",
    "TC2601",
    "",
    "meteorology",
    r#"<MeteorologicalInfos type="台風情報"><MeteorologicalInfo><DateTime type="実況">2026-04-03T03:00:00+09:00</DateTime><Item><Kind><Property><Type>呼称</Type><TyphoonNamePart><Name>LAN</Name><Number>2601</Number></TyphoonNamePart></Property></Kind><Kind><Property><CenterPart><eb:Coordinate type="中心位置（度）">+10.1+135.3/</eb:Coordinate><Location>海上</Location><eb:Pressure unit="hPa" type="中心気圧">996</eb:Pressure></CenterPart></Property></Kind><Kind><Property><WindPart><eb:WindSpeed unit="m/s" type="最大風速">20</eb:WindSpeed></WindPart><WarningAreaPart type="強風域"><eb:Circle><eb:Axes><eb:Axis><eb:Radius unit="km">220</eb:Radius></eb:Axis></eb:Axes></eb:Circle></WarningAreaPart></Property></Kind></Item></MeteorologicalInfo></MeteorologicalInfos>"#
);

const CAP: &str = r#"<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>A1</identifier><sender>s@example.jp</sender><sent>2026-04-03T03:10:00-00:00</sent><status>Actual</status><msgType>Update</msgType><scope>Public</scope><references>s@example.jp,A0,2026-04-03T03:00:00-00:00</references><incidents>i1</incidents><info><language>ja-JP</language><event>洪水</event><responseType>AllClear</responseType><urgency>Past</urgency><severity>Minor</severity><certainty>Observed</certainty><expires>2026-04-03T04:10:00-00:00</expires><headline>見出し</headline><area><areaDesc>川辺</areaDesc><geocode><valueName>SAME</valueName><value>006109</value></geocode></area></info></alert>"#;

const EDXL: &str = r#"<e:EDXLDistribution xmlns:e="urn:oasis:names:tc:emergency:EDXL:DE:1.0" xmlns:c="http://xml.publiccommons.ne.jp/xml/edxl/"><e:dateTimeSent>2026-04-03T03:10:00+09:00</e:dateTimeSent><e:distributionStatus>Actual</e:distributionStatus><e:distributionType>Report</e:distributionType><c:targetArea><c:areaName>青森県</c:areaName><c:jisX0402>020001</c:jisX0402></c:targetArea><c:contentObject><e:xmlContent><e:embeddedXMLContent><Report><Head><Title>国民保護に関する情報</Title><Headline><Text>ミサイルは、青森県に落下したものとみられます。</Text></Headline></Head></Report></e:embeddedXMLContent></e:xmlContent><c:documentRevision>1</c:documentRevision><c:documentID>d1</c:documentID></c:contentObject></e:EDXLDistribution>"#;

const MOFA: &str = r#"<opendata dataType="A" lastModified="2026/09/16 08:10:15"><mail><keyCd>2026T088</keyCd><infoType>T40</infoType><leaveDate>2026/09/16 00:00:00</leaveDate><country><cd>0066</cd><name>タイ</name></country><title>タイの危険情報【レベル３】</title><lead>渡航中止勧告</lead></mail></opendata>"#;

const GDACS: &str = r#"<rss version="2.0" xmlns:gdacs="http://www.gdacs.org" xmlns:georss="http://www.georss.org/georss"><channel><item><title>Orange</title><description>d</description><georss:point>38.1 142.9</georss:point><gdacs:eventtype>EQ</gdacs:eventtype><gdacs:alertlevel>Orange</gdacs:alertlevel><gdacs:eventid>1</gdacs:eventid><gdacs:datemodified>Tue, 08 Sep 2026 03:00:00 GMT</gdacs:datemodified><gdacs:severity unit="M" value="7.1">M</gdacs:severity><gdacs:country>Indonesia</gdacs:country></item></channel></rss>"#;

const INDEX: &str = r#"<feed xmlns="http://www.w3.org/2005/Atom"><title>高頻度</title><updated>2024-01-01T20:53:23+09:00</updated><entry><title>震度速報</title><id>https://example.jp/a.xml#r1</id><updated>2024-01-01T07:12:54Z</updated><link type="application/xml" href="https://example.jp/a.xml"/><content type="text">&lt;b&gt;【震度速報】&lt;/b&gt;</content></entry></feed>"#;

const FCDO: &str = r#"{"base_path":"/foreign-travel-advice/thailand","title":"Thailand travel advice","public_updated_at":"2026-01-02T10:00:00.000+00:00","details":{"alert_status":["avoid_all_travel_to_parts"],"change_description":"<p>x</p>","country":{"name":"Thailand"}}}"#;

const STATE: &str = r#"[{"Title":"Afghanistan - Level 4: Do Not Travel","Link":"https://travel.example/af","Summary":"<p>Do not travel.</p>","Published":"2026-01-02T00:00:00-05:00","Updated":"2026-01-03T00:00:00-05:00"}]"#;

const ENTRY: &str = r#"{"id":"1","series":"2026-04-03-1","operator":"op","entered":"2026-04-02T18:02:41Z","is_drill":false,"revision":"issue","occurred":null,"hazard":{"kind":"civil-protection","threat":"Missile","phase":"Fallen","place":"Territory","fallen_in":[2]},"prefectures":[2],"regions":["02201"],"headline":"落下したものとみられます。","text":""}"#;
