//! Invariant 1: no carrier ever receives more than its policy allows.

use super::*;

/// The most events that any window of this length holds, its end not counted.
pub(super) fn most_within(instants: &[Instant], window: Span) -> usize {
    let inside = |(i, start): (usize, &Instant)| instants[i..].iter().take_while(|t| t.since(*start) < window).count();
    instants.iter().enumerate().map(inside).max().unwrap_or(0)
}

/// Invariant 1 for carriers whose limits are configured, counted by the carriers.
pub(super) fn limits_were_kept(scenario: &Scenario, report: &Report) {
    let seed = scenario.seed;
    for script in &scenario.carriers {
        let (seen, policy) = (&report.carriers[&script.name], &script.policy);
        assert_eq!(seen.refused, 0, "{} had to refuse, seed {seed}", script.name);
        assert!(seen.sessions_most <= policy.sessions_max as usize);
        let rate = policy.mails_per_second_max.unwrap_or(f64::INFINITY);
        for window in [ms(100), ms(500), secs(1), secs(5), secs(60)] {
            let allowed = rate * window.as_secs_f64() + f64::from(policy.burst_mails);
            let most = most_within(&seen.mails, window);
            assert!(most as f64 <= allowed, "{most} mails in {window:?}, {allowed} allowed, seed {seed}");
        }
    }
}

#[test]
fn a_carrier_whose_limits_are_configured_is_never_overrun_in_any_window() {
    for seed in 0..150 {
        let scenario = any_scenario(seed, false);
        limits_were_kept(&scenario, &run_to_the_end(&scenario));
    }
}

#[test]
fn the_limits_hold_through_restarts_except_that_a_start_has_its_burst_anew() {
    for seed in 0..40 {
        let mut scenario = any_scenario(seed, false);
        scenario.orders = vec![(ms(700), Order::Crash(ms(200))), (ms(2500), Order::Crash(secs(1)))];
        let report = run_to_the_end(&scenario);
        for script in &scenario.carriers {
            let (seen, policy) = (&report.carriers[&script.name], &script.policy);
            let rate = policy.mails_per_second_max.unwrap_or(f64::INFINITY);
            let allowed = rate * 60.0 + 3.0 * f64::from(policy.burst_mails);
            assert!(most_within(&seen.mails, secs(60)) as f64 <= allowed, "seed {seed}");
        }
    }
}

#[test]
fn connections_stay_under_their_limit_a_minute() {
    let mut ao = carrier("ao");
    ao.policy = Policy { connects_per_minute_max: Some(6), mails_per_session_max: 5, ..ao.policy };
    let report = run_to_the_end(&scenario(vec![ao], vec![group("ao", 200)]));
    let connects = &report.carriers["ao"].connects;
    assert_eq!(connects.len(), 40);
    assert_eq!(report.released, 0, "mails were given to a session that was ending");
    // Opening waits for the disk, so that a minute as the carrier sees it may be some milliseconds shorter.
    assert!(most_within(connects, secs(60) - ms(20)) <= 6);
}

#[test]
fn a_paced_lane_does_not_waste_its_connections_a_minute() {
    let mut ao = carrier("ao");
    let slow = Some(2.0);
    ao.policy = Policy { connects_per_minute_max: Some(6), mails_per_second_max: slow, burst_mails: 1, ..ao.policy };
    ao.service = secs(3);
    let report = run_soundly(&Scenario { ends: secs(50), ..scenario(vec![ao], vec![group("ao", 200)]) });
    // Three at once, then one each twenty seconds.
    let connects: Vec<u64> = report.carriers["ao"].connects.iter().map(|at| at.since(BEGIN).as_secs() / 10).collect();
    assert_eq!(connects, [0, 0, 0, 2, 4]);
}

#[test]
fn lowered_limits_hold_from_the_moment_they_are_set() {
    let mut ao = carrier("ao");
    ao.policy = Policy { mails_per_second_max: Some(100.0), burst_mails: 1, ..ao.policy };
    let lower = Policy { mails_per_second_max: Some(5.0), sessions_max: 2, ..ao.policy.clone() };
    let orders = vec![(secs(1), Order::SetPolicy("ao".into(), Box::new(lower)))];
    let report = run_to_the_end(&Scenario { orders, ..scenario(vec![ao], vec![group("ao", 200)]) });
    // What was granted and handed to a session before still leaves: up to four mails a session (`DEPTH`), one behind the
    // other at 20 + 30 ms each, hence 0.2 s. From then on the new rate holds exactly.
    let late: Vec<Instant> =
        report.carriers["ao"].mails.iter().copied().filter(|at| at.since(BEGIN) > ms(1200)).collect();
    let most = most_within(&late, secs(10));
    assert!(late.len() > 50 && most <= 51, "{} late, {most} of them within ten seconds", late.len());
}

#[test]
fn what_an_operator_lets_a_carrier_have_holds_and_ends_when_it_is_taken_back() {
    let mut ao = carrier("ao");
    ao.policy = Policy { mails_per_second_max: Some(100.0), burst_mails: 1, ..ao.policy };
    let limit = |at: u64, most| (secs(at), Order::Limit("ao".into(), most));
    let orders = vec![limit(1, Some(5.0)), limit(21, None)];
    let report = run_to_the_end(&Scenario { orders, ..scenario(vec![ao], vec![group("ao", 600)]) });
    let at = |from: u64, to: u64| {
        let between = |at: &&Instant| at.since(BEGIN) > ms(from) && at.since(BEGIN) <= ms(to);
        report.carriers["ao"].mails.iter().filter(between).count()
    };
    // As above: what was granted before leaves within 0.2 s.
    assert!((95..=101).contains(&at(1_200, 21_000)), "{} in twenty seconds at five a second", at(1_200, 21_000));
    assert!(at(21_000, 26_000) > 200, "{} in five seconds without it", at(21_000, 26_000));
}

#[test]
fn unconfigured_limits_are_found_and_everything_arrives() {
    for seed in 0..20 {
        let mut scenario = any_scenario(seed, false);
        for script in &mut scenario.carriers {
            script.policy = Policy::default();
        }
        run_to_the_end(&scenario);
    }
}

#[test]
fn hosts_that_take_no_more_connections_are_not_asked_without_end_for_another_of_their_sites() {
    let mut ao = carrier("ao");
    ao.domains = vec!["ao.jp".into(), "b.ao.jp".into(), "c.ao.jp".into()];
    (ao.shared, ao.hosts, ao.rtt) = (false, 2, ms(6));
    ao.limits.connects_per_minute_max = Some(18);
    ao.limits.mails_per_session_max = Some(36);
    ao.limits.refusal = Refusal::Reset;
    let to = ao.domains.iter().map(|domain| Group::new(domain, 164)).collect();
    let report = run_to_the_end(&scenario(vec![ao], to));
    let refused = report.carriers["ao"].refused;
    assert!(refused < 60, "{refused} refusals in {:?}", report.ended.since(BEGIN));
}

#[test]
fn a_carrier_that_puts_everybody_off_first_is_asked_at_its_pace_and_not_by_two_sessions() {
    let mut ao = carrier("ao");
    (ao.rtt, ao.limits.mails_per_second_max, ao.limits.burst_mails) = (ms(65), Some(150.0), 30);
    ao.ways.greylist = Some(secs(3));
    let report = run_to_the_end(&scenario(vec![ao], vec![group("ao", 3000)]));
    // Everybody is asked twice: 40 s at the carrier's rate.
    let took = report.ended.since(BEGIN);
    assert!(took < secs(60), "{took:?}");
}
