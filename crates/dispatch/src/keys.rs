//! The keys: one for each person, one for links, wrapped by a master key, in files apart from the journal.
//!
//! `master.key` is a version byte and 32 bytes; `people.keys` is the sealed key ring, always rewritten whole, so that
//! an erased key is in no present file. Both are readable by the owner only.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::hmac;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use thiserror::Error;

use crate::id::PersonId;
use crate::sealed::{Private, Sealed, Secret};

const MASTER_FILE: &str = "master.key";
const RING_FILE: &str = "people.keys";
/// The form of both files that this program writes.
const VERSION: u8 = 1;
/// What the key ring is sealed for.
const RING_OWNER: &[u8] = b"hikyaku key ring";

/// Names a key ring; the journal remembers the one it was written with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RingId(pub(crate) [u8; 16]);

impl std::fmt::Display for RingId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().take(8).try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Why keys cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum KeysError {
    /// A file cannot be read or written.
    #[error("the key file {}: {source}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file is not what it should be.
    #[error("the key file {}: {problem}", path.display())]
    Content {
        /// Which file.
        path: PathBuf,
        /// What is wrong and what to do.
        problem: &'static str,
    },
    /// Sealed personal data was changed, or sealed with another key of the same person.
    #[error("personal data of {person} does not open with that person's key: restore the journal or the key file")]
    DoesNotOpen {
        /// Whose.
        person: PersonId,
    },
    /// The machine gives no randomness.
    #[error("the system gives no random bytes: check the machine")]
    NoRandomness,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Ring {
    id: RingId,
    link_key: u8,
    link_keys: BTreeMap<u8, Secret>,
    people: BTreeMap<PersonId, Secret>,
}

/// All keys of one system; clones share them.
#[derive(Clone)]
pub struct Keys(Arc<Inner>);

struct Inner {
    home: Option<Home>,
    ring: RwLock<Ring>,
}

struct Home {
    folder: PathBuf,
    master: Secret,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keys({})", self.ring_id())
    }
}

impl Keys {
    /// Opens the keys in a folder, or makes them and the folder if there are none.
    ///
    /// # Errors
    /// [`KeysError`] names the file. A key ring without its master key is never replaced.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, KeysError> {
        let folder = folder.as_ref().to_owned();
        fs::create_dir_all(&folder).map_err(|source| KeysError::File { path: folder.clone(), source })?;
        let ring_path = folder.join(RING_FILE);
        let sealed_ring = read(&ring_path)?;
        let master = match (read(&folder.join(MASTER_FILE))?, &sealed_ring) {
            (Some(bytes), _) => master_from(&folder, &bytes)?,
            (None, None) => make_master(&folder)?,
            (None, Some(_)) => {
                let problem = "it is missing but people.keys is there: put back the master key that belongs to it";
                return Err(KeysError::Content { path: folder.join(MASTER_FILE), problem });
            }
        };
        let ring = match &sealed_ring {
            Some(bytes) => Some(ring_from(&ring_path, &master, bytes)?),
            None => None,
        };
        let fresh = ring.is_none();
        let ring = ring.map_or_else(new_ring, Ok)?;
        let home = Home { folder, master };
        if fresh {
            home.write(&ring)?;
        }
        Ok(Keys(Arc::new(Inner { home: Some(home), ring: RwLock::new(ring) })))
    }

    /// Keys that are gone with their owner, for tests and trials.
    ///
    /// # Errors
    /// [`KeysError::NoRandomness`].
    pub fn in_memory() -> Result<Self, KeysError> {
        Ok(Keys(Arc::new(Inner { home: None, ring: RwLock::new(new_ring()?) })))
    }

    /// The name of this key ring.
    #[must_use]
    pub fn ring_id(&self) -> RingId {
        self.read(|ring| ring.id)
    }

    /// Destroys a person's key: nothing sealed with it can be read again anywhere (requirement S05). Durable on return.
    ///
    /// # Errors
    /// [`KeysError::File`]; the key is then still there.
    pub fn erase(&self, person: PersonId) -> Result<(), KeysError> {
        self.change(|ring| {
            ring.people.remove(&person);
            Ok(())
        })
    }

    /// Makes keys for those who have none. Durable on return.
    pub(crate) fn ensure(&self, people: &[PersonId]) -> Result<(), KeysError> {
        let missing = |ring: &Ring| people.iter().any(|person| !ring.people.contains_key(person));
        if !self.read(missing) {
            return Ok(());
        }
        self.change(|ring| {
            for person in people {
                if !ring.people.contains_key(person) {
                    ring.people.insert(*person, Secret::new(random()?));
                }
            }
            Ok(())
        })
    }

    /// Seals a person's data; [`Private::Erased`] if the person has no key any more.
    pub(crate) fn seal<T: Serialize>(&self, person: PersonId, value: &T) -> Result<Private<T>, KeysError> {
        let Some(secret) = self.secret(person) else { return Ok(Private::Erased) };
        let plain = postcard::to_stdvec(value).map_err(|_| KeysError::DoesNotOpen { person })?;
        let sealed = secret.seal(&owner(person), &plain).ok_or(KeysError::NoRandomness)?;
        Ok(Private::Sealed(sealed))
    }

    /// Opens a person's data; [`Private::Erased`] if the person has no key any more.
    pub(crate) fn open_sealed<T: DeserializeOwned>(
        &self,
        person: PersonId,
        sealed: &Sealed,
    ) -> Result<Private<T>, KeysError> {
        let Some(secret) = self.secret(person) else { return Ok(Private::Erased) };
        let plain = secret.open(&owner(person), sealed).ok_or(KeysError::DoesNotOpen { person })?;
        postcard::from_bytes(&plain).map(Private::Open).map_err(|_| KeysError::DoesNotOpen { person })
    }

    /// The number of the link key that new links are made with.
    pub(crate) fn link_key(&self) -> u8 {
        self.read(|ring| ring.link_key)
    }

    /// HMAC-SHA-256 with a link key, if it exists.
    pub(crate) fn link_mac(&self, key: u8, message: &[u8]) -> Option<hmac::Tag> {
        let secret = self.read(|ring| ring.link_keys.get(&key).cloned())?;
        Some(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.bytes()), message))
    }

    fn secret(&self, person: PersonId) -> Option<Secret> {
        self.read(|ring| ring.people.get(&person).cloned())
    }

    fn read<R>(&self, f: impl FnOnce(&Ring) -> R) -> R {
        f(&self.0.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes a copy, writes it, and only then shows it.
    fn change(&self, f: impl FnOnce(&mut Ring) -> Result<(), KeysError>) -> Result<(), KeysError> {
        let mut ring = self.0.ring.write().unwrap_or_else(PoisonError::into_inner);
        let mut changed = ring.clone();
        f(&mut changed)?;
        if let Some(home) = &self.0.home {
            home.write(&changed)?;
        }
        *ring = changed;
        Ok(())
    }
}

/// What personal data of a person is bound to.
fn owner(person: PersonId) -> [u8; 4] {
    person.0.to_be_bytes()
}

fn random<const N: usize>() -> Result<[u8; N], KeysError> {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| KeysError::NoRandomness)?;
    Ok(bytes)
}

fn new_ring() -> Result<Ring, KeysError> {
    let link_keys = BTreeMap::from([(1, Secret::new(random()?))]);
    Ok(Ring { id: RingId(random()?), link_key: 1, link_keys, people: BTreeMap::new() })
}

fn make_master(folder: &Path) -> Result<Secret, KeysError> {
    let secret: [u8; 32] = random()?;
    let mut bytes = vec![VERSION];
    bytes.extend_from_slice(&secret);
    replace(&folder.join(MASTER_FILE), &bytes)?;
    Ok(Secret::new(secret))
}

fn master_from(folder: &Path, bytes: &[u8]) -> Result<Secret, KeysError> {
    match bytes.split_first() {
        Some((&VERSION, secret)) if secret.len() == 32 => {
            let mut key = [0; 32];
            key.copy_from_slice(secret);
            Ok(Secret::new(key))
        }
        _ => Err(KeysError::Content {
            path: folder.join(MASTER_FILE),
            problem: "it is not a master key of this version: put back the right file",
        }),
    }
}

fn ring_from(path: &Path, master: &Secret, bytes: &[u8]) -> Result<Ring, KeysError> {
    let wrong = |problem| KeysError::Content { path: path.to_owned(), problem };
    let Some((&VERSION, sealed)) = bytes.split_first() else {
        return Err(wrong("it is not a key ring of this version: put back the right file"));
    };
    let plain = master.open(RING_OWNER, &Sealed::from_bytes(sealed.to_vec()));
    let plain =
        plain.ok_or_else(|| wrong("it does not open with master.key: put back the pair that belongs together"))?;
    postcard::from_bytes(&plain).map_err(|_| wrong("its content cannot be read: put back the right file"))
}

impl Home {
    fn write(&self, ring: &Ring) -> Result<(), KeysError> {
        let path = self.folder.join(RING_FILE);
        let content = |problem| KeysError::Content { path: path.clone(), problem };
        let plain = postcard::to_stdvec(ring).map_err(|_| content("it cannot be written in this form"))?;
        let sealed = self.master.seal(RING_OWNER, &plain).ok_or(KeysError::NoRandomness)?;
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(sealed.as_bytes());
        replace(&path, &bytes)
    }
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, KeysError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(KeysError::File { path: path.to_owned(), source }),
    }
}

/// Writes a whole file beside the old one and puts it in its place, so that a crash leaves one or the other.
fn replace(path: &Path, bytes: &[u8]) -> Result<(), KeysError> {
    let write = || -> io::Result<()> {
        let beside = path.with_extension("new");
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
