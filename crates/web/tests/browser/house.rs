//! A stage that is served on real sockets and sends, and what every test in a browser does there.

use std::sync::Arc;

use hikyaku_dispatch::{DispatchId, Mode, Question};
use hikyaku_web::Door;
use tokio::task::JoinHandle;

use super::chrome::{Chrome, Screen};
use super::stage::mail::Mail;
use super::stage::{PASSWORD, Stage};

/// What a tap on each summary does.
pub const OPEN_ALL: &str = "document.querySelectorAll('details').forEach(it => { it.open = true })";

/// A stage whose pages are served on real sockets, with an engine that sends to a relay on this machine.
pub struct House {
    pub stage: Arc<Stage>,
    pub mail: Mail,
    pub answers: String,
    pub console: String,
    pub codes: Vec<String>,
    pub tasks: Vec<JoinHandle<()>>,
}

impl House {
    pub async fn open(people: usize) -> Self {
        let mail = Mail::open().await;
        let mut doors = Vec::new();
        for _ in 0..2 {
            doors.push(Door::bind(([127, 0, 0, 1], 0).into()).await.unwrap());
        }
        let [answers, console] = [0, 1].map(|at: usize| format!("http://{}", doors[at].address().unwrap()));
        let stage = Arc::new(Stage::with_people(people).await.mailing(&mail, &answers));
        let codes = stage.open_account("admin").await;
        let routers = [stage.pages(), stage.console_of(Some(mail.engine.clone()))];
        let served = doors.into_iter().zip(routers);
        let tasks = served.map(|(door, router)| tokio::spawn(hikyaku_web::serve(door, router, std::future::pending())));
        Self { tasks: tasks.collect(), stage, mail, answers, console, codes }
    }

    /// Two of three people answer.
    pub async fn asked(&self, key: &str, mode: Mode) -> DispatchId {
        let dispatch = self.stage.ask(key, mode, Question::safety()).await;
        let people = self.stage.desk.read(|state| state.people().len());
        for number in (1..=people).filter(|number| !number.is_multiple_of(3)) {
            let choice = if number.is_multiple_of(10) { 4 } else { 1 + number % 2 };
            self.stage.post(&self.stage.link(dispatch, number), &format!("choice={choice}&comment=")).await;
        }
        dispatch
    }

    /// The mails of a dispatch go out: those to docomo are taken, those to au wait.
    pub async fn carried(&self, dispatch: DispatchId) {
        let people = self.stage.desk.read(|state| state.people().len());
        self.mail.engine.pause(hikyaku_core::Carrier::new("au")).unwrap();
        self.mail.carry(&self.stage.desk, dispatch, self.stage.time()).await;
        self.mail.accepted("docomo", people as u64).await;
    }

    pub async fn browser(&self, screen: Screen) -> Chrome {
        Chrome::start(screen).await
    }

    /// A browser in which somebody is logged in.
    pub async fn logged_in(&mut self, screen: Screen) -> Chrome {
        self.logged_in_as("admin", screen).await
    }

    pub async fn logged_in_as(&mut self, login: &str, screen: Screen) -> Chrome {
        let mut chrome = self.browser(screen).await;
        chrome.go(&format!("{}/", self.console)).await;
        self.log_in(&mut chrome, login).await;
        chrome
    }

    /// Fills in the form of the log-in, with the next recovery code.
    pub async fn log_in(&mut self, chrome: &mut Chrome, login: &str) {
        let code = self.codes.pop().unwrap();
        chrome.fill("#login", login).await;
        chrome.fill("#password", PASSWORD).await;
        chrome.fill("#code", &code).await;
        chrome.press("button.go").await;
        assert_eq!(chrome.path().await, "/", "{}", chrome.text().await);
    }

    /// Nothing was asked of anybody else.
    pub fn asked_only_here(&self, chrome: &Chrome) {
        for url in &chrome.asked {
            let own = url.starts_with(&self.answers)
                || url.starts_with(&self.console)
                || url == "about:blank"
                || url.starts_with("data:");
            assert!(own, "the browser asked {url}");
        }
    }

    /// The same, and everything ends.
    pub fn end(self, chrome: Chrome) {
        self.asked_only_here(&chrome);
        drop(chrome);
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// Checks the page with axe-core, where it is to be had.
async fn assert_accessible(chrome: &mut Chrome, name: &str) {
    let Ok(file) = std::env::var("HIKYAKU_AXE") else { return };
    let script = std::fs::read_to_string(&file).unwrap();
    chrome.run(&script).await;
    let found = chrome
        .run("axe.run().then(it => it.violations.map(v => v.id + ': ' + v.nodes.map(n => n.html).join(' | ')))")
        .await;
    assert_eq!(found.as_array().map(Vec::len), Some(0), "{name}: {found:#}");
}

/// A page that somebody looks at. Without a script it is the same page, which has been checked with one.
pub async fn seen(chrome: &mut Chrome, name: &str) {
    chrome.shoot(name).await;
    if chrome.has_script() {
        assert_accessible(chrome, name).await;
    }
}
