//! What to fetch from a feed, and when: pure rules, given the time, that an edge carries out.
//!
//! [`Machine::step`] hears answers and says what to ask next and what to hand over. It owns the phase of the minute, conditional
//! requests, the long feed after a gap, patience with errors, the order of telegrams and the watch over the feed's own clock; it
//! knows no socket and no clock.

mod answer;
mod body;
mod freshness;
mod health;
mod known;
mod line;
mod machine;
mod room;
mod schedule;
mod spec;
mod telegram;
#[cfg(test)]
mod tests;
mod whole;

pub use answer::{Action, Answer, Event, Failure, Kept, Validators};
pub use freshness::Freshness;
pub use health::{Alarm, FeedHealth};
pub use known::Known;
pub use machine::Machine;
pub use room::Room;
pub use schedule::{Backoff, Now};
pub use spec::{Adjusted, Expects, FeedSpec, Limits, Style, jma_feeds, known_country};
#[cfg(feature = "edge")]
pub(crate) use telegram::digest_key;
pub use telegram::{Content, Telegram};
#[cfg(feature = "edge")]
pub(crate) use whole::absolute;
