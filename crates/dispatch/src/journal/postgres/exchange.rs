//! Where nodes ask each other for keys, and answer: rows that are gone when the question is.

use tokio_postgres::types::Type;

use super::PostgresJournal;
use super::line::Value;
use crate::journal::JournalError;

impl PostgresJournal {
    /// Puts a question of this node in the place of any that it asked before, with the answers to that.
    ///
    /// # Errors
    /// [`JournalError::Storage`] if no server takes it.
    pub async fn ask_for_keys(&self, node: &str, question: &[u8]) -> Result<(), JournalError> {
        let statement = "WITH before AS (DELETE FROM key_answer WHERE node = $1)
            INSERT INTO key_question (node, question) VALUES ($1, $2)
            ON CONFLICT (node) DO UPDATE SET question = excluded.question";
        self.0.reading.query(statement, &[(&node, Type::TEXT), (&question, Type::BYTEA)]).await.map(drop)
    }

    /// What other nodes answered; empty from one that has nothing to give.
    ///
    /// # Errors
    /// As [`PostgresJournal::ask_for_keys`].
    pub async fn key_answers(&self, node: &str) -> Result<Vec<Vec<u8>>, JournalError> {
        let statement = "SELECT answer FROM key_answer WHERE node = $1";
        let rows = self.0.reading.query(statement, &[(&node, Type::TEXT)]).await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// Takes the question and all answers away.
    ///
    /// # Errors
    /// As [`PostgresJournal::ask_for_keys`].
    pub async fn end_question(&self, node: &str) -> Result<(), JournalError> {
        let statement =
            "WITH answers AS (DELETE FROM key_answer WHERE node = $1) DELETE FROM key_question WHERE node = $1";
        self.0.reading.query(statement, &[(&node, Type::TEXT)]).await.map(drop)
    }

    /// What other nodes ask and this one has not answered yet, with their names.
    ///
    /// # Errors
    /// As [`PostgresJournal::ask_for_keys`].
    pub async fn key_questions(&self, giver: &str) -> Result<Vec<(String, Vec<u8>)>, JournalError> {
        let statement = "SELECT node, question FROM key_question AS asked WHERE node <> $1
            AND NOT EXISTS (SELECT 1 FROM key_answer WHERE key_answer.node = asked.node AND giver = $1)";
        let rows = self.0.reading.query(statement, &[(&giver, Type::TEXT)]).await?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    /// Answers a question, if it still is the one that is asked.
    ///
    /// # Errors
    /// As [`PostgresJournal::ask_for_keys`].
    pub async fn give_keys(
        &self,
        (giver, node): (&str, &str),
        question: &[u8],
        answer: &[u8],
    ) -> Result<(), JournalError> {
        let statement = "INSERT INTO key_answer (node, giver, answer)
            SELECT $1, $2, $4 FROM key_question WHERE node = $1 AND question = $3
            ON CONFLICT (node, giver) DO UPDATE SET answer = excluded.answer";
        let values: [Value<'_>; 4] =
            [(&node, Type::TEXT), (&giver, Type::TEXT), (&question, Type::BYTEA), (&answer, Type::BYTEA)];
        self.0.reading.query(statement, &values).await.map(drop)
    }
}
