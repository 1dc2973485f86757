//! A disk in memory that can be full, and that loses or tears what was not synced when its machine dies.

use std::collections::HashSet;
use std::io::{Error, ErrorKind};
use std::sync::{Arc, Mutex};

use redb::{Builder, Database, DatabaseError, StorageBackend};

use super::super::backend::Rehearsal;
use super::super::home::Medium;

/// What is written whole or not at all.
const SECTOR: usize = 512;
/// What the file system gives out at once.
const BLOCK: u64 = 4096;

/// SplitMix64 (Steele, Lea and Flood 2014).
#[derive(Clone, Debug)]
pub(super) struct Chance(pub(super) u64);

impl Chance {
    pub(super) fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn below(&mut self, n: u64) -> u64 {
        self.draw() % n.max(1)
    }
}

#[derive(Clone, Debug)]
enum Op {
    Write(usize, Vec<u8>),
    Length(usize),
}

impl Op {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Op::Length(len) => bytes.resize(*len, 0),
            Op::Write(at, data) => {
                bytes.resize(bytes.len().max(at + data.len()), 0);
                bytes[*at..at + data.len()].copy_from_slice(data);
            }
        }
    }
}

#[derive(Debug, Default)]
struct State {
    /// What a reader sees.
    seen: Vec<u8>,
    /// What survives for certain.
    synced: Vec<u8>,
    /// What came since.
    since: Vec<Op>,
    blocks: HashSet<u64>,
    blocks_max: Option<usize>,
    /// Writes and syncs until the machine dies.
    life: Option<u64>,
    /// Whether it says that it has synced when it has not.
    lies: bool,
    /// Syncs until one that is done and answered with an error.
    syncs_left: Option<usize>,
    /// How often it cannot be opened.
    shut: usize,
}

impl State {
    fn live(&mut self) -> Result<(), Error> {
        match &mut self.life {
            Some(0) => Err(Error::other("the machine is dead")),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

/// The disk; clones are the same one.
#[derive(Clone, Debug, Default)]
pub(super) struct Disk(Arc<Mutex<State>>);

impl Disk {
    pub(super) fn of(bytes: Vec<u8>) -> Self {
        let disk = Disk::default();
        let mut state = disk.0.lock().unwrap();
        state.seen.clone_from(&bytes);
        state.synced = bytes;
        drop(state);
        disk
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().seen.clone()
    }

    /// From now on only so many more blocks can be written; `None` has room for everything.
    pub(super) fn set_room(&self, blocks: Option<usize>) {
        let mut state = self.0.lock().unwrap();
        state.blocks_max = blocks.map(|more| state.blocks.len() + more);
    }

    /// From now on nothing is synced, whatever it says.
    pub(super) fn lie(&self) {
        self.0.lock().unwrap().lies = true;
    }

    /// The sync after so many more is done and answered with an error, and then the file cannot be opened so many times.
    pub(super) fn fail(&self, syncs: usize, opens: usize) {
        let mut state = self.0.lock().unwrap();
        (state.syncs_left, state.shut) = (Some(syncs), opens);
    }

    /// The machine dies after so many more writes and syncs.
    pub(super) fn set_life(&self, operations: u64) {
        self.0.lock().unwrap().life = Some(operations);
    }

    /// What the disk holds when the machine is started again: what was synced, and of the rest what chance left of it.
    pub(super) fn after_crash(&self, chance: &mut Chance) -> Disk {
        let state = self.0.lock().unwrap();
        let mut bytes = state.synced.clone();
        // All of it, nothing of it, or parts of it.
        let share = [0, 10, 50, 90, 100][chance.below(5) as usize];
        for op in &state.since {
            match op {
                Op::Length(_) if chance.below(100) < share => op.apply(&mut bytes),
                Op::Length(_) => {}
                Op::Write(at, data) => {
                    for (n, sector) in data.chunks(SECTOR).enumerate() {
                        if chance.below(100) < share {
                            Op::Write(at + n * SECTOR, sector.to_vec()).apply(&mut bytes);
                        }
                    }
                }
            }
        }
        Disk::of(bytes)
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> Result<u64, Error> {
        Ok(self.0.lock().unwrap().seen.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), Error> {
        let state = self.0.lock().unwrap();
        let at = offset as usize;
        let bytes = state.seen.get(at..at + out.len()).ok_or(ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(bytes);
        Ok(())
    }

    fn set_len(&self, len: u64) -> Result<(), Error> {
        let mut state = self.0.lock().unwrap();
        state.live()?;
        let op = Op::Length(len as usize);
        op.apply(&mut state.seen);
        state.since.push(op);
        Ok(())
    }

    fn sync_data(&self) -> Result<(), Error> {
        let mut state = self.0.lock().unwrap();
        state.live()?;
        if state.lies {
            return Ok(());
        }
        for op in std::mem::take(&mut state.since) {
            op.apply(&mut state.synced);
        }
        match state.syncs_left.take() {
            Some(0) => Err(ErrorKind::StorageFull.into()),
            left => {
                state.syncs_left = left.map(|left| left - 1);
                Ok(())
            }
        }
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), Error> {
        let mut state = self.0.lock().unwrap();
        state.live()?;
        let touched = offset / BLOCK..(offset + data.len() as u64).div_ceil(BLOCK);
        let new: Vec<u64> = touched.filter(|block| !state.blocks.contains(block)).collect();
        if state.blocks_max.is_some_and(|max| state.blocks.len() + new.len() > max) {
            return Err(ErrorKind::StorageFull.into());
        }
        state.blocks.extend(new);
        let op = Op::Write(offset as usize, data.to_vec());
        op.apply(&mut state.seen);
        state.since.push(op);
        Ok(())
    }
}

impl Medium for Disk {
    fn open(&self, builder: &Builder) -> Result<Database, DatabaseError> {
        let mut state = self.0.lock().unwrap();
        if state.syncs_left.is_none() && state.shut > 0 {
            state.shut -= 1;
            return Err(Error::from(ErrorKind::StorageFull).into());
        }
        drop(state);
        builder.create_with_backend(self.clone())
    }

    fn rehearse(&self, builder: &Builder) -> Option<Result<Database, DatabaseError>> {
        let empty = self.0.lock().unwrap().seen.is_empty();
        (!empty).then(|| builder.create_with_backend(Rehearsal::new(self.clone())))
    }

    fn admit(&self, _admitting: bool) {}

    fn has_room(&self) -> bool {
        let state = self.0.lock().unwrap();
        state.blocks_max.is_none_or(|max| state.blocks.len() + 64 < max)
    }

    fn bytes(&self) -> u64 {
        self.0.lock().unwrap().seen.len() as u64
    }

    fn remedy(&self) -> String {
        "make room on the test's disk".into()
    }
}
