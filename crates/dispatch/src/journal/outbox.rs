//! The outbox of a node: emergency dispatches that it sent without the journal, a file each, until the journal has them and every
//! node sends its part again.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::apart::Sent;
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
}

impl Outbox {
    /// Reads what is kept in `folder`, which is made when it is needed, for the node of this name.
    ///
    /// # Errors
    /// [`FileError`] names a file that cannot be read.
    pub fn open(folder: impl Into<PathBuf>, node: impl Into<String>) -> Result<Self, FileError> {
        let (folder, node) = (folder.into(), node.into());
        let mut kept = Vec::new();
        for path in files(&folder)? {
            let read = fs::read(&path).and_then(|bytes| decode(&bytes));
            kept.push(read.map_err(|problem| FileError { path, problem })?);
        }
        kept.sort_by_key(|sent| (sent.at, sent.dispatch()));
        Ok(Outbox { folder, node, kept })
    }

    /// Whether anything is kept in `folder`.
    ///
    /// # Errors
    /// [`FileError`]: the folder cannot be read.
    pub fn holds(folder: &Path) -> Result<bool, FileError> {
        files(folder).map(|files| !files.is_empty())
    }

    /// The name of its node.
    pub(crate) fn node(&self) -> &str {
        &self.node
    }

    /// What is kept, oldest first.
    pub(crate) fn kept(&self) -> &[Sent] {
        &self.kept
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
        let aside: Vec<PathBuf> = self.of(dispatch).map(|sent| self.path(sent)).collect();
        for path in aside {
            fs::rename(&path, path.with_extension(ASIDE))?;
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

/// The files of a folder that may not be there.
fn files(folder: &Path) -> Result<Vec<PathBuf>, FileError> {
    let wrong = |problem| FileError { path: folder.to_owned(), problem };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(problem) if problem.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(problem) => return Err(wrong(problem)),
    };
    let paths: Result<Vec<PathBuf>, _> = entries.map(|entry| entry.map(|it| it.path()).map_err(wrong)).collect();
    Ok(paths?.into_iter().filter(|path| path.extension() == Some(OsStr::new(KEPT))).collect())
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
