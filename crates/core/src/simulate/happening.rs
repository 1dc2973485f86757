//! What is on its way in virtual time.

use super::carrier::TalkId;
use crate::queue::ChunkId;

/// Something on its way. Those with a number belong to one start of the program and die with it.
pub(super) enum Happening {
    Submit(usize),
    Order(usize),
    Change(String, usize),
    Restart,
    Committed(u32),
    Loaded(u32, ChunkId),
    Resolved(u32, String),
    RelayFound(u32, String),
    Connects(TalkId),
    Connected(TalkId),
    NoRoute(TalkId),
    ToServer(TalkId, Vec<u8>),
    Encrypted(TalkId),
    ClientGone(TalkId),
    ToClient(TalkId, Vec<u8>),
    ServerGone(TalkId),
    HandsShaken(TalkId, bool),
    Tick(TalkId),
}
