//! Whose turn it is, where several nodes have one journal in a database: one serves, the others wait to take over.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hikyaku_dispatch::{Alarm, Concern, Journal, PostgresJournal, Turn};
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::alerts::Alerts;
use crate::courier::told;
use crate::journal::home::Database;

/// A node that is silent for so long has lost its turn.
const LENGTH: Duration = Duration::from_secs(8);
/// How often a node asks for it, and one that waits looks whether it has come.
const ASK: Duration = Duration::from_secs(1);
/// A node that could not ask ends so long before its turn does, so that no mail departs from two of them.
const MARGIN: Duration = Duration::from_secs(2);
/// The name of this node, made once.
const NODE: &str = "journal.node";

/// The turn of this node, asked for again and again until it is dropped.
pub struct OwnTurn {
    journal: PostgresJournal,
    database: Database,
    node: String,
    keeping: JoinHandle<()>,
}

impl Drop for OwnTurn {
    fn drop(&mut self) {
        self.keeping.abort();
    }
}

impl OwnTurn {
    /// Waits until no other node serves; `None` where the journal is a file. Mails that wait in this folder from before
    /// another node served are put aside: what has no outcome in the journal is submitted anew.
    pub async fn wait(data: &Path) -> Result<Option<Self>, String> {
        let Some(database) = Database::of(data)? else { return Ok(None) };
        let journal = database.open(data).await?;
        let node = node_name(data)?;
        let mut said = String::new();
        let (until, before) = loop {
            match journal.take_turn(&node, LENGTH).await.map_err(|e| e.to_string())? {
                Turn::Ours { until, before } => break (until, before),
                Turn::Theirs(other) if other != said => {
                    eprintln!("ノード {other} が稼働中です。止まれば {} 秒以内に引き継ぎます。", LENGTH.as_secs());
                    said = other;
                }
                Turn::Theirs(_) => {}
            }
            sleep(ASK).await;
        };
        let keeping = tokio::spawn(keep(journal.clone(), node.clone(), until));
        if let Some(before) = before {
            put_aside(data)?;
            eprintln!("ノード {before} から引き継ぎました。");
        }
        journal.settle_turn(&node).await.map_err(|e| e.to_string())?;
        Ok(Some(OwnTurn { journal, database, node, keeping }))
    }

    /// The journal that it is about.
    pub fn journal(&self) -> Arc<dyn Journal> {
        Arc::new(self.journal.clone())
    }

    /// Gives it back: the next node need not wait.
    pub async fn end(self) {
        self.keeping.abort();
        if let Err(problem) = self.journal.end_turn(&self.node).await {
            tracing::warn!(%problem, "the next node waits until this one's turn is over");
        }
    }

    /// Watches over the database until `stop`: what stands against it is told, once a day each.
    pub fn watch(&self, alerts: Alerts, mut stop: watch::Receiver<bool>) -> JoinHandle<()> {
        let (journal, database) = (self.journal.clone(), self.database.clone());
        tokio::spawn(async move {
            let (told_of, mut concerns) = watch::channel(Vec::new());
            let watching = journal.watch(database.standbys.as_deref(), database.patience(), &told_of);
            let raising = async {
                while concerns.changed().await.is_ok() {
                    let standing = concerns.borrow_and_update().clone();
                    for concern in &standing {
                        alerts.raise(&alarm(concern, Timestamp::now())).await;
                    }
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

/// Asks for the turn until it is lost; then nothing more may be sent, and nothing is ended in order: this program ends.
async fn keep(journal: PostgresJournal, node: String, mut until: Instant) {
    loop {
        sleep(ASK).await;
        let asked = tokio::time::timeout_at(until - MARGIN, journal.take_turn(&node, LENGTH)).await;
        let problem = match asked {
            Ok(Ok(Turn::Ours { until: later, .. })) => {
                until = later;
                continue;
            }
            Ok(Ok(Turn::Theirs(other))) => format!("ノード {other} が引き継ぎました"),
            Ok(Err(_)) if Instant::now() + ASK < until - MARGIN => continue,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "データベースが応答しません".to_owned(),
        };
        eprintln!("二重に送信しないよう、直ちに終了します: {problem}");
        std::process::exit(3);
    }
}

fn alarm(concern: &Concern, now: Timestamp) -> Alarm {
    Alarm {
        key: format!("database/{}/{}", concern.word(), hikyaku_dispatch::japan_date(now)),
        title: "データベースに問題があります".into(),
        text: concern.to_string(),
    }
}

/// The queue of an earlier turn; only the latest one is kept.
fn put_aside(data: &Path) -> Result<(), String> {
    let (queue, aside) = (data.join("queue"), data.join("queue.before"));
    if !queue.exists() {
        return Ok(());
    }
    if aside.exists() {
        std::fs::remove_dir_all(&aside).map_err(|e| format!("{}: {e}", aside.display()))?;
    }
    std::fs::rename(&queue, &aside).map_err(|e| format!("{}: {e}", queue.display()))
}

/// Made once for each data folder, so that a node that starts again is the same one.
fn node_name(data: &Path) -> Result<String, String> {
    let path = data.join(NODE);
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

    #[test]
    fn of_the_queues_of_earlier_turns_the_latest_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let queue = folder.path().join("queue");
        put_aside(folder.path()).unwrap();
        for content in ["first", "second"] {
            std::fs::create_dir(&queue).unwrap();
            std::fs::write(queue.join("mails"), content).unwrap();
            put_aside(folder.path()).unwrap();
            assert!(!queue.exists());
            assert_eq!(std::fs::read_to_string(folder.path().join("queue.before/mails")).unwrap(), content);
        }
    }
}
