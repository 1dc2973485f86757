//! The running house: what is opened, in which order, and closed in the other.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hikyaku_core::Engine;
use hikyaku_dispatch::{Alarm, Desk};
use hikyaku_feeds::edge::{PushEndpoint, Stream, Watcher};
use hikyaku_web::{Api, Console, ConsoleSettings, Door, TlsFiles, WebState};
use ipnet::IpNet;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::alerts::Alerts;
use super::channel::Channel;
use super::duties::Duties;
use super::intake::Intake;
use super::sources::Sources;
use super::turn::OwnTurn;
use super::webhooks::Webhook;
use super::{roster, security, watch as alarms};
use crate::courier::Courier;
use crate::journal::data::{open_desk_on, open_journal};
use crate::lock::Lock;
use crate::metrics;
use crate::people::pull::Source;
use crate::settings::Settings;

/// How long the parts may take to stop before the engine is shut down.
const PATIENCE: Duration = Duration::from_secs(15);

/// Everything that runs.
pub struct House {
    settings: Settings,
    engine: Engine,
    console: Console,
    tls: Option<TlsFiles>,
    push: Option<PushEndpoint>,
    stream: Option<Stream>,
    tasks: Vec<JoinHandle<()>>,
    stop: watch::Sender<bool>,
    /// Where several nodes have one journal.
    turn: Option<OwnTurn>,
    /// Given back last.
    lock: Lock,
}

impl House {
    /// Opens everything; nothing is left running if something cannot be opened.
    pub async fn open(settings: Settings) -> Result<Self, String> {
        if !settings.data.is_dir() {
            return Err(format!("{}: there is no data; run `hikyaku init` first", settings.data.display()));
        }
        let lock = Lock::take(&settings.data)?;
        let sender = settings.mail.sender(&settings.answers.address)?;
        let tls = settings.tls.as_ref().map(|tls| tls.read()).transpose()?;
        let sources = settings.roster.iter().map(|roster| Source::open(roster.source(), false));
        let sources = sources.collect::<Result<Vec<_>, _>>()?;
        let turn = OwnTurn::wait(&settings.data).await?;
        let doors = Doors::bind(&settings, tls.as_ref()).await?;
        let desk = desk(turn.as_ref(), &settings.data).await?;
        let mut of_engine = settings.mail.config(settings.data.join("queue"))?;
        // With the keys of people, so that erasing somebody reaches the queue.
        of_engine.seal = Some(Arc::new(desk.keys().clone()));
        let engine = Engine::open(of_engine).await;
        let engine = engine.map_err(|e| e.to_string())?;
        let intake = Intake::open(&settings.data, desk.clone())?;
        let mut watched = settings.feeds.settings()?;
        watched.countries.extend(settings.push.iter().flat_map(|it| it.countries()));
        let watcher = Watcher::start(watched)?;
        let push = match &settings.push {
            Some(push) => Some(PushEndpoint::listen(push.listen, push.settings()?, watcher.intake()).await?),
            None => None,
        };
        let stream = match &settings.dmdata {
            Some(dmdata) => Some(Stream::start(dmdata.settings(settings.feeds.client()?)?, watcher.intake())?),
            None => None,
        };
        let pulse = watcher.pulse();
        // One for both doors: answers and pages share the places that admission gives.
        let web = WebState::new(desk.clone())
            .over_tls(tls.is_some() || settings.proxy.is_there())
            .with_privacy(settings.answers.privacy.read()?)
            .with_mail(engine.clone(), sender.clone(), settings.answers.address.clone());
        let console = console(&settings, web.clone(), &engine, Sources(Some(pulse.clone())))?;
        let (stop, stopping) = watch::channel(false);
        let alerts = Alerts::new(engine.clone(), &desk, sender.clone(), settings.alerts.to()?);
        let (tell, told) = mpsc::unbounded_channel();
        let duties = duties(&settings, &desk, &alerts, told)?;
        let courier = Courier::new(engine.clone(), desk.clone(), sender).telling(tell);
        let mut tasks = vec![
            tokio::spawn(courier.run(stopping.clone())),
            tokio::spawn(intake.run(watcher, stopping.clone())),
            tokio::spawn(alarms::run(pulse.clone(), alerts.clone(), stopping.clone())),
            tokio::spawn(duties.run(stopping.clone())),
            tokio::spawn(security::run(web.clone(), desk.clone(), alerts.clone(), stopping.clone())),
        ];
        tasks.extend(turn.as_ref().map(|turn| turn.watch(alerts.clone(), stopping.clone())));
        for (roster, source) in settings.roster.iter().cloned().zip(sources) {
            tasks.push(tokio::spawn(roster::run(roster, source, desk.clone(), alerts.clone(), stopping.clone())));
        }
        for hook in &settings.webhooks {
            let hook = Webhook::open(hook, &settings.data, desk.clone()).await?;
            tasks.push(tokio::spawn(hook.run(alerts.clone(), stopping.clone())));
        }
        if let Some(door) = doors.api {
            let api = Api::new(web.clone(), Some(engine.clone()));
            tasks.push(served(door, hikyaku_web::api_router(api), stopping.clone()));
        }
        let answers = hikyaku_web::router(web.clone());
        tasks.push(served(doors.answers, answers, stopping.clone()));
        tasks.push(served(doors.console, hikyaku_web::console_router(console.clone()), stopping.clone()));
        if let Some(door) = doors.metrics {
            tasks.push(served(door, metrics::router(engine.clone(), Some(pulse), Some(web)), stopping));
        }
        Ok(Self { settings, engine, console, tls, push, stream, tasks, stop, turn, lock })
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
        lines.extend(self.push.as_ref().map(|push| format!("電文の受け口 {}/push/", push.addr)));
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
            Ok(()) => eprintln!("キャリア表と証明書を読み直しました。他の項目は再起動で反映します。"),
            Err(problem) => eprintln!("読み直せません。これまでの設定で続けます: {problem}"),
        }
    }

    /// Stops in order: no new telegram, no new visitor, then the mails that are under way, then the folder.
    pub async fn close(self) {
        self.console.close();
        // Everybody who listens stops.
        let _ = self.stop.send(true);
        drop(self.stream);
        if let Some(push) = self.push {
            push.shutdown().await;
        }
        for task in self.tasks {
            // One that hangs must not keep the mails under way from being recorded.
            let _ = tokio::time::timeout(PATIENCE, task).await;
        }
        drop(self.console);
        self.engine.shutdown().await;
        if let Some(turn) = self.turn {
            turn.end().await;
        }
        drop(self.lock);
    }
}

/// The desk, on the journal whose turn this is, or on the file.
async fn desk(turn: Option<&OwnTurn>, data: &Path) -> Result<Desk, String> {
    let journal = match turn {
        Some(turn) => turn.journal(),
        None => open_journal(data).await?,
    };
    open_desk_on(journal, data).await
}

/// The listeners, taken before anything else is begun.
struct Doors {
    answers: Door,
    console: Door,
    api: Option<Door>,
    metrics: Option<Door>,
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
        Ok(Self {
            api,
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

/// What is done without anybody asking.
fn duties(
    settings: &Settings,
    desk: &Desk,
    alerts: &Alerts,
    told: mpsc::UnboundedReceiver<Alarm>,
) -> Result<Duties, String> {
    let channel = settings.channel.as_ref().map(|channel| channel.channel()).transpose()?;
    Ok(Duties {
        desk: desk.clone(),
        alerts: alerts.clone(),
        policy: settings.alerts.policy(settings.channel.as_ref()),
        schedule: settings.records.schedule(),
        probes: settings.probes.policy(),
        heads: settings.records.heads(),
        channel: channel.map(|(client, url)| Channel::new(client, url)),
        told,
    })
}

fn served(door: Door, pages: Router, mut stopping: watch::Receiver<bool>) -> JoinHandle<()> {
    tokio::spawn(hikyaku_web::serve(door, pages, async move {
        // An error means that the house is gone, which is the same.
        let _ = stopping.wait_for(|stop| *stop).await;
    }))
}

fn console(settings: &Settings, web: WebState, engine: &Engine, sources: Sources) -> Result<Console, String> {
    let of_console = ConsoleSettings {
        organisation: settings.organisation.clone(),
        proxies: settings.proxy.proxies()?,
        sessions: settings.console.sessions(),
        feeds: Some(Arc::new(sources)),
    };
    Ok(Console::new(web, of_console, Some(engine.clone())))
}
