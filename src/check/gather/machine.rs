//! This machine: its disk, the permissions of its keys, the zone of its clock.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;

use crate::check::facts::{Disk, Secret};
use crate::settings::Settings;

/// The disk that the data is on.
///
/// # Errors
/// One line that says why it cannot be looked at.
pub fn disk(data: &Path, wanted: u64) -> Result<Disk, String> {
    let about = rustix::fs::statvfs(data).map_err(|e| format!("{}: {e}", data.display()))?;
    let bytes = |blocks: u64| blocks.saturating_mul(about.f_frsize);
    Ok(Disk { folder: data.to_owned(), free: bytes(about.f_bavail), size: bytes(about.f_blocks), wanted })
}

/// Files that hold secrets. DKIM keys are judged where they are read.
pub fn secrets(settings: &Settings) -> Vec<Secret> {
    let keys = settings.data.join("keys");
    let mut files = vec![(keys.join("people.keys"), true)];
    // Given by the environment where it is not there.
    files.extend(Some(keys.join("master.key")).filter(|file| file.exists()).map(|file| (file, true)));
    files.extend(settings.tls.as_ref().map(|tls| (tls.files().1.to_owned(), false)));
    files.into_iter().map(|(path, owner_only)| Secret { mode: mode(&path), path, owner_only }).collect()
}

fn mode(path: &PathBuf) -> Result<u32, String> {
    std::fs::metadata(path).map(|about| about.permissions().mode() & 0o777).map_err(|e| e.to_string())
}

/// The name of the zone of this machine's clock.
pub fn zone() -> String {
    TimeZone::try_system().ok().and_then(|zone| zone.iana_name().map(str::to_owned)).unwrap_or_else(|| "?".into())
}
