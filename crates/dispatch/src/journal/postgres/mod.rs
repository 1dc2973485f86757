//! The journal in PostgreSQL, for several nodes and sites.
//!
//! Table `rows`: number → [`Row::to_stored`]; table `head`: the recorded end, one row. An append is one statement, which
//! moves the head if it is still the expected one and adds the rows: one transaction, one journey to the server. Whoever was
//! too late has locked the head before (`turn`), and statement and commit make that journey together. What others append is told
//! by NOTIFY and looked for every second. When a server goes away, the one that took its place is looked for; an append whose
//! answer was lost is recognised by its hash.

mod address;
mod clock;
mod ear;
mod exchange;
mod guard;
mod lease;
mod lessons;
mod line;
mod lineage;
mod mark;
mod replication;
mod schema;
mod tls;
mod turn;
mod watch;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout};
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

pub use address::{AddressError, PostgresAddress};
use ear::Ear;
pub use lease::{Beat, Held, Taken};
use line::{Failure, Line, Site, Value, answered, reached};
pub use replication::{Concern, Replication, Standby};
use turn::Turn;

use super::{Appended, Journal, JournalError, Moment, Pending, READ_ROWS_MAX};
use crate::chain::{Broken, Hash, Head, Row};

/// How long the table may take to be written anew.
const REWRITE: Duration = Duration::from_secs(3_600);

/// A journal in a database that several programs at a time have open; clones share its connections.
#[derive(Clone)]
pub struct PostgresJournal(Arc<Parts>);

struct Parts {
    site: Arc<Site>,
    /// For appends alone: one that waits for another site must not keep readers waiting.
    writing: Line,
    turn: Turn,
    reading: Line,
    leases: Line,
    ear: Ear,
}

impl std::fmt::Debug for PostgresJournal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("PostgresJournal").field(&self.0.site.address.place()).finish()
    }
}

impl PostgresJournal {
    /// Connects, and makes the tables or brings them up to date.
    ///
    /// # Errors
    /// [`JournalError::Storage`] says what each server answered and what to mend.
    pub async fn open(address: PostgresAddress) -> Result<Self, JournalError> {
        let site = Arc::new(Site::new(address)?);
        let (writing, reading, leases) = (Line::new(&site), Line::new(&site), Line::new(&site));
        let opened = async { schema::migrate(&*writing.client().await?, &site.address.schema).await };
        opened.await.map_err(|failure| match failure {
            Failure::Passing(problem) | Failure::Lasting(problem) => site.wrong(problem),
        })?;
        let ear = Ear::listen(&site);
        let turn = Turn::new(&site);
        let journal = PostgresJournal(Arc::new(Parts { site, writing, turn, reading, leases, ear }));
        // From here on it is heard of what is appended.
        Journal::head(&journal).await?;
        Ok(journal)
    }

    /// Removes the journal's schema with everything in it, for good.
    ///
    /// # Errors
    /// [`JournalError::Storage`] if it is still there.
    pub async fn remove(self) -> Result<(), JournalError> {
        let statement = format!("DROP SCHEMA IF EXISTS \"{}\" CASCADE", self.0.site.address.schema);
        self.0.writing.query(&statement, &[]).await.map(drop)
    }

    /// Servers that take writes although another took their place: each must be stopped.
    #[must_use]
    pub fn rivals(&self) -> Vec<String> {
        self.0.site.rivals()
    }

    /// What messages call it.
    #[must_use]
    pub fn place(&self) -> &str {
        self.0.site.address.place()
    }
}

impl Parts {
    async fn append(&self, new: &[Row], expected: Head) -> Result<Appended, JournalError> {
        let head = new.last().map_or(expected, |row| Head { seq: row.seq, hash: row.hash });
        let until = Instant::now() + self.site.address.patience;
        let mut is_first = true;
        loop {
            let turn = self.turn.used();
            let has_turn = turn.is_some();
            match self.attempt(turn, new, expected, head).await {
                Ok(true) => break,
                // The answer to an earlier attempt may have been lost, not the rows.
                Ok(false) if !is_first && self.has(head).await? => break,
                Ok(false) => return self.conflict(expected).await,
                // It was over, or its connection; the other one may be well.
                Err(_) if has_turn => self.turn.hang_up().await,
                Err(failure) => self.writing.pause(failure, until).await?,
            }
            is_first = false;
        }
        reached(&self.site.end, head.seq);
        Ok(Appended::Ok(head))
    }

    /// One attempt; `false` if the journal does not end at `expected`.
    async fn attempt(
        &self,
        turn: Option<Arc<Client>>,
        new: &[Row],
        expected: Head,
        head: Head,
    ) -> Result<bool, Failure> {
        let told =
            if self.ear.hears() { format!("pg_notify('{}', $3::text)", self.site.address.schema) } else { "1".into() };
        let statement = format!(
            "WITH moved AS (
               UPDATE head SET seq = $3, hash = $4 WHERE seq = $1 AND hash = $2 RETURNING head.seq
             ), added AS (
               INSERT INTO rows (seq, stored) SELECT new.seq, new.stored
               FROM unnest($5, $6) AS new (seq, stored) WHERE EXISTS (SELECT 1 FROM moved)
             )
             SELECT {told} FROM moved"
        );
        let (seqs, stored): (Vec<i64>, Vec<Vec<u8>>) = new.iter().map(|row| (number(row.seq), row.to_stored())).unzip();
        let (before, after) = (number(expected.seq), number(head.seq));
        let hashes = (expected.hash.as_slice(), head.hash.as_slice());
        let values: [Value<'_>; 6] = [
            (&before, Type::INT8),
            (&hashes.0, Type::BYTEA),
            (&after, Type::INT8),
            (&hashes.1, Type::BYTEA),
            (&seqs, Type::INT8_ARRAY),
            (&stored, Type::BYTEA_ARRAY),
        ];
        let Some(client) = turn else {
            let client = self.writing.client().await?;
            // All rows of the answer are read, so that it is the answer to the commit too.
            return Ok(!answered(client.query_typed(&statement, &values)).await?.is_empty());
        };
        // Both leave together; a statement that failed makes of the commit that nothing happened.
        let written = answered(async {
            let (written, committed) =
                tokio::join!(client.query_typed(&statement, &values), client.batch_execute("COMMIT"));
            committed.and(written)
        });
        Ok(!written.await?.is_empty())
    }

    async fn conflict(&self, expected: Head) -> Result<Appended, JournalError> {
        if expected != Head::default() && !self.has(expected).await? {
            return Err(JournalError::OtherPast);
        }
        let tail = self.read_from(expected.seq + 1).await?;
        if tail.is_empty() {
            let recorded = self.head().await?;
            return Err(Broken::End { found: expected.seq, recorded: recorded.seq }.into());
        }
        Ok(Appended::Conflict(tail))
    }

    /// Whether the journal passed through this head.
    async fn has(&self, head: Head) -> Result<bool, JournalError> {
        let found =
            self.reading.query("SELECT stored FROM rows WHERE seq = $1", &[(&number(head.seq), Type::INT8)]).await?;
        let Some(row) = found.first() else { return Ok(false) };
        Ok(Row::from_stored(head.seq, row.get(0))?.hash == head.hash)
    }

    async fn head(&self) -> Result<Head, JournalError> {
        let rows = self.reading.query("SELECT seq, hash FROM head", &[]).await?;
        let found = rows.first().and_then(|row| {
            Some(Head {
                seq: u64::try_from(row.get::<_, i64>(0)).ok()?,
                hash: Hash::try_from(row.get::<_, &[u8]>(1)).ok()?,
            })
        });
        let head = found
            .ok_or_else(|| self.site.wrong("its recorded end cannot be read: restore the journal from a backup"))?;
        reached(&self.site.end, head.seq);
        Ok(head)
    }

    async fn read_from(&self, seq: u64) -> Result<Vec<Row>, JournalError> {
        let statement = format!("SELECT seq, stored FROM rows WHERE seq >= $1 ORDER BY seq LIMIT {READ_ROWS_MAX}");
        let rows = self.reading.query(&statement, &[(&number(seq), Type::INT8)]).await?;
        let read = |row: &tokio_postgres::Row| {
            let seq = u64::try_from(row.get::<_, i64>(0)).unwrap_or(u64::MAX);
            Ok(Row::from_stored(seq, row.get(1))?)
        };
        rows.iter().map(read).collect()
    }

    /// Old versions of a row lie in the table until it is written anew, which makes a new file of it.
    async fn drop_contents(&self, seqs: BTreeSet<u64>) -> Result<(), JournalError> {
        let seqs: Vec<i64> = seqs.into_iter().map(number).collect();
        for part in seqs.chunks(READ_ROWS_MAX) {
            let rows = self
                .reading
                .query("SELECT seq, stored FROM rows WHERE seq = ANY($1)", &[(&part, Type::INT8_ARRAY)])
                .await?;
            let dropped = rows.iter().map(|row| {
                let seq: i64 = row.get(0);
                Ok((seq, Row::from_stored(u64::try_from(seq).unwrap_or(u64::MAX), row.get(1))?.dropped().to_stored()))
            });
            let (seqs, stored): (Vec<i64>, Vec<Vec<u8>>) =
                dropped.collect::<Result<Vec<_>, Broken>>()?.into_iter().unzip();
            let statement = "UPDATE rows SET stored = new.stored
                FROM unnest($1, $2) AS new (seq, stored) WHERE rows.seq = new.seq";
            self.writing.query(statement, &[(&seqs, Type::INT8_ARRAY), (&stored, Type::BYTEA_ARRAY)]).await?;
        }
        self.rewrite().await
    }

    async fn rewrite(&self) -> Result<(), JournalError> {
        // On a connection of its own: it takes as long as it takes, and readers and appends wait for it.
        let (client, _) = self.site.connect().await.map_err(|failure| match failure {
            Failure::Passing(problem) | Failure::Lasting(problem) => self.site.wrong(problem),
        })?;
        match timeout(REWRITE, client.batch_execute("VACUUM (FULL) rows")).await {
            Ok(Ok(())) => Ok(()),
            // An engine that keeps no old versions in a file that could be written anew.
            Ok(Err(error))
                if [Some(&SqlState::SYNTAX_ERROR), Some(&SqlState::FEATURE_NOT_SUPPORTED)].contains(&error.code()) =>
            {
                Ok(())
            }
            Ok(Err(error)) => Err(self.site.wrong(line::told(&error))),
            Err(_) => {
                Err(self.site.wrong("its table could not be written anew within an hour; it is tried again tomorrow"))
            }
        }
    }
}

/// As the database counts.
fn number(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

impl Journal for PostgresJournal {
    fn take_turn(&self) -> Moment<'_> {
        Box::pin(self.0.turn.take())
    }

    fn give_turn_up(&self) -> Moment<'_> {
        self.0.turn.give_up();
        Box::pin(std::future::ready(()))
    }

    fn append(&self, rows: Vec<Row>, expected: Head) -> Pending<'_, Appended> {
        Box::pin(async move { self.0.append(&rows, expected).await })
    }

    fn head(&self) -> Pending<'_, Head> {
        Box::pin(self.0.head())
    }

    fn read_from(&self, seq: u64) -> Pending<'_, Vec<Row>> {
        Box::pin(self.0.read_from(seq))
    }

    fn tail(&self, seq: u64) -> Pending<'_, Vec<Row>> {
        Box::pin(async move {
            let mut end = self.0.site.end.subscribe();
            loop {
                // The sender lives in `self`, so waiting cannot fail while somebody waits.
                let _ = end.wait_for(|&end| end >= seq).await;
                let rows = self.0.read_from(seq).await?;
                if !rows.is_empty() {
                    return Ok(rows);
                }
                // What was announced is not there: rows that a lost server alone had.
                tokio::time::sleep(ear::AGAIN).await;
            }
        })
    }

    fn drop_contents(&self, seqs: BTreeSet<u64>) -> Pending<'_, ()> {
        Box::pin(self.0.drop_contents(seqs))
    }
}
