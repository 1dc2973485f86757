//! The keys: one for each person, those of links, signatures and snapshots, wrapped by a master key, in files apart from
//! the journal.
//!
//! `people.keys` is the sealed key ring, always rewritten whole, so that an erased key is in no present file; `master.key`
//! or the environment holds what opens it. Whoever erases makes the old master key useless too: a copy of the ring from
//! before does not open with anything that is still there.

mod exchange;
mod home;
mod ring;
mod seal;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use thiserror::Error;

use crate::id::PersonId;
use crate::sealed::{Private, Sealed, Secret};
use crate::signed::{PublicKey, SignedText, Statement};
pub use exchange::{GivenKeys, KEYS_ASKED_MAX, KeyQuestion};
use home::Home;
pub use home::{GivenMaster, Master};
use ring::{Ring, fresh};

/// What snapshots are sealed for.
const SNAPSHOT_OWNER: &[u8] = b"hikyaku snapshot";

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
    /// What was opened is not what this version seals.
    #[error("personal data of {person} has a form that is not known here: use a newer hikyaku")]
    Unreadable {
        /// Whose.
        person: PersonId,
    },
    /// A master key that was given is not one.
    #[error("the given master key is not 64 hexadecimal digits: make one with `openssl rand -hex 32`")]
    GivenMaster,
    /// The master key comes from outside and cannot be replaced here.
    #[error(
        "the master key is given from outside: give the new one as HIKYAKU_MASTER_KEY and the old one as HIKYAKU_MASTER_KEY_BEFORE at the next start"
    )]
    MasterIsGiven,
    /// Keys that were opened to be read cannot be changed.
    #[error("these keys were opened to be read only: another program may be changing them")]
    OnlyRead,
    /// All numbers of link keys are in use.
    #[error("there are 255 link keys: retire old ones first")]
    TooManyLinkKeys,
    /// The machine gives no randomness.
    #[error("the system gives no random bytes: check the machine")]
    NoRandomness,
}

/// How far an erasure has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Erasure {
    /// No key that is still anywhere opens the person's data.
    Done,
    /// The key is gone from the ring, but a copy of the ring from before opens with the master key that is given at
    /// each start. Done as soon as a new one is given.
    Pending,
}

/// All keys of one system; clones share them.
#[derive(Clone)]
pub struct Keys(Arc<RwLock<Inner>>);

struct Inner {
    home: Place,
    ring: Ring,
    /// The newest link key that any node of this system has, as far as it was told.
    newest_link_key: u8,
}

/// Where changes go.
enum Place {
    /// Nowhere: the ring goes with its owner.
    Memory,
    /// Into these files.
    Folder(Home),
    /// There are none: somebody else has the files.
    Read,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keys({})", self.ring_id())
    }
}

impl Keys {
    /// Opens the keys in a folder with `master.key` in it, or makes them and the folder if there are none.
    ///
    /// # Errors
    /// [`KeysError`] names the file. A key ring without its master key is never replaced.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, KeysError> {
        Self::open_with(folder, &Master::File)
    }

    /// [`Keys::open`] with a master key from wherever `master` says. One that is given replaces the one before it, and
    /// erasures that were pending are done then. A replacement that was interrupted is finished or undone, so that only one
    /// program may have a folder open; all others use [`Keys::open_to_read`].
    ///
    /// # Errors
    /// As [`Keys::open`].
    pub fn open_with(folder: impl AsRef<Path>, master: &Master) -> Result<Self, KeysError> {
        let (home, ring) = Home::open(folder.as_ref(), master)?;
        Ok(Keys::of(Place::Folder(home), ring))
    }

    /// The keys of a folder as they are now, also while another program changes them; nothing is made, and nothing there changes.
    ///
    /// # Errors
    /// As [`Keys::open`]; whatever would change them is [`KeysError::OnlyRead`] then.
    pub fn open_to_read(folder: impl AsRef<Path>, master: &Master) -> Result<Self, KeysError> {
        Ok(Keys::of(Place::Read, Home::read_ring(folder.as_ref(), master)?))
    }

    /// Keys that are gone with their owner, for tests and trials.
    ///
    /// # Errors
    /// [`KeysError::NoRandomness`].
    pub fn in_memory() -> Result<Self, KeysError> {
        Ok(Keys::of(Place::Memory, Ring::new()?))
    }

    fn of(home: Place, ring: Ring) -> Self {
        Keys(Arc::new(RwLock::new(Inner { home, ring, newest_link_key: 0 })))
    }

    /// The name of this key ring.
    #[must_use]
    pub fn ring_id(&self) -> RingId {
        self.read(|ring| ring.id)
    }

    /// Destroys a person's key: nothing sealed with it can be read again anywhere, nor any snapshot from before
    /// (requirement S05). Durable on return.
    ///
    /// # Errors
    /// [`KeysError::File`]; the key is then still there, or is gone without the old master key being gone: erase again.
    pub fn erase(&self, person: PersonId) -> Result<Erasure, KeysError> {
        self.erase_all(&[person])
    }

    /// [`Keys::erase`] for several at once.
    pub(crate) fn erase_all(&self, people: &[PersonId]) -> Result<Erasure, KeysError> {
        let mut inner = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let Inner { home, ring: present, .. } = &mut *inner;
        let mut ring = present.clone();
        ring.people.retain(|person, _| !people.contains(person));
        ring.snapshot = fresh()?;
        match home {
            Place::Folder(home) if home.is_file() => {
                home.write_under_next(&ring)?;
                // Whatever fails from here on: what is written next is written without them.
                *present = ring;
                home.install_next()?;
                Ok(Erasure::Done)
            }
            Place::Folder(home) => {
                ring.pending.extend(people);
                home.write(&ring)?;
                *present = ring;
                Ok(Erasure::Pending)
            }
            Place::Memory => {
                *present = ring;
                Ok(Erasure::Done)
            }
            Place::Read => Err(KeysError::OnlyRead),
        }
    }

    /// How far a person's erasure is; `None` while there is a key, in the ring or in a copy of it from before that the old master key
    /// opens.
    #[must_use]
    pub fn erasure(&self, person: PersonId) -> Option<Erasure> {
        let inner = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let is_halfway = matches!(&inner.home, Place::Folder(home) if home.is_halfway());
        let is_there = is_halfway || inner.ring.people.contains_key(&person);
        match (is_there, inner.ring.pending.contains(&person)) {
            (true, _) => None,
            (false, true) => Some(Erasure::Pending),
            (false, false) => Some(Erasure::Done),
        }
    }

    /// Seals the ring with a new master key and destroys the old one.
    ///
    /// # Errors
    /// [`KeysError::MasterIsGiven`] where it is not a file, [`KeysError::File`].
    pub fn rotate_master(&self) -> Result<(), KeysError> {
        let mut inner = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let ring = inner.ring.clone();
        match &mut inner.home {
            Place::Folder(home) if home.is_file() => {
                home.write_under_next(&ring)?;
                home.install_next()
            }
            Place::Folder(_) => Err(KeysError::MasterIsGiven),
            Place::Memory => Ok(()),
            Place::Read => Err(KeysError::OnlyRead),
        }
    }

    /// Makes a further link key: links made from now on use it, those already sent keep working. Returns its number.
    ///
    /// # Errors
    /// [`KeysError::TooManyLinkKeys`], [`KeysError::File`].
    pub fn rotate_link_key(&self) -> Result<u8, KeysError> {
        self.change(Ring::rotate_link_key)?;
        Ok(self.link_key())
    }

    /// Destroys every link key but the present one: links made with them open nothing any more.
    ///
    /// # Errors
    /// [`KeysError::File`].
    pub fn retire_link_keys(&self) -> Result<(), KeysError> {
        self.change(|ring| {
            let present = ring.link_key;
            ring.link_keys.retain(|number, _| *number == present);
            Ok(())
        })
    }

    /// Destroys every key there is, files included, and returns the names of the files (requirement S19). Nothing that
    /// was ever sealed can be read again; `statement` is signed with the last use of the signing key.
    ///
    /// # Errors
    /// [`KeysError::File`]; what was destroyed before it stays destroyed.
    pub fn destroy(&self, statement: impl FnOnce(&[String]) -> Statement) -> Result<SignedText, KeysError> {
        let mut inner = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let pair = inner.ring.signing_pair()?;
        let destroyed = match &inner.home {
            Place::Folder(home) => home.destroy()?,
            Place::Memory => Vec::new(),
            Place::Read => return Err(KeysError::OnlyRead),
        };
        *inner = Inner { home: Place::Memory, ring: Ring::new()?, newest_link_key: 0 };
        Ok(SignedText::sign(&pair, &statement(&destroyed)))
    }

    /// Who signs heads and certificates of this system.
    ///
    /// # Errors
    /// [`KeysError::NoRandomness`] if the machine cannot use the key.
    pub fn public_key(&self) -> Result<PublicKey, KeysError> {
        Ok(public_key(&self.read(Ring::signing_pair)?))
    }

    /// Signs lines under a first line, which says what they are.
    ///
    /// # Errors
    /// [`KeysError`] if the ring's key cannot be used.
    pub fn sign(&self, statement: &Statement) -> Result<SignedText, KeysError> {
        Ok(SignedText::sign(&self.read(Ring::signing_pair)?, statement))
    }

    /// Signs what is no text for people; it must begin with what it is for.
    pub(crate) fn sign_message(&self, message: &[u8]) -> Result<Vec<u8>, KeysError> {
        Ok(self.read(Ring::signing_pair)?.sign(message).as_ref().to_vec())
    }

    /// Seals the part of a snapshot at a place; opens there and until the next erasure.
    pub(crate) fn seal_snapshot(&self, place: &[u8], plain: &[u8]) -> Result<Sealed, KeysError> {
        let owner = [SNAPSHOT_OWNER, place].concat();
        self.read(|ring| ring.snapshot.seal(&owner, plain)).ok_or(KeysError::NoRandomness)
    }

    /// What [`Keys::seal_snapshot`] sealed; `None` if it was changed, or somebody was erased since.
    pub(crate) fn open_snapshot(&self, place: &[u8], sealed: &Sealed) -> Option<Vec<u8>> {
        let owner = [SNAPSHOT_OWNER, place].concat();
        self.read(|ring| ring.snapshot.open(&owner, sealed))
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
                    ring.people.insert(*person, fresh()?);
                }
            }
            Ok(())
        })
    }

    /// Seals a person's data; [`Private::Erased`] if the person has no key any more.
    pub(crate) fn seal<T: Serialize>(&self, person: PersonId, value: &T) -> Result<Private<T>, KeysError> {
        let Some(secret) = self.secret(person) else { return Ok(Private::Erased) };
        let plain = postcard::to_stdvec(value).map_err(|_| KeysError::Unreadable { person })?;
        let sealed = secret.seal(&owner(person), &plain).ok_or(KeysError::NoRandomness)?;
        Ok(Private::Sealed(sealed))
    }

    /// Opens a person's data; [`Private::Erased`] if no key that is here opens it: the chain vouches for its bytes, so it
    /// was sealed with a key that is gone.
    pub(crate) fn open_sealed<T: DeserializeOwned>(
        &self,
        person: PersonId,
        sealed: &Sealed,
    ) -> Result<Private<T>, KeysError> {
        let plain = self.secret(person).and_then(|secret| secret.open(&owner(person), sealed));
        let Some(plain) = plain else { return Ok(Private::Erased) };
        postcard::from_bytes(&plain).map(Private::Open).map_err(|_| KeysError::Unreadable { person })
    }

    /// The number of the link key that new links are made with.
    #[must_use]
    pub fn link_key(&self) -> u8 {
        self.read(|ring| ring.link_key)
    }

    /// Notes that some node of this system makes links with the key of this number.
    pub fn note_link_key(&self, number: u8) {
        let mut inner = self.0.write().unwrap_or_else(PoisonError::into_inner);
        inner.newest_link_key = inner.newest_link_key.max(number);
    }

    /// Whether a newer link key than the present one is at another node.
    #[must_use]
    pub fn lacks_link_keys(&self) -> bool {
        let inner = self.0.read().unwrap_or_else(PoisonError::into_inner);
        inner.newest_link_key > inner.ring.link_key
    }

    /// Whether this one is at another node and not here yet: what it vouches for is read later.
    pub(crate) fn lacks_link_key(&self, number: u8) -> bool {
        let inner = self.0.read().unwrap_or_else(PoisonError::into_inner);
        number > inner.ring.link_key && number <= inner.newest_link_key
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
        f(&self.0.read().unwrap_or_else(PoisonError::into_inner).ring)
    }

    /// Changes a copy, writes it, and only then shows it.
    fn change(&self, f: impl FnOnce(&mut Ring) -> Result<(), KeysError>) -> Result<(), KeysError> {
        let mut inner = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let mut changed = inner.ring.clone();
        f(&mut changed)?;
        match &inner.home {
            Place::Folder(home) => home.write(&changed)?,
            Place::Memory => {}
            Place::Read => return Err(KeysError::OnlyRead),
        }
        inner.ring = changed;
        Ok(())
    }
}

fn public_key(pair: &Ed25519KeyPair) -> PublicKey {
    let mut key = [0; 32];
    key.copy_from_slice(pair.public_key().as_ref());
    PublicKey(key)
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
