//! What must survive a restart: which telegrams were taken, and what to ask each index with. One small redb file, bounded.

use std::collections::{HashMap, VecDeque};
use std::path::Path;
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use redb::{Database, ReadableDatabase as _, ReadableTable as _, TableDefinition};
use serde::{Deserialize, Serialize};

use super::file::{Home, longer};
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
        Self::of(Home::at(path, CACHE_BYTES), path.display().to_string(), most)
    }

    fn of(mut home: Home, at: String, most: usize) -> Result<(Self, Recalled), String> {
        let failed = |why: &dyn std::fmt::Display| {
            format!(
                "{at}: {why}: if it is damaged, move it away; every telegram still listed is then fetched once more"
            )
        };
        let recalled = home.with(|database| recall(database, most)).map_err(|e| failed(&e))?;
        let (sender, receiver) = mpsc::channel();
        let problem = Arc::default();
        let (name, told) = (at.clone(), Arc::clone(&problem));
        let writer = std::thread::Builder::new()
            .name("feed-memory".into())
            .spawn(move || write(home, &receiver, Waiting::new(most), &told, &name));
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

fn recall(database: &Database, most: usize) -> Result<Recalled, redb::Error> {
    let writing = database.begin_write()?;
    writing.open_table(TAKEN)?;
    writing.open_table(INDEXES)?;
    writing.commit()?;
    let reading = database.begin_read()?;
    let mut known = Known::new(most);
    for row in reading.open_table(TAKEN)?.iter()? {
        known.claim(row?.1.value());
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
    Ok(Recalled { known, kept })
}

/// What is not on disk yet. While the disk is full it grows no further than the file does.
struct Waiting {
    taken: VecDeque<String>,
    kept: HashMap<String, Kept>,
    most: usize,
}

impl Waiting {
    fn new(most: usize) -> Self {
        Self { taken: VecDeque::new(), kept: HashMap::new(), most }
    }

    /// Takes in what comes: what is there, and one at least; or all that comes during a pause. Whether no more will come.
    fn gather(&mut self, notes: &mpsc::Receiver<Note>, pause: Option<Duration>) -> bool {
        let Some(pause) = pause else {
            let first = notes.recv();
            let is_end = first.is_err();
            first.into_iter().chain(notes.try_iter()).for_each(|note| self.add(note));
            return is_end;
        };
        let until = Instant::now() + pause;
        loop {
            match notes.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(note) => self.add(note),
                Err(e) => return e == mpsc::RecvTimeoutError::Disconnected,
            }
        }
    }

    fn add(&mut self, note: Note) {
        match note {
            Note::Taken(keys) => self.taken.extend(keys),
            Note::Kept(url, kept) => drop(self.kept.insert(url, kept)),
        }
        self.taken.drain(..self.taken.len().saturating_sub(self.most));
    }

    fn is_empty(&self) -> bool {
        self.taken.is_empty() && self.kept.is_empty()
    }
}

fn write(
    mut home: Home,
    notes: &mpsc::Receiver<Note>,
    mut waiting: Waiting,
    problem: &Mutex<Option<String>>,
    at: &str,
) {
    let (mut is_end, mut pause) = (false, None);
    while !is_end {
        is_end = waiting.gather(notes, pause);
        if waiting.is_empty() {
            continue;
        }
        let outcome = home.with(|database| commit(database, &waiting));
        let mut told = problem.lock().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            Ok(()) => {
                waiting = Waiting::new(waiting.most);
                (pause, *told) = (None, None);
            }
            Err(e) => {
                // Kept and tried again after a pause; until then a restart would fetch these once more.
                tracing::error!(file = at, error = %e, "what was fetched cannot be written down");
                (pause, *told) = (Some(longer(pause)), Some(format!("{at}: {e}")));
            }
        }
    }
}

fn commit(database: &Database, waiting: &Waiting) -> Result<(), redb::Error> {
    let writing = database.begin_write()?;
    {
        let (mut taken, mut indexes) = (writing.open_table(TAKEN)?, writing.open_table(INDEXES)?);
        // As the file says: a commit that failed may have become durable after all, and then stands in it twice, which does no harm.
        let mut next = taken.last()?.map_or(0, |(number, _)| number.value() + 1);
        for key in &waiting.taken {
            taken.insert(next, key.as_str())?;
            next += 1;
        }
        for (url, kept) in &waiting.kept {
            let row = Row {
                etag: kept.validators.etag.clone(),
                last_modified: kept.validators.last_modified.clone(),
                updated: kept.updated.map(|it| it.as_second()),
            };
            let mut bytes = vec![VERSION];
            bytes.extend(postcard::to_stdvec(&row).unwrap_or_default());
            indexes.insert(url.as_str(), bytes.as_slice())?;
        }
        let most = u64::try_from(waiting.most).unwrap_or(u64::MAX);
        taken.retain_in(..next.saturating_sub(most), |_, _| false)?;
    }
    writing.commit()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::file::tests::Disk;
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
    fn after_a_disk_that_was_full_for_a_moment_all_that_was_taken_is_on_it_and_no_problem_is_left() {
        let disk = Disk::default();
        let open = || Memory::of(disk.home(), "feeds.redb".into(), 100).unwrap();
        let (memory, _) = open();
        memory.taken(vec!["before".into()]);
        disk.refuse(2);
        memory.taken(vec!["while it is full".into()]);
        until(|| memory.problem().is_some_and(|it| it.contains("feeds.redb")));
        memory.taken(vec!["soon after".into()]);
        until(|| memory.problem().is_none());
        drop(memory);
        let (_, recalled) = open();
        let known = ["before", "while it is full", "soon after"].map(|key| recalled.known.contains(key));
        assert_eq!(known, [true; 3]);
    }

    #[test]
    fn while_the_disk_is_full_no_more_waits_than_the_file_would_hold() {
        let mut waiting = Waiting::new(3);
        for number in 0..10 {
            waiting.add(Note::Taken(vec![number.to_string(), format!("sha256:{number}")]));
            waiting.add(Note::Kept("https://feeds.example/".into(), Kept::default()));
        }
        assert_eq!(
            (waiting.taken.into(), waiting.kept.len()),
            (vec!["sha256:8".to_owned(), "9".into(), "sha256:9".into()], 1)
        );
    }

    /// Waits until something is so.
    fn until(is_so: impl Fn() -> bool) {
        let begun = Instant::now();
        while !is_so() {
            assert!(begun.elapsed() < Duration::from_secs(60), "it never is");
            std::thread::sleep(Duration::from_millis(5));
        }
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
