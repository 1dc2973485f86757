//! What comes after the first mails: the list for other channels, messages about an answer, what was to be sent later.

use crate::common;
use crate::common::{D1, P1, P2, P3, answer, at, logged_in, ministry, opened, quake, rule, shaken, take};
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use hikyaku_dispatch::{
    Actor, Aim, AnswerCommand, AnswerRefusal, Desk, DispatchCommand, DispatchDraft, DispatchId, DispatchRefusal, Error,
    Event, FollowUp, IncidentId, JudgingCommand, MESSAGE_CHARS_MAX, Mode, PersonId, PublicKey, Refusal, Role, Rule,
    Speaker, Target, Webhook, webhook,
};

const I1: IncidentId = IncidentId(1);
const P4: PersonId = PersonId(4);

/// Lets everything happen that is due at a time of the day.
async fn pass(desk: &Desk, time: &str) -> Vec<Event> {
    let mut events = Vec::new();
    for command in desk.read(|state| state.due(at(time))) {
        events.extend(desk.command(command, at(time)).await.unwrap());
    }
    events
}

/// The message about those on the list of `D1`.
fn listed(desk: &Desk) -> Option<Webhook> {
    desk.read(|state| webhook(state, desk.keys(), state.dispatch(D1).unwrap(), at("19:00:00"))).unwrap()
}

/// What its receiver does, with nothing but the public key.
fn verifies(key: PublicKey, body: &str, signature: &str) -> bool {
    let digits = |at: usize| u8::from_str_radix(signature.get(at..at + 2)?, 16).ok();
    let signature: Option<Vec<u8>> = (0..signature.len()).step_by(2).map(digits).collect();
    let message = format!("hikyaku unreached list 1\n{body}");
    signature.is_some_and(|it| UnparsedPublicKey::new(&ED25519, key.0).verify(message.as_bytes(), &it).is_ok())
}

/// The ministry after 震度６強, with a list after an hour; 甲 has answered before it was made.
async fn with_a_list() -> Desk {
    let desk = ministry().await;
    let follow_up = FollowUp { unreached_minutes: 60, ..FollowUp::default() };
    desk.command(JudgingCommand::SetRule { rule: Box::new(Rule { follow_up, ..rule() }) }, at("10:00:00"))
        .await
        .unwrap();
    desk.command(take(quake("16:12:00", &[("390", 17, "6+"), ("350", 13, "6-")])), at("16:12:10")).await.unwrap();
    desk.command(answer(D1, P1, 1, ""), at("16:20:00")).await.unwrap();
    assert_eq!(listed(&desk), None, "there is no list yet");
    pass(&desk, "17:12:10").await;
    desk
}

#[tokio::test]
async fn req_a20_other_channels_are_given_the_numbers_of_the_silent_and_never_a_name_or_an_address() {
    let desk = with_a_list().await;
    let body = listed(&desk).unwrap().body;
    let said: serde_json::Value = serde_json::from_str(&body).unwrap();
    let person = |id: &str, has_mail: bool| serde_json::json!({ "id": id, "has_mail": has_mail });
    assert_eq!(said["people"], serde_json::json!([person("2", true), person("3", true), person("4", false)]));
    assert_eq!((said["mode"].as_str(), said["dispatch"].as_str()), (Some("real"), Some("d1")));
    assert_eq!(said["answer_by"].as_str(), Some("2024-01-01T10:00:00Z"));
    for personal in ["乙川", "otsu@", "hei@"] {
        assert!(!body.contains(personal), "{body}");
    }
}

#[tokio::test]
async fn whoever_answers_after_the_list_was_made_is_not_called_any_more() {
    let desk = with_a_list().await;
    desk.command(answer(D1, P2, 1, ""), at("17:20:00")).await.unwrap();
    let body = listed(&desk).unwrap().body;
    assert!(!body.contains(r#""id":"2""#) && body.contains(r#""id":"3""#), "{body}");
}

#[tokio::test]
async fn a_list_is_checked_with_the_public_key_alone_and_a_changed_byte_is_seen() {
    let desk = with_a_list().await;
    let Webhook { body, signature } = listed(&desk).unwrap();
    let key = desk.keys().public_key().unwrap();
    assert!(verifies(key, &body, &signature));
    assert!(!verifies(shaken().await.keys().public_key().unwrap(), &body, &signature), "another system's key");
    for place in (0..body.len()).filter(|place| body.as_bytes()[*place].is_ascii()) {
        let mut changed = body.clone().into_bytes();
        changed[place] ^= 1;
        assert!(!verifies(key, std::str::from_utf8(&changed).unwrap(), &signature), "byte {place} of {body}");
    }
    let other = if signature.starts_with('0') { "1" } else { "0" };
    assert!(!verifies(key, &body, &format!("{other}{}", &signature[1..])));
}

fn say(person: PersonId, text: &str) -> AnswerCommand {
    AnswerCommand::Say { incident: I1, person, text: text.into() }
}

#[tokio::test]
async fn req_a32_a_thread_keeps_both_sides_in_order_and_the_mail_about_it_does_not_quote() {
    let desk = shaken().await;
    let manager = logged_in(&desk, Some(P3), Role::SystemAdministrator).await;
    let asks = say(P1, " 薬は足りていますか ");
    let events = desk.command_as(manager, asks, at("16:30:00")).await.unwrap();
    assert_eq!(opened(&events), [(DispatchId(2), vec![P1])]);
    let replies = desk.command_as(Actor::Responder(P1), say(P1, "足りています"), at("16:31:00")).await.unwrap();
    assert_eq!(opened(&replies), [], "managers read the page, no mail is sent");
    desk.command_as(manager, say(P2, "別の人へ"), at("16:32:00")).await.unwrap();
    let thread = desk.thread(I1, P1).await.unwrap();
    desk.read(|state| {
        let said: Vec<_> = thread.iter().map(|it| (it.speaker, it.text.as_str(), it.at)).collect();
        let first = (Speaker::Manager(P3), "薬は足りていますか", at("16:30:00"));
        assert_eq!(said, [first, (Speaker::Person, "足りています", at("16:31:00"))]);
        let record = state.dispatch(DispatchId(2)).unwrap().record();
        let mail = format!("{} {} {} {}", record.title, record.facts.join(""), record.template.text, record.key);
        assert!(record.aim == Aim::Notice && !mail.contains("薬"), "{mail}");
    });
}

#[tokio::test]
async fn a_second_message_is_a_second_mail_even_in_the_same_words() {
    let desk = shaken().await;
    let manager = logged_in(&desk, Some(P3), Role::SystemAdministrator).await;
    for (time, dispatch) in [("16:30:00", 2), ("16:31:00", 3)] {
        let events = desk.command_as(manager, say(P1, "ご連絡ください"), at(time)).await.unwrap();
        assert_eq!(opened(&events), [(DispatchId(dispatch), vec![P1])]);
    }
}

#[tokio::test]
async fn what_cannot_be_said_is_refused_with_the_reason() {
    let desk = shaken().await;
    for (command, refusal) in [
        (say(P4, "はい"), AnswerRefusal::NotInIncident { person: P4, incident: I1 }),
        (say(P1, " \n"), AnswerRefusal::NothingSaid),
        (
            say(P1, &"あ".repeat(MESSAGE_CHARS_MAX + 1)),
            AnswerRefusal::CommentTooLong { chars: MESSAGE_CHARS_MAX + 1, max_chars: MESSAGE_CHARS_MAX },
        ),
    ] {
        let AnswerCommand::Say { person, .. } = command else { unreachable!() };
        let refused = desk.command_as(Actor::Responder(person), command, at("16:30:00")).await.unwrap_err();
        assert!(matches!(&refused, Error::Refused(Refusal::Answer(it)) if *it == refusal), "{refused:?}");
    }
}

#[tokio::test]
async fn nobody_speaks_in_somebody_elses_name() {
    let desk = shaken().await;
    let office = logged_in(&desk, None, Role::SystemAdministrator).await;
    for (actor, person) in [(office, P1), (Actor::System, P1)] {
        let refused = desk.command_as(actor, say(person, "はい"), at("16:30:00")).await.unwrap_err();
        let wanted = Refusal::Answer(AnswerRefusal::NobodySpeaks);
        assert!(matches!(&refused, Error::Refused(it) if *it == wanted), "{refused:?}");
    }
    let stranger = desk.command_as(Actor::Responder(P2), say(P1, "甲です"), at("16:30:00")).await.unwrap_err();
    assert!(matches!(&stranger, Error::Refused(Refusal::NotAllowed(_))), "{stranger:?}");
}

fn schedule(key: &str, target: Target) -> DispatchCommand {
    let draft = DispatchDraft { target, ..DispatchDraft::safety(key, Mode::Drill, "防災訓練") };
    DispatchCommand::Schedule { draft: Box::new(draft), at: at("15:00:00") }
}

#[tokio::test]
async fn req_a17_what_is_scheduled_goes_out_at_its_time_once_to_whoever_is_meant_then() {
    let desk = ministry().await;
    desk.command(schedule("訓練", Target::Everyone), at("10:00:00")).await.unwrap();
    assert_eq!(desk.read(|state| state.next_due(at("14:00:00"))), Some(at("15:00:00")));
    assert_eq!(pass(&desk, "14:59:59").await, []);
    let early = desk.command(DispatchCommand::Start { key: "訓練".into() }, at("14:59:59")).await.unwrap();
    assert_eq!(early, [], "not even when it is asked for too early");
    desk.command(common::import("id,name,group,region,email\n5,戊山五郎,本省,13,bo@example.jp\n"), at("12:00:00"))
        .await
        .unwrap();
    let everyone: Vec<PersonId> = (1..=5).map(PersonId).collect();
    assert_eq!(opened(&pass(&desk, "15:00:00").await), [(D1, everyone)]);
    assert_eq!(pass(&desk, "15:00:01").await, []);
    desk.read(|state| assert_eq!(state.dispatch(D1).unwrap().record().opened, at("15:00:00")));
}

#[tokio::test]
async fn what_is_scheduled_can_be_taken_back_and_has_a_key_of_its_own() {
    let desk = ministry().await;
    desk.command(schedule("訓練", Target::Everyone), at("10:00:00")).await.unwrap();
    let again = desk.command(schedule("訓練", Target::Everyone), at("10:01:00")).await.unwrap_err();
    let wanted = Refusal::Dispatch(DispatchRefusal::ScheduledAlready("訓練".into()));
    assert!(matches!(&again, Error::Refused(it) if *it == wanted), "{again:?}");
    desk.command(DispatchCommand::Unschedule { key: "訓練".into() }, at("11:00:00")).await.unwrap();
    assert_eq!((desk.read(|state| state.next_due(at("15:00:00"))), pass(&desk, "15:00:00").await), (None, vec![]));
    let gone = desk.command(DispatchCommand::Unschedule { key: "訓練".into() }, at("11:00:00")).await.unwrap_err();
    let wanted = Refusal::Dispatch(DispatchRefusal::NotScheduled("訓練".into()));
    assert!(matches!(&gone, Error::Refused(it) if *it == wanted), "{gone:?}");
}

#[tokio::test]
async fn what_can_no_longer_be_sent_at_its_time_leaves_the_list_and_stops_nothing_else() {
    let desk = ministry().await;
    desk.command(schedule("誰も", Target::Any(vec![])), at("10:00:00")).await.unwrap();
    desk.command(schedule("訓練", Target::People(vec![P2])), at("10:00:00")).await.unwrap();
    assert_eq!(opened(&pass(&desk, "15:00:00").await), [(D1, vec![P2])]);
    assert_eq!(desk.read(|state| state.next_due(at("15:00:00"))), None);
}
