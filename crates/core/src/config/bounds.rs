//! Numbers of a table that must let something through: a mistake in one is told with its line.

use serde::Deserialize;

use crate::policy::Timeouts;
use crate::time::Span;

/// How many, at least one.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "u32")]
pub(super) struct Count(pub(super) u32);

impl TryFrom<u32> for Count {
    type Error = &'static str;

    fn try_from(count: u32) -> Result<Self, Self::Error> {
        let problem = "0 lets nothing through: write at least 1; `pause` stops a carrier";
        if count == 0 { Err(problem) } else { Ok(Count(count)) }
    }
}

/// How many a second, more than none.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "f64")]
pub(super) struct Rate(pub(super) f64);

impl TryFrom<f64> for Rate {
    type Error = String;

    fn try_from(rate: f64) -> Result<Self, Self::Error> {
        let problem = || {
            format!(
                "{rate} is no pace: write a number above 0 (0.5 is a mail every two seconds); without the key there is no ceiling"
            )
        };
        if rate.is_finite() && rate > 0.0 { Ok(Rate(rate)) } else { Err(problem()) }
    }
}

/// How many seconds to wait for something, at least one.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "u64")]
struct Seconds(u64);

impl TryFrom<u64> for Seconds {
    type Error = &'static str;

    fn try_from(seconds: u64) -> Result<Self, Self::Error> {
        if seconds == 0 { Err("0 gives up every answer: write how many seconds to wait") } else { Ok(Seconds(seconds)) }
    }
}

/// How long to wait for each answer, in seconds; what is not there is as elsewhere.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TimeoutsToml {
    connect: Option<Seconds>,
    greeting: Option<Seconds>,
    command: Option<Seconds>,
    envelope: Option<Seconds>,
    data: Option<Seconds>,
    content: Option<Seconds>,
}

impl TimeoutsToml {
    /// These, and those of `base` where they are silent.
    pub(super) fn over(&self, base: Timeouts) -> Timeouts {
        let or = |own: Option<Seconds>, base| own.map_or(base, |Seconds(seconds)| Span::from_secs(seconds));
        Timeouts {
            connect: or(self.connect, base.connect),
            greeting: or(self.greeting, base.greeting),
            command: or(self.command, base.command),
            envelope: or(self.envelope, base.envelope),
            data: or(self.data, base.data),
            content: or(self.content, base.content),
        }
    }
}
