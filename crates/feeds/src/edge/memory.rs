//! What must survive a restart: which telegrams were taken, and what to ask each index with. One small redb file, bounded.

use std::collections::HashMap;
use std::path::Path;
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use redb::{Database, ReadableDatabase as _, ReadableTable as _, TableDefinition};
use serde::{Deserialize, Serialize};

use super::file;
use crate::poll::{Kept, Known, Validators};

/// Number, in the order of taking, to the identity of a telegram.
const TAKEN: TableDefinition<u64, &str> = TableDefinition::new("taken");
/// Address of an index to what to ask it with: a version byte, then postcard.
const INDEXES: TableDefinition<&str, &[u8]> = TableDefinition::new("indexes");
/// The version of a row of `indexes`.
const VERSION: u8 = 1;
/// How much of the file is held in memory at most, in bytes.
const CACHE_BYTES: usize = 1024 * 1024;

/// A row of `indexes`.
#[derive(Serialize, Deserialize)]
struct Row {
    etag: Option<String>,
    last_modified: Option<String>,
    updated: Option<i64>,
}

enum Note {
    Taken(Vec<String>),
    Kept(String, Kept),
}

/// What an earlier run left.
pub struct Recalled {
    /// The telegrams that were taken.
    pub known: Known,
    /// What to ask the indexes with.
    pub kept: HashMap<String, Kept>,
}

/// Writes down what must survive; one thread does, grouping what comes together.
pub struct Memory {
    notes: Option<mpsc::Sender<Note>>,
    problem: Arc<Mutex<Option<String>>>,
    writer: Option<JoinHandle<()>>,
}

impl Memory {
    /// Opens the file, or makes it, and reads what is in it. At most `most` telegrams are remembered, the oldest forgotten first.
    ///
    /// # Errors
    /// A text that names the file and says what to do.
    pub fn open(path: &Path, most: usize) -> Result<(Self, Recalled), String> {
        let failed = |why: &dyn std::fmt::Display| {
            format!(
                "{}: {why}: if it is damaged, move it away; every telegram still listed is then fetched once more",
                path.display()
            )
        };
        let database = file::open(path, CACHE_BYTES).map_err(|e| failed(&e))?;
        let (recalled, next) = recall(&database, most).map_err(|e| failed(&e))?;
        let (sender, receiver) = mpsc::channel();
        let problem = Arc::default();
        let (at, told, most) =
            (path.display().to_string(), Arc::clone(&problem), u64::try_from(most).unwrap_or(u64::MAX));
        let writer = std::thread::Builder::new()
            .name("feed-memory".into())
            .spawn(move || write(&database, &receiver, (next, most), &told, &at));
        let writer = Some(writer.map_err(|e| failed(&e))?);
        Ok((Self { notes: Some(sender), problem, writer }, recalled))
    }

    /// These identities of one telegram are never to be asked for again.
    pub fn taken(&self, keys: Vec<String>) {
        self.note(Note::Taken(keys));
    }

    /// The next run asks an index with this.
    pub fn keep(&self, url: String, kept: Kept) {
        self.note(Note::Kept(url, kept));
    }

    /// Why nothing can be written down at the moment.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        self.problem.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, note: Note) {
        if let Some(notes) = &self.notes {
            // The thread ends only after this sender.
            drop(notes.send(note));
        }
    }
}

/// Waits until everything is on disk.
impl Drop for Memory {
    fn drop(&mut self) {
        self.notes = None;
        if let Some(writer) = self.writer.take() {
            drop(writer.join());
        }
    }
}

fn recall(database: &Database, most: usize) -> Result<(Recalled, u64), redb::Error> {
    let writing = database.begin_write()?;
    writing.open_table(TAKEN)?;
    writing.open_table(INDEXES)?;
    writing.commit()?;
    let reading = database.begin_read()?;
    let (mut known, mut next) = (Known::new(most), 0);
    for row in reading.open_table(TAKEN)?.iter()? {
        let (number, key) = row?;
        known.claim(key.value());
        next = number.value() + 1;
    }
    let mut kept = HashMap::new();
    for row in reading.open_table(INDEXES)?.iter()? {
        let (url, value) = row?;
        // A row of a later version is no loss: the index is asked for without condition.
        if let [VERSION, bytes @ ..] = value.value()
            && let Ok(row) = postcard::from_bytes::<Row>(bytes)
        {
            let validators = Validators { etag: row.etag, last_modified: row.last_modified };
            let updated = row.updated.and_then(|it| jiff::Timestamp::from_second(it).ok());
            kept.insert(url.value().to_owned(), Kept { validators, updated });
        }
    }
    Ok((Recalled { known, kept }, next))
}

fn write(
    database: &Database,
    notes: &mpsc::Receiver<Note>,
    (mut next, most): (u64, u64),
    problem: &Mutex<Option<String>>,
    at: &str,
) {
    let mut waiting = Vec::new();
    while let Ok(first) = notes.recv() {
        waiting.push(first);
        waiting.extend(notes.try_iter());
        let outcome = commit(database, &waiting, next, most);
        let mut told = problem.lock().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            Ok(after) => {
                next = after;
                waiting.clear();
                *told = None;
            }
            Err(e) => {
                // Kept and tried again with the next note; until then a restart would fetch these once more.
                tracing::error!(file = at, error = %e, "what was fetched cannot be written down");
                *told = Some(format!("{at}: {e}"));
            }
        }
    }
}

fn commit(database: &Database, notes: &[Note], mut next: u64, most: u64) -> Result<u64, redb::Error> {
    let writing = database.begin_write()?;
    {
        let (mut taken, mut indexes) = (writing.open_table(TAKEN)?, writing.open_table(INDEXES)?);
        for note in notes {
            match note {
                Note::Taken(keys) => {
                    for key in keys {
                        taken.insert(next, key.as_str())?;
                        next += 1;
                    }
                }
                Note::Kept(url, kept) => {
                    let row = Row {
                        etag: kept.validators.etag.clone(),
                        last_modified: kept.validators.last_modified.clone(),
                        updated: kept.updated.map(|it| it.as_second()),
                    };
                    let mut bytes = vec![VERSION];
                    bytes.extend(postcard::to_stdvec(&row).unwrap_or_default());
                    indexes.insert(url.as_str(), bytes.as_slice())?;
                }
            }
        }
        taken.retain_in(..next.saturating_sub(most), |_, _| false)?;
    }
    writing.commit()?;
    Ok(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_survives_a_restart_and_the_oldest_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("feeds.redb");
        let kept = Kept {
            validators: Validators { etag: Some("\"a\"".into()), last_modified: None },
            updated: Some("2026-11-21T12:00:00Z".parse().unwrap()),
        };
        {
            let (memory, recalled) = Memory::open(&path, 3).unwrap();
            assert!(recalled.known.is_empty() && recalled.kept.is_empty());
            memory.taken(vec!["1".into(), "2".into()]);
            memory.taken(vec!["3".into(), "4".into()]);
            memory.keep("https://feeds.example/".into(), kept.clone());
        }
        let (memory, recalled) = Memory::open(&path, 3).unwrap();
        assert_eq!(
            (recalled.known.len(), recalled.known.contains("1"), recalled.known.contains("2")),
            (3, false, true)
        );
        assert_eq!(recalled.kept["https://feeds.example/"], kept);
        memory.taken(vec!["5".into()]);
        drop(memory);
        let (_, recalled) = Memory::open(&path, 3).unwrap();
        assert!(!recalled.known.contains("2") && recalled.known.contains("5"));
    }

    #[test]
    fn a_file_that_is_none_of_ours_is_named_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("feeds.redb");
        std::fs::write(&path, "not a database, but long enough to look like one".repeat(100)).unwrap();
        let error = Memory::open(&path, 3).err().unwrap();
        assert!(error.contains("feeds.redb") && error.contains("move it away"), "{error}");
    }
}
