//! What each node has learned of carriers, in a row for each carrier and way: numbers and names of the carrier table, no address.

use std::time::Duration;

use hikyaku_core::Carrier;
use hikyaku_core::observe::Lesson;
use hikyaku_core::time::Instant;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::PostgresJournal;
use super::line::Value;
use crate::journal::JournalError;
use crate::lessons::NodeLesson;

/// What is older is true no more, and goes.
const FORGOTTEN: Duration = Duration::from_secs(24 * 3600);

impl PostgresJournal {
    /// Tells the other nodes what this one has learned, in place of what it had told of the same carriers and ways. `now` is by the
    /// clock of the lessons; the database counts their age by its own. May be lost with the primary: it is learned again.
    ///
    /// # Errors
    /// [`JournalError::Storage`] if no server takes it.
    pub async fn tell_lessons(&self, node: &str, lessons: &[Lesson], now: Instant) -> Result<(), JournalError> {
        if lessons.is_empty() {
            return Ok(());
        }
        // It does not wait for the other site.
        let statement = "WITH old AS (
              DELETE FROM learned WHERE node <> $1 AND at < clock_timestamp() - $9 * interval '1 second'
            )
            INSERT INTO learned (carrier, way, node, at, sessions, rate, turn, parts)
            SELECT new.carrier, new.way, $1, clock_timestamp() - new.age * interval '1 second',
              new.sessions, new.rate, new.turn, new.parts
            FROM unnest($2, $3, $4, $5, $6, $7, $8) AS new (carrier, way, age, sessions, rate, turn, parts)
            ON CONFLICT (carrier, way, node) DO UPDATE SET at = excluded.at, sessions = excluded.sessions,
              rate = excluded.rate, turn = excluded.turn, parts = excluded.parts
            RETURNING set_config('synchronous_commit', 'local', true)";
        let carriers: Vec<&str> = lessons.iter().map(|it| it.carrier.as_str()).collect();
        let ways: Vec<&str> = lessons.iter().map(|it| it.relay.as_deref().unwrap_or_default()).collect();
        let ages: Vec<f64> = lessons.iter().map(|it| now.since(it.at).as_secs_f64()).collect();
        let sessions: Vec<Option<i64>> = lessons.iter().map(|it| it.sessions.map(i64::from)).collect();
        let rates: Vec<Option<f64>> = lessons.iter().map(|it| it.rate).collect();
        let turns: Vec<Option<i64>> = lessons.iter().map(|it| it.turn.map(i64::from)).collect();
        let parts: Vec<i64> = lessons.iter().map(|it| i64::from(it.parts)).collect();
        let forgotten = FORGOTTEN.as_secs_f64();
        let values: [Value<'_>; 9] = [
            (&node, Type::TEXT),
            (&carriers, Type::TEXT_ARRAY),
            (&ways, Type::TEXT_ARRAY),
            (&ages, Type::FLOAT8_ARRAY),
            (&sessions, Type::INT8_ARRAY),
            (&rates, Type::FLOAT8_ARRAY),
            (&turns, Type::INT8_ARRAY),
            (&parts, Type::INT8_ARRAY),
            (&forgotten, Type::FLOAT8),
        ];
        self.0.reading.query(statement, &values).await.map(drop)
    }

    /// What all nodes have told within a day, this one too; `now` is by the clock that their instants are to be counted by.
    ///
    /// # Errors
    /// As [`PostgresJournal::tell_lessons`].
    pub async fn lessons(&self, now: Instant) -> Result<Vec<NodeLesson>, JournalError> {
        let statement = "SELECT node, carrier, way, extract(epoch FROM clock_timestamp() - at)::float8,
              sessions, rate, turn, parts
            FROM learned WHERE at >= clock_timestamp() - $1 * interval '1 second'";
        let rows = self.0.reading.query(statement, &[(&FORGOTTEN.as_secs_f64(), Type::FLOAT8)]).await?;
        Ok(rows.iter().map(|row| lesson_in(row, now)).collect())
    }
}

fn lesson_in(row: &Row, now: Instant) -> NodeLesson {
    let way: &str = row.get(2);
    let count = |at: usize| row.get::<_, Option<i64>>(at).and_then(|it| u32::try_from(it).ok());
    // A clock of the database that was set back makes nothing come from the future.
    let age = Duration::try_from_secs_f64(row.get::<_, f64>(3)).unwrap_or_default();
    NodeLesson {
        node: row.get(0),
        lesson: Lesson {
            carrier: Carrier::new(row.get::<_, &str>(1)),
            relay: (!way.is_empty()).then(|| way.to_owned()),
            at: now - age,
            sessions: count(4),
            rate: row.get(5),
            turn: count(6),
            parts: count(7).unwrap_or(0),
        },
    }
}
