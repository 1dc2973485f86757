//! Answers that are made out of an earlier one, while another one comes by another way.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use hikyaku_dispatch::{
    AnswerCommand, Appended, ChoiceId, Detail, DispatchId, Head, Journal, MemoryJournal, Mode, Pending, Row, Via, Words,
};
use tokio::sync::Notify;

use crate::stage::questions::with_further;
use crate::stage::{Page, Stage, ask, encoded};

/// A journal far away: when told so, it lets the next one who reads single rows wait.
#[derive(Default)]
struct Far {
    inner: MemoryJournal,
    holds: AtomicBool,
    held: Notify,
    gate: Notify,
}

impl Journal for Far {
    fn append(&self, rows: Vec<Row>, expected: Head) -> Pending<'_, Appended> {
        self.inner.append(rows, expected)
    }
    fn head(&self) -> Pending<'_, Head> {
        self.inner.head()
    }
    fn read_from(&self, seq: u64) -> Pending<'_, Vec<Row>> {
        self.inner.read_from(seq)
    }
    fn read_rows(&self, seqs: BTreeSet<u64>) -> Pending<'_, Vec<Row>> {
        Box::pin(async move {
            if self.holds.swap(false, Ordering::SeqCst) {
                self.held.notify_one();
                self.gate.notified().await;
            }
            self.inner.read_rows(seqs).await
        })
    }
    fn tail(&self, seq: u64) -> Pending<'_, Vec<Row>> {
        self.inner.tail(seq)
    }
    fn drop_contents(&self, seqs: BTreeSet<u64>) -> Pending<'_, ()> {
        self.inner.drop_contents(seqs)
    }
}

/// Somebody who answered 無事・登庁可, is at home, and has found the family safe.
struct Home {
    journal: Arc<Far>,
    stage: Stage,
    dispatch: DispatchId,
    link: String,
}

impl Home {
    async fn safe() -> Self {
        let journal = Arc::new(Far::default());
        let stage = Stage::over(Arc::clone(&journal) as Arc<dyn Journal>, 1).await;
        let dispatch = stage.ask("first", Mode::Real, with_further()).await;
        let link = stage.link(dispatch, 1);
        stage.post(&link, &format!("choice=1&comment={}", encoded("自宅です"))).await;
        assert_eq!(stage.post(&format!("{link}/more"), "choice=1&d1=1").await.status, StatusCode::SEE_OTHER);
        Self { journal, stage, dispatch, link }
    }

    /// Posts a form, and has `then` answered by mail while the form waits for the journal.
    async fn post_while(&self, path: &str, form: &'static str, then: (u8, &str, Vec<Detail>)) -> Page {
        self.journal.holds.store(true, Ordering::SeqCst);
        let form_type = "application/x-www-form-urlencoded";
        let request = Request::post(path).header(header::CONTENT_TYPE, form_type).body(Body::from(form)).unwrap();
        let sent = tokio::spawn(ask(self.stage.pages(), request));
        self.journal.held.notified().await;
        self.mail(then).await;
        self.journal.gate.notify_one();
        sent.await.unwrap()
    }

    async fn mail(&self, (choice, comment, details): (u8, &str, Vec<Detail>)) {
        let given = AnswerCommand::Give {
            dispatch: self.dispatch,
            person: self.stage.person(1),
            choice: ChoiceId(choice),
            comment: comment.into(),
            details,
            via: Via::Mail,
        };
        self.stage.desk.command(given, self.stage.time()).await.unwrap();
    }

    async fn last(&self) -> (u8, Words) {
        let person = self.stage.person(1);
        let answer = self.stage.desk.read(|now| now.last_answer(self.dispatch, person).unwrap().clone());
        (answer.choice.0, self.stage.desk.words(&[answer]).await.unwrap().remove(0))
    }
}

fn family(choice: u8) -> Detail {
    Detail { question: 1, chosen: vec![ChoiceId(choice)], text: String::new() }
}

fn place() -> Detail {
    Detail { question: 2, chosen: Vec::new(), text: "3階の会議室".into() }
}

#[tokio::test]
async fn req_a19_whoever_asks_for_help_while_further_answers_are_on_their_way_is_not_made_safe_again() {
    let home = Home::safe().await;
    let sent =
        home.post_while(&format!("{}/more", home.link), "choice=1&d1=2", (4, "足をけがした", vec![place()])).await;
    assert_eq!(home.last().await, (4, Words { comment: "足をけがした".into(), details: vec![place()] }));
    assert_eq!(sent.status, StatusCode::CONFLICT);
    assert!(sent.html.contains("支援が必要") && sent.html.contains("value=\"3階の会議室\""), "{}", sent.html);
    assert!(sent.html.contains("別の回答が記録されました"), "{}", sent.html);
    // What was typed stands where this answer is asked the same, and is sent by one press.
    assert!(sent.html.contains("name=\"d1\" value=\"2\" checked"), "{}", sent.html);
    let again = home.stage.post(&format!("{}/more", home.link), "choice=4&d1=2&d2=3%E9%9A%8E").await;
    assert_eq!(again.status, StatusCode::SEE_OTHER);
    assert_eq!(home.last().await.1.details.len(), 2);
}

#[tokio::test]
async fn further_answers_of_a_page_that_is_older_than_the_answer_are_shown_and_not_recorded() {
    let home = Home::safe().await;
    home.mail((4, "", vec![family(2), place()])).await;
    home.mail((2, "", vec![family(2)])).await;
    let page = home.stage.get(&format!("{}/thanks", home.link)).await.html;
    assert!(page.contains("name=\"choice\" value=\"2\""), "{page}");
    let sent = home.stage.post(&format!("{}/more?lang=en", home.link), "choice=4&d1=1&d2=B1").await;
    assert_eq!(sent.status, StatusCode::CONFLICT);
    assert!(sent.html.contains("現在地: B1"), "what this answer is not asked is shown too: {}", sent.html);
    assert!(sent.html.contains("another answer was recorded"), "{}", sent.html);
    assert_eq!(home.last().await, (2, Words { comment: String::new(), details: vec![family(2)] }));
}

#[tokio::test]
async fn further_answers_keep_the_comment_of_the_same_answer_that_came_meanwhile() {
    let home = Home::safe().await;
    let sent = home.post_while(&format!("{}/more", home.link), "choice=1&d1=2", (1, "役所に着いた", vec![])).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER);
    assert_eq!(home.last().await, (1, Words { comment: "役所に着いた".into(), details: vec![family(2)] }));
}

#[tokio::test]
async fn req_a01_a_tap_always_counts_and_keeps_what_was_said_last() {
    let home = Home::safe().await;
    let tapped = home.post_while(&home.link, "choice=2&comment=", (4, "", vec![family(2), place()])).await;
    assert_eq!(tapped.status, StatusCode::SEE_OTHER);
    assert_eq!(home.last().await, (2, Words { comment: String::new(), details: vec![family(2)] }));
}
