//! Alarms as mails to the addresses of the configuration, each alarm once, as posts to other systems, and in the log in any case.

mod pending;
mod posts;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hikyaku_core::errors::StoreError;
use hikyaku_core::letter::{KeyId, TemplateText};
use hikyaku_core::{Address, Batch, Engine, Error as EngineError, Recipient, Template, Urgency};
use hikyaku_dispatch::{Alarm, Desk, Keys, ReturnPath, Sender};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{mpsc, watch};
use tokio::time::{interval, timeout};

use crate::marks::Marks;
use crate::metrics::alarms::Standing;
use crate::report::ledger::Ledger;
use pending::{Pending, Waiting};
pub use posts::Posts;

/// An alarm that could not be delivered for so long is not sent any more.
const LIFETIME: Duration = Duration::from_secs(24 * 3600);
/// The fields of an alarm's mail.
const FIELDS: [&str; 3] = ["title", "text", "verp"];
/// Keys of cause reports begin so: officials are mailed them, too (requirement P06).
const CAUSE_REPORT: &str = "late/";
/// Keys of alarms begin so that are about the node that raises them: each node mails its own.
const OF_ONE_NODE: [&str; 6] = ["node/", "duties/", "database/", "security/", "lane/", "clock/"];
/// How often it is looked whether an alarm that waits is to be tried again.
const LOOK: Duration = Duration::from_secs(1);
/// How long an alarm waits for what other nodes noted: rather twice than late.
const PATIENCE: Duration = Duration::from_secs(2);
/// For so long it is remembered that an alarm was mailed; none stands for longer under one key.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(60 * 24);
/// Under this name the other nodes read it.
const MAILED: &str = "alarm/";

/// Sends alarms; clones share what was sent.
#[derive(Clone)]
pub struct Alerts {
    engine: Engine,
    sender: Sender,
    to: Vec<Address>,
    /// Who is mailed reports.
    officials: Vec<Address>,
    /// Where what was raised is noted.
    ledger: Option<Ledger>,
    /// They sign return paths, and names of another system's alarms are not taken for ours, even in the same queue.
    keys: Keys,
    /// Where nodes tell each other what was mailed.
    marks: Option<Marks>,
    /// What stands, for monitoring and the console.
    standing: Standing,
    /// Other systems that are told.
    posts: Posts,
    raised: Arc<Mutex<Raised>>,
}

/// What this run has raised.
struct Raised {
    keys: BTreeSet<String>,
    pending: Pending,
}

/// Why an alarm was not taken.
enum Refused {
    /// It will not be as it is.
    Never(String),
    /// It may be later.
    Yet(String),
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Refused::Never(problem) | Refused::Yet(problem)) = self;
        f.write_str(problem)
    }
}

impl Alerts {
    /// Alarms of this desk's system to these addresses.
    pub fn new(engine: Engine, desk: &Desk, sender: Sender, to: Vec<Address>) -> Self {
        let keys = desk.keys().clone();
        let raised = Raised { keys: BTreeSet::new(), pending: Pending::new(LIFETIME) };
        let raised = Arc::new(Mutex::new(raised));
        let (standing, posts) = (Standing::default(), Posts::default());
        Self { engine, sender, to, officials: Vec::new(), ledger: None, keys, marks: None, standing, posts, raised }
    }

    /// The same, each alarm and its end told to other systems, too, and what stands noted there.
    pub fn telling(self, posts: Posts, standing: Standing) -> Self {
        Self { posts, standing, ..self }
    }

    /// The other systems that are told.
    pub fn posts(&self) -> &Posts {
        &self.posts
    }

    /// The same, each alarm noted in the ledger, and reports mailed to officials.
    pub fn noting(self, ledger: Ledger, officials: Vec<Address>) -> Self {
        Self { ledger: Some(ledger), officials, ..self }
    }

    /// The same, each alarm mailed once by all nodes together; nothing changes where there are no others.
    pub fn among(self, marks: Marks) -> Self {
        Self { marks: Some(marks).filter(Marks::are_shared), ..self }
    }

    fn raised(&self) -> MutexGuard<'_, Raised> {
        self.raised.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Mails a report to the officials, if there are any.
    ///
    /// # Errors
    /// One line that says why it cannot be mailed.
    pub async fn report(&self, report: &Alarm) -> Result<(), String> {
        self.mail("【報告】{title}", report, self.officials.iter().collect()).await.map_err(|it| it.to_string())
    }

    /// Sends an alarm unless it was sent before, by this run or one before it. What the queue does not take waits until it does.
    pub async fn raise(&self, alarm: &Alarm) {
        let (is_new, now) = (self.raised().keys.insert(alarm.key.clone()), Timestamp::now());
        let begins = self.standing.begin(alarm, Instant::now());
        if !is_new {
            if begins {
                // It was mailed once, which is enough; other systems were told that it was over.
                self.post(alarm, now);
            }
            return;
        }
        tracing::error!(key = %alarm.key, title = %alarm.title, text = alarm.text.replace('\n', " "), "an alarm");
        let noted = self.ledger.as_ref().map_or(Ok(()), |ledger| ledger.raise(alarm, now));
        if let Err(problem) = noted {
            tracing::error!(key = %alarm.key, %problem, "an alarm could not be noted in the ledger of troubles");
        }
        if self.was_mailed(&alarm.key).await {
            tracing::info!(key = %alarm.key, "another node has mailed this alarm");
            return;
        }
        self.post(alarm, now);
        match self.send(alarm).await {
            Ok(()) => {}
            Err(Refused::Never(problem)) => {
                tracing::error!(key = %alarm.key, %problem, "an alarm cannot be mailed");
            }
            Err(Refused::Yet(problem)) => {
                tracing::error!(key = %alarm.key, %problem, "an alarm could not be mailed; it is tried again");
                if let Some(left) = self.raised().pending.put_off(alarm, now, Instant::now()) {
                    tracing::error!(key = %left.alarm.key, "too many alarms wait to be mailed: this one is given up");
                }
            }
        }
    }

    fn post(&self, alarm: &Alarm, at: Timestamp) {
        self.posts.began(alarm, at);
        self.standing.tell(&alarm.key);
    }

    /// Raises what stands, and takes back what stood before, does no longer, and could not be mailed meanwhile. `before` is what
    /// stood the last time.
    pub async fn stand(&self, before: &mut BTreeSet<String>, standing: &[Alarm]) {
        let now: BTreeSet<String> = standing.iter().map(|alarm| alarm.key.clone()).collect();
        before.difference(&now).for_each(|key| self.end(key));
        *before = now;
        for alarm in standing {
            self.raise(alarm).await;
        }
    }

    /// This node does not look after these any more: whether they stand is another one's to say.
    pub fn hand_on(&self, stood: &BTreeSet<String>) {
        for key in stood {
            self.standing.end(key);
        }
    }

    /// An alarm is over: if it still waits to be mailed, it is not mailed any more, and who was told of it is told.
    pub fn end(&self, key: &str) {
        if self.standing.end(key) {
            self.posts.ended(key, Timestamp::now());
        }
        let mut raised = self.raised();
        if raised.pending.end(key) {
            // Nobody heard of it: should it begin again, somebody will.
            raised.keys.remove(key);
            tracing::warn!(key, "an alarm that could not be mailed is over");
        }
    }

    /// Sends what is told and what waits, until `stop`.
    pub async fn raise_all(self, mut told: mpsc::UnboundedReceiver<Alarm>, mut stop: watch::Receiver<bool>) {
        let mut look = interval(LOOK);
        loop {
            tokio::select! {
                () = crate::courier::told(&mut stop) => return,
                alarm = told.recv() => match alarm {
                    Some(alarm) => self.raise(&alarm).await,
                    None => return,
                },
                _ = look.tick() => self.try_again(Instant::now()).await,
            }
        }
    }

    /// Tries what waits, if it is time for that at `now`.
    async fn try_again(&self, now: Instant) {
        for old in self.raised().pending.expire(now) {
            tracing::error!(key = %old.alarm.key, "an alarm that could not be mailed for a day is given up");
        }
        loop {
            let due = self.raised().pending.due(now).cloned();
            let Some(Waiting { alarm, raised, .. }) = due else { return };
            let note = format!("（{} に発生した警報です。その時は送信できませんでした。）", hikyaku_web::dated(raised));
            let late = Alarm { text: format!("{}\n{note}", alarm.text), ..alarm };
            match self.send(&late).await {
                Ok(()) => {
                    tracing::warn!(key = %late.key, "an alarm that had waited is mailed");
                    self.raised().pending.taken(&late.key);
                }
                Err(Refused::Never(problem)) => {
                    tracing::error!(key = %late.key, %problem, "an alarm cannot be mailed");
                    self.raised().pending.end(&late.key);
                }
                Err(Refused::Yet(problem)) => {
                    tracing::debug!(key = %late.key, %problem, "an alarm still waits");
                    self.raised().pending.refused(now);
                    return;
                }
            }
        }
    }

    /// Mails an alarm to whom it concerns, and tells the other nodes.
    async fn send(&self, alarm: &Alarm) -> Result<(), Refused> {
        let of_cause = alarm.key.starts_with(CAUSE_REPORT).then_some(&self.officials);
        let to: Vec<&Address> = self.to.iter().chain(of_cause.into_iter().flatten()).collect();
        if to.is_empty() {
            return Ok(());
        }
        self.mail("【警報】{title}", alarm, to).await?;
        if let Some(marks) = self.marks_of(&alarm.key) {
            let (name, now) = (format!("{MAILED}{}", alarm.key), Timestamp::now());
            // It may take as long as the other site does, and nothing waits for it.
            tokio::spawn(async move {
                let noted = async {
                    marks.mark(&name).write(&now.to_string()).await?;
                    let old = now.saturating_sub(REMEMBERED).unwrap_or(Timestamp::MIN);
                    marks.forget(MAILED, &old.to_string()).await
                };
                if let Err(problem) = noted.await {
                    tracing::warn!(mark = name, %problem, "the other nodes do not know that this alarm was mailed");
                }
            });
        }
        Ok(())
    }

    /// Whether another node, or this one before its last start, has mailed it; not if that cannot be found out soon.
    async fn was_mailed(&self, key: &str) -> bool {
        let Some(marks) = self.marks_of(key) else { return false };
        let mark = marks.mark(&format!("{MAILED}{key}"));
        matches!(timeout(PATIENCE, mark.read()).await, Ok(Ok(Some(_))))
    }

    /// Where it stands whether an alarm of this key was mailed, if that matters to others.
    fn marks_of(&self, key: &str) -> Option<Marks> {
        self.marks.clone().filter(|_| !is_of_one_node(key))
    }

    async fn mail(&self, subject: &str, alarm: &Alarm, to: Vec<&Address>) -> Result<(), Refused> {
        if to.is_empty() {
            return Ok(());
        }
        let batch = self.batch(subject, alarm, &to).map_err(Refused::Never)?;
        self.engine.submit(batch).await.map(drop).map_err(|problem| match problem {
            EngineError::Store(StoreError::Batch(problem)) => Refused::Never(problem.to_string()),
            other => Refused::Yet(other.to_string()),
        })
    }

    fn batch(&self, subject: &str, alarm: &Alarm, to: &[&Address]) -> Result<Batch, String> {
        let template = Template::new(TemplateText {
            from: self.sender.from.clone(),
            return_path: &self.sender.return_path,
            reply_to: None,
            subject,
            text: "{text}\n",
            fields: &FIELDS,
        });
        let recipient = |(number, address): (usize, &&Address)| {
            let path = ReturnPath::Alarm(u32::try_from(number).unwrap_or(u32::MAX));
            Recipient {
                // Nobody's key: these are addresses of the configuration, not of the roster.
                key: KeyId(0),
                address: (*address).clone(),
                fields: vec![alarm.title.clone(), alarm.text.clone(), path.token(&self.keys)],
                history: Default::default(),
                id: path.to_string(),
            }
        };
        Ok(Batch {
            key: format!("{}-alarm-{}", self.keys.ring_id(), alarm.key),
            template: template.map_err(|e| e.to_string())?,
            urgency: Urgency::Safety,
            deadline: None,
            expires: Some(self.engine.now() + LIFETIME),
            recipients: to.iter().enumerate().map(recipient).collect(),
        })
    }
}

/// Whether an alarm is about the node that raises it, so that another node's is another one.
fn is_of_one_node(key: &str) -> bool {
    OF_ONE_NODE.iter().any(|kind| key.starts_with(kind))
}

#[cfg(test)]
mod tests;
