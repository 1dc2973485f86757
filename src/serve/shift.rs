//! What is done once, on whichever node has the duties: the sources of telegrams, the roster of the day, chores, other systems.

use std::sync::Arc;
use std::time::Duration;

use hikyaku_core::Engine;
use hikyaku_dispatch::{Alarm, Desk, Sender, japan_date};
use hikyaku_feeds::edge::{PushEndpoint, Stream, Watcher};
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::alerts::Alerts;
use super::channel::Channel;
use super::drill::Drill;
use super::duties::Duties;
use super::inbound::Office;
use super::intake::Intake;
use super::webhooks::Webhook;
use super::{reports, roster, watch as alarms};
use crate::courier::{Work, told};
use crate::marks::Marks;
use crate::metrics::RunningSources;
use crate::people::pull::Source;
use crate::report::maker::Maker;
use crate::settings::Settings;

/// How long the parts may take to stop.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long to wait after the duties could not be begun; other nodes may have them meanwhile.
const AGAIN: Duration = Duration::from_secs(30);

/// What the duties need.
pub struct Shift {
    pub settings: Arc<Settings>,
    pub desk: Desk,
    pub engine: Engine,
    pub sender: Sender,
    pub alerts: Alerts,
    pub maker: Maker,
    pub office: Option<Arc<Office>>,
    pub sources: RunningSources,
    pub marks: Marks,
}

/// The duties while they are done.
pub struct OnDuty {
    push: Option<PushEndpoint>,
    stream: Option<Stream>,
    tasks: Vec<JoinHandle<()>>,
    stop: watch::Sender<bool>,
}

impl Shift {
    /// Begins with everything; nothing is left running if something cannot be begun.
    pub async fn begin(&self) -> Result<OnDuty, String> {
        let Shift { settings, desk, alerts, sources: running, .. } = self;
        let sources = settings.roster.iter().map(|roster| Source::open(roster.source(), false));
        let sources = sources.collect::<Result<Vec<_>, _>>()?;
        let duties = self.duties()?;
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
        let mut hooks = Vec::new();
        for hook in &settings.webhooks {
            hooks.push(Webhook::open(hook, &self.marks, desk.clone()).await?);
        }
        let (stop, stopping) = watch::channel(false);
        running.set(Some((watcher.pulse(), watcher.intake())));
        let mut tasks = vec![
            tokio::spawn(alarms::run(watcher.pulse(), alerts.clone(), stopping.clone())),
            tokio::spawn(intake.run(watcher, stopping.clone())),
            tokio::spawn(duties.run(stopping.clone())),
            tokio::spawn(reports::run(
                self.maker.clone(),
                desk.clone(),
                alerts.clone(),
                self.marks.clone(),
                stopping.clone(),
            )),
        ];
        tasks.extend(self.drill().map(|drill| tokio::spawn(drill.run(stopping.clone()))));
        for (roster, source) in settings.roster.iter().cloned().zip(sources) {
            tasks.push(tokio::spawn(roster::run(roster, source, desk.clone(), alerts.clone(), stopping.clone())));
        }
        tasks.extend(hooks.into_iter().map(|hook| tokio::spawn(hook.run(alerts.clone(), stopping.clone()))));
        Ok(OnDuty { push, stream, tasks, stop })
    }

    /// Does the duties whenever this node has them, until `stop`; `running` is what was begun before.
    pub async fn run(self, mut running: Option<OnDuty>, work: Work, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            if running.is_none() {
                tokio::select! {
                    () = told(&mut stop) => break,
                    () = work.duties_are(true) => {}
                }
                work.set_on_duty(true);
                match self.begin().await {
                    Ok(begun) => running = Some(begun),
                    Err(problem) => {
                        tracing::error!(problem, "the sources and duties cannot be begun here; it is tried again");
                        // Another node may be able to.
                        work.decline_duties(AGAIN);
                        work.set_on_duty(false);
                        self.alerts.raise(&idle(&problem)).await;
                        tokio::select! {
                            () = told(&mut stop) => break,
                            () = tokio::time::sleep(AGAIN) => continue,
                        }
                    }
                }
            }
            tokio::select! {
                () = told(&mut stop) => {}
                () = work.duties_are(false) => {}
            }
            if let Some(begun) = running.take() {
                self.sources.set(None);
                begun.end().await;
            }
            work.set_on_duty(false);
        }
    }

    /// The drill that goes round by itself, if it does.
    fn drill(&self) -> Option<Drill> {
        self.settings.drill.as_ref().map(|drill| Drill {
            desk: self.desk.clone(),
            engine: self.engine.clone(),
            sender: self.sender.clone(),
            alerts: self.alerts.clone(),
            rehearsal: drill.rehearsal(),
            mailbox: self.office.as_deref().map(Office::mailbox),
        })
    }

    /// What is done without anybody asking.
    fn duties(&self) -> Result<Duties, String> {
        let settings = &self.settings;
        let channel = settings.channel.as_ref().map(|channel| channel.channel()).transpose()?;
        Ok(Duties {
            desk: self.desk.clone(),
            alerts: self.alerts.clone(),
            policy: settings.alerts.policy(settings.channel.as_ref()),
            schedule: settings.records.schedule(),
            probes: settings.probes.policy(),
            heads: settings.records.heads(),
            channel: channel.map(|(client, url)| Channel::new(client, url)),
        })
    }
}

impl OnDuty {
    /// Ends in order: no new telegram, then what works on them.
    async fn end(self) {
        // Everybody who listens stops.
        let _ = self.stop.send(true);
        drop(self.stream);
        if let Some(push) = self.push {
            push.shutdown().await;
        }
        for task in self.tasks {
            // One that hangs must not keep the others from ending.
            let _ = tokio::time::timeout(PATIENCE, task).await;
        }
    }
}

/// The alarm of a node that has the duties and cannot do them; once a day.
fn idle(problem: &str) -> Alarm {
    Alarm {
        key: format!("duties/{}", japan_date(Timestamp::now())),
        title: "電文の受信と定時の処理を始められません".to_owned(),
        text: format!(
            "このノードで電文の受信と定時の処理を始められません: {problem}\n他のノードがあれば、そのノードが引き継ぎます。なければ 30 秒ごとに始め直します。\
             原因を取り除いてください。"
        ),
    }
}
