//! The ceiling on the share of unknown users: who is slowed by it, by how much, and who is not.

use super::*;
use crate::message::History;

/// Mails a second that the carrier's policy allows.
const RATE: f64 = 20.0;

/// A list of 900 whose every so-manyth address the carrier does not know, and ten seconds later 300 good addresses that
/// took the last mail.
fn two_lists(unknown_every: u32, history: History) -> Scenario {
    let mut ao = carrier("ao");
    ao.policy = Policy { mails_per_second_max: Some(RATE), burst_mails: 1, ..ao.policy };
    let first = Group { unknown_every, history, ..group("ao", 900) };
    let mut scenario = scenario(vec![ao], vec![first]);
    let second = Group { history: History::Clean, ..group("ao", 300) };
    scenario.batches.push(BatchScript { at: secs(10), ..BatchScript::new(vec![second]) });
    scenario
}

/// When each list's last address was asked about, in seconds.
fn ends(report: &Report) -> [f64; 2] {
    ["b0@", "b1@"].map(|batch| {
        let asked = report.carriers["ao"].rcpts.iter().filter(|(_, address)| address.contains(batch));
        asked.map(|(at, _)| at.since(BEGIN).as_secs_f64()).fold(0.0, f64::max)
    })
}

#[test]
fn where_too_many_are_unknown_addresses_without_a_clean_history_are_slowed_and_no_others() {
    let [_, good_end] = ends(&run_to_the_end(&two_lists(0, History::Unknown)));
    let report = run_to_the_end(&two_lists(3, History::Unknown));
    let [bad_end, end] = ends(&report);
    assert!(end <= good_end, "those with a clean history were slowed: {end} s, {good_end} s beside a good list");
    // Behind those by whom the share is found, about the ceiling's worth a second; where the others end it is found anew.
    let nobodies = report.carriers["ao"].rcpts.iter().filter(|(_, address)| address.starts_with("nobody"));
    let asked: Vec<Instant> = nobodies.map(|(at, _)| *at).filter(|at| *at >= BEGIN + secs(5)).collect();
    let most = limits::most_within(&asked, secs(10));
    assert!(most as f64 <= 0.15 * RATE * 10.0 * 1.5, "{most} unknown users in ten seconds");
    // They are slowed, not stopped.
    let alone = 900.0 / RATE;
    assert!((1.4 * alone..3.5 * alone).contains(&bad_end), "{bad_end} s");
}

#[test]
fn few_unknown_users_slow_nobody_and_many_slow_nobody_who_took_the_last_mail() {
    let good = ends(&run_to_the_end(&two_lists(0, History::Unknown)));
    assert_eq!(ends(&run_to_the_end(&two_lists(10, History::Unknown))), good);
    let [end, _] = ends(&run_to_the_end(&two_lists(3, History::Clean)));
    // It is doubted that they are unknown: 300 are asked about twice.
    assert!(end < (1200.0 + 300.0) / RATE + 2.0, "{end} s");
}
