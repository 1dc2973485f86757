//! What an operator enters comes like any telegram, and once.

use hikyaku_bulletin::{Kind, Phase, PlaceClass, Threat};
use hikyaku_feeds::edge::{Offered, Settings, Watcher};
use hikyaku_feeds::manual::{Fault, ManualEntry, ManualHazard, ManualRevision};
use jiff::Timestamp;

use crate::stand::next;

fn entry() -> ManualEntry {
    ManualEntry {
        id: "7".into(),
        series: "2026-11-21-1".into(),
        operator: "op-7".into(),
        entered: Timestamp::now(),
        is_drill: false,
        revision: ManualRevision::Issue,
        occurred: None,
        hazard: ManualHazard::CivilProtection {
            threat: Threat::Missile,
            phase: Phase::Fallen,
            place: PlaceClass::TerritorialSea,
            fallen_in: Vec::new(),
        },
        prefectures: vec![2],
        regions: Vec::new(),
        headline: "青森県沖に落下したものとみられます。".into(),
        text: String::new(),
    }
}

#[tokio::test]
async fn p05_an_entry_is_handed_over_like_any_telegram_and_once() {
    let mut watcher = Watcher::start(Settings::default()).unwrap();
    let intake = watcher.intake();
    let entering = tokio::spawn(async move { (intake.enter(entry()).await, intake.enter(entry()).await) });
    let arrival = next(&mut watcher).await;
    assert_eq!(arrival.said.as_ref().unwrap()[0].kind, Kind::CivilProtection);
    arrival.taken();
    assert_eq!(entering.await.unwrap(), (Ok(Offered::Taken), Ok(Offered::Repeated)));
}

#[tokio::test]
async fn an_entry_that_says_too_little_is_told_so_and_goes_nowhere() {
    let watcher = Watcher::start(Settings::default()).unwrap();
    let empty = ManualEntry { headline: String::new(), ..entry() };
    assert_eq!(watcher.intake().enter(empty).await, Err(vec![Fault::Empty("見出し")]));
}
