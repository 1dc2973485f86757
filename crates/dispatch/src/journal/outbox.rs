//! The outbox of a node: emergency dispatches that it sent without the journal, a file each, until the journal has them and every
//! node sends its part again.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::apart::{PutAside, Sent};
use crate::file::FileError;
use crate::id::DispatchId;

/// Form of a file: this byte, then postcard.
const VERSION: u8 = 1;
/// How the files are called after their dot.
const KEPT: &str = "sent";
/// What cannot be recorded is kept under this one.
const ASIDE: &str = "aside";

/// The outbox of one node.
#[derive(Debug)]
pub struct Outbox {
    folder: PathBuf,
    node: String,
    kept: Vec<Sent>,
    aside: Vec<PutAside>,
}

impl Outbox {
    /// Reads what is kept in `folder`, which is made when it is needed, for the node of this name.
    ///
    /// # Errors
    /// [`FileError`] names a file that cannot be read.
    pub fn open(folder: impl Into<PathBuf>, node: impl Into<String>) -> Result<Self, FileError> {
        let (folder, node) = (folder.into(), node.into());
        let mut kept = Vec::new();
        for path in files(&folder, KEPT)? {
            let read = fs::read(&path).and_then(|bytes| decode(&bytes));
            kept.push(read.map_err(|problem| FileError { path, problem })?);
        }
        kept.sort_by_key(|sent| (sent.at, sent.dispatch()));
        let aside = files(&folder, ASIDE)?.into_iter().map(|path| {
            let sent = fs::read(&path).and_then(|bytes| decode(&bytes)).ok();
            PutAside::new(path, sent.as_ref())
        });
        let aside = aside.collect();
        Ok(Outbox { folder, node, kept, aside })
    }

    /// Whether anything is kept in `folder`.
    ///
    /// # Errors
    /// [`FileError`]: the folder cannot be read.
    pub fn holds(folder: &Path) -> Result<bool, FileError> {
        files(folder, KEPT).map(|files| !files.is_empty())
    }

    /// The name of its node.
    pub(crate) fn node(&self) -> &str {
        &self.node
    }

    /// What is kept, oldest first.
    pub(crate) fn kept(&self) -> &[Sent] {
        &self.kept
    }

    /// What cannot be recorded, in this run or one before it.
    pub(crate) fn aside(&self) -> &[PutAside] {
        &self.aside
    }

    /// Keeps a dispatch; on the disk when it returns.
    pub(crate) fn keep(&mut self, sent: Sent) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let path = self.path(&sent);
        let new = path.with_extension("new");
        let mut file = File::create(&new)?;
        file.write_all(&encode(&sent)?)?;
        file.sync_all()?;
        fs::rename(&new, &path)?;
        self.sync()?;
        self.kept.push(sent);
        Ok(())
    }

    /// Forgets a dispatch that needs to be kept no longer.
    pub(crate) fn forget(&mut self, dispatch: DispatchId) -> io::Result<()> {
        let gone: Vec<PathBuf> = self.of(dispatch).map(|sent| self.path(sent)).collect();
        for path in gone {
            fs::remove_file(path)?;
        }
        self.sync()?;
        self.kept.retain(|sent| sent.dispatch() != dispatch);
        Ok(())
    }

    /// Puts a dispatch aside that cannot be recorded; the file stays for whoever looks into it.
    pub(crate) fn put_aside(&mut self, dispatch: DispatchId) -> io::Result<()> {
        let aside: Vec<(PathBuf, PutAside)> = self
            .of(dispatch)
            .map(|sent| {
                let path = self.path(sent);
                let aside = PutAside::new(path.with_extension(ASIDE), Some(sent));
                (path, aside)
            })
            .collect();
        for (path, aside) in aside {
            fs::rename(&path, &aside.file)?;
            self.aside.push(aside);
        }
        self.sync()?;
        self.kept.retain(|sent| sent.dispatch() != dispatch);
        Ok(())
    }

    fn of(&self, dispatch: DispatchId) -> impl Iterator<Item = &Sent> {
        self.kept.iter().filter(move |sent| sent.dispatch() == dispatch)
    }

    fn path(&self, sent: &Sent) -> PathBuf {
        self.folder.join(format!("{}.{KEPT}", sent.name()))
    }

    fn sync(&self) -> io::Result<()> {
        File::open(&self.folder)?.sync_all()
    }
}

/// The files of a folder, which may not be there, that are called so after their dot.
fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, FileError> {
    let wrong = |problem| FileError { path: folder.to_owned(), problem };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(problem) if problem.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(problem) => return Err(wrong(problem)),
    };
    let paths: Result<Vec<PathBuf>, _> = entries.map(|entry| entry.map(|it| it.path()).map_err(wrong)).collect();
    Ok(paths?.into_iter().filter(|path| path.extension() == Some(OsStr::new(extension))).collect())
}

fn encode(sent: &Sent) -> io::Result<Vec<u8>> {
    postcard::to_extend(sent, vec![VERSION]).map_err(io::Error::other)
}

fn decode(bytes: &[u8]) -> io::Result<Sent> {
    match bytes.split_first() {
        Some((&VERSION, body)) => postcard::from_bytes(body).map_err(io::Error::other),
        _ => Err(io::Error::other("it is of a newer program: start that one")),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::{SignedDuration, Timestamp};

    use super::*;
    use crate::access::Actor;
    use crate::alarm::Alarm;
    use crate::command::{DispatchCommand, PeopleCommand, RosterImport};
    use crate::desk::Desk;
    use crate::draft::DispatchDraft;
    use crate::event::{DispatchEvent, Event};
    use crate::journal::memory::MemoryJournal;
    use crate::keys::Keys;
    use crate::mail::Mode;
    use crate::roster::read_roster;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn draft(title: &str) -> DispatchDraft {
        DispatchDraft::safety(title, Mode::Real, title)
    }

    /// What a node that was cut off has sent at `at`, under this number.
    async fn sent(desk: &Desk, title: &str, number: u32, at: Timestamp) -> Sent {
        let open = DispatchCommand::Open { draft: Box::new(draft(title)) };
        let events = desk.command(open, at).await.unwrap();
        let record = events.into_iter().find_map(|event| match event {
            Event::Dispatch(DispatchEvent::Opened(record)) => Some(*record),
            _ => None,
        });
        let mut record = record.unwrap();
        record.dispatch = DispatchId(number);
        Sent { at, by: Actor::System, node: "osaka".into(), draft: draft(title), once: None, record }
    }

    async fn desk(journal: &Arc<MemoryJournal>, keys: &Keys, outbox: Option<Outbox>) -> Desk {
        Desk::open_with(journal.clone(), keys.clone(), None, outbox).await.unwrap()
    }

    #[tokio::test]
    async fn req_r01_what_has_the_number_of_another_one_is_put_aside_and_told_of_until_its_file_is_gone() {
        let (journal, keys) = (Arc::new(MemoryJournal::new()), Keys::in_memory().unwrap());
        let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let roster = read_roster("id,name,group,region,email\n1,甲山,本省,13,kou@example.jp\n".as_bytes()).unwrap();
        let there = desk(&journal, &keys, None).await;
        there.command(PeopleCommand::Import(RosterImport::part(roster.rows)), NOW).await.unwrap();
        // Two nodes that were cut off have chosen the same number; the first one has recorded its dispatch.
        let mut first = Outbox::open(other.path(), "tokyo").unwrap();
        first.keep(sent(&there, "先の方", 5_000, NOW).await).unwrap();
        assert_eq!(desk(&journal, &keys, Some(first)).await.put_aside(), []);
        let mut outbox = Outbox::open(folder.path(), "osaka").unwrap();
        outbox.keep(sent(&there, "あとの方", 5_000, NOW + SignedDuration::from_secs(9)).await).unwrap();
        let here = desk(&journal, &keys, Some(outbox)).await;
        let recorded = here.read(|state| state.dispatch(DispatchId(5_000)).map(|it| it.record().title.clone()));
        assert_eq!(recorded.as_deref(), Some("先の方"));
        let aside = here.put_aside();
        assert_eq!(aside.len(), 1, "{aside:?}");
        let known = aside[0].known.as_ref().unwrap();
        assert_eq!((known.title.as_str(), known.people), ("あとの方", 1));
        let told = Alarm::put_aside(&aside[0], "osaka");
        assert!(told.text.contains(&known.title) && told.text.contains("もう一度作成し"), "{}", told.text);
        drop(here);
        // A start knows of it, and no more once somebody has taken the file away.
        let again = desk(&journal, &keys, Some(Outbox::open(folder.path(), "osaka").unwrap())).await;
        assert_eq!(again.put_aside(), aside);
        fs::remove_file(&aside[0].file).unwrap();
        assert_eq!(again.put_aside(), []);
    }
}
