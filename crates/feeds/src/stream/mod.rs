//! The protocol of DM-D.S.S (dmdata.jp, WebSocket v2): what is said on a connection, without the connection.
//!
//! Written after the service's documentation (pdmdss/dmdata.jp, `docs/reference/api/v2`); not tried against the service itself.

mod conversation;
mod message;

pub use conversation::{Conversation, Heard, Says};
pub use message::{ListPage, Listed, StartAnswer, StreamTelegram};
