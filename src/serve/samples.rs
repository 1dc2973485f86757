//! Fictional telegrams with which rules are tried at the console: none of them has happened, and none is ever judged as news.

use hikyaku_bulletin::{Phase, PlaceClass, Threat};
use hikyaku_feeds::manual::{ManualEntry, ManualHazard, ManualRevision};
use hikyaku_feeds::samples;
use hikyaku_web::SampleTelegram;
use jiff::Timestamp;

/// 震度速報 of 震度５強 in one area, in the structure of VXSE51.
const WEAKER: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<Report xmlns="http://xml.kishou.go.jp/jmaxml1/">
<Control><Title>震度速報</Title><DateTime>2026-11-21T05:06:40Z</DateTime><Status>通常</Status>
<EditorialOffice>気象庁本庁</EditorialOffice><PublishingOffice>気象庁</PublishingOffice></Control>
<Head xmlns="http://xml.kishou.go.jp/jmaxml1/informationBasis1/"><Title>震度速報</Title>
<ReportDateTime>2026-11-21T14:06:00+09:00</ReportDateTime><TargetDateTime>2026-11-21T14:05:00+09:00</TargetDateTime>
<EventID>20261121140510</EventID><InfoType>発表</InfoType><Serial/><InfoKind>震度速報</InfoKind>
<InfoKindVersion>1.0_1</InfoKindVersion>
<Headline><Text>【架空の見本】１４時０５分ごろ、石川県で震度５強の揺れがありました。</Text>
<Information type="震度速報"><Item><Kind><Name>震度５強</Name></Kind>
<Areas codeType="地震情報／細分区域"><Area><Name>石川県能登</Name><Code>390</Code></Area></Areas></Item></Information></Headline></Head>
<Body xmlns="http://xml.kishou.go.jp/jmaxml1/body/seismology1/"><Intensity><Observation>
<CodeDefine><Type xpath="Pref/Code">地震情報／都道府県等</Type><Type xpath="Pref/Area/Code">地震情報／細分区域</Type></CodeDefine>
<MaxInt>5+</MaxInt><Pref><Name>石川県</Name><Code>17</Code><MaxInt>5+</MaxInt>
<Area><Name>石川県能登</Name><Code>390</Code><MaxInt>5+</MaxInt></Area></Pref>
</Observation></Intensity></Body></Report>
"#;

/// All of them.
pub fn all() -> Vec<SampleTelegram> {
    let mut all = vec![
        SampleTelegram {
            label: "地震: 震度速報、最大震度７（静岡県など広い範囲）",
            telegram: samples::DEMO_VXSE51.to_vec(),
        },
        SampleTelegram {
            label: "地震: 震度速報、最大震度５強（石川県能登）", telegram: WEAKER.into()
        },
    ];
    let missile = serde_json::to_vec(&missile()).ok();
    let label = "国民保護: 弾道ミサイルの発射（北海道と青森県に避難の呼びかけ）";
    all.extend(missile.map(|telegram| SampleTelegram { label, telegram }));
    all
}

/// The word of a launch, as somebody enters it by hand.
fn missile() -> ManualEntry {
    ManualEntry {
        id: "sample-missile".into(),
        series: "sample-missile".into(),
        operator: "見本".into(),
        entered: Timestamp::now(),
        is_drill: false,
        revision: ManualRevision::Issue,
        occurred: None,
        hazard: ManualHazard::CivilProtection {
            threat: Threat::Missile,
            phase: Phase::Launched,
            place: PlaceClass::Unknown,
            fallen_in: Vec::new(),
        },
        prefectures: vec![1, 2],
        regions: Vec::new(),
        headline: "【架空の見本】ミサイル発射。建物の中、又は地下に避難してください。".into(),
        text: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use hikyaku_bulletin::{Kind, Standing};
    use hikyaku_web::Feeds;

    use super::super::sources::Sources;

    #[test]
    fn req_a13_every_sample_is_read_as_one_bulletin_in_earnest_that_says_that_it_is_fictional() {
        let feeds = Sources(None);
        let mut kinds = Vec::new();
        for sample in feeds.samples() {
            let mut read = feeds.read(&sample.telegram).unwrap_or_else(|why| panic!("{}: {why}", sample.label));
            let bulletin = read.pop().unwrap();
            assert!(read.is_empty() && !bulletin.areas.is_empty(), "{}", sample.label);
            assert!(bulletin.headline.contains("架空"), "{}", bulletin.headline);
            assert_eq!(bulletin.standing, Standing::Real, "{}", sample.label);
            kinds.push(bulletin.kind);
        }
        assert!(
            matches!(kinds[..], [Kind::IntensityPrompt, Kind::IntensityPrompt, Kind::CivilProtection]),
            "{kinds:?}"
        );
    }
}
