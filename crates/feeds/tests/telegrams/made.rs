//! Telegrams of our own making, and ways to spoil them.

use hikyaku_feeds::{Bulletin, parse};

/// A small 震度速報.
pub(crate) const INTENSITY_PROMPT: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<Report xmlns="http://xml.kishou.go.jp/jmaxml1/">
<Control>
<Title>震度速報</Title>
<DateTime>2026-04-02T18:02:41Z</DateTime>
<Status>通常</Status>
<EditorialOffice>気象庁本庁</EditorialOffice>
<PublishingOffice>気象庁</PublishingOffice>
</Control>
<Head xmlns="http://xml.kishou.go.jp/jmaxml1/informationBasis1/">
<Title>震度速報</Title>
<ReportDateTime>2026-04-03T03:02:00+09:00</ReportDateTime>
<TargetDateTime>2026-04-03T03:01:00+09:00</TargetDateTime>
<EventID>20260403030105</EventID>
<InfoType>発表</InfoType>
<Serial/>
<InfoKind>震度速報</InfoKind>
<InfoKindVersion>1.0_1</InfoKindVersion>
<Headline>
<Text>３時１分ごろ、強い揺れがありました。</Text>
<Information type="震度速報"><Item><Kind><Name>震度６弱</Name></Kind>
<Areas codeType="地震情報／細分区域"><Area><Name>東京都２３区</Name><Code>350</Code></Area></Areas></Item></Information>
</Headline>
</Head>
<Body xmlns="http://xml.kishou.go.jp/jmaxml1/body/seismology1/">
<Intensity><Observation>
<MaxInt>6-</MaxInt>
<Pref><Name>東京都</Name><Code>13</Code><MaxInt>6-</MaxInt>
<Area><Name>東京都２３区</Name><Code>350</Code><MaxInt>6-</MaxInt></Area>
<Area><Name>東京都多摩東部</Name><Code>351</Code><MaxInt>4</MaxInt></Area>
</Pref>
<Pref><Name>千葉県</Name><Code>12</Code><MaxInt>5+</MaxInt>
<Area><Name>千葉県北西部</Name><Code>341</Code><MaxInt>5+</MaxInt></Area>
</Pref>
</Observation></Intensity>
<Comments><ForecastComment codeType="固定付加文"><Text>今後の情報に注意してください。</Text><Code>0217</Code></ForecastComment></Comments>
</Body>
</Report>
"#;

/// A small 震源・震度情報.
pub(crate) const CONFIRMED: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<Report xmlns="http://xml.kishou.go.jp/jmaxml1/">
<Control>
<Title>震源・震度に関する情報</Title>
<DateTime>2026-04-02T18:06:05Z</DateTime>
<Status>通常</Status>
<EditorialOffice>大阪管区気象台</EditorialOffice>
<PublishingOffice>気象庁</PublishingOffice>
</Control>
<Head xmlns="http://xml.kishou.go.jp/jmaxml1/informationBasis1/">
<Title>震源・震度情報</Title>
<ReportDateTime>2026-04-03T03:06:00+09:00</ReportDateTime>
<TargetDateTime>2026-04-03T03:06:00+09:00</TargetDateTime>
<EventID>20260403030105</EventID>
<InfoType>発表</InfoType>
<Serial>3</Serial>
<InfoKind>地震情報</InfoKind>
<InfoKindVersion>1.0_1</InfoKindVersion>
<Headline><Text>３時１分ごろ、地震がありました。</Text></Headline>
</Head>
<Body xmlns="http://xml.kishou.go.jp/jmaxml1/body/seismology1/" xmlns:eb="http://xml.kishou.go.jp/jmaxml1/elementBasis1/">
<Earthquake>
<OriginTime>2026-04-03T03:01:00+09:00</OriginTime>
<ArrivalTime>2026-04-03T03:01:00+09:00</ArrivalTime>
<Hypocenter><Area><Name>東京湾</Name><Code type="震央地名">349</Code>
<eb:Coordinate description="北緯３５．５度">+35.5+139.9-30000/</eb:Coordinate>
</Area></Hypocenter>
<eb:Magnitude type="Mj" description="Ｍ７．１">7.1</eb:Magnitude>
</Earthquake>
<Intensity><Observation>
<MaxInt>6-</MaxInt>
<Pref><Name>東京都</Name><Code>13</Code><MaxInt>6-</MaxInt>
<Area><Name>東京都２３区</Name><Code>350</Code><MaxInt>6-</MaxInt>
<City><Name>東京港区</Name><Code>1310300</Code><MaxInt>6-</MaxInt></City>
</Area></Pref>
<Pref><Name>千葉県</Name><Code>12</Code><MaxInt>4</MaxInt>
<Area><Name>千葉県北西部</Name><Code>341</Code><MaxInt>4</MaxInt>
<City><Name>市川市</Name><Code>1220300</Code><MaxInt>4</MaxInt></City>
</Area></Pref>
</Observation></Intensity>
</Body>
</Report>
"#;

/// The telegram with one piece of text exchanged wherever it stands.
pub(crate) fn with(telegram: &str, from: &str, to: &str) -> String {
    assert!(telegram.contains(from), "the telegram has no {from}");
    telegram.replace(from, to)
}

/// What is understood of a telegram that must be understood.
pub(crate) fn understood(telegram: &str) -> Bulletin {
    parse(telegram.as_bytes(), "made.xml").unwrap()
}
