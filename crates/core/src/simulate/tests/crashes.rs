//! Invariants 2 and 3: every recipient settles exactly once, whatever dies when, and duplicates are few and known.

use super::*;

pub(super) fn crashing(seed: u64, hostile: bool) -> Scenario {
    let mut chance = Chance::new(seed, "crashes");
    let crash = |chance: &mut Chance| (ms(chance.below(12_000)), Order::Crash(ms(chance.below(3000))));
    let orders = (0..1 + chance.below(4)).map(|_| crash(&mut chance)).collect();
    Scenario { orders, ..any_scenario(seed, hostile) }
}

#[test]
fn every_recipient_settles_exactly_once_at_hostile_carriers() {
    for seed in 0..150 {
        let report = run_to_the_end(&any_scenario(seed, true));
        duplicates_are_reported(&report, seed);
    }
}

#[test]
fn every_recipient_settles_exactly_once_through_crashes_at_random_moments() {
    for seed in 1000..1150 {
        let report = run_to_the_end(&crashing(seed, seed % 2 == 0));
        duplicates_are_reported(&report, seed);
    }
}

/// Invariant 3: what crashes left in flight was bounded, and each of it was reported; returns the most of one crash.
pub(super) fn crashes_were_accounted_for(report: &Report, seed: u64) -> usize {
    let in_flight: usize = report.crashes.iter().map(|crash| crash.in_flight).sum();
    for crash in &report.crashes {
        assert!(crash.in_flight <= crash.in_flight_max, "{crash:?}, seed {seed}");
    }
    let reported = report.records.iter().filter(|r| r.cause == Some(Cause::Crash)).count();
    assert_eq!(reported, in_flight, "seed {seed}");
    report.crashes.iter().map(|crash| crash.in_flight).max().unwrap_or(0)
}

#[test]
fn what_a_crash_leaves_in_flight_is_bounded_and_reported_one_by_one() {
    let mut in_flight_most = 0;
    for seed in 0..100 {
        let report = run_to_the_end(&crashing(seed, false));
        let duplicates: u32 = report.carriers.values().map(CarrierReport::duplicates).sum();
        let in_flight: usize = report.crashes.iter().map(|crash| crash.in_flight).sum();
        assert!(duplicates as usize <= in_flight, "{duplicates} duplicates, {in_flight} in flight, seed {seed}");
        in_flight_most = in_flight_most.max(crashes_were_accounted_for(&report, seed));
    }
    assert!(in_flight_most > 0, "no crash met anything in flight");
}

#[test]
fn a_configured_bound_of_unsettled_attempts_holds() {
    for seed in 0..60 {
        let scenario = Scenario { unsettled_max: Some(3), ..crashing(seed, false) };
        let report = run_to_the_end(&scenario);
        assert!(report.crashes.iter().all(|crash| crash.in_flight <= 3), "{:?}, seed {seed}", report.crashes);
    }
}

#[test]
fn where_the_policy_says_so_a_mail_in_doubt_is_not_sent_again() {
    for seed in 0..40 {
        let mut scenario = crashing(seed, true);
        for script in &mut scenario.carriers {
            script.policy.in_doubt_resends_max = 0;
        }
        let report = run_to_the_end(&scenario);
        let duplicates: u32 = report.carriers.values().map(CarrierReport::duplicates).sum();
        assert_eq!(duplicates, 0, "seed {seed}");
        let doubts = report.attempts(Outcome::InDoubt);
        assert_eq!(report.settled(Settlement::Unknown), doubts, "seed {seed}");
    }
}

#[test]
fn the_same_seed_writes_the_same_log() {
    for seed in 0..10 {
        let scenario = Scenario { log: true, ..crashing(seed, true) };
        let (one, two) = (run(&scenario), run(&scenario));
        assert!(one.log.len() > 50);
        assert_eq!(one.log, two.log, "seed {seed}");
    }
}
