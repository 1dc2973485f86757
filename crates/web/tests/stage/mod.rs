//! A desk on a memory journal with fictional people in a three-level tree, and a way to visit its pages.

#![allow(dead_code, clippy::unwrap_used, reason = "shared by several tests and an example, each of which uses a part")]

pub mod forms;
pub mod mail;
pub mod program;
pub mod questions;
pub mod roles;
pub mod routes;
pub mod sources;
pub mod worlds;

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, StatusCode, header},
};
use hikyaku_bulletin::{
    Area, AreaReport, AreaScheme, Bulletin, Detail, Fate, Kind, Prefecture, Revision, SeriesKey, Severity, SourceId,
    Standing, Stations,
};
use hikyaku_dispatch::{
    AccessCommand, AccountCommand, Desk, DispatchCommand, DispatchDraft, DispatchId, GroupId, Holder, IncidentId,
    Journal, JudgingCommand, Keys, MemoryJournal, Mode, Names, PeopleCommand, PersonId, Question, Role, RosterImport,
    RosterRow, Side,
};
use hikyaku_web::{Console, ConsoleSettings, Feeds, Inbox, Shelf, WebState, hash_password, make_factor};
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use tower::ServiceExt;

use sources::{Entries, OneMail, Reports, Sources};

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
    /// What responder pages and console share.
    pub web: WebState,
    /// What was entered at the console by hand.
    pub entered: Entries,
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
        Self::over(Arc::new(MemoryJournal::new()), people).await
    }

    /// The same over a journal.
    pub async fn over(journal: Arc<dyn Journal>, people: usize) -> Self {
        Self::with_keys(journal, Keys::in_memory().unwrap(), people).await
    }

    /// The same with keys that may be somewhere else too.
    pub async fn with_keys(journal: Arc<dyn Journal>, keys: Keys, people: usize) -> Self {
        let desk = Desk::open(journal, keys).await.unwrap();
        let now: Timestamp = "2026-11-21T05:05:00Z".parse().unwrap();
        let people = (1..=people).map(person).collect();
        desk.command(PeopleCommand::Import(RosterImport::part(people)), now).await.unwrap();
        let now = Arc::new(Mutex::new(now));
        let clock = Arc::clone(&now);
        let web = WebState::with_clock(desk.clone(), Arc::new(move || *clock.lock().unwrap()));
        Self { desk, now, web, entered: Arc::default() }
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
            facts: vec![
                "発生: 11月21日 14時4分ごろ".to_owned(),
                "震源: 石川県能登地方（深さ ごく浅い）".to_owned(),
                "最大震度６強: 石川県能登".to_owned(),
                "情報: 気象庁 震源・震度情報 11月21日 14時5分発表".to_owned(),
            ],
            question,
            ..DispatchDraft::safety(key, mode, TITLE)
        };
        self.desk.command(DispatchCommand::Open { draft: Box::new(draft) }, self.time()).await.unwrap();
        self.desk.read(|now| now.latest_dispatch().unwrap().id())
    }

    /// A group of the overseas side, with one person.
    pub async fn overseas_group(&self) -> GroupId {
        let groups = vec![vec!["大使館".to_owned()]];
        let region = vec!["17".parse().unwrap()];
        let row = RosterRow::new("K00001", "海外 一郎", groups, region, vec!["k1@mail.example".into()]);
        let import = RosterImport { side: Side::Overseas, ..RosterImport::part(vec![row]) };
        self.desk.command(PeopleCommand::Import(import), self.time()).await.unwrap();
        self.desk.read(|now| now.groups().by_path(Side::Overseas, ["大使館"]).unwrap())
    }

    /// A telegram of an earthquake in 石川県能登 comes in; no rule is set.
    pub async fn quake(&self, intensity: &str) {
        self.hear(quake(intensity, self.time())).await;
    }

    async fn hear(&self, bulletin: Bulletin) {
        let take = JudgingCommand::TakeBulletin {
            bulletin: Box::new(bulletin),
            fate: Fate::Act,
            received: self.time(),
            present: self.time(),
        };
        self.desk.command(take, self.time()).await.unwrap();
    }

    /// 震源・震度情報 about the same earthquake, with two stations that measured that much and one that measured 震度４.
    pub async fn confirmed(&self, intensity: &str) {
        let stations = [intensity, intensity, "4"].map(|step| step.parse().unwrap());
        let mut bulletin = quake(intensity, self.time());
        bulletin.source = SourceId::new(format!("confirmed {intensity}"));
        bulletin.kind = Kind::HypocentreAndIntensity;
        bulletin.headline = "震源と各地の震度をお知らせします。".into();
        bulletin.detail = Stations::of(stations, 2).map(Detail::Stations);
        self.hear(bulletin).await;
    }

    pub fn time(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }

    pub fn wait(&self, duration: SignedDuration) {
        *self.now.lock().unwrap() += duration;
    }

    /// The pages over this desk, under this stage's clock.
    pub fn state(&self) -> WebState {
        self.web.clone()
    }

    /// The responder pages.
    pub fn pages(&self) -> Router {
        hikyaku_web::router(self.state())
    }

    /// The console, to which nobody is logged in.
    pub fn console(&self) -> Router {
        self.console_of(None)
    }

    /// The console of a process that sends, or does not.
    pub fn console_of(&self, engine: Option<hikyaku_core::Engine>) -> Router {
        hikyaku_web::console_router(Console::new(self.state(), self.settings(), engine))
    }

    /// The console as browsers know it at this address, to which passkeys are bound.
    #[cfg(feature = "passkeys")]
    pub fn console_at(&self, address: &str) -> Router {
        let passkeys = hikyaku_web::RelyingParty::at(address);
        let settings = ConsoleSettings { passkeys, ..self.settings() };
        hikyaku_web::console_router(Console::new(self.state(), settings, None))
    }

    /// The console to which a provider leads.
    #[cfg(feature = "oidc")]
    pub fn console_by(&self, oidc: hikyaku_web::OidcSettings) -> Router {
        let settings = ConsoleSettings { oidc: Some(oidc), ..self.settings() };
        hikyaku_web::console_router(Console::new(self.state(), settings, None))
    }

    fn settings(&self) -> ConsoleSettings {
        let sources = Sources { now: self.time(), entered: Arc::clone(&self.entered) };
        let feeds: Option<Arc<dyn Feeds>> = Some(Arc::new(sources));
        let inbox: Option<Arc<dyn Inbox>> = Some(Arc::new(OneMail));
        let shelf: Option<Arc<dyn Shelf>> = Some(Arc::new(Reports));
        ConsoleSettings { organisation: "架空省".into(), feeds, inbox, shelf, ..ConsoleSettings::default() }
    }

    /// An administrator who is logged in.
    pub async fn admin(&self) -> Admin {
        let visitor = Visitor::new(self.console());
        let codes = self.open_account("admin").await;
        visitor.log_in("admin", PASSWORD, &codes[0]).await
    }

    /// Somebody who is logged in and holds just this role.
    pub async fn holder(&self, login: &str, role: Role) -> Admin {
        let codes = self.open_account_as(login, role).await;
        Visitor::new(self.console()).log_in(login, PASSWORD, &codes[0]).await
    }

    /// An administrator's account with [`PASSWORD`], set up; its recovery codes.
    pub async fn open_account(&self, login: &str) -> Vec<String> {
        self.open_account_as(login, Role::SystemAdministrator).await
    }

    /// The account of somebody who holds just this role; its recovery codes.
    pub async fn open_account_as(&self, login: &str, role: Role) -> Vec<String> {
        self.open_account_of(login, role, None).await
    }

    /// The same, of a person of the roster.
    pub async fn open_account_of(&self, login: &str, role: Role, person: Option<PersonId>) -> Vec<String> {
        let password = hash_password(PASSWORD).unwrap();
        let names = Names { login: login.into(), label: format!("{login} の表示名") };
        let open = AccountCommand::Open { names, person, password: password.clone() };
        self.desk.command(open, self.time()).await.unwrap();
        let account = self.desk.read(|now| now.accounts().by_login(login).unwrap().id);
        let grant = AccessCommand::Grant { holder: Holder::Account(account), role };
        self.desk.command(grant, self.time()).await.unwrap();
        let (factor, codes) = make_factor().unwrap();
        for command in
            [AccountCommand::SetPassword { account, password }, AccountCommand::SetFactor { account, factor }]
        {
            self.desk.command(command, self.time()).await.unwrap();
        }
        codes
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
        ask(self.pages(), request).await
    }

    /// How many versions of an answer a person has given in the first incident.
    pub fn versions(&self, number: usize) -> usize {
        let person = self.person(number);
        self.desk.read(|now| now.incident(IncidentId(1)).unwrap().answers(person).len())
    }
}

/// A telegram of an earthquake in 石川県能登.
pub fn quake(intensity: &str, published: Timestamp) -> Bulletin {
    let source = SourceId::new(format!("quake {intensity}"));
    let mut bulletin = Bulletin::new(source, Kind::IntensityPrompt, Standing::Real, Revision::Issue, published);
    bulletin.series.push(SeriesKey::Event("1".into()));
    bulletin.areas.push(AreaReport {
        area: Area::new(AreaScheme::SeismicLocal, "390", "石川県能登", Prefecture::from_code(17)),
        severity: Severity::Intensity(intensity.parse().unwrap()),
    });
    bulletin
}

/// The password of every account on the stage.
pub const PASSWORD: &str = "けさは雨が降っていたので傘";

/// Somebody at the console, with a browser's cookie.
#[derive(Clone)]
pub struct Visitor {
    pub pages: Router,
    pub cookie: String,
}

/// A visitor who is logged in.
pub type Admin = Visitor;

impl Visitor {
    pub fn new(pages: Router) -> Self {
        Self { pages, cookie: String::new() }
    }

    /// Logs in; panics if that is refused.
    pub async fn log_in(mut self, login: &str, password: &str, code: &str) -> Admin {
        let form = format!("login={}&password={}&code={}", encoded(login), encoded(password), encoded(code));
        let page = self.post("/login", &form).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.html);
        self.keep(&page);
        self
    }

    /// Takes the cookie of an answer, as a browser would.
    pub fn keep(&mut self, page: &Page) {
        self.cookie = page.header("set-cookie").split(';').next().unwrap().to_owned();
    }

    pub async fn get(&self, path: &str) -> Page {
        ask(self.pages.clone(), self.request(Request::get(path)).body(Body::empty()).unwrap()).await
    }

    /// Posts a form whose values are already percent-encoded, as a page of the console does.
    pub async fn post(&self, path: &str, form: &str) -> Page {
        let request = self
            .request(Request::post(path))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin");
        ask(self.pages.clone(), request.body(Body::from(form.to_owned())).unwrap()).await
    }

    /// Uploads a file as a page of the console does, with boxes that are marked.
    pub async fn upload(&self, path: &str, file: &[u8], marked: &[&str]) -> Page {
        let marked: Vec<(&str, &str)> = marked.iter().map(|name| (*name, "1")).collect();
        self.upload_with(path, file, &marked).await
    }

    /// Uploads a file with further fields.
    pub async fn upload_with(&self, path: &str, file: &[u8], fields: &[(&str, &str)]) -> Page {
        let part = |head: &str, body: &[u8]| {
            [format!("--edge\r\nContent-Disposition: form-data; {head}\r\n\r\n").as_bytes(), body, b"\r\n"].concat()
        };
        let mut body = part("name=\"file\"; filename=\"file\"\r\nContent-Type: application/octet-stream", file);
        for (name, value) in fields {
            body.extend(part(&format!("name=\"{name}\""), value.as_bytes()));
        }
        body.extend(b"--edge--\r\n");
        let request = self
            .request(Request::post(path))
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=edge")
            .header("sec-fetch-site", "same-origin");
        ask(self.pages.clone(), request.body(Body::from(body)).unwrap()).await
    }

    fn request(&self, request: axum::http::request::Builder) -> axum::http::request::Builder {
        if self.cookie.is_empty() { request } else { request.header(header::COOKIE, &self.cookie) }
    }
}

/// Percent-encodes like a browser does, the long way for every byte.
pub fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

pub async fn ask(pages: Router, request: Request<Body>) -> Page {
    let response = pages.oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let html = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    Page { status: parts.status, headers: parts.headers, html }
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
