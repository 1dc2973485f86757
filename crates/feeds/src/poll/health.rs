//! What pages, metrics and alarms see of a feed.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::freshness::Freshness;

/// How a feed does, counted since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FeedHealth {
    /// Its name.
    pub name: String,
    /// When it last answered with something usable, or that nothing has changed.
    pub answered: Option<Timestamp>,
    /// The newest time that the feed gave for itself.
    pub updated: Option<Timestamp>,
    /// The age of that time in seconds, when it is so old that the feed counts as dead.
    pub stale_s: Option<i64>,
    /// Failures in a row.
    pub failures: u32,
    /// The last failure, while the feed fails.
    pub problem: Option<String>,
    /// Whether the index last read was older than one before it.
    pub goes_backwards: bool,
    /// How far our clock is ahead of the feed's server in seconds, when that is more than a minute.
    pub clock_off_s: Option<i64>,
    /// Since when telegrams may be missing, until the long index has been read.
    pub gap_since: Option<Timestamp>,
    /// Telegrams that are listed and not here yet.
    pub waiting: usize,
    /// How often an index was asked for.
    pub asked: u64,
    /// How often it had not changed (304).
    pub unchanged: u64,
    /// Telegrams handed over.
    pub telegrams: u64,
    /// Telegrams that are safe with whoever took them.
    pub taken: u64,
    /// Telegrams that came a second time by another way, or were listed twice with the same bytes.
    pub repeated: u64,
    /// Bytes received, as they came over the network.
    pub wire_bytes: u64,
    /// Telegrams that are listed and could not be had for long; each may be a warning.
    pub overdue: usize,
    /// The first of them.
    pub first_overdue: Option<String>,
    /// Telegrams that could not be had until they were too old to matter.
    pub given_up: u64,
}

/// Something about the feeds that a person should know (R02).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub enum Alarm {
    /// The feed's own time stands still.
    Stale {
        /// The feed.
        feed: String,
        /// Its age in seconds.
        age_s: i64,
    },
    /// The feed cannot be read.
    Failing {
        /// The feed.
        feed: String,
        /// How often in a row.
        failures: u32,
        /// The last reason.
        problem: String,
    },
    /// Telegrams may be missing.
    Gap {
        /// The feed.
        feed: String,
        /// Since when.
        since: Timestamp,
    },
    /// The index is older than one before it.
    Backwards {
        /// The feed.
        feed: String,
    },
    /// Telegrams that are listed cannot be had. It ends when they come, or are too old to matter.
    Overdue {
        /// The feed.
        feed: String,
        /// The first of them.
        telegram: String,
        /// How many they are.
        count: usize,
    },
    /// What was taken cannot be written down.
    Memory {
        /// Why.
        problem: String,
    },
    /// Our clock disagrees with that of a feed's server, or of who signs.
    Clock {
        /// The feed whose server disagrees, or the source whose signature does.
        feed: String,
        /// How far ours is ahead, in seconds.
        off_s: i64,
    },
}

impl fmt::Display for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stale { feed, age_s } => {
                write!(
                    f,
                    "フィード {feed} の更新が {age_s} 秒前から止まっています。配信元の障害情報を確認し、別の経路で情報を入手してください。"
                )
            }
            Self::Failing { feed, failures, problem } => {
                write!(
                    f,
                    "フィード {feed} を続けて {failures} 回取得できません（{problem}）。回線、プロキシ、配信元を確認してください。"
                )
            }
            Self::Gap { feed, since } => {
                write!(
                    f,
                    "フィード {feed} は {since} から途切れ、電文が欠けている可能性があります。長期フィードで補っています。"
                )
            }
            Self::Backwards { feed } => {
                write!(f, "フィード {feed} が以前より古い内容を返しています。配信元の障害情報を確認してください。")
            }
            Self::Overdue { feed, telegram, count } => {
                write!(
                    f,
                    "フィード {feed} の電文 {telegram} など {count} 通を取得できません。配信元で内容を確認してください。取得は続けています。"
                )
            }
            Self::Memory { problem } => {
                write!(
                    f,
                    "受領した電文の記録を書けません（{problem}）。再起動すると同じ電文をもう一度取得します。ディスクの空きを確認してください。"
                )
            }
            Self::Clock { feed, off_s } => {
                write!(
                    f,
                    "この機械の時計が {feed} の時計と {off_s} 秒ずれています。この機械と {feed} の時刻同期を確認してください。"
                )
            }
        }
    }
}

impl Alarm {
    /// Whether two are one alarm that goes on: the numbers in it grow.
    #[must_use]
    pub fn is_same_as(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other) && self.feed() == other.feed()
    }

    /// The word by which it is known in metrics and logs.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Stale { .. } => "stale",
            Self::Failing { .. } => "failing",
            Self::Gap { .. } => "gap",
            Self::Backwards { .. } => "backwards",
            Self::Overdue { .. } => "overdue",
            Self::Memory { .. } => "memory",
            Self::Clock { .. } => "clock",
        }
    }

    /// The feed, endpoint or stream that it is about; empty where it is about none.
    #[must_use]
    pub fn feed(&self) -> &str {
        match self {
            Self::Stale { feed, .. }
            | Self::Failing { feed, .. }
            | Self::Gap { feed, .. }
            | Self::Backwards { feed }
            | Self::Overdue { feed, .. }
            | Self::Clock { feed, .. } => feed,
            Self::Memory { .. } => "",
        }
    }
}

/// Failures in a row from which a feed counts as failing.
const FAILURES_MIN: u32 = 3;

impl FeedHealth {
    /// What a person should know now.
    #[must_use]
    pub fn alarms(&self) -> Vec<Alarm> {
        let feed = || self.name.clone();
        let failing = self.problem.clone().filter(|_| self.failures >= FAILURES_MIN);
        let overdue = |telegram| Alarm::Overdue { feed: feed(), telegram, count: self.overdue };
        let overdue = self.first_overdue.clone().map(overdue);
        let all = [
            self.stale_s.map(|age_s| Alarm::Stale { feed: feed(), age_s }),
            failing.map(|problem| Alarm::Failing { feed: feed(), failures: self.failures, problem }),
            self.gap_since.map(|since| Alarm::Gap { feed: feed(), since }),
            self.goes_backwards.then(|| Alarm::Backwards { feed: feed() }),
            overdue,
            self.clock_off_s.map(|off_s| Alarm::Clock { feed: feed(), off_s }),
        ];
        all.into_iter().flatten().collect()
    }

    pub(super) fn judge(&mut self, freshness: Freshness, clock_off: Option<SignedDuration>) {
        self.stale_s = match freshness {
            Freshness::Stale(age) => Some(age.as_secs()),
            Freshness::Unknown | Freshness::Fresh => None,
        };
        self.clock_off_s = clock_off.map(|off| off.as_secs());
    }
}
