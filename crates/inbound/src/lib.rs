//! Takes in what comes back: delivery reports, and answers that people give by replying to a mail.
//!
//! The conversation ([`Session`]), the reader of reports ([`read_report`]) and of answers ([`read_answer`]) are pure; only
//! [`serve`] opens sockets. Nothing here knows people: who is asked whether an address is one of ours, and what is done with a
//! mail, is said by whoever implements [`Desk`]. Nothing here ever sends a mail, so that no loop can begin here.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test fails by panicking"))]

mod answer;
mod gate;
#[cfg(any(test, feature = "hostile"))]
#[doc(hidden)]
pub mod hostile;
mod kept;
mod letter;
mod listener;
mod report;
mod session;

pub use answer::{Reply, read_answer};
pub use gate::{Gate, GateLimits};
pub use kept::{Kept, KeptMail, masked};
pub use letter::{HOPS_MAX, Letter};
pub use listener::{Certificates, Desk, Listener, Verdict, serve};
pub use report::{Formats, FormatsError, Reason, Report, read_report};
pub use session::{Act, Limits, Mail, Session};
