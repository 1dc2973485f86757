//! The data folder: where journal and keys lie in it, and the master key that opens them.

use std::collections::BTreeMap;
use std::env::{self, VarError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use hikyaku_dispatch::{Desk, GivenMaster, Journal, Keys, Master, Outbox, PublicKey, SnapshotFile, State, read_state};

use super::home::{Home, in_use};
use crate::lock::{Lock, server_of};

/// The environment's master key, 64 hexadecimal digits; without it `keys/master.key` is used.
const MASTER: &str = "HIKYAKU_MASTER_KEY";
/// The master key before that one, for the one start at which it is replaced.
const MASTER_BEFORE: &str = "HIKYAKU_MASTER_KEY_BEFORE";

/// Opens journal, keys and state that are there, for this command alone.
pub async fn open_desk(data: &Path) -> Result<Desk, String> {
    let journal = open_journal(data).await?;
    claim(data)?;
    open_desk_on(journal, data).await
}

/// [`open_desk`] on a journal that is open, by whoever has the folder.
pub async fn open_desk_on(journal: Arc<dyn Journal>, data: &Path) -> Result<Desk, String> {
    open_desk_with(journal, data, None).await
}

/// [`open_desk_on`], which sends emergency dispatches also while the journal cannot be reached.
pub async fn open_desk_with(journal: Arc<dyn Journal>, data: &Path, outbox: Option<Outbox>) -> Result<Desk, String> {
    let snapshot = SnapshotFile::new(data.join("snapshot"));
    Desk::open_with(journal, open_keys(data)?, Some(snapshot), outbox).await.map_err(|e| e.to_string())
}

/// The present of a data folder whose system does not run; nothing is written.
pub async fn read_present(data: &Path) -> Result<State, String> {
    let (journal, keys) = (open_journal(data).await?, read_keys(data)?);
    let (state, _) = read_state(&*journal, &keys).await.map_err(|e| e.to_string())?;
    Ok(state)
}

/// Keeps a server, and any other command, from working on the same folder until this program ends: a database has no lock of its
/// own, and two programs that write the same keys would lose some, wherever the journal is.
pub fn claim(data: &Path) -> Result<(), String> {
    // Given back by the system when the program ends.
    static CLAIMED: Mutex<BTreeMap<PathBuf, Lock>> = Mutex::new(BTreeMap::new());
    let mut claimed = CLAIMED.lock().unwrap_or_else(PoisonError::into_inner);
    if !claimed.contains_key(data) {
        claimed.insert(data.to_owned(), lock(data)?);
    }
    Ok(())
}

/// [`claim`] for as long as the lock is held.
pub fn lock(data: &Path) -> Result<Lock, String> {
    match server_of(data) {
        Some(process) => Err(in_use(data, &process)),
        None => Lock::take(data),
    }
}

/// Whether a data folder has a journal, or says where it is.
pub fn has_journal(data: &Path) -> Result<bool, String> {
    Ok(Home::of(data)?.is_there())
}

/// Opens the journal that is there; none is made.
pub async fn open_journal(data: &Path) -> Result<Arc<dyn Journal>, String> {
    let home = Home::of(data)?;
    if !home.is_there() {
        return Err(format!("there is no journal.redb in {}: give the data folder of the system", data.display()));
    }
    home.open().await
}

/// Opens the keys that are there; none are made. Only for whoever has the folder: what another program was about to do with them
/// is finished or undone.
pub fn open_keys(data: &Path) -> Result<Keys, String> {
    keys_in(data)?;
    make_keys(data)
}

/// The keys that are there, to be read beside a server that may be changing them.
pub fn read_keys(data: &Path) -> Result<Keys, String> {
    Keys::open_to_read(keys_in(data)?, &master()?).map_err(|e| e.to_string())
}

/// Opens the keys that are there, or makes them; as [`open_keys`], for whoever has the folder.
pub fn make_keys(data: &Path) -> Result<Keys, String> {
    Keys::open_with(data.join("keys"), &master()?).map_err(|e| e.to_string())
}

fn keys_in(data: &Path) -> Result<PathBuf, String> {
    let folder = data.join("keys");
    if !folder.join("people.keys").exists() {
        return Err(format!("there is no people.keys in {}: put the key file there", folder.display()));
    }
    Ok(folder)
}

fn master() -> Result<Master, String> {
    Ok(match variable(MASTER)? {
        None => Master::File,
        Some(present) => {
            let given = GivenMaster::read(&present, variable(MASTER_BEFORE)?.as_deref());
            Master::Given(given.map_err(|e| format!("{MASTER}: {e}"))?)
        }
    })
}

/// [`open_desk`], of a folder that is set up first if it holds nothing of ours.
pub async fn set_up_desk(data: &Path) -> Result<Desk, String> {
    if !has_journal(data)? && !data.join("keys").exists() {
        std::fs::create_dir_all(data).map_err(|e| format!("{}: {e}", data.display()))?;
        claim(data)?;
        make_keys(data)?;
        Home::of(data)?.open().await?;
    }
    open_desk(data).await
}

/// The key that was asked for, else the one beside the keys, if any.
pub fn public_key(data: &Path, asked: Option<PublicKey>) -> Result<Option<PublicKey>, String> {
    if asked.is_some() {
        return Ok(asked);
    }
    let path = data.join("keys/signing.pub");
    match std::fs::read_to_string(&path) {
        Ok(text) => text.parse().map(Some).map_err(|e| format!("{}: {e}", path.display())),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(format!("{}: {e}", path.display())),
    }
}

fn variable(name: &str) -> Result<Option<String>, String> {
    match env::var(name) {
        Ok(value) => Ok(Some(value)),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(format!("{name} is not text: give 64 hexadecimal digits")),
    }
}
