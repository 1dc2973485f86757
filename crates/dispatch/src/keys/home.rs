//! Where the keys lie: `people.keys`, sealed by the master key, and `master.key` or a master key that is given.
//!
//! A new master key is written beside the old one (`master.new`), then the ring is sealed with it and replaced, then the
//! old master key is overwritten and the new one takes its place. Whenever that is interrupted, one of the two opens
//! the ring that is there. Whoever only reads does so in the midst of it too, and leaves it to its owner to go on.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use super::KeysError;
use super::ring::{Ring, RingProblem, fresh};
use crate::sealed::Secret;
use crate::signed::unhex;

const MASTER_FILE: &str = "master.key";
const NEXT_MASTER_FILE: &str = "master.new";
const RING_FILE: &str = "people.keys";
const PUBLIC_FILE: &str = "signing.pub";
/// How often a reader looks at the folder: what it reads one after the other may be of before and after a replacement.
const LOOKS: usize = 10;
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);
/// The form of a master key in a file.
const VERSION: u8 = 1;

const NO_PAIR: &str = "it does not open with master.key: put back the pair that belongs together";
const NEITHER: &str = "it opens neither with HIKYAKU_MASTER_KEY nor with HIKYAKU_MASTER_KEY_BEFORE: give the master key that belongs to it";

/// Where the master key comes from.
#[derive(Clone, Debug)]
pub enum Master {
    /// The file `master.key` in the folder of the keys, made if there is none. Erasing replaces it at once.
    File,
    /// Given at each start, such as by the environment; hikyaku cannot replace it.
    Given(GivenMaster),
}

/// A master key from outside, and the one before it while it is being replaced.
#[derive(Clone, Debug)]
pub struct GivenMaster {
    present: Secret,
    before: Option<Secret>,
}

impl GivenMaster {
    /// Reads 64 hexadecimal digits each; `before` opens the ring when `present` does not yet.
    ///
    /// # Errors
    /// [`KeysError::GivenMaster`] if one is not that.
    pub fn read(present: &str, before: Option<&str>) -> Result<Self, KeysError> {
        let key = |text: &str| unhex(text.trim()).map(Secret::new).ok_or(KeysError::GivenMaster);
        Ok(GivenMaster { present: key(present)?, before: before.map(key).transpose()? })
    }
}

/// The folder of the keys, open.
pub(super) struct Home {
    folder: PathBuf,
    master: Secret,
    is_file: bool,
    /// The one before may still lie in its file.
    is_halfway: bool,
}

/// The master keys that may open a ring.
struct Candidates {
    /// The one that is in use.
    present: Option<Secret>,
    /// In files the one that was to follow it; of given ones the one before it.
    other: Option<Secret>,
}

/// A ring that was opened.
struct Opened {
    ring: Ring,
    by_other: bool,
    old_form: bool,
}

impl Home {
    /// Opens the ring of a folder, or makes folder, master key and ring if there are none.
    pub(super) fn open(folder: &Path, master: &Master) -> Result<(Home, Ring), KeysError> {
        fs::create_dir_all(folder).map_err(|source| KeysError::File { path: folder.to_owned(), source })?;
        let stored = read(&folder.join(RING_FILE))?;
        let (home, ring) = match master {
            Master::File => Self::open_by_files(folder, stored.as_deref())?,
            Master::Given(given) => Self::open_by_given(folder, stored.as_deref(), given)?,
        };
        write_public(folder, &ring)?;
        Ok((home, ring))
    }

    /// The ring of a folder in which another program may be at work: nothing there is written, removed or finished.
    pub(super) fn read_ring(folder: &Path, master: &Master) -> Result<Ring, KeysError> {
        for _ in 1..LOOKS {
            match Self::look(folder, master) {
                Err(KeysError::Content { .. }) => sleep(BETWEEN_LOOKS),
                other => return other,
            }
        }
        Self::look(folder, master)
    }

    fn look(folder: &Path, master: &Master) -> Result<Ring, KeysError> {
        let wrong = |problem| Err(KeysError::Content { path: folder.join(RING_FILE), problem });
        let Some(stored) = read(&folder.join(RING_FILE))? else {
            return wrong("it is not there: put the key file there");
        };
        let (candidates, problem) = match master {
            Master::File => (Candidates::in_files(folder)?, NO_PAIR),
            Master::Given(given) => (Candidates::of(given), NEITHER),
        };
        let opened = candidates.open(folder, &stored, problem)?;
        if opened.old_form {
            // Keys that it lacks would be made here and known to nobody else.
            return wrong("it has the form of an older version: start the server once, which writes it anew");
        }
        Ok(opened.ring)
    }

    fn open_by_files(folder: &Path, stored: Option<&[u8]>) -> Result<(Home, Ring), KeysError> {
        let home = |master: Secret| Home { folder: folder.to_owned(), master, is_file: true, is_halfway: false };
        let next = folder.join(NEXT_MASTER_FILE);
        let Some(stored) = stored else {
            let master = match read_master(folder)? {
                Some(master) => master,
                None => make_master(folder)?,
            };
            let (home, ring) = (home(master), Ring::new()?);
            home.write(&ring)?;
            return Ok((home, ring));
        };
        let candidates = Candidates::in_files(folder)?;
        if candidates.present.is_none() && candidates.other.is_none() {
            let problem = "it is missing but people.keys is there: put back the master key that belongs to it";
            return Err(KeysError::Content { path: folder.join(MASTER_FILE), problem });
        }
        let opened = candidates.open(folder, stored, NO_PAIR)?;
        let used = if opened.by_other { candidates.other } else { candidates.present };
        let mut home = home(used.unwrap_or_else(|| Secret::new([0; 32])));
        // Finishes or undoes a replacement that was interrupted.
        if opened.by_other {
            home.is_halfway = true;
            home.install_next()?;
        } else if next.exists() {
            remove(&next)?;
        }
        if opened.old_form {
            home.write(&opened.ring)?;
        }
        Ok((home, opened.ring))
    }

    fn open_by_given(folder: &Path, stored: Option<&[u8]>, given: &GivenMaster) -> Result<(Home, Ring), KeysError> {
        let home = Home { folder: folder.to_owned(), master: given.present.clone(), is_file: false, is_halfway: false };
        let Some(stored) = stored else {
            let ring = Ring::new()?;
            home.write(&ring)?;
            return Ok((home, ring));
        };
        let mut opened = Candidates::of(given).open(folder, stored, NEITHER)?;
        if opened.by_other {
            // The new master key is seen: no copy of the ring from before opens with what is given from now on.
            opened.ring.pending.clear();
        }
        if opened.by_other || opened.old_form {
            home.write(&opened.ring)?;
        }
        Ok((home, opened.ring))
    }

    pub(super) fn is_file(&self) -> bool {
        self.is_file
    }

    /// Seals and replaces the ring.
    pub(super) fn write(&self, ring: &Ring) -> Result<(), KeysError> {
        replace(&self.folder.join(RING_FILE), &ring.to_stored(&self.master)?)
    }

    /// Seals the ring with a master key that never was before. The old one is there until [`Home::install_next`].
    pub(super) fn write_under_next(&mut self, ring: &Ring) -> Result<(), KeysError> {
        // The place of the next one may still hold the only copy of what opens the ring.
        self.install_next()?;
        let next = fresh()?;
        replace(&self.folder.join(NEXT_MASTER_FILE), &master_bytes(&next))?;
        replace(&self.folder.join(RING_FILE), &ring.to_stored(&next)?)?;
        (self.master, self.is_halfway) = (next, true);
        Ok(())
    }

    /// Whether the old master key may still be there, after one that opens nothing of now took its place.
    pub(super) fn is_halfway(&self) -> bool {
        self.is_halfway
    }

    /// Destroys the old master key, if it may still be there: overwritten where it lies, for a name that is merely given to another
    /// file leaves its bytes.
    pub(super) fn install_next(&mut self) -> Result<(), KeysError> {
        if !self.is_halfway {
            return Ok(());
        }
        let (path, next, ours) =
            (self.folder.join(MASTER_FILE), self.folder.join(NEXT_MASTER_FILE), master_bytes(&self.master));
        // It may have come so far before, and then only its name was not forced to the disk.
        if read(&path)?.as_ref() != Some(&ours) {
            // Nothing is overwritten before what opens the ring lies safely elsewhere.
            if read(&next)?.as_ref() != Some(&ours) {
                replace(&next, &ours)?;
            }
            overwrite(&path)?;
            fs::rename(&next, &path).map_err(|source| KeysError::File { path: path.clone(), source })?;
        }
        let folder = fs::File::open(&self.folder).and_then(|folder| folder.sync_all());
        folder.map_err(|source| KeysError::File { path, source })?;
        self.is_halfway = false;
        Ok(())
    }

    /// Destroys every key file: overwritten, then removed. Returns their names.
    pub(super) fn destroy(&self) -> Result<Vec<String>, KeysError> {
        let mut destroyed = Vec::new();
        for name in [MASTER_FILE, NEXT_MASTER_FILE, RING_FILE] {
            let path = self.folder.join(name);
            if path.exists() {
                overwrite(&path)?;
                remove(&path)?;
                destroyed.push(name.to_owned());
            }
        }
        Ok(destroyed)
    }
}

impl Candidates {
    fn in_files(folder: &Path) -> Result<Self, KeysError> {
        let next = read(&folder.join(NEXT_MASTER_FILE))?;
        Ok(Candidates { present: read_master(folder)?, other: next.and_then(|bytes| master_from(&bytes)) })
    }

    fn of(given: &GivenMaster) -> Self {
        Candidates { present: Some(given.present.clone()), other: given.before.clone() }
    }

    fn open(&self, folder: &Path, stored: &[u8], closed: &'static str) -> Result<Opened, KeysError> {
        let wrong = |problem| KeysError::Content { path: folder.join(RING_FILE), problem };
        for (by_other, master) in [(false, &self.present), (true, &self.other)] {
            let Some(master) = master else { continue };
            match Ring::open(stored, master) {
                Ok((ring, old_form)) => return Ok(Opened { ring, by_other, old_form }),
                Err(RingProblem::Form) => {
                    return Err(wrong("it is not a key ring of this version: put back the right file"));
                }
                Err(RingProblem::Master) => {}
            }
        }
        Err(wrong(closed))
    }
}

/// The master key in its file; `None` if there is none, or if it was overwritten while its successor waits.
fn read_master(folder: &Path) -> Result<Option<Secret>, KeysError> {
    let path = folder.join(MASTER_FILE);
    let Some(bytes) = read(&path)? else { return Ok(None) };
    let key = master_from(&bytes);
    if key.is_none() && !folder.join(NEXT_MASTER_FILE).exists() {
        let problem = "it is not a master key of this version: put back the right file";
        return Err(KeysError::Content { path, problem });
    }
    Ok(key)
}

fn make_master(folder: &Path) -> Result<Secret, KeysError> {
    let key = fresh()?;
    replace(&folder.join(MASTER_FILE), &master_bytes(&key))?;
    Ok(key)
}

fn master_bytes(key: &Secret) -> Vec<u8> {
    [&[VERSION], key.bytes().as_slice()].concat()
}

fn master_from(bytes: &[u8]) -> Option<Secret> {
    let (&VERSION, key) = bytes.split_first()? else { return None };
    Some(Secret::new(key.try_into().ok()?))
}

/// The public half of the signing key, for whoever checks heads and certificates.
fn write_public(folder: &Path, ring: &Ring) -> Result<(), KeysError> {
    let path = folder.join(PUBLIC_FILE);
    let text = format!("{}\n", super::public_key(&ring.signing_pair()?));
    if read(&path)?.as_deref() == Some(text.as_bytes()) { Ok(()) } else { replace(&path, text.as_bytes()) }
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, KeysError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(KeysError::File { path: path.to_owned(), source }),
    }
}

fn remove(path: &Path) -> Result<(), KeysError> {
    fs::remove_file(path).map_err(|source| KeysError::File { path: path.to_owned(), source })
}

/// Zeros over every byte of a file, forced to the disk; nothing if there is no such file.
fn overwrite(path: &Path) -> Result<(), KeysError> {
    let write = || -> io::Result<()> {
        let mut file = match fs::OpenOptions::new().write(true).open(path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
            other => other?,
        };
        let length = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
        file.write_all(&vec![0; length])?;
        file.sync_all()
    };
    write().map_err(|source| KeysError::File { path: path.to_owned(), source })
}

/// Writes a whole file beside the old one and puts it in its place, so that a crash leaves one or the other.
fn replace(path: &Path, bytes: &[u8]) -> Result<(), KeysError> {
    let write = || -> io::Result<()> {
        let beside = path.with_extension("draft");
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        path.parent().map_or(Ok(()), |folder| fs::File::open(folder)?.sync_all())
    };
    write().map_err(|source| KeysError::File { path: path.to_owned(), source })
}
