//! Carriers that somebody holds back: a decision in the journal, the same at every node.

use crate::common;
use std::sync::Arc;

use crate::common::{at, logged_in, ministry_on};
use hikyaku_dispatch::{
    Actor, Brake, BrakeChange, Desk, DispatchCommand, DispatchRefusal, Error, Journal, Keys, MemoryJournal, Refusal,
    Role,
};

fn brake(carrier: &str, change: BrakeChange) -> DispatchCommand {
    DispatchCommand::BrakeCarrier { carrier: carrier.into(), change }
}

#[tokio::test]
async fn req_r01_what_was_decided_about_a_carrier_at_one_node_holds_at_every_node_and_after_a_start() {
    let (journal, keys): (Arc<dyn Journal>, Keys) = (Arc::new(MemoryJournal::new()), Keys::in_memory().unwrap());
    let desk = ministry_on(journal.clone(), keys.clone()).await;
    let other = Desk::open(journal.clone(), keys.clone()).await.unwrap();
    let admin = logged_in(&desk, None, Role::SystemAdministrator).await;
    for change in [BrakeChange::Pause, BrakeChange::Limit(Some(2_500))] {
        desk.command_as(admin, brake("docomo", change), at("16:00:00")).await.unwrap();
    }
    desk.command_as(admin, brake("au", BrakeChange::Pause), at("16:00:00")).await.unwrap();
    assert_eq!(desk.command(brake("au", BrakeChange::Pause), at("16:00:01")).await.unwrap(), [], "nothing new");
    desk.command_as(admin, brake("au", BrakeChange::Resume), at("16:00:02")).await.unwrap();
    other.up_to_date().await.unwrap();
    let started = Desk::open(journal, keys).await.unwrap();
    for node in [&desk, &other, &started] {
        let brakes = node.read(|state| state.brakes().clone());
        assert_eq!(brakes, [("docomo".to_owned(), Brake { paused: true, per_1000_s: Some(2_500) })].into());
    }
}

#[tokio::test]
async fn who_stopped_a_carrier_and_when_is_known_until_it_is_resumed_also_after_a_start() {
    let (journal, keys): (Arc<dyn Journal>, Keys) = (Arc::new(MemoryJournal::new()), Keys::in_memory().unwrap());
    let desk = ministry_on(journal.clone(), keys.clone()).await;
    let admin = logged_in(&desk, None, Role::SystemAdministrator).await;
    desk.command_as(admin, brake("docomo", BrakeChange::Pause), at("16:00:00")).await.unwrap();
    // A limit set later says nothing of who stopped it.
    desk.command(brake("docomo", BrakeChange::Limit(Some(2_500))), at("16:00:05")).await.unwrap();
    desk.command_as(admin, brake("au", BrakeChange::Limit(Some(2_500))), at("16:00:06")).await.unwrap();
    let started = Desk::open(journal, keys).await.unwrap();
    for node in [&desk, &started] {
        let stopped = |carrier: &str| node.read(|state| state.stopped(carrier));
        assert_eq!(stopped("docomo"), Some((admin, at("16:00:00"))));
        assert_eq!(stopped("au"), None, "it is slower, and goes on");
    }
    desk.command(brake("docomo", BrakeChange::Resume), at("16:00:10")).await.unwrap();
    assert_eq!(desk.read(|state| state.stopped("docomo")), None);
}

#[tokio::test]
async fn a_pace_that_cannot_be_kept_is_refused_and_so_is_whoever_may_not_decide_about_sending() {
    let desk = common::ministry().await;
    for wrong in [brake("docomo", BrakeChange::Limit(Some(99))), brake("", BrakeChange::Pause)] {
        let refused = desk.command(wrong, at("16:00:00")).await.unwrap_err();
        assert!(matches!(refused, Error::Refused(Refusal::Dispatch(DispatchRefusal::BadPace))), "{refused}");
    }
    let anybody = Actor::Responder(common::P1);
    let refused = desk.command_as(anybody, brake("docomo", BrakeChange::Pause), at("16:00:00")).await.unwrap_err();
    assert!(matches!(refused, Error::Refused(Refusal::NotAllowed(_))), "{refused}");
    assert!(desk.read(|state| state.brakes().is_empty()));
}
