//! What is said of a file that cannot be used, whoever needed it.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// A file or folder that cannot be read or written.
#[derive(Debug, Error)]
#[error("{}: {problem}", path.display())]
pub struct FileError {
    /// Which.
    pub path: PathBuf,
    /// What the system said.
    pub problem: io::Error,
}
