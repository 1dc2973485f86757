//! One server for one folder of data: the second is told who has it.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

/// Holds the folder until it is dropped, or the program ends however it ends.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "closing the file gives the folder back")] File);

impl Lock {
    /// Takes the folder.
    ///
    /// # Errors
    /// One line that says who has it.
    pub fn take(folder: &Path) -> Result<Self, String> {
        let path = folder.join("serve.lock");
        let named = |e: std::io::Error| format!("{}: {e}", path.display());
        let mut file =
            File::options().read(true).write(true).create(true).truncate(false).open(&path).map_err(named)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // Without its number the message is still right.
                let _ = file.read_to_string(&mut holder);
                return Err(format!(
                    "{}: another hikyaku (process {}) serves this data; stop it first, or give this one a folder of its own",
                    folder.display(),
                    holder.trim()
                ));
            }
            Err(TryLockError::Error(e)) => return Err(named(e)),
        }
        file.set_len(0).and_then(|()| file.rewind()).map_err(named)?;
        writeln!(file, "{}", std::process::id()).and_then(|()| file.sync_all()).map_err(named)?;
        Ok(Self(file))
    }
}

/// The process that serves a folder, if one does.
pub fn server_of(folder: &Path) -> Option<String> {
    let mut file = File::open(folder.join("serve.lock")).ok()?;
    let Err(TryLockError::WouldBlock) = file.try_lock() else { return None };
    let mut holder = String::new();
    // Without its number it is still known that there is one.
    let _ = file.read_to_string(&mut holder);
    Some(holder.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_server_on_the_same_data_is_told_which_process_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let first = Lock::take(folder.path()).unwrap();
        let refusal = Lock::take(folder.path()).unwrap_err();
        assert!(refusal.contains(&format!("process {}", std::process::id())), "{refusal}");
        assert_eq!(server_of(folder.path()), Some(std::process::id().to_string()));
        drop(first);
        assert_eq!(server_of(folder.path()), None);
        Lock::take(folder.path()).unwrap();
    }
}
