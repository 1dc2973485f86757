//! What was done once, in a row each, for whichever node does it next.

use tokio_postgres::types::Type;

use super::PostgresJournal;
use crate::journal::JournalError;

impl PostgresJournal {
    /// What was noted under a name; `None` if nothing was.
    ///
    /// # Errors
    /// [`JournalError::Storage`] if no server answers.
    pub async fn mark(&self, name: &str) -> Result<Option<String>, JournalError> {
        let rows = self.0.reading.query("SELECT value FROM mark WHERE name = $1", &[(&name, Type::TEXT)]).await?;
        Ok(rows.first().map(|row| row.get(0)))
    }

    /// Notes something under a name, in place of what was there. Durable on return, as a row of the journal is.
    ///
    /// # Errors
    /// As [`PostgresJournal::mark`].
    pub async fn set_mark(&self, name: &str, value: &str) -> Result<(), JournalError> {
        let statement =
            "INSERT INTO mark (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        // Not on the connection of readers: it may wait for another site.
        self.0.writing.query(statement, &[(&name, Type::TEXT), (&value, Type::TEXT)]).await.map(drop)
    }
    /// Forgets what was noted under names that begin so, if its text comes before this one (by bytes, as instants do).
    ///
    /// # Errors
    /// As [`PostgresJournal::mark`].
    pub async fn forget_marks(&self, names: &str, before: &str) -> Result<(), JournalError> {
        let statement = "DELETE FROM mark WHERE starts_with(name, $1) AND value < $2 COLLATE \"C\"";
        self.0.writing.query(statement, &[(&names, Type::TEXT), (&before, Type::TEXT)]).await.map(drop)
    }
}
