//! What fetches and receives telegrams: the only part of this crate that opens sockets and files and reads a clock.
//!
//! [`Watcher`] runs the pollers of [`crate::poll`] and hands telegrams over one by one. Whatever way a telegram came, it is handed over
//! once, and remembered on disk when it has been taken.

mod ask;
mod clocks;
mod config;
mod dial;
mod file;
mod intake;
mod memory;
mod outbox;
mod pulse;
mod push;
mod redirect;
mod running;
mod series_file;
mod soap;
mod stream;
#[cfg(test)]
mod tests;
mod watcher;

pub use ask::{Client, ClientSettings};
pub use clocks::WallClock;
pub use config::FeedsConfig;
pub use dial::{Dial, Proxy, Roots};
pub use intake::{Intake, Offered, WayHealth};
pub use memory::Memory;
pub use pulse::{Health, Pulse};
pub use push::{Proof, PushEndpoint, PushSettings, PushSource, PushTls};
pub use series_file::SeriesFile;
pub use stream::{ApiKey, Stream, StreamSettings};
pub use watcher::{Arrival, Settings, Watcher};
