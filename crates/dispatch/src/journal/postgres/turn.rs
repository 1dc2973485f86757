//! A turn at the end of the journal, for a writer that others were faster than.
//!
//! Whoever is far from the database always knows an older end than whoever is near, and would be too late for as long as that one
//! has something to write. With a turn it holds the end until it has written.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::timeout;
use tokio_postgres::Client;

use super::line::{Failure, Kept, Line, Site, answered};

/// Nobody waits longer for a turn, and whoever has one and does nothing with it has it no longer. One whose line is cut while its
/// rows are under way has it for some seconds more, until the server misses its signs of life.
const HELD: Duration = Duration::from_secs(2);

/// The connection on which turns are taken, and the turn.
pub(super) struct Turn {
    line: Arc<Line>,
    taken: Mutex<Option<Kept>>,
    /// Whether the server knows no such thing: then an append is an attempt as it was before.
    unknown: AtomicBool,
}

impl Turn {
    pub(super) fn new(site: &Arc<Site>) -> Self {
        Turn { line: Arc::new(Line::new(site)), taken: Mutex::default(), unknown: AtomicBool::new(false) }
    }

    /// Waits until nobody else can append. Without success the next append is one more attempt.
    pub(super) async fn take(&self) {
        if self.unknown.load(Ordering::Relaxed) {
            return;
        }
        let Some(kept) = self.line.kept() else {
            // Finding the server may take long where one is silent: it is there for the next turn.
            let line = Arc::clone(&self.line);
            drop(tokio::spawn(async move { line.client().await.map(drop) }));
            return;
        };
        let held = HELD.as_secs();
        // The first three for a line that is cut between the beginning of an append and its end.
        let statement = format!(
            "SET tcp_keepalives_idle TO {held}; SET tcp_keepalives_interval TO 1; SET tcp_keepalives_count TO 2; BEGIN; \
             SET LOCAL idle_in_transaction_session_timeout TO '{held}s'; SET LOCAL lock_timeout TO '{held}s'; \
             SELECT seq FROM head FOR UPDATE"
        );
        match timeout(HELD, answered(kept.0.batch_execute(&statement))).await {
            Ok(Ok(())) => *self.slot() = Some(kept),
            // What the server began on it ends when it finds the connection closed, or has waited for as long.
            failed => {
                self.unknown.store(matches!(failed, Ok(Err(Failure::Lasting(_)))), Ordering::Relaxed);
                self.line.hang_up().await;
            }
        }
    }

    /// The connection that has the turn, for the append that ends it. None that has found another server meanwhile.
    pub(super) fn used(&self) -> Option<Arc<Client>> {
        let kept = self.slot().take();
        kept.filter(|(client, lineage)| self.line.site.is_good(client, *lineage)).map(|(client, _)| client)
    }

    /// Ends it without an append; nobody waits for that.
    pub(super) fn give_up(&self) {
        if let Some((client, _)) = self.slot().take() {
            drop(tokio::spawn(async move { client.batch_execute("ROLLBACK").await }));
        }
    }

    /// Forgets the connection after an append on it that failed.
    pub(super) async fn hang_up(&self) {
        self.line.hang_up().await;
    }

    fn slot(&self) -> std::sync::MutexGuard<'_, Option<Kept>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
