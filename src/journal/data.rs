//! The data folder: where journal and keys lie in it, and the master key that opens them.

use std::env::{self, VarError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hikyaku_dispatch::{Desk, GivenMaster, Keys, Master, PublicKey, RedbJournal, SnapshotFile, State, read_state};

use crate::lock::server_of;

/// The environment's master key, 64 hexadecimal digits; without it `keys/master.key` is used.
const MASTER: &str = "HIKYAKU_MASTER_KEY";
/// The master key before that one, for the one start at which it is replaced.
const MASTER_BEFORE: &str = "HIKYAKU_MASTER_KEY_BEFORE";

/// Opens journal, keys and state that are there.
pub async fn open_desk(data: &Path) -> Result<Desk, String> {
    let (journal, keys) = (open_journal(data)?, open_keys(data)?);
    let snapshot = SnapshotFile::new(data.join("snapshot"));
    Desk::open_from(Arc::new(journal), keys, Some(snapshot)).await.map_err(|e| e.to_string())
}

/// The present of a data folder whose system does not run; nothing is written.
pub async fn read_present(data: &Path) -> Result<State, String> {
    let (journal, keys) = (open_journal(data)?, open_keys(data)?);
    let (state, _) = read_state(&journal, &keys).await.map_err(|e| e.to_string())?;
    Ok(state)
}

/// The journal's file in a data folder.
pub fn journal_file(data: &Path) -> PathBuf {
    data.join("journal.redb")
}

/// Opens the journal that is there; none is made.
pub fn open_journal(data: &Path) -> Result<RedbJournal, String> {
    let path = journal_file(data);
    if !path.exists() {
        return Err(format!("there is no journal.redb in {}: give the data folder of the system", data.display()));
    }
    RedbJournal::open(path).map_err(|e| match server_of(data) {
        Some(process) => format!(
            "{}: hikyaku serve（プロセス {process}）が使用中です。画面でできる操作は管理画面で行ってください。このコマンドは、\
             サーバーを止めて（systemctl stop hikyaku、または kill -TERM {process}）から実行し、あとで起動し直してください",
            data.display()
        ),
        None => e.to_string(),
    })
}

/// Opens the keys that are there; none are made.
pub fn open_keys(data: &Path) -> Result<Keys, String> {
    let folder = data.join("keys");
    if !folder.join("people.keys").exists() {
        return Err(format!("there is no people.keys in {}: put the key file there", folder.display()));
    }
    make_keys(data)
}

/// Opens the keys that are there, or makes them.
pub fn make_keys(data: &Path) -> Result<Keys, String> {
    let folder = data.join("keys");
    let master = match variable(MASTER)? {
        None => Master::File,
        Some(present) => {
            let given = GivenMaster::read(&present, variable(MASTER_BEFORE)?.as_deref());
            Master::Given(given.map_err(|e| format!("{MASTER}: {e}"))?)
        }
    };
    Keys::open_with(folder, &master).map_err(|e| e.to_string())
}

/// [`open_desk`], of a folder that is set up first if it holds nothing of ours.
pub async fn set_up_desk(data: &Path) -> Result<Desk, String> {
    if !journal_file(data).exists() && !data.join("keys").exists() {
        std::fs::create_dir_all(data).map_err(|e| format!("{}: {e}", data.display()))?;
        make_keys(data)?;
        RedbJournal::open(journal_file(data)).map_err(|e| e.to_string())?;
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
