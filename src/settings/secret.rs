//! Secrets that stand in files of their own, never in the configuration.

use std::path::Path;

/// The text of a file that holds a secret, if not everybody on this machine may read it.
///
/// # Errors
/// One line that names the file and what to mend.
pub fn read(path: &Path) -> Result<String, String> {
    let named = |problem: &dyn std::fmt::Display| format!("{}: {problem}", path.display());
    #[cfg(unix)]
    {
        let about = std::fs::metadata(path).map_err(|e| named(&e))?;
        let mode = std::os::unix::fs::PermissionsExt::mode(&about.permissions()) & 0o777;
        if mode & 0o007 != 0 {
            let problem =
                format!("everybody on this machine may read this key (mode {mode:o}): chmod 600 {}", path.display());
            return Err(named(&problem));
        }
    }
    let text = std::fs::read_to_string(path).map_err(|e| named(&e))?;
    if text.trim().is_empty() { Err(named(&"is empty: write the key there")) } else { Ok(text) }
}
