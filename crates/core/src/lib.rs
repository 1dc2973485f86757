//! A rate-shaped, per-carrier SMTP delivery engine with its own MX resolution, congestion control and durable queue.
//!
//! Floors, imports only downward: words (`address carrier message reply time`), rules (`outcome record retry policy
//! pace congestion mx`), machines (`session queue event forecast`), edges (`seal store resolve press wire clock config`),
//! and the `engine` with its `report`.

mod address;
mod carrier;
mod clock;
mod config;
mod congestion;
mod engine;
mod event;
mod forecast;
mod message;
mod mx;
mod outcome;
mod pace;
mod policy;
mod press;
mod queue;
mod record;
mod reply;
mod report;
mod resolve;
mod retry;
mod seal;
mod session;
pub mod simulate;
mod store;
mod time;
mod wire;

pub use address::{Address, AddressError, AddressStyle};
pub use carrier::{Carrier, CarrierRow};
pub use config::{Carriers, Config, Dial, NameService, Relay, TableError};
pub use engine::{Engine, Error};
pub use forecast::Forecast;
pub use message::{Batch, BatchError, BatchId, KeyId, Mailbox, Recipient, Template, TemplateText, Urgency};
pub use outcome::{Cause, Outcome, Settlement, Stage};
pub use policy::{Policy, Timeouts, TlsPolicy};
pub use record::Record;
pub use report::{LaneView, Snapshot};
pub use seal::{Seal, SealError};
pub use store::{Receipt, StoreError};
pub use time::{Instant, Span};
