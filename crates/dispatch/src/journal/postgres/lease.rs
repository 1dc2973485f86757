//! Whose turn it is: one of several nodes works, by the clock of the database.

use std::time::Duration;

use tokio::time::Instant;
use tokio_postgres::types::Type;

use super::PostgresJournal;
use super::line::{Failure, answered};
use crate::journal::JournalError;

/// What was said to a node that asked for its turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It has it, by its own clock until then at least.
    Ours {
        /// When it ends unless it is asked for again.
        until: Instant,
        /// Who had it before, if that was another node.
        before: Option<String>,
    },
    /// Another node has it.
    Theirs(String),
}

impl PostgresJournal {
    /// Takes or keeps the turn for `length`; one attempt. A node that dies loses it after that time, by the database's
    /// clock alone, so that clocks of nodes may differ.
    ///
    /// # Errors
    /// [`JournalError::Storage`] if no server says whose turn it is.
    pub async fn take_turn(&self, node: &str, length: Duration) -> Result<Turn, JournalError> {
        // Counted from before the question: the database began to count later. It does not wait for the other site, or the
        // loss of a standby would cost the node its turn.
        let until = Instant::now() + length;
        let asked = self.ask_turn(node, length, until).await;
        if asked.is_err() {
            self.0.turns.hang_up().await;
        }
        asked.map_err(|(Failure::Passing(problem) | Failure::Lasting(problem))| self.0.site.wrong(problem))
    }

    async fn ask_turn(&self, node: &str, length: Duration, until: Instant) -> Result<Turn, Failure> {
        let client = self.0.turns.client().await?;
        let statement = "UPDATE turn SET before = CASE WHEN node = $1 THEN before ELSE node END, node = $1,
                until = clock_timestamp() + $2 * interval '1 second'
            WHERE node = $1 OR until < clock_timestamp()
            RETURNING before, set_config('synchronous_commit', 'local', true)";
        let seconds = length.as_secs_f64();
        let taken = answered(client.query_typed(statement, &[(&node, Type::TEXT), (&seconds, Type::FLOAT8)])).await?;
        if let Some(row) = taken.first() {
            let before: String = row.get(0);
            return Ok(Turn::Ours { until, before: (!before.is_empty()).then_some(before) });
        }
        let holder = answered(client.query_typed("SELECT node FROM turn", &[])).await?;
        Ok(Turn::Theirs(holder.first().map_or_else(String::new, |row| row.get(0))))
    }

    /// Says that what another node left behind was seen to, so that `before` is told no more.
    ///
    /// # Errors
    /// [`JournalError::Storage`] if it is not this node's turn, or no server takes it.
    pub async fn settle_turn(&self, node: &str) -> Result<(), JournalError> {
        let statement = "UPDATE turn SET before = '' WHERE node = $1 RETURNING 1";
        match self.0.turns.query(statement, &[(&node, Type::TEXT)]).await?.as_slice() {
            [] => Err(self.0.site.wrong("another node has taken over: start this one again")),
            _ => Ok(()),
        }
    }

    /// Gives the turn back at an orderly end, so that nobody has to wait for it.
    ///
    /// # Errors
    /// [`JournalError::Storage`] if no server takes it; it then ends by itself.
    pub async fn end_turn(&self, node: &str) -> Result<(), JournalError> {
        let statement = "UPDATE turn SET until = clock_timestamp() - interval '1 second' WHERE node = $1";
        self.0.turns.query(statement, &[(&node, Type::TEXT)]).await.map(drop)
    }
}
