//! The load: administrators who watch, people who answer.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::server::{PASSWORD, Told, of_dashboard};
use crate::wire::{self, Wire};

/// The time within which all dashboards are opened.
const OPENED: Duration = Duration::from_secs(2);
/// How long a live page waits that was refused its stream, as its script does.
const REFUSED: Duration = Duration::from_secs(5);
/// Of so many people one writes something beside the answer.
const WRITES: usize = 16;
/// People who answer at the same moment when the capacity is sought.
const WORKERS: usize = 128;
/// A connection that was idle for longer is not used again.
const IDLE_MAX: Duration = Duration::from_secs(3);
/// What a person waits before giving up.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long things took, and what did not go well.
#[derive(Default)]
pub struct Times {
    millis: Vec<f64>,
    /// Of those, done while the load still came: a late one is no goodput.
    pub in_time: usize,
    /// Asked to come back by a redirect that sends the same once more.
    pub sent_again: usize,
    /// Asked to come back by a page.
    pub told: usize,
    /// What met neither, by what happened.
    pub errors: BTreeMap<String, usize>,
}

impl Times {
    /// The time within which this share was done, in milliseconds.
    pub fn share(&self, share: f64) -> f64 {
        let mut sorted = self.millis.clone();
        sorted.sort_by(f64::total_cmp);
        let place = ((sorted.len() as f64 * share).ceil() as usize).clamp(1, sorted.len().max(1)) - 1;
        sorted.get(place).copied().unwrap_or(0.0)
    }

    fn note(&mut self, seen: Seen, until: Instant) {
        match seen {
            Seen::Done(took) => {
                self.millis.push(took.as_secs_f64() * 1_000.0);
                self.in_time += usize::from(Instant::now() <= until);
            }
            Seen::SentAgain => self.sent_again += 1,
            Seen::Told => self.told += 1,
            Seen::Failed(why) => *self.errors.entry(why).or_default() += 1,
        }
    }
}

enum Seen {
    Done(Duration),
    SentAgain,
    Told,
    Failed(String),
}

/// Connections to one address, kept between requests.
#[derive(Clone)]
struct Wires {
    address: Arc<str>,
    idle: Arc<Mutex<Vec<(Instant, Wire)>>>,
}

impl Wires {
    fn to(address: &str) -> Self {
        Self { address: address.into(), idle: Arc::default() }
    }

    /// One request from the moment it was due: the wait for a connection is a part of it. What was typed must stand in a page that
    /// asks to come back.
    async fn visit(&self, request: &[u8], wanted: u16, due: Instant, typed: Option<&str>) -> Seen {
        let kept = self.idle.lock().unwrap().pop();
        // The server closes what is idle for long; a browser knows, and opens another.
        let idle = kept.filter(|(since, _)| since.elapsed() < IDLE_MAX).map(|(_, wire)| wire);
        let visit = async {
            let mut wire = match idle {
                Some(wire) => wire,
                None => Wire::open(&self.address).await.map_err(|error| format!("no connection: {error}"))?,
            };
            let said = wire.ask(request).await.map_err(|error| format!("cut off: {error}"))?;
            if said.status == 503 && typed.is_some_and(|typed| wire::find(wire.body(), typed.as_bytes()).is_none()) {
                return Err("asked to come back by a page without what was typed".to_owned());
            }
            if !said.is_last {
                self.idle.lock().unwrap().push((Instant::now(), wire));
            }
            Ok(said.status)
        };
        match tokio::time::timeout(PATIENCE, visit).await {
            Ok(Ok(status)) if status == wanted => Seen::Done(due.elapsed()),
            Ok(Ok(307)) => Seen::SentAgain,
            Ok(Ok(503)) => Seen::Told,
            Ok(Ok(status)) => Seen::Failed(format!("status {status}")),
            Ok(Err(why)) => Seen::Failed(why),
            Err(_) => Seen::Failed("no answer in 30 s".to_owned()),
        }
    }
}

/// A live page: the requests for its numbers, and for the stream that says when they changed.
#[derive(Clone)]
struct Board {
    page: Vec<u8>,
    live: Vec<u8>,
}

impl Board {
    fn new(page: &str, cookie: &str) -> Self {
        let get = |path: &str| format!("GET {path} HTTP/1.1\r\nhost: bench\r\ncookie: {cookie}\r\n\r\n").into();
        Self { page: get(page), live: get("/live") }
    }

    /// Fetches its numbers at every word of its stream, as the script of the pages does.
    async fn watch(&self, wires: &Wires, until: Instant) -> Times {
        let mut times = Times::default();
        let mut stream = None;
        while Instant::now() < until {
            times.note(wires.visit(&self.page, 200, Instant::now(), None).await, until);
            match tokio::time::timeout_at(until.into(), self.word(wires, &mut stream)).await {
                Ok(None) | Err(_) => {}
                Ok(Some(refused)) => {
                    times.note(refused, until);
                    stream = None;
                    tokio::time::sleep(REFUSED).await;
                }
            }
        }
        times
    }

    /// Waits for a word; what was refused or failed, if there is none.
    async fn word(&self, wires: &Wires, stream: &mut Option<Wire>) -> Option<Seen> {
        let failed = |error: std::io::Error| Some(Seen::Failed(format!("live: {error}")));
        if stream.is_none() {
            let opened = async {
                let mut wire = Wire::open(&wires.address).await?;
                let said = wire.ask(&self.live).await?;
                Ok::<_, std::io::Error>((wire, said.status))
            };
            match opened.await {
                Ok((wire, 200)) => *stream = Some(wire),
                Ok((_, 503)) => return Some(Seen::Told),
                Ok((_, status)) => return Some(Seen::Failed(format!("live: status {status}"))),
                Err(error) => return failed(error),
            }
        }
        stream.as_mut()?.word().await.err().and_then(failed)
    }
}

/// Everybody who visits.
pub struct Load {
    answers: Wires,
    console: Wires,
    boards: Vec<Board>,
    code: String,
    tokens: Arc<Vec<String>>,
    next: Arc<AtomicUsize>,
    /// Who waits for nothing, and how often each answered: nobody gives two answers at once, so that the order of the replies is that
    /// of the journal.
    free: Arc<Mutex<VecDeque<(usize, usize)>>>,
    acknowledged: Arc<Mutex<Acknowledged>>,
}

/// The choices of each person that were acknowledged, in their order.
type Acknowledged = BTreeMap<usize, Vec<usize>>;

impl Load {
    pub fn new(told: &Told) -> Self {
        Self {
            answers: Wires::to(&told.answers),
            console: Wires::to(&told.console),
            boards: Vec::new(),
            code: told.code.clone(),
            tokens: Arc::new(told.tokens.clone()),
            next: Arc::default(),
            free: Arc::new(Mutex::new((0..told.tokens.len()).map(|person| (person, 0)).collect())),
            acknowledged: Arc::default(),
        }
    }

    /// How many answers of each token must be in the journal: the same choice twice in a row may be one, a second tap.
    pub fn acknowledged(&self) -> BTreeMap<String, usize> {
        let changes = |choices: &Vec<usize>| 1 + choices.windows(2).filter(|pair| pair[0] != pair[1]).count();
        let known = self.acknowledged.lock().unwrap();
        known.iter().map(|(person, choices)| (self.tokens[*person].clone(), changes(choices))).collect()
    }

    /// Logs so many administrators in, as fast as the server takes them within its limit a minute.
    pub async fn log_in(&mut self, most: usize) -> Duration {
        let began = Instant::now();
        let password: String = PASSWORD.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let mut wire = Wire::open(&self.console.address).await.unwrap();
        while self.boards.len() < most {
            let place = self.boards.len();
            let (number, page) = of_dashboard(place, most);
            let form = format!("login=admin{number}&password={password}&code={}", self.code);
            let from = format!("x-forwarded-for: 10.0.{}.{}\r\n", place / 250, place % 250);
            let request = post("/login", &format!("{from}sec-fetch-site: same-origin\r\n"), &form);
            match wire.ask(&request).await.unwrap().cookie {
                Some(cookie) => self.boards.push(Board::new(page, &cookie)),
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
                    times.note(visitor.answer(Instant::now()).await, until);
                }
                times
            });
        }
        gather(workers).await
    }

    async fn arrive(&self, rate: f64, of: Duration) -> Times {
        let began = Instant::now();
        let until = began + of;
        let mut visits = JoinSet::new();
        let all = (rate * of.as_secs_f64()) as usize;
        for number in 0..all {
            let due = began + Duration::from_secs_f64(number as f64 / rate);
            if due > Instant::now() {
                tokio::time::sleep_until(due.into()).await;
            }
            let visitor = self.visitor();
            visits.spawn(async move {
                let mut times = Times::default();
                times.note(visitor.answer(due).await, until);
                times
            });
        }
        let late = began.elapsed().saturating_sub(of);
        if late > of / 20 {
            println!("the load itself came {:.1} s late: it was less than asked", late.as_secs_f64());
        }
        gather(visits).await
    }

    async fn watch(&self, dashboards: usize, of: Duration) -> Times {
        let until = Instant::now() + of;
        let mut boards = JoinSet::new();
        for (number, board) in self.boards.iter().take(dashboards).cloned().enumerate() {
            let wires = self.console.clone();
            boards.spawn(async move {
                tokio::time::sleep(OPENED.mul_f64(number as f64 / dashboards as f64)).await;
                board.watch(&wires, until).await
            });
        }
        gather(boards).await
    }

    fn visitor(&self) -> Visitor {
        Visitor {
            wires: self.answers.clone(),
            tokens: Arc::clone(&self.tokens),
            next: Arc::clone(&self.next),
            free: Arc::clone(&self.free),
            acknowledged: Arc::clone(&self.acknowledged),
        }
    }
}

/// Somebody who answers.
struct Visitor {
    wires: Wires,
    tokens: Arc<Vec<String>>,
    next: Arc<AtomicUsize>,
    free: Arc<Mutex<VecDeque<(usize, usize)>>>,
    acknowledged: Arc<Mutex<Acknowledged>>,
}

impl Visitor {
    /// One person answers; whoever answered before answers something else, so that each is recorded.
    async fn answer(&self, due: Instant) -> Seen {
        let Some((person, round)) = self.free.lock().unwrap().pop_front() else {
            return Seen::Failed("everybody waits for what became of an answer".to_owned());
        };
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let choice = 1 + round % 4;
        let typed = number.is_multiple_of(WRITES).then(|| format!("typed-{number}-"));
        let form = format!("choice={choice}&comment={}", typed.as_deref().unwrap_or_default());
        let request = post(&format!("/a/{}", self.tokens[person]), "", &form);
        let seen = self.wires.visit(&request, 303, due, typed.as_deref()).await;
        if matches!(seen, Seen::Done(_)) {
            self.acknowledged.lock().unwrap().entry(person).or_default().push(choice);
        }
        self.free.lock().unwrap().push_back((person, round + 1));
        seen
    }
}

fn post(path: &str, fields: &str, form: &str) -> Vec<u8> {
    let kind = "application/x-www-form-urlencoded";
    let length = form.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: bench\r\n{fields}content-type: {kind}\r\ncontent-length: {length}\r\n\r\n{form}"
    )
    .into()
}

async fn gather(mut tasks: JoinSet<Times>) -> Times {
    let mut all = Times::default();
    while let Some(times) = tasks.join_next().await {
        let mut times = times.unwrap();
        all.millis.append(&mut times.millis);
        all.in_time += times.in_time;
        all.sent_again += times.sent_again;
        all.told += times.told;
        for (why, count) in times.errors {
            *all.errors.entry(why).or_default() += count;
        }
    }
    all
}
