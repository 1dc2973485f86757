//! Several nodes that send to the same carriers: what befalls them, and what came of it.

use std::net::{IpAddr, Ipv4Addr};

use super::report::Report;
use crate::policy::Share;
use crate::route::{Source, SourceLimits};
use crate::time::Span;

/// Most nodes in one run: each has an address of its own in 192.0.2.0/24 (RFC 5737).
pub(super) const NODES_MAX: u8 = 200;

/// Nodes, each with an engine, a disk and an address of its own, under one clock and before the same carriers.
#[derive(Clone, Debug)]
pub struct Nodes {
    /// How many there are, at most 200; they are numbered from 0.
    pub count: u8,
    /// How long an outcome that is durable at its node takes to the journal that all of them read.
    pub journal: Span,
    /// Who sends what and with which part of the limits, and who dies; all moments count from the beginning of the run, and what
    /// is to happen at one moment happens in this order.
    pub orders: Vec<(Span, NodeOrder)>,
}

/// Something that befalls a node.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum NodeOrder {
    /// From now on the node uses this part of every ceiling.
    Share(u8, Share),
    /// The node sends the batch at this place of the scenario. If another one had it, that is what has no outcome in the journal.
    Take(u8, usize),
    /// The node dies without warning, and does not come back.
    Lose(u8),
}

/// What came of a run of several nodes.
#[derive(Clone, Debug, Default)]
pub struct NodesReport {
    /// Of all of them together: what the journal knows, and what the carriers saw.
    pub whole: Report,
    /// Of each, by its number.
    pub nodes: Vec<NodeReport>,
}

/// What came of one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeReport {
    /// The address that it sent from.
    pub address: IpAddr,
    /// Mails that settled at it, as far as the journal knows.
    pub settled: u64,
    /// How it died.
    pub loss: Option<Loss>,
}

/// What was under way when a node died. No more mails than these can have been sent twice for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    /// When, from the beginning of the run.
    pub at: Span,
    /// Attempts that were registered at the node and had no outcome.
    pub in_flight: usize,
    /// Mails that had settled there, which the journal did not know yet.
    pub untold: usize,
}

impl NodesReport {
    /// Copies that carriers took beyond one for each mail that the journal knows to be accepted.
    #[must_use]
    pub fn duplicates(&self) -> u64 {
        let taken: u64 = self.whole.carriers.values().map(|seen| seen.taken).sum();
        let accepted: u64 = self.whole.tallies.values().map(|tally| tally.accepted).sum();
        taken.saturating_sub(accepted)
    }

    /// How many copies the deaths of nodes can explain.
    #[must_use]
    pub fn duplicates_max(&self) -> u64 {
        let losses = self.nodes.iter().filter_map(|node| node.loss);
        losses.map(|loss| (loss.in_flight + loss.untold) as u64).sum()
    }
}

/// Where a node sends from.
pub(super) fn source(number: u8) -> Source {
    let address = IpAddr::V4(Ipv4Addr::new(192, 0, 2, number + 1));
    Source { address, helo: None, carriers: Vec::new(), limits: SourceLimits::default() }
}
