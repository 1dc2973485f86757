//! Several nodes before the same carriers: together they stay under every limit, and what one of them leaves the others send.

use super::limits::{limits_were_kept, most_within};
use super::*;
use crate::policy::Share;

/// How long after a death the others have what the dead node had.
const TAKEN_OVER: Span = Span::from_secs(9);

/// A scenario whose carriers count all our addresses together, and how many nodes their limits can be parted among.
fn shared(seed: u64) -> (Scenario, u8) {
    let mut scenario = any_scenario(seed, false);
    scenario.carriers.iter_mut().for_each(|script| script.together = true);
    let bears = scenario.carriers.iter().map(|script| script.policy.bears()).min().unwrap_or(1);
    // One batch for each of four nodes, all of the same people by other names.
    let mut batch = scenario.batches.remove(0);
    batch.to.iter_mut().for_each(|group| group.mails = group.mails.div_ceil(3));
    scenario.batches = vec![batch; 4];
    (scenario, u8::try_from(bears.min(4)).unwrap())
}

fn share(node: u8, of: u8) -> NodeOrder {
    NodeOrder::Share(node, Share::new(node.into(), of.into()))
}

/// All batches with `of` nodes from the beginning, as evenly as can be.
fn spread(of: u8) -> Vec<(Span, NodeOrder)> {
    let shares = (0..of).map(|node| share(node, of));
    let takes = (0..4).map(|batch| NodeOrder::Take(batch % of, usize::from(batch)));
    shares.chain(takes).map(|order| (Span::ZERO, order)).collect()
}

fn run_them(scenario: &Scenario, count: u8, orders: Vec<(Span, NodeOrder)>) -> NodesReport {
    let report = run_nodes(scenario, &Nodes { count, journal: ms(200), orders }, &mut |_, _| {});
    assert_eq!(report.whole.violations, Vec::<String>::new(), "seed {}", scenario.seed);
    report
}

#[test]
fn req_r01_nodes_that_share_a_carrier_are_never_more_to_it_than_one() {
    let mut several = 0;
    for seed in 0..20 {
        let (scenario, nodes) = shared(seed);
        let report = run_them(&scenario, nodes, spread(nodes));
        assert_eq!(report.whole.still_waiting, 0, "seed {seed}");
        limits_were_kept(&scenario, &report.whole);
        assert_eq!(report.duplicates(), 0, "seed {seed}");
        several += u32::from(report.nodes.iter().filter(|node| node.settled > 0).count() > 1);
        for seen in report.whole.carriers.values().filter(|seen| seen.sessions > 0) {
            assert_eq!(seen.second_most, most_within(&seen.mails, secs(1)), "seed {seed}");
            assert_eq!(seen.taken, seen.accepted.values().map(|(times, _)| u64::from(*times)).sum::<u64>());
            assert!(seen.from.keys().all(|from| report.nodes.iter().any(|node| Some(node.address) == *from)));
        }
    }
    assert!(several > 5, "only {several} seeds had limits that can be parted");
}

#[test]
fn req_r01_what_a_dead_node_had_is_sent_by_the_others_and_copies_are_no_more_than_it_had_under_way() {
    let (mut copies, mut possible) = (0, 0);
    for seed in 0..30 {
        let (scenario, nodes) = shared(seed);
        if nodes < 2 {
            continue;
        }
        let died = ms(Chance::new(seed, "death").below(4_000));
        let taken = died + TAKEN_OVER;
        let mut orders = spread(nodes);
        orders.push((died, NodeOrder::Lose(nodes - 1)));
        orders.extend((0..nodes - 1).map(|node| (taken, share(node, nodes - 1))));
        let left = (0..4).filter(|batch| batch % nodes == nodes - 1);
        orders.extend(left.map(|batch| (taken, NodeOrder::Take(0, usize::from(batch)))));
        let report = run_them(&scenario, nodes, orders);
        assert_eq!(report.whole.still_waiting, 0, "seed {seed}");
        limits_were_kept(&scenario, &report.whole);
        let loss = report.nodes[usize::from(nodes) - 1].loss.unwrap();
        assert_eq!(loss.at, died);
        assert!(report.duplicates() <= report.duplicates_max(), "{loss:?}, seed {seed}");
        copies += report.duplicates();
        possible += report.duplicates_max();
    }
    assert!(copies > 0 && possible > 0, "no death met anything under way");
}

#[test]
fn batches_of_a_dead_node_that_nobody_takes_wait() {
    let (mut scenario, nodes) = (0..).map(shared).find(|(_, nodes)| *nodes == 4).unwrap();
    scenario.ends = secs(600);
    let mut orders = spread(nodes);
    orders.push((Span::ZERO, NodeOrder::Lose(3)));
    let report = run_them(&scenario, nodes, orders);
    let quarter = report.whole.mails / 4;
    assert_eq!((report.whole.still_waiting, report.nodes[3].settled), (quarter, 0));
}

#[test]
fn the_same_seed_writes_the_same_log_of_several_nodes() {
    let (mut scenario, nodes) = (0..).map(shared).find(|(_, nodes)| *nodes == 4).unwrap();
    scenario.log = true;
    let mut orders = spread(nodes);
    orders.push((ms(500), NodeOrder::Lose(3)));
    orders.extend([(ms(500) + TAKEN_OVER, share(0, 3)), (ms(500) + TAKEN_OVER, NodeOrder::Take(0, 3))]);
    let [one, two] = [(); 2].map(|()| run_them(&scenario, nodes, orders.clone()).whole.log);
    assert_eq!(one, two);
    assert!(["n0 ", "n3 "].iter().all(|node| one.iter().any(|line| line.starts_with(node))));
    let other = run_them(&Scenario { seed: scenario.seed + 1, ..scenario }, nodes, orders).whole.log;
    assert_ne!(one, other);
}
