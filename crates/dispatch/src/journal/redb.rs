//! The journal in one redb file: the default home.
//!
//! Table `rows`: number → `version (1) | hash (32) | bytes`; table `head`: `0` → `version (1) | number (8) | hash (32)`.
//! Writing happens on tokio's blocking threads; redb lets one writer in at a time and commits durably.

use std::path::Path;
use std::sync::Arc;

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition, TableError};
use tokio::sync::watch;

use super::{Appended, Journal, JournalError, Pending, READ_ROWS_MAX};
use crate::chain::{Hash, Head, Row};

const ROWS: TableDefinition<'static, u64, &'static [u8]> = TableDefinition::new("rows");
const HEAD: TableDefinition<'static, u8, &'static [u8]> = TableDefinition::new("head");
/// The form of rows and head that this program writes.
const VERSION: u8 = 1;

/// A journal in one file that one program at a time has open.
#[derive(Clone, Debug)]
pub struct RedbJournal(Arc<File>);

#[derive(Debug)]
struct File {
    place: String,
    database: Database,
    end: watch::Sender<u64>,
}

impl RedbJournal {
    /// Opens or creates the file.
    ///
    /// # Errors
    /// [`JournalError::Storage`] names the file: a missing folder, no permission, another program that has it open.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, JournalError> {
        let place = path.as_ref().display().to_string();
        let wrong = |problem: String| JournalError::Storage { place: place.clone(), problem };
        let database = Database::create(path.as_ref()).map_err(|e| wrong(e.to_string()))?;
        let file = File { database, end: watch::Sender::new(0), place };
        let head = file.head()?;
        file.end.send_replace(head.seq);
        Ok(RedbJournal(Arc::new(file)))
    }

    fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&File) -> Result<T, JournalError> + Send + 'static,
    ) -> Pending<'static, T> {
        let file = Arc::clone(&self.0);
        Box::pin(async move {
            let place = file.place.clone();
            let stopped = |e: tokio::task::JoinError| JournalError::Storage { place, problem: e.to_string() };
            tokio::task::spawn_blocking(move || work(&file)).await.map_err(stopped)?
        })
    }
}

impl File {
    fn wrong(&self, problem: impl std::fmt::Display) -> JournalError {
        JournalError::Storage { place: self.place.clone(), problem: problem.to_string() }
    }

    fn head(&self) -> Result<Head, JournalError> {
        let read = self.database.begin_read().map_err(|e| self.wrong(e))?;
        match read.open_table(HEAD) {
            Ok(table) => self.head_in(&table),
            Err(TableError::TableDoesNotExist(_)) => Ok(Head::default()),
            Err(e) => Err(self.wrong(e)),
        }
    }

    fn head_in(&self, table: &impl ReadableTable<u8, &'static [u8]>) -> Result<Head, JournalError> {
        let Some(stored) = table.get(0).map_err(|e| self.wrong(e))? else { return Ok(Head::default()) };
        let stored = stored.value();
        let parts = stored.split_first().and_then(|(&v, rest)| Some((v, rest.split_first_chunk::<8>()?)));
        match parts {
            Some((VERSION, (seq, hash))) if hash.len() == 32 => {
                let mut head = Head { seq: u64::from_be_bytes(*seq), hash: Hash::default() };
                head.hash.copy_from_slice(hash);
                Ok(head)
            }
            _ => Err(self.wrong("its recorded end cannot be read: restore the journal from a backup")),
        }
    }

    fn rows_in(&self, table: &impl ReadableTable<u64, &'static [u8]>, seq: u64) -> Result<Vec<Row>, JournalError> {
        let range = table.range(seq..).map_err(|e| self.wrong(e))?;
        range
            .take(READ_ROWS_MAX)
            .map(|item| {
                let (key, stored) = item.map_err(|e| self.wrong(e))?;
                self.row(key.value(), stored.value())
            })
            .collect()
    }

    fn row(&self, seq: u64, stored: &[u8]) -> Result<Row, JournalError> {
        let cut = || self.wrong(format_args!("row {seq} is cut short: restore the journal from a backup"));
        let (&version, rest) = stored.split_first().ok_or_else(cut)?;
        if version != VERSION {
            return Err(JournalError::Version { place: self.place.clone(), seq, version });
        }
        let (hash, bytes) = rest.split_first_chunk::<32>().ok_or_else(cut)?;
        Ok(Row { seq, hash: *hash, bytes: bytes.to_vec() })
    }

    fn read_from(&self, seq: u64) -> Result<Vec<Row>, JournalError> {
        let read = self.database.begin_read().map_err(|e| self.wrong(e))?;
        match read.open_table(ROWS) {
            Ok(table) => self.rows_in(&table, seq),
            Err(TableError::TableDoesNotExist(_)) => Ok(Vec::new()),
            Err(e) => Err(self.wrong(e)),
        }
    }

    fn append(&self, new: &[Row], expected: Head) -> Result<Appended, JournalError> {
        let write = self.database.begin_write().map_err(|e| self.wrong(e))?;
        let head = {
            let mut rows = write.open_table(ROWS).map_err(|e| self.wrong(e))?;
            let mut ends = write.open_table(HEAD).map_err(|e| self.wrong(e))?;
            let head = self.head_in(&ends)?;
            if head != expected {
                return self.conflict(&rows, expected);
            }
            let mut stored = Vec::new();
            for row in new {
                stored.clear();
                stored.push(VERSION);
                stored.extend_from_slice(&row.hash);
                stored.extend_from_slice(&row.bytes);
                rows.insert(row.seq, stored.as_slice()).map_err(|e| self.wrong(e))?;
            }
            let head = new.last().map_or(head, |row| Head { seq: row.seq, hash: row.hash });
            stored.clear();
            stored.push(VERSION);
            stored.extend_from_slice(&head.seq.to_be_bytes());
            stored.extend_from_slice(&head.hash);
            ends.insert(0, stored.as_slice()).map_err(|e| self.wrong(e))?;
            head
        };
        write.commit().map_err(|e| self.wrong(e))?;
        self.end.send_replace(head.seq);
        Ok(Appended::Ok(head))
    }

    fn conflict(
        &self,
        rows: &impl ReadableTable<u64, &'static [u8]>,
        expected: Head,
    ) -> Result<Appended, JournalError> {
        let was_here = expected == Head::default()
            || match rows.get(expected.seq).map_err(|e| self.wrong(e))? {
                Some(stored) => self.row(expected.seq, stored.value())?.hash == expected.hash,
                None => false,
            };
        if !was_here {
            return Err(JournalError::OtherPast);
        }
        Ok(Appended::Conflict(self.rows_in(rows, expected.seq + 1)?))
    }
}

impl Journal for RedbJournal {
    fn append(&self, rows: Vec<Row>, expected: Head) -> Pending<'_, Appended> {
        self.blocking(move |file| file.append(&rows, expected))
    }

    fn head(&self) -> Pending<'_, Head> {
        self.blocking(File::head)
    }

    fn read_from(&self, seq: u64) -> Pending<'_, Vec<Row>> {
        self.blocking(move |file| file.read_from(seq))
    }

    fn tail(&self, seq: u64) -> Pending<'_, Vec<Row>> {
        Box::pin(async move {
            let mut end = self.0.end.subscribe();
            // The sender lives in `self`, so waiting cannot fail while somebody waits.
            let _ = end.wait_for(|&end| end >= seq).await;
            self.read_from(seq).await
        })
    }
}
