//! Certificates of erasure from the journal, and the erasure of a whole system.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use super::CustodyError;
use crate::access::Guarded;
use crate::certificate::{PersonErased, SystemErased, Witnessed};
use crate::chain::Head;
use crate::command::RetentionCommand;
use crate::decide::agreed;
use crate::desk::Desk;
use crate::event::{Event, RetentionEvent};
use crate::file::FileError;
use crate::fold;
use crate::id::PersonId;
use crate::journal::Journal;
use crate::keys::Keys;
use crate::signed::SignedText;

/// Erases a person for good, if two people agreed to it: durable, the key destroyed, the certificate signed
/// (requirement S05).
///
/// # Errors
/// [`crate::Refusal`] if they did not; [`CustodyError::KeyKept`] if the key could not be destroyed, which the desk and the next start
/// try again.
pub async fn erase_person(desk: &Desk, person: PersonId, now: Timestamp) -> Result<SignedText, CustodyError> {
    desk.command(RetentionCommand::ErasePerson { person }, now).await?;
    erasure_certificate(desk.journal(), desk.keys(), person).await
}

/// The certificate of a person's erasure, as often as it is asked for: what, when, by whom, the journal's head before and
/// after, and whether it is done (requirement S05).
///
/// # Errors
/// [`CustodyError::NotErased`] if the journal has no such erasure, [`CustodyError::KeyKept`] if the key is still there.
pub async fn erasure_certificate(
    journal: &dyn Journal,
    keys: &Keys,
    person: PersonId,
) -> Result<SignedText, CustodyError> {
    let (end, mut head) = (journal.head().await?.seq, Head::default());
    while head.seq < end {
        let rows = journal.read_from(head.seq + 1).await?;
        if rows.is_empty() {
            break;
        }
        for row in &rows {
            let before = head;
            head = head.follow(row).map_err(crate::journal::JournalError::from)?;
            let Some(entry) = fold::open(row, keys)? else { continue };
            match entry.event {
                Event::Retention(RetentionEvent::PersonErased { person: erased, by }) if erased == person => {
                    let erasure = keys.erasure(person).ok_or(CustodyError::KeyKept(person))?;
                    let (ring, at) = (keys.ring_id(), entry.at);
                    let certificate = PersonErased { ring, person, by, at, before, after: head, erasure };
                    return Ok(keys.sign(&certificate.statement())?);
                }
                _ => {}
            }
        }
    }
    Err(CustodyError::NotErased(person))
}

/// Destroys every key and every file of a data folder, if two people agreed to it, and certifies it (requirement S19). The
/// journal must not be open.
///
/// # Errors
/// [`CustodyError`]; before the first key is destroyed nothing has happened.
pub async fn erase_system(
    data: &Path,
    journal: Arc<dyn Journal>,
    keys: &Keys,
    witnessed: &Witnessed,
    now: Timestamp,
) -> Result<SignedText, CustodyError> {
    let (state, head) = fold::read_state(&*journal, keys).await?;
    let by = agreed(&state, Guarded::EraseSystem, now).map_err(crate::command::Refusal::from)?;
    drop(journal);
    let files = files_in(data)?;
    let ring = keys.ring_id();
    let certificate = keys.destroy(|key_files| {
        let mut removed = key_files.to_vec();
        let mut left = Vec::new();
        for path in files.iter().filter(|path| path.exists()) {
            let name = path.strip_prefix(data).unwrap_or(path).display().to_string();
            match shred(path) {
                Ok(()) => removed.push(name),
                Err(e) => left.push(format!("{name} ({e})")),
            }
        }
        SystemErased { ring, at: now, by, witnessed, head, removed, left }.statement()
    })?;
    Ok(certificate)
}

fn files_in(folder: &Path) -> Result<Vec<PathBuf>, CustodyError> {
    let wrong = |problem| FileError { path: folder.to_owned(), problem };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(wrong)? {
        let path = entry.map_err(wrong)?.path();
        if path.is_dir() {
            files.extend(files_in(&path)?);
        } else {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Zeros over a file, forced to the disk, then its removal.
fn shred(path: &Path) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).open(path)?;
    let mut left = file.metadata()?.len();
    let zeros = vec![0; 1 << 16];
    while left > 0 {
        let part = left.min(zeros.len() as u64);
        file.write_all(&zeros[..usize::try_from(part).unwrap_or(zeros.len())])?;
        left -= part;
    }
    file.sync_all()?;
    fs::remove_file(path)
}
