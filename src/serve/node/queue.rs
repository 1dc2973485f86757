//! A note beside the queue: under which leases mails were put into it. A node that starts again goes on with its queue only if
//! nobody else has had any of those leases since.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hikyaku_dispatch::{Held, Lease};

/// The file, a line a lease: its name and its generation, or `-` once it was given up and its mails may not be stopped yet.
const FILE: &str = "queue.leases";

/// The note of one data folder.
pub struct QueueNote {
    path: PathBuf,
    queue: PathBuf,
    /// What the file says; `None` where it is not known yet.
    said: Option<String>,
    /// Whether the queue still holds what other nodes send, until the engine has given that up.
    mixed: Arc<AtomicBool>,
}

/// A line that is no lease: the queue is not to be gone on with as it is.
const MIXED: &str = "queue -\n";

impl QueueNote {
    /// That of a data folder.
    pub fn of(data: &Path) -> Self {
        Self { path: data.join(FILE), queue: data.join("queue"), said: None, mixed: Arc::default() }
    }

    /// The leases of which mails wait in the queue; `None` if some of them were given up, or nothing was
    /// noted: a queue of a time without leases holds mails that are submitted under leases now.
    pub fn read(&self) -> Result<Option<Held>, String> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(format!("{}: {e}", self.path.display())),
        };
        let lease = |line: &str| {
            let (name, generation) = line.split_once(' ')?;
            Some((name.parse::<Lease>().ok()?, generation.parse().ok()?))
        };
        Ok(text.lines().map(lease).collect())
    }

    /// Writes what the queue holds mails of: `held`, and of `leaving` what is not stopped yet. Durable on return.
    pub fn write(&mut self, held: &Held, leaving: impl IntoIterator<Item = Lease>) -> Result<(), String> {
        let held = held.iter().map(|(lease, generation)| (*lease, generation.to_string()));
        let leaving = leaving.into_iter().map(|lease| (lease, "-".to_owned()));
        let lines: BTreeMap<Lease, String> = held.chain(leaving).filter(|(lease, _)| *lease != Lease::Duties).collect();
        let mut text: String = lines.iter().map(|(lease, generation)| format!("{lease} {generation}\n")).collect();
        if self.mixed.load(Ordering::SeqCst) {
            text.push_str(MIXED);
        }
        if self.said.as_ref() != Some(&text) {
            write_whole(&self.path, &text).map_err(|e| format!("{}: {e}", self.path.display()))?;
            self.said = Some(text);
        }
        Ok(())
    }

    /// Goes on with the queue of an earlier run, whose engine is to give up first what other nodes send; cleared by whoever has seen to
    /// that. Until then the note says that the queue is not to be gone on with as it is.
    pub fn mix(&mut self) -> Arc<AtomicBool> {
        self.mixed.store(true, Ordering::SeqCst);
        Arc::clone(&self.mixed)
    }

    /// Puts the queue of an earlier run aside, if there is one; only the latest one is kept.
    pub fn put_queue_aside(&mut self) -> Result<bool, String> {
        let aside = self.queue.with_extension("before");
        let is_there = self.queue.exists();
        if is_there {
            if aside.exists() {
                fs::remove_dir_all(&aside).map_err(|e| format!("{}: {e}", aside.display()))?;
            }
            fs::rename(&self.queue, &aside).map_err(|e| format!("{}: {e}", self.queue.display()))?;
        }
        self.write(&Held::new(), []).map(|()| is_there)
    }
}

fn write_whole(path: &Path, text: &str) -> std::io::Result<()> {
    let new = path.with_extension("new");
    let mut file = fs::File::create(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_noted_is_read_again_and_what_was_given_up_makes_the_queue_useless() {
        let folder = tempfile::tempdir().unwrap();
        let mut note = QueueNote::of(folder.path());
        assert_eq!(note.read().unwrap(), None, "a queue of a time without leases");
        let held: Held = [(Lease::Mails(3), 7), (Lease::Duties, 2)].into();
        note.write(&held, []).unwrap();
        assert_eq!(note.read().unwrap(), Some([(Lease::Mails(3), 7)].into()), "duties are in no queue");
        note.write(&held, [Lease::Mails(3)]).unwrap();
        assert_eq!(note.read().unwrap(), None);
    }

    #[test]
    fn req_r01_a_queue_that_others_may_have_part_of_is_not_gone_on_with_before_that_was_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let mut note = QueueNote::of(folder.path());
        let mixed = note.mix();
        note.write(&Held::new(), []).unwrap();
        assert_eq!(QueueNote::of(folder.path()).read().unwrap(), None, "a crash before the engine was opened");
        mixed.store(false, Ordering::SeqCst);
        note.write(&Held::new(), []).unwrap();
        assert_eq!(QueueNote::of(folder.path()).read().unwrap(), Some(Held::new()));
    }

    #[test]
    fn of_the_queues_of_earlier_runs_the_latest_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let queue = folder.path().join("queue");
        let mut note = QueueNote::of(folder.path());
        note.put_queue_aside().unwrap();
        for content in ["first", "second"] {
            fs::create_dir(&queue).unwrap();
            fs::write(queue.join("mails"), content).unwrap();
            note.write(&[(Lease::Mails(0), 1)].into(), []).unwrap();
            note.put_queue_aside().unwrap();
            assert!(!queue.exists());
            assert_eq!(fs::read_to_string(folder.path().join("queue.before/mails")).unwrap(), content);
            assert_eq!(note.read().unwrap(), Some(Held::new()));
        }
    }
}
