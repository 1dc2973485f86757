//! Snapshots: the state at a row, in a file that may be deleted at any time. It only makes opening faster.
//!
//! The file is the program's digest and the head of the journal (72 bytes), then parts, each its length (4, big-endian) and
//! its sealed bytes: everything but dispatches and incidents, then each of those. So there is never more than one part in
//! memory beside the state. Each part is bound to those first bytes and to its place, and sealed with a key of the ring that
//! every erasure replaces: after an erasure no snapshot from before opens, here or in a backup, and the next one is made
//! without the person. It is read only by the very program that wrote it, so that its form needs no versions; whatever does
//! not fit is not used.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use aws_lc_rs::digest::{Context, SHA256};
use serde::{Serialize, de::DeserializeOwned};

use crate::chain::{Hash, Head};
use crate::keys::Keys;
use crate::sealed::Sealed;
use crate::state::State;

/// Bytes that are read at once of the program's own file.
const READ_BYTES: usize = 1 << 16;

/// Where the snapshot of a journal lies.
#[derive(Clone, Debug)]
pub struct SnapshotFile(PathBuf);

impl SnapshotFile {
    /// A snapshot in this file; there need not be one yet.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        SnapshotFile(path.into())
    }

    /// The state that was written, and the row it is of; `None` if there is none that can be used.
    #[must_use]
    pub fn read(&self, keys: &Keys) -> Option<(State, Head)> {
        let mut file = BufReader::new(File::open(&self.0).ok()?);
        let start = Start::read(&mut file)?;
        if start.program != this_program()? {
            return None;
        }
        let mut parts = Parts { keys, start, place: 0, file };
        let (mut state, dispatches, incidents): (State, usize, usize) = parts.read()?;
        for _ in 0..dispatches {
            state.put_dispatch(parts.read()?);
        }
        for _ in 0..incidents {
            state.put_incident(parts.read()?);
        }
        Some((state, start.head))
    }

    /// Writes the state at `head`, beside the old file first. Nothing is lost if it fails.
    ///
    /// # Errors
    /// The system's error, with a full disk for one.
    pub fn write(&self, state: &State, head: Head, keys: &Keys) -> io::Result<()> {
        let program = this_program().ok_or_else(|| io::Error::other("the program's own file cannot be read"))?;
        let start = Start { program, head };
        let beside = self.0.with_extension("draft");
        let mut file = BufWriter::new(File::create(&beside)?);
        file.write_all(&start.bytes())?;
        let mut parts = Parts { keys, start, place: 0, file };
        let (rest, dispatches, incidents) = state.in_parts();
        parts.write(&(rest, dispatches.len(), incidents.len()))?;
        dispatches.values().try_for_each(|dispatch| parts.write(dispatch))?;
        incidents.values().try_for_each(|incident| parts.write(incident))?;
        parts.file.flush()?;
        fs::rename(&beside, &self.0)
    }

    /// Removes the file, if there is one.
    ///
    /// # Errors
    /// The system's error.
    pub fn remove(&self) -> io::Result<()> {
        match fs::remove_file(&self.0) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
            _ => Ok(()),
        }
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

/// What a snapshot is of.
#[derive(Clone, Copy)]
struct Start {
    program: Hash,
    head: Head,
}

impl Start {
    fn bytes(&self) -> Vec<u8> {
        [self.program.as_slice(), &self.head.seq.to_be_bytes(), &self.head.hash].concat()
    }

    fn read(file: &mut impl Read) -> Option<Self> {
        let (mut program, mut seq, mut hash) = (Hash::default(), [0; 8], Hash::default());
        file.read_exact(&mut program).ok()?;
        file.read_exact(&mut seq).ok()?;
        file.read_exact(&mut hash).ok()?;
        Some(Start { program, head: Head { seq: u64::from_be_bytes(seq), hash } })
    }
}

/// The parts of a snapshot, one after the other.
struct Parts<'a, F> {
    keys: &'a Keys,
    start: Start,
    /// How many parts came before.
    place: u32,
    file: F,
}

impl<F> Parts<'_, F> {
    /// What the next part is bound to.
    fn next_place(&mut self) -> Vec<u8> {
        let place = self.place.to_be_bytes();
        self.place += 1;
        [self.start.bytes().as_slice(), &place].concat()
    }
}

impl<F: Write> Parts<'_, F> {
    fn write(&mut self, part: &impl Serialize) -> io::Result<()> {
        let plain = postcard::to_stdvec(part).map_err(io::Error::other)?;
        let place = self.next_place();
        let sealed = self.keys.seal_snapshot(&place, &plain).map_err(io::Error::other)?;
        let length = u32::try_from(sealed.as_bytes().len()).map_err(io::Error::other)?;
        self.file.write_all(&length.to_be_bytes())?;
        self.file.write_all(sealed.as_bytes())
    }
}

impl<F: Read> Parts<'_, F> {
    fn read<T: DeserializeOwned>(&mut self) -> Option<T> {
        let mut length = [0; 4];
        self.file.read_exact(&mut length).ok()?;
        let mut sealed = Vec::new();
        let length = u64::from(u32::from_be_bytes(length));
        self.file.by_ref().take(length).read_to_end(&mut sealed).ok()?;
        let place = self.next_place();
        let plain = self.keys.open_snapshot(&place, &Sealed::from_bytes(sealed))?;
        postcard::from_bytes(&plain).ok()
    }
}

/// SHA-256 of the program that runs.
fn this_program() -> Option<Hash> {
    static PROGRAM: OnceLock<Option<Hash>> = OnceLock::new();
    *PROGRAM.get_or_init(|| {
        let mut file = File::open(std::env::current_exe().ok()?).ok()?;
        let (mut context, mut part) = (Context::new(&SHA256), vec![0; READ_BYTES]);
        loop {
            match file.read(&mut part).ok()? {
                0 => return context.finish().as_ref().try_into().ok(),
                length => context.update(&part[..length]),
            }
        }
    })
}
