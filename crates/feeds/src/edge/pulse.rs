//! How all sources do, for pages, metrics and alarms.

use std::collections::BTreeMap;

use tokio::sync::watch;

use super::intake::{WayHealth, Ways};
use crate::poll::{Alarm, FeedHealth};

/// How all sources do.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Health {
    /// Each polled feed.
    pub feeds: Vec<FeedHealth>,
    /// Each endpoint and stream, by its name.
    pub ways: BTreeMap<String, WayHealth>,
    /// How many telegrams are remembered.
    pub known: usize,
    /// Why nothing can be written down, if so.
    pub memory_problem: Option<String>,
}

impl Health {
    /// What a person should know now (R02).
    #[must_use]
    pub fn alarms(&self) -> Vec<Alarm> {
        let ways = self.ways.iter().flat_map(|(name, way)| way.alarms(name));
        let memory = self.memory_problem.clone().map(|problem| Alarm::Memory { problem });
        self.feeds.iter().flat_map(FeedHealth::alarms).chain(ways).chain(memory).collect()
    }
}

/// How all sources do, for whoever shows it; cheap to clone.
#[derive(Clone)]
pub struct Pulse {
    pub(super) health: watch::Receiver<Health>,
    pub(super) ways: Ways,
}

impl Pulse {
    /// How all sources do now.
    #[must_use]
    pub fn health(&self) -> Health {
        let mut health = self.health.borrow().clone();
        health.ways = self.ways.snapshot();
        health
    }
}
