//! A small telegram of each family, named as its fuzz target is, from which property tests and fuzz targets begin; nothing in them has happened.

/// Name and text of each: every parser is reached by one.
pub const SEEDS: [(&str, &str); 24] = [
    ("earthquake", QUAKE),
    ("early-warning", EARLY_WARNING),
    ("great-quake", GREAT_QUAKE),
    ("tsunami", TSUNAMI),
    ("volcano", VOLCANO),
    ("warning", WARNING),
    ("flood", FLOOD),
    ("typhoon", TYPHOON),
    ("cap", CAP),
    ("l-alert", EDXL),
    ("mofa", MOFA),
    ("gdacs", GDACS),
    ("atom", INDEX),
    ("fcdo", FCDO),
    ("state", STATE),
    ("entry", ENTRY),
    ("cap-1-0", CAP_1_0),
    ("rss", RSS),
    ("rdf", RDF),
    ("state-rss", STATE_RSS),
    ("mofa-country", MOFA_COUNTRY),
    ("mofa-area", MOFA_AREA),
    ("outlook", OUTLOOK),
    ("civil", CIVIL),
];

/// What is read otherwise than as a document: a message of DM-D.S.S's stream, and a headline of a news agency with its summary.
pub const TALK: [(&str, &str); 2] = [("stream", STREAM), ("news", NEWS)];

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

const CAP_1_0: &str = r#"<alert xmlns="http://www.incident.com/cap/1.0"><identifier>A1</identifier><sender>s@example.jp</sender><sent>2026-04-03T03:10:00-00:00</sent><status>Actual</status><scope>Public</scope><msgType>Alert</msgType><info><category>Met</category><event>Flood</event><urgency>Immediate</urgency><severity>Severe</severity><certainty>Very Likely</certainty><headline>Flood</headline><area><areaDesc>Riverside</areaDesc><geocode>fips6=006109</geocode></area></info></alert>"#;

const RSS: &str = r#"<rss version="2.0"><channel><title>Wire</title><lastBuildDate>Tue, 08 Sep 2026 03:00:00 GMT</lastBuildDate><item><title>Flood &amp; storm</title><link>https://news.example/1</link><guid isPermaLink="false">n1</guid><pubDate>Tue, 08 Sep 2026 02:14:00 GMT</pubDate><description>&lt;p&gt;Why&lt;/p&gt;</description></item></channel></rss>"#;

const RDF: &str = r#"<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>Wire</title><dc:date>2026-09-08T03:00:00Z</dc:date></channel><item><title>洪水</title><link>https://news.example/1</link><dc:date>2026-09-08</dc:date><description>本文</description></item></rdf:RDF>"#;

const STATE_RSS: &str = r#"<rss version="2.0"><channel><title>Travel Advisories</title><item><title>Mainland China, Hong Kong &amp; Macau - Level 2: Exercise Increased Caution</title><link>https://travel.example/china.html</link><pubDate>Wed, 11 Feb 2026</pubDate><description>&lt;b&gt;Why&lt;/b&gt;</description></item></channel></rss>"#;

const MOFA_COUNTRY: &str = r#"<opendata dataType="A" odType="03" lastModified="2026/09/16 08:10:15"><country><areaCd>10</areaCd><cd>0066</cd><name>タイ</name></country><riskLevel4>0</riskLevel4><riskLevel3>1</riskLevel3><riskLevel2>Y</riskLevel2><riskLevel1>1</riskLevel1><infectionLevel1>0</infectionLevel1><riskTitle>タイの危険情報</riskTitle><riskLead>レベル３</riskLead></opendata>"#;

const MOFA_AREA: &str = r#"<opendata dataType="" odType="02"><lastModified>2026/09/16 08:10:15</lastModified><wideareaSpot><keyCd>2026C001</keyCd><infoType>C50</infoType><leaveDate>2026/09/16</leaveDate><area><cd>40</cd><name>中東</name></area><title>中東情勢の緊迫化に関する注意喚起</title><lead>最新の情報を</lead><mainText>本文</mainText></wideareaSpot></opendata>"#;

const OUTLOOK: &str = jma!(
    "気象警報・注意報時系列情報（Ｒ０６）",
    "",
    "",
    "meteorology",
    r#"<MeteorologicalInfos><TimeSeriesInfo><TimeDefines><TimeDefine timeId="1"><DateTime>2026-04-03T06:00:00+09:00</DateTime><Duration>PT3H</Duration></TimeDefine></TimeDefines><Item><Kind><Property><Type>大雨浸水危険度</Type><SignificancyPart><Base><Significancy refID="1" type="大雨浸水危険度"><Name>警戒レベル３</Name><Code>31</Code></Significancy></Base></SignificancyPart></Property></Kind><Area><Name>松江市</Name><Code>3220100</Code></Area></Item></TimeSeriesInfo></MeteorologicalInfos>"#
);

const CIVIL: &str = r#"<e:EDXLDistribution xmlns:e="urn:oasis:names:tc:emergency:EDXL:DE:1.0" xmlns:c="http://xml.publiccommons.ne.jp/xml/edxl/"><e:dateTimeSent>2026-04-03T03:10:00+09:00</e:dateTimeSent><e:distributionStatus>Actual</e:distributionStatus><c:contentObject><e:xmlContent><e:embeddedXMLContent><Report><Head><Title>国民保護に関する情報</Title><Headline><Text>ミサイル通過。先ほどのミサイルは、北海道付近から太平洋へ通過したものとみられます。日本の領土・領海には落下しませんでした。不審な落下物には近寄らないで下さい。</Text></Headline></Head></Report></e:embeddedXMLContent></e:xmlContent><c:documentID>d1</c:documentID></c:contentObject></e:EDXLDistribution>"#;

const STREAM: &str = r#"{"type":"data","version":"2.0","classification":"telegram.earthquake","id":"00","passing":[],"head":{"type":"VXSE51","author":"気象庁","time":"2026-11-21T12:01:00.000Z","designation":null,"test":false},"xmlReport":{"control":{"dateTime":"2026-11-21T12:01:40Z"}},"format":"xml","compression":null,"encoding":"utf-8","body":"<Report/>"}"#;

const NEWS: &str = "追悼式典で爆発、少なくとも二十三人死亡　邦人１人負傷\n首都で２１日、軍が非常事態を宣言した。Soldiers seize power, 34 killed, officials say.";
