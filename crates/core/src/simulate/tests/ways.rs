//! The ways of carriers: legacy addresses, TLS that fails, greylists, hosts that swallow, and what is made of each.

use super::*;

#[test]
fn a_host_that_wants_legacy_addresses_bare_gets_them_so_and_is_remembered() {
    let mut ao = carrier("ao");
    ao.ways.legacy = Some(AddressStyle::Raw);
    let to = vec![Group { legacy_every: 2, ..group("ao", 400) }];
    let report = run_to_the_end(&scenario(vec![ao], to));
    assert_eq!(report.settled(Settlement::Accepted), 400);
    let refused = report.records.iter().filter(|r| r.cause == Some(Cause::Syntax)).count();
    assert!((1..60).contains(&refused), "{refused} refusals before it was learned");
}

#[test]
fn how_a_carrier_wants_legacy_addresses_is_known_after_a_restart_too() {
    let mut ao = carrier("ao");
    ao.ways.legacy = Some(AddressStyle::Raw);
    ao.policy.mails_per_second_max = Some(50.0);
    let to = vec![Group { legacy_every: 2, ..group("ao", 400) }];
    let mut scenario = scenario(vec![ao], to);
    scenario.orders = vec![(secs(4), Order::Crash(secs(1)))];
    let report = run_to_the_end(&scenario);
    let refused: Vec<Instant> =
        report.records.iter().filter(|r| r.cause == Some(Cause::Syntax)).map(|r| r.at).collect();
    assert!(!refused.is_empty() && refused.iter().all(|at| *at < BEGIN + secs(4)), "{refused:?}");
}

#[test]
fn a_legacy_address_that_no_form_can_reach_bounces_once() {
    let mut ao = carrier("ao");
    ao.policy.mails_per_second_max = Some(50.0);
    let to = vec![Group { legacy_every: 3, ..group("ao", 90) }];
    let mut quoted = ao.clone();
    quoted.ways.legacy = Some(AddressStyle::Quoted);
    let report = run_to_the_end(&scenario(vec![quoted], to));
    assert_eq!(report.settled(Settlement::Accepted), 90);
    assert_eq!(report.records.len(), 90);
}

#[test]
fn unknown_users_and_filters_bounce_for_what_they_are_and_cost_nobody_else_anything() {
    let to = vec![Group { unknown_every: 5, filtered_every: 7, ..group("ao", 350) }];
    let report = run_to_the_end(&scenario(vec![carrier("ao")], to));
    let bounced = |cause| report.records.iter().filter(|r| r.cause == Some(cause)).count();
    assert_eq!((bounced(Cause::UnknownUser), bounced(Cause::Filtered)), (70, 40));
    assert_eq!(report.settled(Settlement::Accepted), 240);
    assert_eq!(report.records.len(), 350);
}

#[test]
fn a_greylisted_mail_comes_again_and_arrives() {
    let mut ao = carrier("ao");
    ao.ways.greylist = Some(secs(3));
    let report = run_to_the_end(&scenario(vec![ao], vec![group("ao", 50)]));
    assert_eq!(report.settled(Settlement::Accepted), 50);
    assert!(report.attempts(Outcome::Deferred) >= 50);
    assert!(report.ended < BEGIN + secs(30));
}

#[test]
fn a_swallowed_answer_is_in_doubt_and_sent_again() {
    let mut ao = carrier("ao");
    ao.ways.swallows = 0.1;
    let report = run_to_the_end(&scenario(vec![ao], vec![group("ao", 300)]));
    let doubts = report.attempts(Outcome::InDoubt);
    assert!(doubts > 5);
    assert_eq!(report.carriers["ao"].duplicates() as usize, doubts);
    assert_eq!(report.settled(Settlement::Accepted), 300);
}

#[test]
fn where_tls_fails_an_opportunistic_lane_goes_on_in_clear_and_a_strict_one_waits() {
    let mut ao = carrier("ao");
    ao.ways.tls = TlsScript::Fails;
    ao.policy.tls = TlsPolicy::Opportunistic;
    let report = run_to_the_end(&scenario(vec![ao.clone()], vec![group("ao", 50)]));
    assert_eq!(report.settled(Settlement::Accepted), 50);
    assert!(report.ended < BEGIN + secs(15));

    ao.policy.tls = TlsPolicy::Required;
    let mut strict = scenario(vec![ao], vec![group("ao", 50)]);
    strict.batches[0].expires = Some(secs(120));
    let report = run_to_the_end(&strict);
    assert_eq!(report.carriers["ao"].mails.len(), 0, "nothing is sent in clear");
    assert_eq!(report.settled(Settlement::Expired), 50);
    assert!(report.records.iter().any(|r| r.cause == Some(Cause::Tls)));
    let connects = report.carriers["ao"].connects.len();
    assert!(connects < 60, "{connects} connections in two minutes");
}

#[test]
fn a_host_that_throws_input_away_or_lies_is_found_out_and_loses_nothing() {
    for ways in [
        Ways { discards_input: true, ..Ways::default() },
        Ways { pipelining: Pipelining::Lie, ..Ways::default() },
        Ways { pipelining: Pipelining::No, ..Ways::default() },
    ] {
        let ao = CarrierScript { ways: ways.clone(), ..carrier("ao") };
        let report = run_to_the_end(&scenario(vec![ao], vec![group("ao", 200)]));
        assert_eq!(report.settled(Settlement::Accepted), 200, "{ways:?}");
        assert_eq!(report.attempts(Outcome::InDoubt), 0, "{ways:?}");
        assert!(report.ended < BEGIN + secs(20), "{ways:?}: {:?}", report.ended.since(BEGIN));
    }
}

#[test]
fn a_carrier_that_falls_silent_and_wakes_again_gets_every_mail_once_or_in_doubt() {
    for seed in 0..20 {
        let mut ao = carrier("ao");
        let silent = Limits { silent: true, ..Limits::default() };
        ao.changes = vec![(ms(200 + seed * 30), silent), (secs(100), Limits::default())];
        let scenario = Scenario { seed, ..scenario(vec![ao], vec![group("ao", 400)]) };
        let report = run_to_the_end(&scenario);
        assert_eq!(report.settled(Settlement::Accepted), 400, "seed {seed}");
        duplicates_are_reported(&report, seed);
        assert!(report.ended < BEGIN + secs(160), "{:?}, seed {seed}", report.ended.since(BEGIN));
    }
}

#[test]
fn a_host_that_lies_about_pipelining_hears_one_command_at_a_time_and_refusals_cost_no_waiting() {
    let mut ao = carrier("ao");
    ao.ways.pipelining = Pipelining::Lie;
    let to = vec![Group { unknown_every: 2, ..group("ao", 60) }];
    let routine = BatchScript { urgency: Urgency::Routine, ..BatchScript::new(to) };
    let report = run_to_the_end(&Scenario { batches: vec![routine], ..scenario(vec![ao], Vec::new()) });
    assert_eq!((report.settled(Settlement::Accepted), report.settled(Settlement::Bounced)), (30, 30));
    let slowest = report.records.iter().map(|r| r.at.since(BEGIN)).max();
    assert!(slowest < Some(secs(30)), "{slowest:?}");
}
