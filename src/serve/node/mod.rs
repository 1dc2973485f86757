//! This node among others that have the same journal: it makes itself heard in the database, and has leases there.

mod exchange;
mod following;
mod keeper;
mod lessons;
mod queue;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hikyaku_core::Engine;
use hikyaku_dispatch::{Alarm, Concern, Desk, Journal, Outbox, PostgresJournal, TENURED};
use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::alerts::Alerts;
use crate::courier::{Work, told};
use crate::journal::home::Database;
use exchange::Exchange;
use keeper::Keeper;
pub use keeper::{BEAT, LENGTH};
use lessons::Lessons;
use queue::QueueNote;

/// The name of this node, made once.
const NAME: &str = "journal.node";
/// What it sent without the database, in its data folder.
const OUTBOX: &str = "outbox";
/// How long an orderly end waits until other nodes may have what this one had.
const PATIENCE: Duration = Duration::from_secs(15);

/// This node, heard in the database until it is dropped.
pub struct Node {
    journal: PostgresJournal,
    database: Database,
    name: String,
    work: Work,
    leave: watch::Sender<bool>,
    keeping: JoinHandle<()>,
    /// Until the engine has given up what other nodes send.
    mixed: Option<Arc<AtomicBool>>,
}

impl Drop for Node {
    fn drop(&mut self) {
        self.keeping.abort();
    }
}

impl Node {
    /// Joins the other nodes; `None` where the journal is a file. The limits of carriers can be parted among `bears` nodes; what
    /// administrators must know goes to `alarms`.
    pub async fn join(data: &Path, bears: u32, alarms: mpsc::UnboundedSender<Alarm>) -> Result<Option<Self>, String> {
        let Some(database) = Database::of(data)? else { return Ok(None) };
        let journal = database.open(data).await?;
        let work = Work::among_others();
        let (leave, leaving) = watch::channel(false);
        let name = node_name(data)?;
        let keeper = Keeper {
            journal: journal.clone(),
            name: name.clone(),
            bears: usize::try_from(bears).unwrap_or(usize::MAX),
            work: work.clone(),
            note: QueueNote::of(data),
            keeps_queue: Outbox::holds(&data.join(OUTBOX)).map_err(|e| e.to_string())?,
            leaving,
            alarms,
        };
        let (mixed, keeping) = keeper.begin().await?;
        let keeping = tokio::spawn(keeping);
        Ok(Some(Node { journal, database, name, work, leave, keeping, mixed }))
    }

    /// The journal that it is about.
    pub fn journal(&self) -> Arc<dyn Journal> {
        Arc::new(self.journal.clone())
    }

    /// The dispatches that this node sent without the database.
    pub fn outbox(&self, data: &Path) -> Result<Outbox, String> {
        Outbox::open(data.join(OUTBOX), &self.name).map_err(|e| e.to_string())
    }

    /// What the names of the batches have in them that the engine is to give up when it is opened, if there are any.
    pub fn gives_up(&self) -> Option<String> {
        self.mixed.as_ref().map(|_| TENURED.to_owned())
    }

    /// Notes that the engine is open and has given that up.
    pub fn has_given_up(&self) {
        self.mixed.iter().for_each(|mixed| mixed.store(false, Ordering::SeqCst));
    }

    /// The database, for what is noted beside the journal.
    pub fn database(&self) -> PostgresJournal {
        self.journal.clone()
    }

    /// What it may send and do now.
    pub fn work(&self) -> Work {
        self.work.clone()
    }

    /// Gives everything up in order, while courier and engine still run: the other nodes need not wait.
    pub async fn leave(&mut self) {
        // The keeper ends only when it is told.
        let _ = self.leave.send(true);
        if tokio::time::timeout(PATIENCE, &mut self.keeping).await.is_err() {
            tracing::warn!("the other nodes wait until the leases of this one are over");
        }
    }

    /// Exchanges keys with the other nodes until `stop`; what administrators must know goes to `alarms`.
    pub fn exchange(
        &self,
        desk: Desk,
        alarms: mpsc::UnboundedSender<Alarm>,
        mut stop: watch::Receiver<bool>,
    ) -> JoinHandle<()> {
        let (journal, name, work) = (self.journal.clone(), self.name.clone(), self.work.clone());
        let exchange = Exchange { journal, name, desk, work, alarms };
        tokio::spawn(async move {
            tokio::select! {
                () = exchange.run() => {}
                () = told(&mut stop) => {}
            }
        })
    }

    /// Sees until `stop` to it that the node sends nothing once its desk does not follow the journal any more; administrators are told.
    pub fn look_after(
        &self,
        desk: Desk,
        alarms: mpsc::UnboundedSender<Alarm>,
        mut stop: watch::Receiver<bool>,
    ) -> JoinHandle<()> {
        let (name, work) = (self.name.clone(), self.work.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = following::run(&name, &desk, &work, &alarms) => {}
                () = told(&mut stop) => {}
            }
        })
    }

    /// Has an engine begin with what the other nodes have learned of carriers, as far as it knows nothing newer itself.
    pub async fn teach(&self, engine: &Engine) {
        self.lessons(engine).begin().await;
    }

    /// Shares with the other nodes what is learned of carriers, until `stop`.
    pub fn share_lessons(&self, engine: &Engine, mut stop: watch::Receiver<bool>) -> JoinHandle<()> {
        let lessons = self.lessons(engine);
        tokio::spawn(async move {
            tokio::select! {
                () = lessons.run() => {}
                () = told(&mut stop) => {}
            }
        })
    }

    fn lessons(&self, engine: &Engine) -> Lessons {
        Lessons::new(self.journal.clone(), self.name.clone(), engine.clone())
    }

    /// Watches over the database until `stop`: what stands against it is told, once a day each.
    pub fn watch(&self, alerts: Alerts, mut stop: watch::Receiver<bool>) -> JoinHandle<()> {
        let (journal, database) = (self.journal.clone(), self.database.clone());
        tokio::spawn(async move {
            let (told_of, mut concerns) = watch::channel(Vec::new());
            let watching = journal.watch(database.standbys.as_deref(), database.patience(), &told_of);
            let raising = async {
                let mut stood = BTreeSet::new();
                while concerns.changed().await.is_ok() {
                    let now = Timestamp::now();
                    let standing: Vec<Alarm> =
                        concerns.borrow_and_update().iter().map(|concern| alarm(concern, now)).collect();
                    alerts.stand(&mut stood, &standing).await;
                }
            };
            tokio::select! {
                () = watching => {}
                () = raising => {}
                () = told(&mut stop) => {}
            }
        })
    }
}

fn alarm(concern: &Concern, now: Timestamp) -> Alarm {
    Alarm {
        key: format!("database/{}/{}", concern.word(), hikyaku_dispatch::japan_date(now)),
        title: "データベースに問題があります".into(),
        text: concern.to_string(),
    }
}

/// Made once for each data folder, so that a node that starts again is the same one.
fn node_name(data: &Path) -> Result<String, String> {
    let path = data.join(NAME);
    let named = |e: std::io::Error| format!("{}: {e}", path.display());
    match std::fs::read_to_string(&path) {
        Ok(name) if !name.trim().is_empty() => Ok(name.trim().to_owned()),
        Ok(_) => Err(format!("{}: is empty: remove it, and a new name is made", path.display())),
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(named(e)),
        Err(_) => {
            let mut bytes = [0; 4];
            aws_lc_rs::rand::fill(&mut bytes).map_err(|_| "the system gives no randomness: check the machine")?;
            let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_else(|_| "node".into());
            let name = format!("{}-{:08x}", host.trim(), u32::from_be_bytes(bytes));
            std::fs::write(&path, format!("{name}\n")).map_err(named)?;
            Ok(name)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_keeps_its_name_and_another_folder_is_another_node() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let name = node_name(one.path()).unwrap();
        assert_eq!(node_name(one.path()).unwrap(), name);
        assert_ne!(node_name(two.path()).unwrap(), name);
    }
}
