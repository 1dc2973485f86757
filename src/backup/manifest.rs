//! What a backup has: a signed text with where the journal ended and the size and SHA-256 of each file.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use hikyaku_dispatch::{Head, Keys, PublicKey, SignedText};
use jiff::Timestamp;

/// The file of the manifest.
pub const FILE: &str = "manifest.txt";
/// The rows of the journal.
pub const ROWS: &str = "journal.rows";
const KIND: &str = "hikyaku backup 1";

/// What was backed up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The key ring of the journal.
    pub ring: String,
    /// The number of the last row.
    pub row: u64,
    /// Its hash, in hexadecimal digits.
    pub hash: String,
    /// When it was made.
    pub at: Timestamp,
    /// Bytes and SHA-256 of each file, by name.
    pub files: BTreeMap<String, (u64, String)>,
}

impl Manifest {
    /// Of these files, by name.
    pub fn new(ring: String, head: Head, at: Timestamp, files: &BTreeMap<String, Vec<u8>>) -> Self {
        let of = |(name, bytes): (&String, &Vec<u8>)| (name.clone(), (bytes.len() as u64, sha256(bytes)));
        Manifest { ring, row: head.seq, hash: hex(&head.hash), at, files: files.iter().map(of).collect() }
    }

    /// Its text, signed.
    ///
    /// # Errors
    /// The ring cannot sign.
    pub fn signed(&self, keys: &Keys) -> Result<String, String> {
        let mut lines = vec![
            ("ring", self.ring.clone()),
            ("row", self.row.to_string()),
            ("hash", self.hash.clone()),
            ("at", self.at.to_string()),
        ];
        let files = self.files.iter();
        lines.extend(files.map(|(name, (size, sha256))| ("file", format!("{sha256} {size} {name}"))));
        Ok(keys.sign(&(KIND, lines)).map_err(|e| e.to_string())?.to_string())
    }

    /// Reads it out of a backup; it must be signed, and with `key` if one is given.
    ///
    /// # Errors
    /// What is wrong with it, in the words of people.
    pub fn read(folder: &Path, key: Option<PublicKey>) -> Result<Self, String> {
        let named = |problem: String| format!("{FILE}: {problem}");
        let text = std::fs::read_to_string(folder.join(FILE)).map_err(|e| named(format!("読めません（{e}）")))?;
        let signed = SignedText::read(&text, key).map_err(|e| named(format!("署名が合いません（{e}）")))?;
        Self::of(&signed).ok_or_else(|| named("バックアップの目録ではありません".into()))
    }

    fn of(text: &SignedText) -> Option<Self> {
        let file = |line: &str| {
            let mut parts = line.splitn(3, ' ');
            let (sha256, size, name) = (parts.next()?, parts.next()?.parse().ok()?, parts.next()?);
            Some((name.to_owned(), (size, sha256.to_owned())))
        };
        (text.kind() == KIND).then_some(())?;
        Some(Manifest {
            ring: text.value("ring")?.to_owned(),
            row: text.value("row")?.parse().ok()?,
            hash: text.value("hash")?.to_owned(),
            at: text.value("at")?.parse().ok()?,
            files: text.values("file").map(file).collect::<Option<_>>()?,
        })
    }

    /// Whether the journal ended here.
    pub fn is_end(&self, head: Head) -> bool {
        (self.row, self.hash.as_str()) == (head.seq, hex(&head.hash).as_str())
    }
}

/// The SHA-256 of a file's bytes, in hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    hex(digest(&SHA256, bytes).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut all, byte| {
        // Writing to a text cannot fail.
        let _ = write!(all, "{byte:02x}");
        all
    })
}
