//! Several lanes for one carrier: addresses of our own that draw from the same queue, each with limits of its own.

use std::net::IpAddr;

use super::limits::most_within;
use super::*;
use crate::route::{Source, SourceLimits};
use crate::via::Via;

fn source(last: u8) -> Source {
    let address = IpAddr::from([192, 0, 2, last]);
    Source { address, helo: None, carriers: Vec::new(), limits: SourceLimits::default() }
}

/// What each address may do at `ao`, as the carrier counts it.
fn paced(per_second: f64) -> Limits {
    Limits { sessions_max: Some(4), mails_per_second_max: Some(per_second), burst_mails: 2, ..Limits::default() }
}

#[test]
fn what_is_paced_by_source_goes_as_many_times_faster_as_there_are_sources() {
    let mut ao = carrier("ao");
    ao.limits = paced(10.0);
    ao.policy = Policy { tls: TlsPolicy::Never, ..policy_of(&ao.limits) };
    let one = scenario(vec![ao], vec![group("ao", 600)]);
    let three = Scenario { sources: vec![source(1), source(2), source(3)], ..one.clone() };
    let (slow, fast) = (run_to_the_end(&one), run_to_the_end(&three));
    let span = |report: &Report| report.records.iter().map(|r| r.at.since(BEGIN).as_secs_f64()).fold(0.0, f64::max);
    assert!(span(&fast) < span(&slow) / 2.8, "{} after {}", span(&fast), span(&slow));
    assert_eq!(fast.carriers["ao"].refused, 0);
    for seen in fast.carriers["ao"].from.values() {
        assert!(most_within(&seen.mails, secs(1)) <= 12 && seen.sessions_most <= 4);
        assert!(seen.mails.len() > 150, "{}", seen.mails.len());
    }
}

#[test]
fn limits_by_source_hold_in_any_window_over_seeds_through_crashes() {
    for seed in 0..60 {
        let mut scenario = any_scenario(seed, false);
        let mut chance = Chance::new(seed, "sources");
        scenario.sources = (0..2 + chance.below(2)).map(|n| source(n as u8 + 1)).collect();
        let own = Some(1 + chance.below(3) as u32);
        scenario.sources[0].limits = SourceLimits { sessions_max: own, ..SourceLimits::default() };
        scenario.orders = vec![(ms(chance.below(5000)), Order::Crash(secs(2)))];
        let report = run_to_the_end(&scenario);
        duplicates_are_reported(&report, seed);
        for crash in &report.crashes {
            assert!(crash.in_flight <= crash.in_flight_max, "{crash:?}, seed {seed}");
        }
        for script in &scenario.carriers {
            let (seen, policy) = (&report.carriers[&script.name], &script.policy);
            assert!(!seen.from.contains_key(&None), "something left from no source, seed {seed}");
            for (source, seen) in &seen.from {
                let first = *source == Some(scenario.sources[0].address);
                let sessions = own.filter(|_| first).unwrap_or(u32::MAX).min(policy.sessions_max);
                assert!(seen.sessions_most <= sessions as usize, "seed {seed}");
                let rate = policy.mails_per_second_max.unwrap_or(f64::INFINITY);
                // A start has its burst anew.
                let allowed = rate * 60.0 + 2.0 * f64::from(policy.burst_mails);
                assert!(most_within(&seen.mails, secs(60)) as f64 <= allowed, "seed {seed}");
            }
        }
    }
}

#[test]
fn limits_in_total_hold_over_all_sources_together() {
    for seed in 0..40 {
        let mut scenario = any_scenario(seed, false);
        scenario.sources = vec![source(1), source(2), source(3)];
        for script in &mut scenario.carriers {
            let policy = &mut script.policy;
            policy.total.sessions_max = Some(policy.sessions_max);
            policy.total.mails_per_second_max = policy.mails_per_second_max;
        }
        let report = run_to_the_end(&scenario);
        for script in &scenario.carriers {
            let (seen, policy) = (&report.carriers[&script.name], &script.policy);
            assert!(seen.sessions_most <= policy.sessions_max as usize, "seed {seed}");
            let rate = policy.mails_per_second_max.unwrap_or(f64::INFINITY);
            for window in [ms(100), secs(1), secs(60)] {
                let allowed = rate * window.as_secs_f64() + f64::from(policy.burst_mails);
                assert!(most_within(&seen.mails, window) as f64 <= allowed + 1e-6, "{window:?}, seed {seed}");
            }
        }
    }
}

#[test]
fn a_source_that_is_refused_leaves_the_work_to_the_others() {
    for refusal in [Refusal::Reply421, Refusal::Reset, Refusal::Silence] {
        let mut ao = carrier("ao");
        ao.from = vec![(source(1).address, Limits { sessions_max: Some(0), refusal, ..Limits::default() })];
        let alone = run_to_the_end(&Scenario {
            sources: vec![source(2)],
            ..scenario(vec![ao.clone()], vec![group("ao", 300)])
        });
        let scenario = Scenario { sources: vec![source(1), source(2)], ..scenario(vec![ao], vec![group("ao", 300)]) };
        let report = run_to_the_end(&scenario);
        assert_eq!(report.settled(Settlement::Accepted), 300);
        let late = report.ended.since(alone.ended);
        assert!(late < secs(12), "{refusal:?}: {late:?} later than the good source alone");
    }
}

#[test]
fn a_source_of_one_family_leaves_hosts_of_the_other_to_the_sources_that_reach_them() {
    let v6 = Source { address: "2001:db8::1".parse().unwrap(), ..source(1) };
    let scenario = Scenario { sources: vec![v6, source(2)], ..scenario(vec![carrier("ao")], vec![group("ao", 50)]) };
    let report = run_to_the_end(&scenario);
    let from: Vec<_> = report.carriers["ao"].from.keys().copied().collect();
    assert_eq!(from, [Via::Source(source(2).address).source()]);
}
