//! A rate-shaped, per-carrier SMTP delivery engine with its own MX resolution, congestion control and durable queue.

mod address;
mod carrier;
mod congestion;
mod engine;
mod message;
mod mx;
mod outcome;
mod pace;
mod policy;
mod queue;
mod record;
mod reply;
mod retry;
mod session;
mod time;

pub use address::{Address, AddressError, AddressStyle};
pub use carrier::{Carrier, CarrierRow, CarrierTable};
pub use message::{Batch, BatchError, BatchId, KeyId, MailId, Mailbox, Recipient, Template, TemplateText, Urgency};
pub use outcome::{Cause, Outcome, Settlement, Stage};
pub use policy::{Policy, Timeouts, TlsPolicy};
pub use record::Record;
pub use time::{Instant, Span};
