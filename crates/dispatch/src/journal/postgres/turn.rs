//! A turn at the end of the journal, for a writer that others were faster than.
//!
//! Whoever is far from the database always knows an older end than whoever is near, and would be too late for as long as that one
//! has something to write. With a turn it holds the end until it has written.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::timeout;
use tokio_postgres::Client;

use super::line::{Failure, Line, Site, answered};

/// Whoever has a turn and does not use it, for it is gone, keeps others waiting no longer than this; and nobody waits longer for one.
const HELD: Duration = Duration::from_secs(2);

/// The connection on which turns are taken, and the turn.
pub(super) struct Turn {
    line: Line,
    taken: Mutex<Option<Arc<Client>>>,
}

impl Turn {
    pub(super) fn new(site: &Arc<Site>) -> Self {
        Turn { line: Line::new(site), taken: Mutex::default() }
    }

    /// Waits until nobody else can append. Without success an append is an attempt as it was before.
    pub(super) async fn take(&self) {
        let taking = async {
            let client = self.line.client().await?;
            let statement = format!(
                "BEGIN; SET LOCAL idle_in_transaction_session_timeout TO '{}s'; SELECT seq FROM head FOR UPDATE",
                HELD.as_secs()
            );
            answered(client.batch_execute(&statement)).await.map(|()| client)
        };
        let taken: Result<Arc<Client>, Failure> =
            timeout(HELD, taking).await.unwrap_or_else(|_| Err(Failure::Passing(String::new())));
        match taken {
            Ok(client) => *self.taken.lock().unwrap_or_else(PoisonError::into_inner) = Some(client),
            // With the connection goes whatever the server may have begun on it.
            Err(_) => self.line.hang_up().await,
        }
    }

    /// The connection that has the turn, for the append that ends it.
    pub(super) fn used(&self) -> Option<Arc<Client>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Ends it without an append.
    pub(super) async fn give_up(&self) {
        let Some(client) = self.used() else { return };
        if answered(client.batch_execute("ROLLBACK")).await.is_err() {
            self.line.hang_up().await;
        }
    }

    /// Forgets the connection after an append on it that failed.
    pub(super) async fn hang_up(&self) {
        self.line.hang_up().await;
    }
}
