//! The engine: a pure machine and the shell that carries out what it asks for.

mod event;
mod feed;
mod lane;
mod machine;
mod settle;

pub use event::{Action, BatchHead, Chunk, ChunkWork, Ended, Event, HostRoute, Next, Route, SessionId, Write};
pub use lane::LaneCounts;
pub use machine::{Machine, Settings};
