//! The load: administrators who watch, people who answer.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, COOKIE, SET_COOKIE};
use hyper::{Method, Request, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::task::JoinSet;

use crate::server::{PASSWORD, Told};

/// How often a live page fetches its numbers while answers come in.
const LOOK: Duration = Duration::from_secs(2);
/// People who answer at the same moment when the capacity is sought.
const WORKERS: usize = 128;
/// What a person waits before giving up.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long things took, and what did not go well.
#[derive(Default)]
pub struct Times {
    millis: Vec<f64>,
    pub turned_away: usize,
    pub errors: usize,
}

impl Times {
    pub fn done(&self) -> usize {
        self.millis.len()
    }

    /// The time within which this share was done, in milliseconds.
    pub fn share(&self, share: f64) -> f64 {
        let mut sorted = self.millis.clone();
        sorted.sort_by(f64::total_cmp);
        let place = ((sorted.len() as f64 * share).ceil() as usize).clamp(1, sorted.len().max(1)) - 1;
        sorted.get(place).copied().unwrap_or(0.0)
    }

    fn note(&mut self, seen: Seen) {
        match seen {
            Seen::Done(took) => self.millis.push(took.as_secs_f64() * 1_000.0),
            Seen::TurnedAway => self.turned_away += 1,
            Seen::Failed => self.errors += 1,
        }
    }
}

enum Seen {
    Done(Duration),
    TurnedAway,
    Failed,
}

#[derive(Clone)]
struct Browser {
    client: Client<HttpConnector, Full<Bytes>>,
}

/// Everybody who visits.
pub struct Load {
    browser: Browser,
    answers: String,
    console: String,
    dispatch: u32,
    code: String,
    cookies: Vec<String>,
    tokens: Arc<Vec<String>>,
    next: Arc<AtomicUsize>,
    acknowledged: Arc<Mutex<BTreeSet<String>>>,
}

impl Load {
    pub fn new(told: &Told) -> Self {
        Self {
            browser: Browser { client: Client::builder(TokioExecutor::new()).build_http() },
            answers: told.answers.clone(),
            console: told.console.clone(),
            dispatch: told.dispatch,
            code: told.code.clone(),
            cookies: Vec::new(),
            tokens: Arc::new(told.tokens.clone()),
            next: Arc::default(),
            acknowledged: Arc::default(),
        }
    }

    /// Tokens of answers that were acknowledged.
    pub fn acknowledged(&self) -> BTreeSet<String> {
        self.acknowledged.lock().unwrap().clone()
    }

    /// Logs so many administrators in, as fast as the server takes them within its limit a minute.
    pub async fn log_in(&mut self, most: usize) -> Duration {
        let began = Instant::now();
        let password: String = PASSWORD.bytes().map(|byte| format!("%{byte:02X}")).collect();
        while self.cookies.len() < most {
            let number = self.cookies.len();
            let form = format!("login=admin{number}&password={password}&code={}", self.code);
            let request = Request::post(format!("http://{}/login", self.console))
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .header("sec-fetch-site", "same-origin")
                .header("x-forwarded-for", format!("10.0.{}.{}", number / 250, number % 250))
                .body(Full::new(Bytes::from(form)))
                .unwrap();
            let answer = self.browser.client.request(request).await.unwrap();
            match answer.headers().get(SET_COOKIE) {
                Some(cookie) => {
                    let cookie = cookie.to_str().unwrap().split(';').next().unwrap().to_owned();
                    self.cookies.push(cookie);
                }
                None => tokio::time::sleep(Duration::from_secs(1)).await,
            }
        }
        began.elapsed()
    }

    /// Dashboards, and so many answers a second whether or not earlier ones were done.
    pub async fn steady(&self, dashboards: usize, rate: f64, of: Duration) -> (Times, Times) {
        let boards = self.watch(dashboards, of);
        let answers = self.arrive(rate, of);
        tokio::join!(answers, boards)
    }

    /// As many answers as the server takes from people who come one after the other.
    pub async fn alone(&self, of: Duration) -> Times {
        let until = Instant::now() + of;
        let mut workers = JoinSet::new();
        for _ in 0..WORKERS {
            let visitor = self.visitor();
            workers.spawn(async move {
                let mut times = Times::default();
                while Instant::now() < until {
                    times.note(visitor.answer().await);
                }
                times
            });
        }
        gather(workers).await
    }

    /// So many answers a second, whatever becomes of them, beside a few dashboards.
    pub async fn rush(&self, rate: f64, of: Duration) -> (Times, Times) {
        self.steady(50, rate, of).await
    }

    async fn arrive(&self, rate: f64, of: Duration) -> Times {
        let began = Instant::now();
        let mut visits = JoinSet::new();
        let all = (rate * of.as_secs_f64()) as usize;
        for number in 0..all {
            let due = began + Duration::from_secs_f64(number as f64 / rate);
            tokio::time::sleep_until(due.into()).await;
            let visitor = self.visitor();
            visits.spawn(async move {
                let mut times = Times::default();
                times.note(visitor.answer().await);
                times
            });
        }
        gather(visits).await
    }

    async fn watch(&self, dashboards: usize, of: Duration) -> Times {
        let until = Instant::now() + of;
        let mut boards = JoinSet::new();
        for (number, cookie) in self.cookies.iter().take(dashboards).cloned().enumerate() {
            let (browser, url) =
                (self.browser.clone(), format!("http://{}/dispatch/{}?live=1", self.console, self.dispatch));
            boards.spawn(async move {
                let mut times = Times::default();
                tokio::time::sleep(LOOK.mul_f64(number as f64 / 500.0)).await;
                while Instant::now() < until {
                    let request = Request::get(&url).header(COOKIE, &cookie).body(Full::default()).unwrap();
                    times.note(browser.visit(request, StatusCode::OK).await);
                    tokio::time::sleep(LOOK).await;
                }
                times
            });
        }
        gather(boards).await
    }

    fn visitor(&self) -> Visitor {
        Visitor {
            browser: self.browser.clone(),
            answers: self.answers.clone(),
            tokens: Arc::clone(&self.tokens),
            next: Arc::clone(&self.next),
            acknowledged: Arc::clone(&self.acknowledged),
        }
    }
}

/// Somebody who answers.
struct Visitor {
    browser: Browser,
    answers: String,
    tokens: Arc<Vec<String>>,
    next: Arc<AtomicUsize>,
    acknowledged: Arc<Mutex<BTreeSet<String>>>,
}

impl Visitor {
    /// One person answers; whoever answered before answers something else, so that each is recorded.
    async fn answer(&self) -> Seen {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let token = &self.tokens[number % self.tokens.len()];
        let choice = 1 + (number / self.tokens.len()) % 4;
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("http://{}/a/{token}", self.answers))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Full::new(Bytes::from(format!("choice={choice}&comment="))))
            .unwrap();
        let seen = self.browser.visit(request, StatusCode::SEE_OTHER).await;
        if matches!(seen, Seen::Done(_)) {
            self.acknowledged.lock().unwrap().insert(token.clone());
        }
        seen
    }
}

impl Browser {
    async fn visit(&self, request: Request<Full<Bytes>>, wanted: StatusCode) -> Seen {
        let began = Instant::now();
        let visit = async {
            let answer = self.client.request(request).await.ok()?;
            let status = answer.status();
            answer.into_body().collect().await.ok()?;
            Some(status)
        };
        match tokio::time::timeout(PATIENCE, visit).await {
            Ok(Some(status)) if status == wanted => Seen::Done(began.elapsed()),
            Ok(Some(StatusCode::TEMPORARY_REDIRECT | StatusCode::SERVICE_UNAVAILABLE)) => Seen::TurnedAway,
            _ => Seen::Failed,
        }
    }
}

async fn gather(mut tasks: JoinSet<Times>) -> Times {
    let mut all = Times::default();
    while let Some(times) = tasks.join_next().await {
        let mut times = times.unwrap();
        all.millis.append(&mut times.millis);
        all.turned_away += times.turned_away;
        all.errors += times.errors;
    }
    all
}
