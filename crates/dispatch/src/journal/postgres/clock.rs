//! The clock of the database, for whoever asks whether ours is right.

use jiff::Timestamp;

use super::PostgresJournal;
use super::line::{Failure, answered};
use crate::journal::JournalError;

impl PostgresJournal {
    /// What time it is in the database.
    ///
    /// # Errors
    /// [`JournalError::Storage`] if no server says.
    pub async fn clock(&self) -> Result<Timestamp, JournalError> {
        let asked = self.ask_clock().await;
        asked.map_err(|(Failure::Passing(problem) | Failure::Lasting(problem))| self.0.site.wrong(problem))
    }

    async fn ask_clock(&self) -> Result<Timestamp, Failure> {
        let client = self.0.reading.client().await?;
        let statement = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
        let rows = answered(client.query_typed(statement, &[])).await?;
        let micros = rows.first().map(|row| row.get(0));
        let moment = micros.and_then(|micros| Timestamp::from_microsecond(micros).ok());
        moment.ok_or_else(|| Failure::Lasting("it does not say what time it is".into()))
    }
}
