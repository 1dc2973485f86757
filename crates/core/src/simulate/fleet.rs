//! Several worlds under one clock, one turn after the other, before the same carriers.

use std::collections::{BTreeMap, BTreeSet};
use std::mem::{swap, take};

use super::carrier::Server;
use super::nodes::{Loss, NODES_MAX, NodeOrder, NodeReport, Nodes, NodesReport, source};
use super::report::Report;
use super::script::Scenario;
use super::setting::BEGIN;
use super::world::{WATCHED_MAILS, World, ledgers, servers};
use crate::time::{Instant, Span};

/// Runs a scenario with several nodes until everything has settled, or to its end. Its batches are sent when a node takes them;
/// its sources, its own orders and changes of its carriers are not played. Tells now and then how much time has passed in the run
/// and how many mails have settled.
#[must_use]
pub fn run_nodes(scenario: &Scenario, nodes: &Nodes, watch: &mut dyn FnMut(Span, u64)) -> NodesReport {
    let count = nodes.count.min(NODES_MAX);
    let own = |number: u8| Scenario {
        // Nodes that drew the same chances would do everything at the same instant.
        seed: scenario.seed.wrapping_add(u64::from(number)),
        sources: vec![source(number)],
        orders: Vec::new(),
        ..scenario.clone()
    };
    let scenarios: Vec<Scenario> = (0..count).map(own).collect();
    Fleet::new(scenario, &scenarios, nodes.journal).run(&nodes.orders, watch)
}

/// All nodes, the carriers, and who has which batch.
struct Fleet<'a> {
    scenario: &'a Scenario,
    worlds: Vec<World<'a>>,
    losses: Vec<Option<Loss>>,
    /// When each node is to be looked at next, and the same in order of time.
    due: Vec<Instant>,
    order: BTreeSet<(Instant, usize)>,
    servers: BTreeMap<String, Server>,
    /// Which node has, or had, each batch.
    holders: Vec<Option<usize>>,
    settled: u64,
}

impl<'a> Fleet<'a> {
    /// Nodes that have nothing to send yet.
    fn new(scenario: &'a Scenario, own: &'a [Scenario], lag: Span) -> Self {
        let worlds: Vec<World<'a>> = (0..).zip(own).map(|(number, own)| World::member(own, number, lag)).collect();
        let due: Vec<Instant> = worlds.iter().map(World::next).collect();
        Fleet {
            scenario,
            losses: vec![None; worlds.len()],
            order: due.iter().copied().zip(0..).collect(),
            due,
            worlds,
            servers: servers(scenario),
            holders: vec![None; scenario.batches.len()],
            settled: 0,
        }
    }

    /// Lets time pass until everything has settled, or to the scenario's end.
    fn run(mut self, orders: &[(Span, NodeOrder)], watch: &mut dyn FnMut(Span, u64)) -> NodesReport {
        let end = BEGIN + self.scenario.ends;
        let mut orders: Vec<(Instant, NodeOrder)> = orders.iter().map(|(at, order)| (BEGIN + *at, *order)).collect();
        orders.sort_by_key(|(at, _)| *at);
        let mut orders = orders.into_iter().peekable();
        while let Some((next, node)) = self.order.first().copied() {
            let ordered = orders.peek().map_or(Instant::NEVER, |(at, _)| *at);
            let at = next.min(ordered);
            if at > end || at == Instant::NEVER {
                break;
            }
            if ordered <= next {
                orders.next().into_iter().for_each(|(at, order)| self.carry_out(at, order));
                continue;
            }
            let before = self.settled;
            if !self.turn(node, at) || (self.worlds[node].is_idle() && self.is_done()) {
                break;
            }
            if before / WATCHED_MAILS < self.settled / WATCHED_MAILS {
                watch(at.since(BEGIN), self.settled);
            }
        }
        self.conclude()
    }

    fn turn(&mut self, node: usize, at: Instant) -> bool {
        let world = &mut self.worlds[node];
        let before = world.settled();
        swap(&mut self.servers, &mut world.servers);
        let rests = world.pass(at);
        swap(&mut self.servers, &mut world.servers);
        self.settled += world.settled() - before;
        self.note(node);
        rests
    }

    /// Notes when a node is to be looked at next.
    fn note(&mut self, node: usize) {
        let next = self.worlds[node].next();
        self.order.remove(&(self.due[node], node));
        self.order.insert((next, node));
        self.due[node] = next;
    }

    fn carry_out(&mut self, at: Instant, order: NodeOrder) {
        let (NodeOrder::Share(node, _) | NodeOrder::Take(node, _) | NodeOrder::Lose(node)) = order;
        let node = usize::from(node);
        // A dead node does nothing any more.
        if self.worlds.get(node).is_none_or(World::is_dead) {
            return;
        }
        match order {
            NodeOrder::Share(_, share) => self.worlds[node].share(at, share),
            NodeOrder::Take(_, batch) if batch < self.holders.len() => {
                let open = self.holders[batch].and_then(|holder| self.worlds[holder].open_of(batch));
                self.holders[batch] = Some(node);
                self.worlds[node].take(at, batch, open);
            }
            NodeOrder::Take(..) => {}
            NodeOrder::Lose(_) => self.losses[node] = Some(self.worlds[node].die(at)),
        }
        self.note(node);
    }

    /// Whether every batch is with a node that lives, and none of them has anything more to do.
    fn is_done(&self) -> bool {
        let kept = |holder: &Option<usize>| holder.is_some_and(|node| !self.worlds[node].is_dead());
        self.holders.iter().all(kept) && self.worlds.iter().all(World::is_idle)
    }

    fn conclude(self) -> NodesReport {
        let mut out = NodesReport::default();
        let mut log: Vec<(usize, String)> = Vec::new();
        for (node, (world, loss)) in self.worlds.into_iter().zip(self.losses).enumerate() {
            let mut own = world.conclude();
            // There are at most NODES_MAX.
            let address = source(u8::try_from(node).unwrap_or(u8::MAX - 1)).address;
            let settled = own.tallies.values().map(|tally| tally.settled).sum();
            out.nodes.push(NodeReport { address, settled, loss });
            log.extend(take(&mut own.log).into_iter().map(|line| (node, line)));
            add(&mut out.whole, own);
        }
        let whole = &mut out.whole;
        whole.mails = self.scenario.batches.iter().flat_map(|b| &b.to).map(|group| group.mails as usize).sum();
        let settled: u64 = whole.tallies.values().map(|tally| tally.settled).sum();
        whole.still_waiting = whole.mails.saturating_sub(usize::try_from(settled).unwrap_or(usize::MAX));
        whole.carriers = ledgers(self.servers);
        // Each line begins with its time, always equally long.
        log.sort_by(|one, other| one.1.get(..SECONDS).cmp(&other.1.get(..SECONDS)).then(one.0.cmp(&other.0)));
        whole.log = log.into_iter().map(|(node, line)| format!("n{node} {line}")).collect();
        out
    }
}

/// Letters of the time that a line of a log begins with.
const SECONDS: usize = 12;

/// What one node brings to the whole.
fn add(whole: &mut Report, own: Report) {
    own.tallies.iter().for_each(|(name, tally)| whole.tallies.entry(name.clone()).or_default().extend(tally));
    whole.records.extend(own.records);
    whole.violations.extend(own.violations);
    whole.released += own.released;
    whole.ended = whole.ended.max(own.ended);
}
