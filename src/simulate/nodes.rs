//! Several nodes in a simulation: who sends what, by the very rule that the nodes of a server follow, and what carriers saw.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

use hikyaku_core::Urgency;
use hikyaku_core::setup::Share;
use hikyaku_core::simulate::{BatchScript, CarrierReport, CarrierScript, NodeOrder, NodesReport};
use hikyaku_dispatch::{Fitness, Lease, LivingNode, PARTITIONS, assign};
use serde::Serialize;

use super::carriers::Row;
use crate::serve::{BEAT, LENGTH};
use crate::show;
use hikyaku_web::foresight::{count, span};

/// Most nodes: each has an address of its own.
pub const NODES_MAX: u8 = 100;
/// How long an outcome takes to the journal at most: the courier looks ten times a second, and an append waits for the other site.
pub const JOURNAL: Duration = Duration::from_millis(200);
/// How long after a death the others have the partitions: the lease is over, and each of them has made itself heard once more.
const TAKEN_OVER: Duration = Duration::from_secs(LENGTH.as_secs() + BEAT.as_secs());

/// A node that dies, counted from 0, and when.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Losing {
    pub node: u8,
    pub at: Duration,
}

/// Reads `3@60s`: the third node after 60 seconds; also `3@2m`.
pub fn losing(text: &str) -> Result<Losing, String> {
    let read = || {
        let (node, at) = text.split_once('@')?;
        let node = node.parse::<u8>().ok().filter(|node| (1..=NODES_MAX).contains(node))? - 1;
        let (figure, unit) = match at.strip_suffix('m') {
            Some(minutes) => (minutes, 60.0),
            None => (at.strip_suffix('s').unwrap_or(at), 1.0),
        };
        let seconds = crate::ranges::seconds(figure).ok()? * unit;
        Some(Losing { node, at: Duration::from_secs_f64(seconds) })
    };
    read()
        .ok_or_else(|| format!("write the number of a node and when it dies, as in 3@60s; nodes are 1 to {NODES_MAX}"))
}

/// What every node of the simulation sees in the database.
struct Database {
    nodes: Vec<LivingNode>,
    dead: BTreeSet<String>,
    holders: BTreeMap<Lease, Option<String>>,
    bears: usize,
    orders: Vec<(Duration, NodeOrder)>,
}

impl Database {
    fn new(count: u8, bears: usize) -> Self {
        let node = |number: u8| LivingNode { name: name(number), settled: true, fit: Fitness::WHOLE };
        Database {
            nodes: (0..count).map(node).collect(),
            dead: BTreeSet::new(),
            holders: Lease::all().map(|lease| (lease, None)).collect(),
            bears,
            orders: Vec::new(),
        }
    }

    /// Those that live make themselves heard one after the other until nothing moves any more.
    fn settle(&mut self, at: Duration) {
        let living: Vec<(u8, String)> = (0..=u8::MAX)
            .map(|number| (number, name(number)))
            .filter(|(_, name)| !self.dead.contains(name) && self.nodes.iter().any(|node| node.name == *name))
            .collect();
        for (number, name) in &living {
            let (place, of) = assign(name, &self.nodes, &self.holders, self.bears).share;
            self.orders.push((at, NodeOrder::Share(*number, Share::new(place, of))));
        }
        loop {
            let before = self.orders.len();
            for (number, name) in &living {
                for lease in assign(name, &self.nodes, &self.holders, self.bears).take {
                    self.holders.insert(lease, Some(name.clone()));
                    if let Lease::Mails(partition) = lease {
                        self.orders.push((at, NodeOrder::Take(*number, partition.into())));
                    }
                }
            }
            if self.orders.len() == before {
                return;
            }
        }
    }

    /// A lease that was not renewed is over.
    fn forget(&mut self, lost: &str) {
        self.nodes.retain(|node| node.name != lost);
        self.holders.values_mut().filter(|it| it.as_deref() == Some(lost)).for_each(|holder| *holder = None);
    }
}

/// By name as by number.
fn name(number: u8) -> String {
    format!("{number:03}")
}

/// Who sends which partition with which share of the limits, and when that changes because nodes die. The nodes have lived for a
/// while when the run begins; the limits can be parted among `bears` of them.
pub fn timetable(nodes: u8, losses: &[Losing], bears: u32) -> Vec<(Duration, NodeOrder)> {
    let mut database = Database::new(nodes, usize::try_from(bears).unwrap_or(usize::MAX));
    database.settle(Duration::ZERO);
    let mut moments: Vec<(Duration, bool, u8)> =
        losses.iter().flat_map(|it| [(it.at, false, it.node), (it.at + TAKEN_OVER, true, it.node)]).collect();
    moments.sort();
    for (at, is_over, node) in moments {
        if is_over {
            database.forget(&name(node));
            database.settle(at);
        } else if database.dead.insert(name(node)) {
            database.orders.push((at, NodeOrder::Lose(node)));
        }
    }
    database.orders
}

/// Among how many nodes the carriers' limits can be parted.
pub fn bears(rows: &[Row], mails: &[u32]) -> u32 {
    let used = rows.iter().zip(mails).enumerate().filter(|(_, (_, mails))| **mails > 0);
    used.map(|(at, (row, _))| row.script(at).policy.bears()).min().unwrap_or(1)
}

/// The people by partition: a batch each.
pub fn parts(rows: &[Row], mails: &[u32], within: Duration) -> Vec<BatchScript> {
    let partitions = u32::from(PARTITIONS);
    let part = |partition: u32| {
        let share = |mails: u32| mails / partitions + u32::from(partition < mails % partitions);
        let groups = rows.iter().zip(mails).enumerate().map(|(at, (row, mails))| row.group(at, share(*mails)));
        BatchScript { urgency: Urgency::Safety, deadline: Some(within), ..BatchScript::new(groups.collect()) }
    };
    (0..partitions).map(part).collect()
}

/// What one carrier saw of all nodes, beside what it allows.
#[derive(Debug, Serialize)]
struct Seen {
    name: String,
    /// Most mails that came within any second.
    second_most: usize,
    mails_per_second_max: Option<f64>,
    burst_mails: u32,
    sessions_most: usize,
    sessions_max: Option<u32>,
    refused: u64,
    /// From how many of our addresses.
    addresses: usize,
}

impl Seen {
    fn new(script: &CarrierScript, seen: &CarrierReport) -> Self {
        Seen {
            name: script.name.clone(),
            second_most: seen.second_most,
            mails_per_second_max: script.limits.mails_per_second_max,
            burst_mails: script.limits.burst_mails,
            sessions_most: seen.sessions_most,
            sessions_max: script.limits.sessions_max,
            refused: seen.refused,
            addresses: seen.from.len(),
        }
    }

    /// Whether it saw no more than it allows.
    fn holds(&self) -> bool {
        let second = self.mails_per_second_max.map_or(f64::INFINITY, |rate| rate + f64::from(self.burst_mails));
        let sessions = self.sessions_max.is_none_or(|most| self.sessions_most <= most as usize);
        self.second_most as f64 <= second && sessions && self.refused == 0
    }
}

/// A node that died.
#[derive(Debug, Serialize)]
struct Lost {
    /// Counted from 1.
    node: usize,
    at_s: f64,
    in_flight: usize,
    not_in_journal: usize,
}

/// What came of several nodes.
#[derive(Debug, Serialize)]
pub struct Several {
    nodes: usize,
    /// How many of them had people to send to, at any time.
    sending: usize,
    partitions: u8,
    /// Among how many the carriers' limits can be parted.
    bears: u32,
    duplicates: u64,
    /// How many the deaths can explain.
    duplicates_max: u64,
    lost: Vec<Lost>,
    seen: Vec<Seen>,
}

impl Several {
    /// Sums up a run.
    pub fn of(report: &NodesReport, carriers: &[CarrierScript], bears: u32) -> Self {
        let lost = |(node, it): (usize, &hikyaku_core::simulate::NodeReport)| {
            let loss = it.loss?;
            let (at_s, in_flight) = (loss.at.as_secs_f64(), loss.in_flight);
            Some(Lost { node: node + 1, at_s, in_flight, not_in_journal: loss.untold })
        };
        let seen = |script: &CarrierScript| Some(Seen::new(script, report.whole.carriers.get(&script.name)?));
        Several {
            nodes: report.nodes.len(),
            sending: report.nodes.iter().filter(|node| node.settled > 0).count(),
            partitions: PARTITIONS,
            bears,
            duplicates: report.duplicates(),
            duplicates_max: report.duplicates_max(),
            lost: report.nodes.iter().enumerate().filter_map(lost).collect(),
            seen: carriers.iter().filter_map(seen).collect(),
        }
    }

    /// What must never be, in words: more copies than deaths explain, or a carrier whose limits we were told and that saw more.
    pub fn violation(&self, told: impl Fn(&str) -> bool) -> Option<String> {
        if self.duplicates > self.duplicates_max {
            return Some(format!("{} copies where {} can be explained", self.duplicates, self.duplicates_max));
        }
        let over = self.seen.iter().find(|seen| told(&seen.name) && !seen.holds())?;
        Some(format!("all nodes together were more to {} than it allows: {over:?}", over.name))
    }

    /// For people.
    pub fn table(&self) -> String {
        let heads = ["", "宛先", "最大 通/秒", "上限", "最大同時接続", "上限", "拒否", "送信元"];
        let mut rows: Vec<Vec<String>> = vec![heads.iter().map(ToString::to_string).collect()];
        for seen in &self.seen {
            rows.push(vec![
                String::new(),
                seen.name.clone(),
                count(seen.second_most as u64),
                seen.mails_per_second_max.map_or("—".into(), |rate| format!("{rate}＋{}", seen.burst_mails)),
                count(seen.sessions_most as u64),
                seen.sessions_max.map_or("—".into(), |most| count(most.into())),
                count(seen.refused),
                count(seen.addresses as u64),
            ]);
        }
        let mut out = String::from("\n宛先から見た全ノードの合計\n");
        out.push_str(&show::columns(&rows));
        let standing_by = self.nodes - self.sending;
        let _ = writeln!(out, "ノード {}、うち送信 {}、待機 {standing_by}。", self.nodes, self.sending);
        let most = usize::from(self.partitions).min(usize::try_from(self.bears).unwrap_or(usize::MAX));
        if standing_by > 0 && self.sending >= most {
            let why = if most < usize::from(self.partitions) {
                "宛先の上限を分け合えるのは"
            } else {
                "担当の区分は"
            };
            let _ =
                writeln!(out, "{why} {most} までのため、残りは待機し、送信中のノードが失われたときに引き継ぎます。");
        }
        for lost in &self.lost {
            let (at, after) = (span(Duration::from_secs_f64(lost.at_s)), span(TAKEN_OVER));
            let under_way = count((lost.in_flight + lost.not_in_journal) as u64);
            let node = lost.node;
            let _ = writeln!(
                out,
                "ノード {node} は {at} で失われ、{after}後に他のノードが引き継ぎました。結果の記録前だったのは {under_way} 通。"
            );
        }
        let _ =
            writeln!(out, "二重に届いたのは {} 通（最大 {} 通）。", count(self.duplicates), count(self.duplicates_max));
        out
    }
}

#[cfg(test)]
mod tests {
    use super::super::carriers::{EXAMPLE, read, split};
    use super::*;

    fn takes(orders: &[(Duration, NodeOrder)], from: Duration) -> Vec<u8> {
        let take = |(at, order): &(Duration, NodeOrder)| match order {
            NodeOrder::Take(node, _) if *at >= from => Some(*node),
            _ => None,
        };
        orders.iter().filter_map(take).collect()
    }

    #[test]
    fn a_death_is_read_and_what_cannot_be_one_is_refused() {
        let after = |seconds| Duration::from_secs(seconds);
        for (text, at) in [("3@60s", 60), ("3@60", 60), ("3@2m", 120)] {
            assert_eq!(losing(text), Ok(Losing { node: 2, at: after(at) }));
        }
        for text in ["3", "@60s", "0@60s", "101@60s", "3@", "3@x", "3@-1s"] {
            assert!(losing(text).unwrap_err().contains("3@60s"), "{text}");
        }
    }

    #[test]
    fn req_r01_each_partition_is_with_one_node_from_the_beginning_and_what_a_dead_one_had_with_others_after_the_lease()
    {
        let orders = timetable(4, &[Losing { node: 1, at: Duration::from_secs(60) }], 9);
        assert_eq!(takes(&orders, Duration::ZERO).len(), usize::from(PARTITIONS) + 4);
        let taken_over = takes(&orders, Duration::from_secs(69));
        assert!(taken_over.len() == 4 && !taken_over.contains(&1), "{taken_over:?}");
        assert!(takes(&orders[..orders.len() - 4], Duration::from_millis(1)).is_empty(), "nothing moves before");
        let shares = |at| orders.iter().filter(|(when, it)| *when == at && matches!(it, NodeOrder::Share(..))).count();
        assert_eq!((shares(Duration::ZERO), shares(Duration::from_secs(69))), (4, 3));
    }

    #[test]
    fn req_r01_of_more_nodes_than_the_limits_bear_the_others_stand_by_and_step_in() {
        let orders = timetable(30, &[Losing { node: 0, at: Duration::from_secs(1) }], 3);
        let at_first: BTreeSet<u8> = takes(&orders, Duration::ZERO).into_iter().take(16).collect();
        assert_eq!(at_first, BTreeSet::from([0, 1, 2]));
        assert!(takes(&orders, Duration::from_secs(2)).iter().all(|node| [1, 2, 3].contains(node)));
        assert!(takes(&orders, Duration::from_secs(2)).contains(&3));
    }

    #[test]
    fn everybody_is_in_one_partition() {
        let rows = read(EXAMPLE).unwrap();
        for people in [1, 17, 3_000_000] {
            let mails = split(people, &rows);
            let parts = parts(&rows, &mails, Duration::from_secs(600));
            assert_eq!(parts.len(), usize::from(PARTITIONS));
            assert_eq!(parts.iter().flat_map(|part| &part.to).map(|group| group.mails).sum::<u32>(), people);
        }
    }
}
