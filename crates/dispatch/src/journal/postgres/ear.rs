//! Hears what others append: told by NOTIFY where the engine can, looked for, every second unless told otherwise, in any case.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::sleep;
use tokio_postgres::Client;

use super::line::{Failure, Site, answered, reached};

/// Between two attempts to listen.
pub(super) const AGAIN: Duration = Duration::from_secs(1);

/// A task that ends with its owner.
pub(super) struct Ear {
    task: JoinHandle<()>,
    hears: Arc<AtomicBool>,
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Ear {
    pub(super) fn listen(site: &Arc<Site>) -> Self {
        let hears = Arc::new(AtomicBool::new(true));
        let task = tokio::spawn(run(Arc::clone(site), Arc::clone(&hears)));
        Ear { task, hears }
    }

    /// Whether the engine can announce.
    pub(super) fn hears(&self) -> bool {
        self.hears.load(Ordering::Relaxed)
    }
}

async fn run(site: Arc<Site>, hears: Arc<AtomicBool>) {
    // Appends are announced under the name of the schema.
    let listen = format!("LISTEN \"{}\"", site.address.schema);
    loop {
        if let Ok((client, lineage)) = site.connect().await {
            let listening = client.batch_execute(&listen).await;
            // A connection that was lost says nothing about the engine.
            hears.store(listening.is_ok() || client.is_closed(), Ordering::Relaxed);
            // A server whose place another one took may go on answering, and nobody writes to it any more.
            while site.is_good(&client, lineage) && look(&site, &client).await.is_ok() {
                sleep(site.address.look).await;
            }
        }
        sleep(AGAIN).await;
    }
}

/// Looks where the journal ends.
async fn look(site: &Site, client: &Client) -> Result<(), Failure> {
    let rows = answered(client.query_typed("SELECT seq FROM head", &[])).await?;
    if let Some(seq) = rows.first().and_then(|row| u64::try_from(row.get::<_, i64>(0)).ok()) {
        reached(&site.end, seq);
    }
    Ok(())
}
