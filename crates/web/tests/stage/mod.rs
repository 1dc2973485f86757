//! A desk on a memory journal with fictional people in a three-level tree, and a way to visit its pages.

#![allow(dead_code, clippy::unwrap_used, reason = "shared by several tests and an example, each of which uses a part")]

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, StatusCode, header},
};
use hikyaku_dispatch::{
    Desk, DispatchCommand, DispatchDraft, DispatchId, IncidentId, Keys, MailTemplate, MemoryJournal, Mode,
    PeopleCommand, PersonId, Question, RosterImport, RosterRow, Side, Target,
};
use hikyaku_web::WebState;
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use tower::ServiceExt;

/// The offices at the second level; each has the same sections below.
pub const OFFICES: [&str; 4] = ["本省", "北海道局", "北陸地方局", "九州沖縄地方局"];
/// The sections at the third level.
pub const SECTIONS: [&str; 3] = ["総務部", "企画政策部 国際連携推進室", "危機管理部"];
/// What the incident is called.
pub const TITLE: &str = "石川県能登地方の地震（最大震度６強）";

/// A desk, its pages and a clock that tests turn.
pub struct Stage {
    pub desk: Desk,
    pub now: Arc<Mutex<Timestamp>>,
}

/// One answer of the server.
pub struct Page {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub html: String,
}

impl Stage {
    /// A desk with `people` fictional people at 14:05 in Japan on 21 November 2026.
    pub async fn with_people(people: usize) -> Self {
        let desk = Desk::open(Arc::new(MemoryJournal::new()), Keys::in_memory().unwrap()).await.unwrap();
        let now: Timestamp = "2026-11-21T05:05:00Z".parse().unwrap();
        let people = (1..=people).map(person).collect();
        desk.command(PeopleCommand::Import(RosterImport::part(people)), now).await.unwrap();
        Self { desk, now: Arc::new(Mutex::new(now)) }
    }

    /// Ten people and one dispatch to them all.
    pub async fn asking(mode: Mode) -> (Self, DispatchId) {
        let stage = Self::with_people(10).await;
        let dispatch = stage.ask("first", mode, Question::safety()).await;
        (stage, dispatch)
    }

    /// Asks everybody.
    pub async fn ask(&self, key: &str, mode: Mode, question: Question) -> DispatchId {
        let draft = DispatchDraft {
            key: key.to_owned(),
            incident: None,
            mode,
            title: TITLE.to_owned(),
            facts: vec![
                "発生: 11月21日 14時4分ごろ".to_owned(),
                "震源: 石川県能登地方（深さ ごく浅い）".to_owned(),
                "最大震度６強: 石川県能登".to_owned(),
                "情報: 気象庁 震源・震度情報 11月21日 14時5分発表".to_owned(),
            ],
            template: MailTemplate::safety(),
            question,
            target: Target::Everyone,
        };
        self.desk.command(DispatchCommand::Open { draft: Box::new(draft) }, self.time()).await.unwrap();
        self.desk.read(|now| now.latest_dispatch().unwrap().id())
    }

    pub fn time(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }

    pub fn wait(&self, duration: SignedDuration) {
        *self.now.lock().unwrap() += duration;
    }

    /// The pages over this desk, under this stage's clock.
    pub fn state(&self) -> WebState {
        let now = Arc::clone(&self.now);
        WebState { clock: Arc::new(move || *now.lock().unwrap()), ..WebState::new(self.desk.clone()) }
    }

    /// Responder pages and console on one listener.
    pub fn pages(&self) -> Router {
        hikyaku_web::router(self.state()).merge(hikyaku_web::console_router(self.state()))
    }

    /// The person of the roster's `number`, counted from 1.
    pub fn person(&self, number: usize) -> PersonId {
        self.desk.read(|now| now.people().by_external_id(Side::Domestic, &external_id(number)).unwrap().id)
    }

    /// The path of a person's answer link.
    pub fn link(&self, dispatch: DispatchId, number: usize) -> String {
        format!("/a/{}", self.desk.link_token(dispatch, self.person(number)))
    }

    pub async fn get(&self, path: &str) -> Page {
        self.visit(Request::get(path).body(Body::empty()).unwrap()).await
    }

    /// Posts a form whose values are already percent-encoded.
    pub async fn post(&self, path: &str, form: &str) -> Page {
        let form_type = "application/x-www-form-urlencoded";
        let request = Request::post(path).header(header::CONTENT_TYPE, form_type).body(Body::from(form.to_owned()));
        self.visit(request.unwrap()).await
    }

    async fn visit(&self, request: Request<Body>) -> Page {
        let response = self.pages().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let html = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        Page { status: parts.status, headers: parts.headers, html }
    }

    /// How many versions of an answer a person has given in the first incident.
    pub fn versions(&self, number: usize) -> usize {
        let person = self.person(number);
        self.desk.read(|now| now.incident(IncidentId(1)).unwrap().answers(person).len())
    }
}

impl Page {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

fn external_id(number: usize) -> String {
    format!("S{number:05}")
}

fn person(number: usize) -> RosterRow {
    let office = OFFICES[number % OFFICES.len()];
    let section = SECTIONS[number / OFFICES.len() % SECTIONS.len()];
    let group = ["架空省", office, section].map(str::to_owned).to_vec();
    let mut addresses = vec![format!("person{number}@docomo.example")];
    if number.is_multiple_of(5) {
        addresses.push(format!("second{number}@mail.example"));
    }
    let name = format!("飛脚 {number}郎");
    RosterRow::new(external_id(number), name, vec![group], vec!["17".parse().unwrap()], addresses)
}
