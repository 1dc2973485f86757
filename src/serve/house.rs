//! The running house: what is opened, in which order, and closed in the other.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use hikyaku_core::{Config, Engine};
use hikyaku_dispatch::{Alarm, Desk, Foreseen, Sender};
use hikyaku_inbound::Listener;
use hikyaku_web::{Api, Console, ConsoleSettings, Door, Inbox, TlsFiles, WebState};
use ipnet::IpNet;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::alerts::{Alerts, Posts};
use super::inbound::Office;
use super::lookout::Board;
use super::node::Node;
use super::shift::Shift;
use super::sources::Sources;
use super::{clock, inbound, rows, security, stalls, warm};
use crate::courier::{Courier, Work};
use crate::journal::data::{open_desk_on, open_desk_with, open_journal};
use crate::lock::Lock;
use crate::marks::Marks;
use crate::metrics::alarms::Standing;
use crate::metrics::{self, RunningSources};
use crate::report::maker::Maker;
use crate::report::shelf::Folder;
use crate::settings::Settings;
use crate::voice;

/// How long the parts may take to stop before the engine is shut down.
const PATIENCE: Duration = Duration::from_secs(15);

/// Everything that runs.
pub struct House {
    settings: Arc<Settings>,
    engine: Engine,
    console: Console,
    tls: Option<TlsFiles>,
    tasks: Vec<JoinHandle<()>>,
    /// Holds the engine to what this node may send, until the very end.
    reins: JoinHandle<()>,
    stop: watch::Sender<bool>,
    /// Where several nodes have one journal.
    node: Option<Node>,
    /// Given back last.
    lock: Lock,
}

impl House {
    /// Opens everything; nothing is left running if something cannot be opened.
    pub async fn open(settings: Settings) -> Result<Self, String> {
        if !settings.data.is_dir() {
            return Err(format!("{}: there is no data; run `hikyaku init` first", settings.data.display()));
        }
        let settings = Arc::new(settings);
        let lock = Lock::take(&settings.data)?;
        let sender = settings.mail.sender(&settings.answers.address)?;
        let tls = settings.tls.as_ref().map(|tls| tls.read()).transpose()?;
        let mut of_engine = settings.mail.config(settings.data.join("queue"))?;
        let (tell, told) = mpsc::unbounded_channel();
        let node = Node::join(&settings.data, of_engine.carriers.bears(), tell.clone()).await?;
        let work = node.as_ref().map_or_else(Work::alone, Node::work);
        let doors = Doors::bind(&settings, tls.as_ref()).await?;
        let desk = desk(node.as_ref(), &settings.data).await?;
        // With the keys of people, so that erasing somebody reaches the queue.
        of_engine.seal = Some(Arc::new(desk.keys().clone()));
        let engine = engine(of_engine, node.as_ref()).await?;
        let (running, board, standing) = (RunningSources::default(), Board::default(), Standing::default());
        let mail = (engine.clone(), sender.clone());
        let web = pages(&settings, desk.clone(), mail, (&work, &board, &standing))?;
        let marks = Marks::of(&settings.data, node.as_ref().map(Node::database));
        let office = Office::open(&settings, &desk, &marks)?;
        let console = console(&settings, web.clone(), &engine, Sources(Some(running.clone())), office.clone())?;
        let (stop, stopping) = watch::channel(false);
        let (maker, alerts) = tellers(&settings, &engine, (&desk, &marks), &sender)?;
        let alerts = alerts.telling(Posts::open(&settings.webhooks)?, standing.clone());
        let shift = Shift {
            settings: settings.clone(),
            desk: desk.clone(),
            engine: engine.clone(),
            sender: sender.clone(),
            alerts: alerts.clone(),
            maker,
            office: office.clone(),
            sources: running.clone(),
            marks: marks.clone(),
            board,
        };
        let on_duty = shift.begin(&work).await?;
        let courier =
            Courier::new(engine.clone(), desk.clone(), sender).telling(tell.clone()).among(work.clone()).noting(marks);
        let mut tasks = vec![
            tokio::spawn(courier.run(stopping.clone())),
            tokio::spawn(shift.run(on_duty, work.clone(), stopping.clone())),
            tokio::spawn(alerts.clone().raise_all(told, stopping.clone())),
            tokio::spawn(security::run(web.clone(), desk.clone(), alerts.clone(), stopping.clone())),
            tokio::spawn(rows::run(settings.data.clone(), desk.clone(), stopping.clone())),
        ];
        tasks.extend(alerts.posts().tell(&tell, &stopping));
        tasks.extend(watchers(&settings, (&engine, &desk), (&alerts, &standing), &stopping));
        let others = node.iter().flat_map(|node| among_others(node, &engine, &desk, &alerts, (&tell, &stopping)));
        tasks.extend(others);
        let reins = tokio::spawn(work.rein(engine.clone()));
        let inbound = doors.mail.zip(office.clone());
        tasks.extend(inbound.map(|(mail, office)| tokio::spawn(inbound::run(mail, office, stopping.clone()))));
        if let Some(door) = doors.api {
            let api = Api::new(web.clone(), Some(engine.clone()), Some(Arc::new(Sources(Some(running.clone())))));
            tasks.push(served(door, hikyaku_web::api_router(api), stopping.clone()));
        }
        tasks.push(opened(web.clone(), stopping.clone()));
        let answers = hikyaku_web::router(web.clone());
        tasks.push(served(doors.answers, answers, stopping.clone()));
        tasks.push(served(doors.console, hikyaku_web::console_router(console.clone()), stopping.clone()));
        if let Some(door) = doors.metrics {
            let counts = office.map(|office| office.counts());
            let page = metrics::router(engine.clone(), Some(running), Some(web), counts, Some(standing));
            tasks.push(served(door, page, stopping));
        }
        Ok(Self { settings, engine, console, tls, tasks, reins, stop, node, lock })
    }

    /// Where what is served, a line each.
    pub fn addresses(&self) -> Vec<String> {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let mut lines = vec![
            format!(
                "回答画面 {scheme}://{}/ （メールのリンク: {}a/…）",
                self.settings.answers.listen, self.settings.answers.address
            ),
            format!("管理画面 {scheme}://{}/", self.settings.console.listen),
        ];
        lines.extend(self.settings.api.as_ref().map(|site| format!("API {scheme}://{}/api/v1/", site.listen)));
        lines.extend(self.settings.metrics.as_ref().map(|site| format!("監視 http://{}/metrics", site.listen)));
        lines.extend(self.settings.push.as_ref().map(|push| format!("電文の受け口 {}/push/", push.listen)));
        lines.extend(self.settings.inbound.as_ref().map(|it| format!("戻ってくるメール smtp://{}", it.listen)));
        lines.extend(self.settings.dmdata.as_ref().map(|dmdata| format!("DM-D.S.S {}", dmdata.api)));
        lines
    }

    /// Reads the carriers' table and the certificate again; what is wrong is told of and changes nothing.
    pub fn reload(&self, config: &Path) {
        let taken = Settings::read(config).and_then(|settings| {
            if let Some(carriers) = settings.mail.read_carriers()? {
                self.engine.reload(&carriers).map_err(|e| e.to_string())?;
            }
            self.tls.as_ref().map_or(Ok(()), TlsFiles::reload).map_err(|e| e.to_string())
        });
        match taken {
            Ok(()) => voice::tell("キャリア表と証明書を読み直しました。他の項目は再起動で反映します。"),
            Err(problem) => voice::tell(&format!("読み直せません。これまでの設定で続けます: {problem}")),
        }
    }

    /// Stops in order: no new visitor, then what other nodes are to have, no new telegram, the mails that are under way, the folder.
    pub async fn close(mut self) {
        self.console.close();
        if let Some(node) = &mut self.node {
            node.leave().await;
        }
        // Everybody who listens stops.
        let _ = self.stop.send(true);
        for task in self.tasks {
            // One that hangs must not keep the mails under way from being recorded.
            let _ = tokio::time::timeout(PATIENCE, task).await;
        }
        drop(self.console);
        self.reins.abort();
        self.engine.shutdown().await;
        drop(self.lock);
    }
}

/// Notes whose answer pages were opened, until `stop`.
fn opened(web: WebState, mut stop: watch::Receiver<bool>) -> JoinHandle<()> {
    tokio::spawn(async move {
        tokio::select! {
            // An error means that the house is gone, which is the same.
            _ = stop.wait_for(|stop| *stop) => {}
            () = web.keep_recording_opened() => {}
        }
    })
}

/// What answer pages and console have in common: also the places that admission gives.
fn pages(
    settings: &Settings,
    desk: Desk,
    (engine, sender): (Engine, Sender),
    (work, board, standing): (&Work, &Board, &Standing),
) -> Result<WebState, String> {
    let of_batches = work.clone();
    let pages = WebState::new(desk)
        .with_attempts(engine.clone(), Arc::new(move |batch| of_batches.job(batch).map(|job| job.of)))
        .over_tls(settings.tls.is_some() || settings.proxy.is_there())
        .answers_per_second(settings.web.answers_per_second)
        .with_privacy(settings.answers.privacy.read()?)
        .ready_while(readiness(work))
        .waiting_on(waiting_on(board))
        .alarmed_by(alarmed_by(standing))
        .with_mail(engine, sender, settings.answers.address.clone());
    Ok(pages)
}

/// What stands against sending visitors here, for monitoring and for what shares visitors out.
fn readiness(work: &Work) -> Arc<dyn Fn() -> Vec<String> + Send + Sync> {
    let work = work.clone();
    Arc::new(move || work.unready().iter().map(ToString::to_string).collect())
}

/// What waits for the journal, for the console.
fn waiting_on(board: &Board) -> Arc<dyn Fn() -> Vec<Foreseen> + Send + Sync> {
    let board = board.clone();
    Arc::new(move || board.read())
}

/// The alarms that stand, for the console.
fn alarmed_by(standing: &Standing) -> Arc<dyn Fn() -> Vec<String> + Send + Sync> {
    let standing = standing.clone();
    Arc::new(move || standing.of_system(Instant::now()))
}

/// The desk, on the journal that this node shares with others, or on the file.
async fn desk(node: Option<&Node>, data: &Path) -> Result<Desk, String> {
    match node {
        Some(node) => open_desk_with(node.journal(), data, Some(node.outbox(data)?)).await,
        None => open_desk_on(open_journal(data).await?, data).await,
    }
}

/// The engine on the queue of the data folder; what other nodes send of it is given up before anything is sent, and what they have
/// learned of carriers is where it begins.
async fn engine(config: Config, node: Option<&Node>) -> Result<Engine, String> {
    let config = Config { give_up: node.and_then(Node::gives_up), ..config };
    let engine = Engine::open(config).await.map_err(|e| e.to_string())?;
    if let Some(node) = node {
        node.has_given_up();
        node.teach(&engine).await;
    }
    Ok(engine)
}

/// The listeners, taken before anything else is begun.
struct Doors {
    answers: Door,
    console: Door,
    api: Option<Door>,
    metrics: Option<Door>,
    /// Where mail comes back to.
    mail: Option<Listener>,
}

impl Doors {
    async fn bind(settings: &Settings, tls: Option<&TlsFiles>) -> Result<Self, String> {
        let (answers, console) = (&settings.answers, &settings.console);
        let metrics = match &settings.metrics {
            Some(site) => Some(door(site.listen, &site.allow, None).await?),
            None => None,
        };
        let api = match &settings.api {
            Some(site) => Some(door(site.listen, &site.allow, tls).await?),
            None => None,
        };
        let mail = match &settings.inbound {
            Some(inbound) => Some(inbound::listen(inbound, &settings.mail, tls).await?),
            None => None,
        };
        Ok(Self {
            api,
            mail,
            answers: door(answers.listen, &answers.allow, tls).await?,
            console: door(console.listen, &console.allow, tls).await?,
            metrics,
        })
    }
}

async fn door(at: std::net::SocketAddr, allow: &[IpNet], tls: Option<&TlsFiles>) -> Result<Door, String> {
    let door = Door::bind(at).await.map_err(|e| e.to_string())?.allow(allow.to_vec());
    Ok(match tls {
        Some(files) => door.with_tls(files),
        None => door,
    })
}

/// Who looks whether mails leave and the clock is right.
fn watchers(
    settings: &Settings,
    (engine, desk): (&Engine, &Desk),
    (alerts, standing): (&Alerts, &Standing),
    stop: &watch::Receiver<bool>,
) -> Vec<JoinHandle<()>> {
    let lanes = stalls::watch_over(engine, alerts, settings.alerts.stalled_after(), stop.clone());
    let clock = clock::watch_over(settings.check.time_server(), alerts, standing, stop.clone());
    // Where a relay takes everything, nobody else's name is asked for.
    let asks = settings.mail.resolves();
    let names = asks.then(|| tokio::spawn(warm::run(engine.clone(), desk.clone(), stop.clone())));
    std::iter::once(lanes).chain(clock).chain(names).collect()
}

/// What a node does among others.
fn among_others(
    node: &Node,
    engine: &Engine,
    desk: &Desk,
    alerts: &Alerts,
    (tell, stop): (&mpsc::UnboundedSender<Alarm>, &watch::Receiver<bool>),
) -> [JoinHandle<()>; 4] {
    [
        node.watch(alerts.clone(), stop.clone()),
        node.share_lessons(engine, stop.clone()),
        node.look_after(desk.clone(), tell.clone(), stop.clone()),
        node.exchange(desk.clone(), tell.clone(), stop.clone()),
    ]
}

/// Who makes reports, and who mails alarms and notes them for those.
fn tellers(
    settings: &Settings,
    engine: &Engine,
    (desk, marks): (&Desk, &Marks),
    sender: &Sender,
) -> Result<(Maker, Alerts), String> {
    let maker = Maker::new(settings)?;
    let alerts = Alerts::new(engine.clone(), desk, sender.clone(), settings.alerts.to()?);
    let alerts = alerts.noting(maker.ledger().clone(), maker.officials.clone()).among(marks.clone());
    Ok((maker, alerts))
}

fn served(door: Door, pages: Router, mut stopping: watch::Receiver<bool>) -> JoinHandle<()> {
    tokio::spawn(hikyaku_web::serve(door, pages, async move {
        // An error means that the house is gone, which is the same.
        let _ = stopping.wait_for(|stop| *stop).await;
    }))
}

fn console(
    settings: &Settings,
    web: WebState,
    engine: &Engine,
    sources: Sources,
    office: Option<Arc<Office>>,
) -> Result<Console, String> {
    let of_console = ConsoleSettings {
        organisation: settings.organisation.clone(),
        proxies: settings.proxy.proxies()?,
        sessions: settings.console.sessions(),
        feeds: Some(Arc::new(sources)),
        inbox: office.map(|office| -> Arc<dyn Inbox> { office }),
        shelf: Some(Arc::new(Folder::at(&settings.reports.folder()))),
        #[cfg(feature = "passkeys")]
        passkeys: settings.console.passkeys()?,
        #[cfg(feature = "oidc")]
        oidc: super::oidc::agreed(&settings.console)?,
    };
    Ok(Console::new(web, of_console, Some(engine.clone())))
}
