//! That a link was opened is shown as uncertain and changes nothing (A01); pages with the longest of everything are short (R05).

use axum::http::StatusCode;
use hikyaku_dispatch::{
    Actor, AnswerCommand, Choice, ChoiceId, DispatchCommand, DispatchDraft, Mode, Question, Response,
};

use crate::stage::{Stage, encoded};

#[tokio::test]
async fn an_opened_link_is_shown_as_uncertain_stays_unanswered_and_is_mailed_again() {
    let (stage, dispatch) = Stage::asking(Mode::Real).await;
    let admin = stage.admin().await;
    let link = stage.link(dispatch, 1);
    for _ in 0..3 {
        assert_eq!(stage.get(&link).await.status, StatusCode::OK);
    }
    stage.get(&stage.link(dispatch, 2)).await;
    stage.post(&stage.link(dispatch, 2), "choice=1").await;
    let rows = stage.rows().await;
    stage.web.record_opened().await;
    stage.web.record_opened().await;
    assert_eq!(stage.rows().await, rows + 1, "one row for the one who has not answered");
    let [first, second, third] = [1, 2, 3].map(|number| stage.person(number));
    let response = |person| stage.desk.read(|now| now.dispatch(dispatch).unwrap().response(person));
    assert_eq!([first, second, third].map(response), [Response::Fetched, Response::Answered, Response::Unanswered]);
    let people = admin.get("/dispatch/1/people?answer=none").await.html;
    assert_eq!(people.matches("未回答（ページは開かれた可能性あり）").count(), 1, "{people}");
    let trace = admin.get(&format!("/dispatch/1/person/{}/trace", first.0)).await.html;
    assert!(trace.contains("回答のページが開かれた（本人とは限りません）"), "{trace}");

    stage.desk.command(DispatchCommand::Resend { dispatch }, stage.time()).await.unwrap();
    let again = stage.desk.read(|now| now.dispatch(dispatch).unwrap().mails(1));
    let mailed = |person| again.iter().any(|(it, _)| *it == person);
    assert!(mailed(first) && !mailed(second) && mailed(third), "{again:?}");
    assert_eq!(stage.get(&link).await.status, StatusCode::OK);
    stage.web.record_opened().await;
    assert_eq!(stage.post(&link, "choice=1").await.status, StatusCode::SEE_OTHER);
    assert_eq!(response(first), Response::Answered);
}

/// A question with as many choices as mails can be answered with, in long words.
fn longest_question() -> Question {
    let label = |id: u8| format!("{id}{}", "選択肢".repeat(8));
    let choices = (1..=9).map(|id| Choice {
        id: ChoiceId(id),
        label_ja: label(id),
        label_easy_ja: label(id),
        label_en: "choice ".repeat(6),
    });
    let prompt = "安否と登庁の可否を教えてください。".repeat(6);
    Question {
        prompt_ja: prompt.clone(),
        prompt_easy_ja: prompt.clone(),
        prompt_en: prompt,
        choices: choices.collect(),
        ..Question::safety()
    }
}

#[tokio::test]
async fn req_r05_with_the_longest_of_everything_pages_stay_within_ten_kilobytes_and_nothing_that_is_asked_is_cut() {
    let stage = Stage::with_people(1).await;
    let draft = DispatchDraft {
        facts: (0..20).map(|line| format!("{line}: {}", "詳しい情報<&>".repeat(12))).collect(),
        question: longest_question(),
        ..DispatchDraft::safety("long", Mode::Drill, "長い件名".repeat(25))
    };
    stage.desk.command(DispatchCommand::Open { draft: Box::new(draft) }, stage.time()).await.unwrap();
    let (dispatch, person) = (stage.desk.read(|now| now.latest_dispatch().unwrap().id()), stage.person(1));
    let incident = stage.desk.read(|now| now.incident_of(dispatch).unwrap().id);
    let link = stage.link(dispatch, 1);
    for number in 1..=5 {
        let say = AnswerCommand::Say { incident, person, text: format!("{number}{}", "連絡".repeat(499)) };
        stage.desk.command_as(Actor::Responder(person), say, stage.time()).await.unwrap();
    }
    let comment = "震".repeat(500);
    stage.post(&link, &format!("choice=9&comment={}", encoded(&comment))).await;
    for lang in ["ja", "easy", "en"] {
        let asked = stage.get(&format!("{link}?lang={lang}")).await.html;
        let thanks = stage.get(&format!("{link}/thanks?lang={lang}")).await.html;
        for page in [&asked, &thanks] {
            assert!(page.len() <= 10_000, "{lang}: {} bytes", page.len());
            assert!(page.contains(&comment) && page.contains("0: 詳しい情報") && page.contains("<li>…</li>"), "{page}");
        }
        assert_eq!(asked.matches("<button name=\"choice\"").count(), 9, "{asked}");
        assert!(asked.contains(">4連絡") && asked.contains(">5連絡") && !asked.contains(">3連絡"), "{asked}");
        assert!(asked.contains("name=\"after\" value=\"5\""), "a message follows all that were said");
    }
    assert!(stage.get(&link).await.html.contains("最新の2件です（ほか 3件）"));
}
