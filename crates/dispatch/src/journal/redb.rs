//! The journal in one redb file: the default home.
//!
//! Table `rows`: number → [`Row::to_stored`]; table `head`: `0` → `version (1) | number (8) | hash (32)`. Writing
//! happens on tokio's blocking threads; redb lets one writer in at a time and commits durably.

mod home;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use redb::{
    Database, DatabaseError, Key, ReadOnlyTable, ReadableDatabase, ReadableTable, Table, TableDefinition, TableError,
    Value,
};
use tokio::sync::watch;

use super::{Appended, Journal, JournalError, Pending, READ_ROWS_MAX};
use crate::chain::{Hash, Head, Row};
use home::{Home, storage};

const ROWS: TableDefinition<'static, u64, &'static [u8]> = TableDefinition::new("rows");
const HEAD: TableDefinition<'static, u8, &'static [u8]> = TableDefinition::new("head");
/// The form of the head that this program writes.
const VERSION: u8 = 1;
/// Memory for pages of the file: reading goes through it once from front to back, so little is enough.
const CACHE_BYTES: usize = 4 << 20;

type RowTable<'t> = Table<'t, u64, &'static [u8]>;
type HeadTable<'t> = Table<'t, u8, &'static [u8]>;

/// A journal in one file that one program at a time has open.
#[derive(Clone, Debug)]
pub struct RedbJournal(Arc<File>);

#[derive(Debug)]
struct File {
    home: Home,
    end: watch::Sender<u64>,
}

impl RedbJournal {
    /// Opens or creates the file.
    ///
    /// # Errors
    /// [`JournalError::Storage`] names the file: a missing folder, no permission, another program that has it open.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, JournalError> {
        let path = path.as_ref().to_owned();
        if !path.exists() {
            // A file that is being made cannot be opened after a crash; it gets its name when it is whole.
            let beside = fresh_beside(&path)?;
            drop(create(&beside).map_err(|e| storage(&path, e))?);
            take_place(&beside, &path)?;
        }
        let file = path.clone();
        Self::on(path, move || create(&file))
    }

    /// A journal on whatever `opens` opens, such as a storage of your own, and opens again after that failed; `path` is what
    /// messages call it.
    ///
    /// # Errors
    /// [`JournalError::Storage`] if it cannot be opened, or its end cannot be read.
    pub fn on(
        path: PathBuf,
        opens: impl Fn() -> Result<Database, DatabaseError> + Send + Sync + 'static,
    ) -> Result<Self, JournalError> {
        let file = File { home: Home::open(path, Box::new(opens))?, end: watch::Sender::new(0) };
        file.head()?;
        Ok(RedbJournal(Arc::new(file)))
    }

    fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&File) -> Result<T, JournalError> + Send + 'static,
    ) -> Pending<'static, T> {
        let file = Arc::clone(&self.0);
        Box::pin(async move {
            let asked = Arc::clone(&file);
            tokio::task::spawn_blocking(move || work(&file)).await.map_err(|e| asked.wrong(e))?
        })
    }
}

fn create(path: &Path) -> Result<Database, DatabaseError> {
    Database::builder().set_cache_size(CACHE_BYTES).create(path)
}

/// The name of a file beside `path`, without what an interrupted attempt may have left there.
fn fresh_beside(path: &Path) -> Result<PathBuf, JournalError> {
    let beside = path.with_extension("new");
    match fs::remove_file(&beside) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(storage(&beside, e)),
        _ => Ok(beside),
    }
}

/// Gives a whole file its name; durable on return.
fn take_place(beside: &Path, path: &Path) -> Result<(), JournalError> {
    fs::rename(beside, path).map_err(|e| storage(path, e))?;
    make_durable(path)
}

/// Has the disk keep the name of a file.
fn make_durable(path: &Path) -> Result<(), JournalError> {
    // Without a folder of its own a relative path lies in the present one.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(|e| storage(path, e))
}

impl File {
    fn wrong(&self, problem: impl std::fmt::Display) -> JournalError {
        self.home.wrong(problem)
    }

    /// Reads a table; `empty` if nothing was ever written to it.
    fn read<K: Key + 'static, V: Value + 'static, T>(
        &self,
        table: TableDefinition<'static, K, V>,
        empty: T,
        act: impl FnOnce(&ReadOnlyTable<K, V>) -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        self.home.with(|database| {
            let read = database.begin_read().map_err(|e| self.wrong(e))?;
            match read.open_table(table) {
                Ok(table) => act(&table),
                Err(TableError::TableDoesNotExist(_)) => Ok(empty),
                Err(e) => Err(self.wrong(e)),
            }
        })
    }

    fn head(&self) -> Result<Head, JournalError> {
        let head = self.read(HEAD, Head::default(), |table| self.head_in(table))?;
        // Rows of a commit that seemed to have failed are told of here.
        self.end.send_if_modified(|end| std::mem::replace(end, head.seq.max(*end)) < head.seq);
        Ok(head)
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
                Ok(Row::from_stored(key.value(), stored.value())?)
            })
            .collect()
    }

    fn read_from(&self, seq: u64) -> Result<Vec<Row>, JournalError> {
        self.read(ROWS, Vec::new(), |rows| self.rows_in(rows, seq))
    }

    fn read_rows(&self, seqs: &BTreeSet<u64>) -> Result<Vec<Row>, JournalError> {
        self.read(ROWS, Vec::new(), |rows| {
            let row = |seq: &u64| match rows.get(*seq).map_err(|e| self.wrong(e)) {
                Ok(stored) => stored.map(|stored| Ok(Row::from_stored(*seq, stored.value())?)),
                Err(e) => Some(Err(e)),
            };
            seqs.iter().filter_map(row).collect()
        })
    }

    fn append(&self, new: &[Row], expected: Head) -> Result<Appended, JournalError> {
        let wanted = new.last().map_or(expected, |row| Head { seq: row.seq, hash: row.hash });
        let appended = self.home.with(|database| self.append_to(database, new, expected, wanted));
        if appended.is_err() && self.home.has_failed() {
            // A commit that seems to have failed may be there all the same, and then it is the end.
            self.home.open_again();
            if self.head().is_ok_and(|end| end == wanted) {
                return Ok(Appended::Ok(wanted));
            }
        }
        if matches!(appended, Ok(Appended::Ok(_))) {
            self.end.send_replace(wanted.seq);
        }
        appended
    }

    fn append_to(
        &self,
        database: &Database,
        new: &[Row],
        expected: Head,
        wanted: Head,
    ) -> Result<Appended, JournalError> {
        let write = database.begin_write().map_err(|e| self.wrong(e))?;
        {
            let mut rows = write.open_table(ROWS).map_err(|e| self.wrong(e))?;
            let mut ends = write.open_table(HEAD).map_err(|e| self.wrong(e))?;
            if self.head_in(&ends)? != expected {
                return self.conflict(&rows, expected);
            }
            self.insert(&mut rows, new)?;
            self.set_head(&mut ends, wanted)?;
        }
        write.commit().map_err(|e| self.wrong(e))?;
        Ok(Appended::Ok(wanted))
    }

    fn insert(&self, table: &mut RowTable<'_>, rows: &[Row]) -> Result<(), JournalError> {
        rows.iter().try_for_each(|row| {
            table.insert(row.seq, row.to_stored().as_slice()).map_err(|e| self.wrong(e))?;
            Ok(())
        })
    }

    fn set_head(&self, table: &mut HeadTable<'_>, head: Head) -> Result<(), JournalError> {
        let stored = [&[VERSION], head.seq.to_be_bytes().as_slice(), &head.hash].concat();
        table.insert(0, stored.as_slice()).map_err(|e| self.wrong(e))?;
        Ok(())
    }

    fn conflict(
        &self,
        rows: &impl ReadableTable<u64, &'static [u8]>,
        expected: Head,
    ) -> Result<Appended, JournalError> {
        let was_here = expected == Head::default()
            || match rows.get(expected.seq).map_err(|e| self.wrong(e))? {
                Some(stored) => Row::from_stored(expected.seq, stored.value())?.hash == expected.hash,
                None => false,
            };
        if !was_here {
            return Err(JournalError::OtherPast);
        }
        Ok(Appended::Conflict(self.rows_in(rows, expected.seq + 1)?))
    }

    /// Writes the whole file anew and puts it in the place of the old one: a page that redb gives up keeps its bytes,
    /// a new file never had them.
    fn drop_contents(&self, seqs: &BTreeSet<u64>) -> Result<(), JournalError> {
        let (path, mut made_durable) = (self.home.path(), Ok(()));
        self.home.replace(|database| {
            let beside = fresh_beside(path)?;
            let rewritten = create(&beside).map_err(|e| storage(&beside, e))?;
            self.copy(database, &rewritten, seqs)?;
            fs::rename(&beside, path).map_err(|e| storage(path, e))?;
            // From here on it is the journal, whatever the disk says of its name: what is appended to the old one would be gone.
            made_durable = make_durable(path);
            Ok(rewritten)
        })?;
        made_durable
    }

    fn copy(&self, from: &Database, to: &Database, dropped: &BTreeSet<u64>) -> Result<(), JournalError> {
        let read = from.begin_read().map_err(|e| self.wrong(e))?;
        let source = match read.open_table(ROWS) {
            Ok(table) => table,
            Err(TableError::TableDoesNotExist(_)) => return Ok(()),
            Err(e) => return Err(self.wrong(e)),
        };
        let head = self.head_in(&read.open_table(HEAD).map_err(|e| self.wrong(e))?)?;
        let write = to.begin_write().map_err(|e| self.wrong(e))?;
        {
            let mut rows = write.open_table(ROWS).map_err(|e| self.wrong(e))?;
            let mut seq = 0;
            loop {
                let part = self.rows_in(&source, seq)?;
                let Some(last) = part.last() else { break };
                seq = last.seq + 1;
                let drop = |row: Row| if dropped.contains(&row.seq) { row.dropped() } else { row };
                self.insert(&mut rows, &part.into_iter().map(drop).collect::<Vec<_>>())?;
            }
            let mut ends = write.open_table(HEAD).map_err(|e| self.wrong(e))?;
            self.set_head(&mut ends, head)?;
        }
        write.commit().map_err(|e| self.wrong(e))
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

    fn read_rows(&self, seqs: BTreeSet<u64>) -> Pending<'_, Vec<Row>> {
        self.blocking(move |file| file.read_rows(&seqs))
    }

    fn tail(&self, seq: u64) -> Pending<'_, Vec<Row>> {
        Box::pin(async move {
            let mut end = self.0.end.subscribe();
            // The sender lives in `self`, so waiting cannot fail while somebody waits.
            let _ = end.wait_for(|&end| end >= seq).await;
            self.read_from(seq).await
        })
    }

    fn drop_contents(&self, seqs: BTreeSet<u64>) -> Pending<'_, ()> {
        self.blocking(move |file| file.drop_contents(&seqs))
    }
}
