//! What is done once, on whichever node has the duties: the sources of telegrams, the roster of the day, chores, other systems. A node
//! that is cut off from the database listens to the sources, too: nobody else may.

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
use super::lookout::{Board, Lookout};
use super::webhooks::Webhook;
use super::{reports, roster, watch as alarms};
use crate::courier::{OnShift, Work, told};
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
    /// What waits for the journal.
    pub board: Board,
}

/// Something that runs until it is ended.
struct Running {
    push: Option<PushEndpoint>,
    stream: Option<Stream>,
    tasks: Vec<JoinHandle<()>>,
    stop: watch::Sender<bool>,
}

/// What this node does beside sending, while it does it.
#[derive(Default)]
pub struct OnDuty {
    /// The sources of telegrams.
    sources: Option<Running>,
    /// Everything else that is done once.
    chores: Option<Running>,
}

impl Shift {
    /// Begins with what is to be done now; nothing is left running if something cannot be begun.
    pub async fn begin(&self, work: &Work) -> Result<OnDuty, String> {
        let mut on_duty = OnDuty::default();
        let begun = self.turn_to(&mut on_duty, work.shift(false)).await;
        match begun {
            Ok(()) => Ok(on_duty),
            Err(problem) => {
                on_duty.end(self).await;
                Err(problem)
            }
        }
    }

    /// Does what this node has to, until `stop`; `on_duty` is what was begun before.
    pub async fn run(self, mut on_duty: OnDuty, work: Work, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            let wanted = work.shift(on_duty.sources.is_some());
            let has_duties = wanted == OnShift::Everything;
            if has_duties {
                work.set_on_duty(true);
            }
            if let Err(problem) = self.turn_to(&mut on_duty, wanted).await {
                tracing::error!(problem, "the sources and duties cannot be begun here; it is tried again");
                on_duty.end(&self).await;
                if has_duties {
                    // Another node may be able to.
                    work.decline_duties(AGAIN);
                }
                work.set_on_duty(false);
                self.alerts.raise(&idle(&problem)).await;
                tokio::select! {
                    () = told(&mut stop) => break,
                    () = tokio::time::sleep(AGAIN) => continue,
                }
            }
            work.set_on_duty(has_duties);
            tokio::select! {
                () = told(&mut stop) => {}
                () = work.shift_changes(wanted, on_duty.sources.is_some()) => {}
            }
        }
        on_duty.end(&self).await;
        work.set_on_duty(false);
    }

    /// Begins and ends what has to, to come to what is wanted.
    async fn turn_to(&self, on_duty: &mut OnDuty, wanted: OnShift) -> Result<(), String> {
        let (listens, does_all) = (wanted != OnShift::Nothing, wanted == OnShift::Everything);
        if !does_all && let Some(chores) = on_duty.chores.take() {
            chores.end().await;
        }
        if !listens && let Some(sources) = on_duty.sources.take() {
            self.sources.set(None);
            sources.end().await;
        }
        if listens && on_duty.sources.is_none() {
            on_duty.sources = Some(self.listen().await?);
        }
        if does_all && on_duty.chores.is_none() {
            on_duty.chores = Some(self.work().await?);
        }
        Ok(())
    }

    /// Listens to the sources of telegrams.
    async fn listen(&self) -> Result<Running, String> {
        let Shift { settings, desk, alerts, sources: running, .. } = self;
        let lookout = Lookout::new(desk.clone(), alerts.clone(), self.board.clone());
        let intake = Intake::open(&settings.data, desk.clone(), lookout)?;
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
        let (stop, stopping) = watch::channel(false);
        running.set(Some((watcher.pulse(), watcher.intake())));
        let tasks = vec![
            tokio::spawn(alarms::run(watcher.pulse(), alerts.clone(), stopping.clone())),
            tokio::spawn(intake.run(watcher, stopping)),
        ];
        Ok(Running { push, stream, tasks, stop })
    }

    /// Does everything else that is done once.
    async fn work(&self) -> Result<Running, String> {
        let Shift { settings, desk, alerts, .. } = self;
        let sources = settings.roster.iter().map(|roster| Source::open(roster.source(), false));
        let sources = sources.collect::<Result<Vec<_>, _>>()?;
        let duties = self.duties()?;
        let mut hooks = Vec::new();
        for hook in settings.webhooks.iter().filter(|it| !it.kinds().is_empty()) {
            hooks.push(Webhook::open(hook, &self.marks, desk.clone()).await?);
        }
        let (stop, stopping) = watch::channel(false);
        let mut tasks = vec![
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
        Ok(Running { push: None, stream: None, tasks, stop })
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
            sources: self.sources.clone(),
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
    /// Ends in order: no new telegram, then everything else.
    async fn end(&mut self, shift: &Shift) {
        if let Some(sources) = self.sources.take() {
            shift.sources.set(None);
            sources.end().await;
        }
        if let Some(chores) = self.chores.take() {
            chores.end().await;
        }
    }
}

impl Running {
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
