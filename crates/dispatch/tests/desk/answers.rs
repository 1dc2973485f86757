//! Links, answers and tallies, as responders and managers meet them.

use crate::common;
use crate::common::{D1, P1, P2, P3, answer, at, ministry, quake, shaken, take};
use hikyaku_dispatch::{
    Actor, AnswerCommand, AnswerRefusal, ChoiceId, DispatchId, Error, LinkRefusal, Mode, PeopleCommand, PersonId,
    Refusal, Tally, Via,
};

const P4: PersonId = PersonId(4);

#[tokio::test]
async fn req_a01_the_link_of_a_mail_opens_without_login_and_opening_changes_nothing() {
    let desk = shaken().await;
    let before = desk.read(Clone::clone);
    let view = desk.open_link(&desk.link_token(D1, P1), at("16:20:00")).await.unwrap();
    assert_eq!((view.dispatch, view.person, view.person_name.as_str()), (D1, P1, "甲山一郎"));
    assert_eq!((view.mode, view.last_answer), (Mode::Real, None));
    assert_eq!(view.question.choices.len(), 4);
    assert!(view.title.contains("石川県能登"));
    assert!(desk.read(|state| *state == before));
}

#[tokio::test]
async fn a_link_that_does_not_open_says_why() {
    let desk = shaken().await;
    let token = desk.link_token(D1, P1);
    let later = at("16:20:00") + jiff::SignedDuration::from_hours(24 * 31);
    let refusal = |token: &str, now| desk.link_of(token, now).unwrap_err();
    assert_eq!(refusal("abc", at("16:20:00")), LinkRefusal::Malformed);
    assert_eq!(refusal(&shaken().await.link_token(D1, P1), at("16:20:00")), LinkRefusal::Forged);
    assert_eq!(refusal(&desk.link_token(DispatchId(9), P1), at("16:20:00")), LinkRefusal::Unknown);
    assert_eq!(refusal(&desk.link_token(D1, P4), at("16:20:00")), LinkRefusal::Unknown);
    assert_eq!(refusal(&token, later), LinkRefusal::Expired);
    desk.command(PeopleCommand::RevokeLinks { person: P1 }, at("16:21:00")).await.unwrap();
    assert_eq!(refusal(&token, at("16:22:00")), LinkRefusal::Revoked);
    assert!(desk.open_link(&desk.link_token(D1, P1), at("16:22:00")).await.is_ok());
    assert!(desk.open_link(&desk.link_token(D1, P2), at("16:22:00")).await.is_ok());
}

#[tokio::test]
async fn an_answer_can_be_changed_and_every_version_is_kept() {
    let desk = shaken().await;
    for (time, choice, comment) in [("16:20:00", 1, ""), ("16:21:00", 3, "右足"), ("16:22:00", 2, "")] {
        desk.command(answer(D1, P1, choice, comment), at(time)).await.unwrap();
    }
    let last = desk.open_link(&desk.link_token(D1, P1), at("16:23:00")).await.unwrap().last_answer.unwrap();
    assert_eq!((last.choice.label_ja.as_str(), last.at, last.via), ("無事・登庁不可", at("16:22:00"), Via::Link));
    let words = desk.words(&desk.read(|state| state.incidents().next().unwrap().answers(P1).to_vec())).await.unwrap();
    assert_eq!(words.iter().map(|it| it.comment.as_str()).collect::<Vec<_>>(), ["", "右足", ""]);
    let tally = desk.read(|state| state.tally(D1));
    assert_eq!((tally.answered, tally.by_choice[1].1), (1, 1));
}

#[tokio::test]
async fn a_double_press_is_recorded_once_and_a_later_confirmation_again() {
    let desk = shaken().await;
    assert_eq!(desk.command(answer(D1, P1, 1, " はい "), at("16:20:00")).await.unwrap().len(), 1);
    assert_eq!(desk.command(answer(D1, P1, 1, "はい"), at("16:20:01")).await.unwrap().len(), 0);
    assert_eq!(desk.command(answer(D1, P1, 1, "はい"), at("17:20:00")).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_answer_that_cannot_be_taken_says_what_to_do() {
    let desk = shaken().await;
    let long = "あ".repeat(501);
    for (command, time) in [
        (answer(D1, P4, 1, ""), "16:20:00"),
        (answer(DispatchId(9), P1, 1, ""), "16:20:00"),
        (answer(D1, P1, 9, ""), "16:20:00"),
        (answer(D1, P1, 1, &long), "16:20:00"),
    ] {
        let result = desk.command(command, at(time)).await;
        assert!(matches!(result, Err(Error::Refused(_))), "{result:?}");
    }
    let later = at("16:20:00") + jiff::SignedDuration::from_hours(24 * 31);
    let closed = desk.command(answer(D1, P1, 1, ""), later).await;
    assert!(
        matches!(closed, Err(Error::Refused(Refusal::Answer(AnswerRefusal::Closed { dispatch: D1 })))),
        "{closed:?}"
    );
}

#[tokio::test]
async fn req_a31_whoever_holds_a_link_answers_for_nobody_else() {
    let desk = shaken().await;
    let now = at("16:20:00");
    assert!(desk.command_as(Actor::Responder(P1), answer(D1, P1, 1, ""), now).await.is_ok());
    for command in [answer(D1, P2, 1, ""), PeopleCommand::RevokeLinks { person: P1 }.into()] {
        let result = desk.command_as(Actor::Responder(P1), command, now).await;
        assert!(matches!(result, Err(Error::Refused(Refusal::NotAllowed(_)))), "{result:?}");
    }
}

fn row<'a>(tally: &'a Tally, name: &str) -> &'a hikyaku_dispatch::GroupRow {
    tally.by_group.iter().find(|row| row.name == name).unwrap()
}

#[tokio::test]
async fn req_a08_people_mails_and_answers_are_counted_by_group_and_nobody_twice() {
    let desk = shaken().await;
    desk.command(answer(D1, P1, 1, ""), at("16:20:00")).await.unwrap();
    desk.command(answer(D1, P3, 4, ""), at("16:20:00")).await.unwrap();
    desk.command(answer(D1, P3, 3, ""), at("16:21:00")).await.unwrap();
    let tally = desk.read(|state| state.tally(D1));
    assert_eq!((tally.asked_people, tally.mails, tally.answered, tally.unanswered), (3, 4, 2, 1));
    let counts: Vec<(&str, u32)> = tally.by_choice.iter().map(|(label, n)| (label.as_str(), *n)).collect();
    assert_eq!(counts, [("無事・登庁可", 1), ("無事・登庁不可", 0), ("負傷", 1), ("支援が必要", 0)]);
    let names: Vec<(&str, usize)> = tally.by_group.iter().map(|row| (row.name.as_str(), row.depth)).collect();
    assert_eq!(names, [("本省", 0), ("大臣官房", 1), ("防災課", 1), ("地方局", 0)]);
    // 甲 is in two groups below 本省 and counts once there.
    let head_office = row(&tally, "本省");
    assert_eq!((head_office.asked, head_office.answered, head_office.unanswered), (2, 1, 1));
    assert_eq!((row(&tally, "防災課").asked, row(&tally, "大臣官房").asked), (2, 1));
    assert_eq!(row(&tally, "地方局").by_choice, [0, 0, 1, 0]);
}

#[tokio::test]
async fn somebody_asked_anew_owes_a_new_answer_and_an_answer_never_reaches_another_incident() {
    let desk = shaken().await;
    desk.command(answer(D1, P1, 1, ""), at("16:13:00")).await.unwrap();
    desk.command(take(quake("16:14:00", &[("390", 17, "7")])), at("16:14:10")).await.unwrap();
    let second = DispatchId(2);
    assert_eq!(desk.read(|state| state.tally(second)).answered, 0);
    // The same words again, by the link of the first mail: an answer to both questions of this incident.
    desk.command(answer(D1, P2, 1, ""), at("16:15:00")).await.unwrap();
    desk.command(answer(second, P1, 1, ""), at("16:15:00")).await.unwrap();
    assert_eq!(desk.read(|state| state.tally(second)).answered, 2);
    assert_eq!(desk.read(|state| state.tally(D1)).answered, 2);
    let other = hikyaku_bulletin::Revision::Issue;
    let real = hikyaku_bulletin::Standing::Real;
    let next = common::bulletin("18:00:00", "20240101175800", other, real, &[("390", 17, "7")]);
    desk.command(take(next), at("18:00:10")).await.unwrap();
    assert_eq!(desk.read(|state| state.tally(DispatchId(3))).answered, 0);
}

#[tokio::test]
async fn the_tally_of_a_dispatch_that_does_not_exist_is_empty() {
    assert_eq!(ministry().await.read(|state| state.tally(D1)), Tally::default());
}

#[tokio::test]
async fn an_answer_made_out_of_another_is_refused_once_a_newer_one_is_there() {
    let desk = shaken().await;
    let token = desk.link_token(D1, P1);
    let amend = |choice, comment: &str, version| AnswerCommand::Amend {
        dispatch: D1,
        person: P1,
        choice: ChoiceId(choice),
        comment: comment.into(),
        details: Vec::new(),
        version,
    };
    let version = async || desk.open_link(&token, at("16:20:00")).await.unwrap().version;
    let command = async |amend| desk.command_as(Actor::Responder(P1), amend, at("16:20:00")).await;
    let none = version().await;
    assert!(command(amend(1, "はい", none.clone())).await.is_ok());
    let safe = version().await;
    desk.command(answer(D1, P1, 4, "足"), at("16:20:00")).await.unwrap();
    for late in [none, safe] {
        let refused = command(amend(1, "", late.clone())).await;
        let wanted = AnswerRefusal::Overtaken { person: P1 };
        assert!(matches!(&refused, Err(Error::Refused(Refusal::Answer(it))) if *it == wanted), "{refused:?}");
        // What says nothing new overtakes nothing.
        assert!(command(amend(4, "足", late)).await.unwrap().is_empty());
    }
    assert!(command(amend(4, "右足", version().await)).await.is_ok());
    assert_eq!(desk.read(|state| state.incidents().next().unwrap().answers(P1).len()), 3);
    let other = desk.command_as(Actor::Responder(P2), amend(1, "", version().await), at("16:20:00")).await;
    assert!(matches!(other, Err(Error::Refused(Refusal::NotAllowed(_)))), "{other:?}");
}
