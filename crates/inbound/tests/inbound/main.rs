//! What carriers and strangers send: reports in every form, floods, forgeries, loops, giants and idlers.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod bounces;
mod flood;
mod hostile;
mod sockets;
