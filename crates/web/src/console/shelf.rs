//! What the console asks of whoever keeps the reports that the system wrote, whom it does not know itself.

use jiff::Timestamp;

/// Whoever keeps reports, as far as the console needs it. Both may wait for a disk.
pub trait Shelf: std::fmt::Debug + Send + Sync {
    /// All of them, in whatever order.
    ///
    /// # Errors
    /// Why they cannot be listed.
    fn list(&self) -> Result<Vec<ReportFile>, String>;

    /// What is in one that [`Shelf::list`] named.
    ///
    /// # Errors
    /// Why it cannot be read.
    fn read(&self, name: &str) -> Result<Vec<u8>, String>;
}

/// A report that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportFile {
    /// What its file is called: `2026-11.html`, `i3.csv`, `as-built.html`.
    pub name: String,
    /// When it was written last.
    pub written: Timestamp,
    /// Its size in bytes.
    pub bytes: u64,
}
