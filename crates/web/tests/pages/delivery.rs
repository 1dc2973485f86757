//! The page of lanes over an engine that sends: what carriers said, and who stopped them.

use axum::http::StatusCode;
use hikyaku_dispatch::{Mode, Question};

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
