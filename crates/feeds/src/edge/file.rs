//! A file of redb, opened or made.

use std::fs::File;
use std::path::Path;

use redb::{Database, DatabaseError};

/// Opens the file, or makes it. One that is still being made cannot be opened after a crash, so it gets its name when it is
/// whole.
pub(super) fn open(path: &Path, cache_bytes: usize) -> Result<Database, DatabaseError> {
    let mut builder = Database::builder();
    builder.set_cache_size(cache_bytes);
    if !path.metadata().is_ok_and(|there| there.len() > 0) {
        let beside = path.with_extension("redb.new");
        // As an attempt that was interrupted left it.
        File::create(&beside)?;
        drop(builder.create(&beside)?);
        std::fs::rename(&beside, path)?;
        // Without a folder of its own a relative path lies in the present one.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()?;
    }
    builder.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_interrupted_while_it_was_made_is_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("feeds.redb");
        std::fs::write(folder.path().join("feeds.redb.new"), [0; 5000]).unwrap();
        drop(open(&path, 1 << 20).unwrap());
        drop(open(&path, 1 << 20).unwrap());
        assert!(!folder.path().join("feeds.redb.new").exists());
    }
}
