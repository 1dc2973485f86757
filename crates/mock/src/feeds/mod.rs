//! A server of hazard feeds on loopback: JMA's Atom indexes made from a folder of telegrams, and any other document, as well or badly
//! served as it is told to.

mod http;
mod manner;
mod moment;
mod proxy;
mod server;
mod shelf;
mod stream_host;
mod tally;

pub use manner::{FeedManner, FeedScope};
pub use proxy::MockProxy;
pub use server::{FeedServer, FeedTls};
pub use shelf::{FeedClock, MockTelegram, Regeneration};
pub use stream_host::{StreamHost, StreamTally};
pub use tally::FeedTally;
