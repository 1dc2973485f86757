//! The page of lanes over an engine that sends: what carriers said, and who stopped them.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use hikyaku_dispatch::{Mode, Question, Role, TokenScope};

use crate::stage::mail::Mail;
use crate::stage::{self, Stage, Visitor};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_a21_each_lane_shows_its_last_replies_and_a_stopped_one_who_stopped_it() {
    let (mail, stage) = (Mail::open().await, Stage::with_people(6).await);
    let codes = stage.open_account("admin").await;
    let console = stage.console_of(Some(mail.engine.clone()));
    let admin = Visitor::new(console).log_in("admin", stage::PASSWORD, &codes[0]).await;
    let dispatch = stage.ask("first", Mode::Drill, Question::safety()).await;
    assert_eq!(admin.post("/delivery", "carrier=au&act=pause").await.status, StatusCode::SEE_OTHER);
    mail.carry(&stage.desk, dispatch, stage.time()).await;
    mail.accepted("docomo", 6).await;
    let page = admin.get("/delivery").await.html;
    for there in ["最近の応答（1種類。最新は 250: 受付済）", "<code>250 taken</code>", "6回 ・ 最後"]
    {
        assert!(page.contains(there), "{there}: {page}");
    }
    assert!(
        page.contains("停止中（11月21日 14:05:00 に admin が停止。再開を押すまで送りません）。いま再開すれば"),
        "{page}"
    );
    assert!(page.contains("au は停止中。いま再開すれば 50%"), "the forecast of all says so, too: {page}");
    assert!(!page.contains("—"), "nothing is left unsaid: {page}");
    assert!(!page.contains("person1@"), "{page}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_a21_somebody_whose_carrier_says_later_is_told_of_each_attempt_before_the_mail_has_ended() {
    let (mail, mut stage) = (Mail::open().await, Stage::with_people(3).await);
    stage.keep_time();
    let codes = stage.open_account("admin").await;
    let dispatch = stage.ask("first", Mode::Drill, Question::safety()).await;
    let (mine, of_others) = (stage.web.clone(), stage.web.clone());
    stage.web = mine.with_attempts(mail.engine.clone(), Arc::new(move |_| Some((dispatch, 0))));
    let admin = Visitor::new(stage.console()).log_in("admin", stage::PASSWORD, &codes[0]).await;
    "person2@docomo.example".clone_into(&mut mail.busy.lock().unwrap());
    mail.carry(&stage.desk, dispatch, stage.time()).await;
    let people = [1, 2].map(|number| stage.person(number).0);
    let at = |number: usize| format!("/dispatch/{}/person/{}/trace", dispatch.0, people[number - 1]);
    let until = tokio::time::Instant::now() + Duration::from_secs(60);
    let page = loop {
        let page = admin.get(&at(2)).await.html;
        if page.contains("1回目の送信") {
            break page;
        }
        assert!(tokio::time::Instant::now() < until, "{page}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    for there in ["***@docomo.example", "→ docomo", "あとで送り直す", "451 4.2.1 mailbox busy"] {
        assert!(page.contains(there), "{there}: {page}");
    }
    assert!(!page.contains("person2@"), "{page}");
    let program = stage.program("program", Role::SystemAdministrator, &TokenScope::ALL).await;
    let trace = program.get(&format!("/dispatches/{}/people/{}/trace", dispatch.0, stage.person(2).0)).await.body;
    assert!(trace.to_string().contains("あとで送り直す"), "{trace}");
    let other = admin.get(&at(1)).await.html;
    assert!(!other.contains("あとで送り直す"), "that is of another person: {other}");
    stage.web = of_others.with_attempts(mail.engine.clone(), Arc::new(|_| None));
    let codes = stage.open_account("second").await;
    let second = Visitor::new(stage.console()).log_in("second", stage::PASSWORD, &codes[0]).await;
    assert!(!second.get(&at(2)).await.html.contains("あとで送り直す"), "a batch of no dispatch is nobody's");
}
