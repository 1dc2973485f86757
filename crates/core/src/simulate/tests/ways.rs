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
    let unknown = report.settled(Settlement::Unknown);
    assert_eq!(report.carriers["ao"].duplicates() as usize, doubts - unknown, "what was in doubt three times stays so");
    assert_eq!(report.settled(Settlement::Accepted), 300 - unknown);
    assert!(unknown < 3, "{unknown}");
}

#[test]
fn a_carrier_that_takes_everything_and_answers_late_gets_a_second_copy_of_few_and_a_third_of_none() {
    let mut ao = carrier("ao");
    ao.service = secs(70);
    let report = run_to_the_end(&scenario(vec![ao], vec![group("ao", 300)]));
    assert_eq!(report.settled(Settlement::Accepted), 300);
    let seen = &report.carriers["ao"];
    assert!(seen.duplicates() > 0 && seen.duplicates() as usize <= seen.sessions_most, "{} copies", seen.duplicates());
    assert!(seen.accepted.values().all(|(times, _)| *times <= 2));
    duplicates_are_reported(&report, 1);
}

#[test]
fn a_carrier_that_takes_everything_and_never_answers_gets_three_copies_of_a_mail_at_most() {
    let mut ao = carrier("ao");
    ao.ways.swallows = 1.0;
    let report = run_to_the_end(&scenario(vec![ao.clone()], vec![group("ao", 100)]));
    assert_eq!(report.settled(Settlement::Unknown), 100);
    assert!(report.carriers["ao"].accepted.values().all(|(times, _)| *times == 3));
    let mut attempts: Vec<Instant> =
        report.records.iter().filter(|r| r.recipient == "user7.b0@ao.jp").map(|r| r.at).collect();
    attempts.sort_unstable();
    let waits: Vec<Span> = attempts.windows(2).map(|pair| pair[1].since(pair[0])).collect();
    assert!(waits[0] >= secs(60) && waits[1] >= secs(120), "{waits:?}");

    ao.policy.in_doubt_resends_max = 0;
    let report = run_to_the_end(&scenario(vec![ao], vec![group("ao", 100)]));
    assert_eq!((report.settled(Settlement::Unknown), report.carriers["ao"].duplicates()), (100, 0));
}

/// A carrier of two domains that answers every RCPT of some so, until a moment.
fn banning(domain: Option<&str>, until: Span, reply: &str) -> CarrierScript {
    let mut ao = carrier("ao");
    ao.domains = vec!["ao.jp".into(), "tenant.jp".into()];
    ao.ways.bans = vec![Ban { domain: domain.map(String::from), until, reply: reply.into() }];
    ao
}

#[test]
fn a_domain_that_keeps_us_out_holds_its_own_mails_and_nobody_elses() {
    let to = || vec![group("ao", 600), group("tenant", 600)];
    let arrived = |ao: CarrierScript| {
        let mut paced = ao;
        paced.policy.mails_per_second_max = Some(50.0);
        let report = run_to_the_end(&scenario(vec![paced], to()));
        assert_eq!(report.settled(Settlement::Accepted), 1200);
        let accepted = report.carriers["ao"].accepted.clone();
        let last = accepted.iter().filter(|(address, _)| address.ends_with("@ao.jp")).map(|(_, (_, at))| *at).max();
        let tried = report.carriers["ao"].rcpts.iter().filter(|(_, address)| address.ends_with("@tenant.jp")).count();
        (last.unwrap().since(BEGIN), tried, report.ended.since(BEGIN))
    };
    let (free, ..) = arrived(carrier_of_both());
    let (last, tried, ended) = arrived(banning(Some("tenant.jp"), secs(100), "553 5.7.513 blocked by tenant.jp"));
    assert!(last <= free + ms(100), "the others' last mail came after {last:?} instead of {free:?}");
    assert!(tried < 640, "{tried} attempts at 600 mails");
    assert!(ended < secs(200), "the tenant's mails came only after {ended:?}");
}

fn carrier_of_both() -> CarrierScript {
    banning(None, Span::ZERO, "")
}

#[test]
fn a_mistake_of_ours_or_a_block_in_unknown_words_bounces_nobody_and_is_tried_with_single_mails() {
    for reply in ["554 5.7.26 unauthenticated", "571 eh"] {
        let mut ao = banning(None, secs(120), reply);
        ao.policy.mails_per_second_max = Some(200.0);
        let report = run_to_the_end(&scenario(vec![ao], vec![group("ao", 2000)]));
        assert_eq!(report.settled(Settlement::Accepted), 2000, "{reply}");
        let tried = report.carriers["ao"].rcpts.iter().filter(|(at, _)| at.since(BEGIN) < secs(120)).count();
        assert!(tried < 60, "{reply}: {tried} attempts while everything was refused");
        assert!(report.ended.since(BEGIN) < secs(300), "{reply}: {:?}", report.ended.since(BEGIN));
    }
}

#[test]
fn a_refusal_for_policy_that_is_one_recipients_bounces_when_it_is_given_twice() {
    let mut ao = banning(Some("tenant.jp"), secs(9999), "554 5.7.1 not from you");
    ao.policy.mails_per_second_max = Some(50.0);
    let report = run_to_the_end(&scenario(vec![ao], vec![group("ao", 600), group("tenant", 5)]));
    assert_eq!((report.settled(Settlement::Accepted), report.settled(Settlement::Bounced)), (600, 5));
    let tried = report.carriers["ao"].rcpts.iter().filter(|(_, address)| address.ends_with("@tenant.jp")).count();
    assert_eq!(tried, 10);
}

#[test]
fn a_full_mailbox_that_says_so_for_good_is_asked_again_for_some_minutes_before_its_mail_bounces() {
    let full = |until| {
        let ao = banning(Some("tenant.jp"), until, "552 5.2.2 mailbox full");
        run_to_the_end(&scenario(vec![ao], vec![group("ao", 100), group("tenant", 20)]))
    };
    let report = full(secs(9999));
    assert_eq!((report.settled(Settlement::Accepted), report.settled(Settlement::Bounced)), (100, 20));
    let (first, last) = (secs(300), secs(1200));
    assert!((first..last).contains(&report.ended.since(BEGIN)), "{:?}", report.ended.since(BEGIN));
    assert_eq!(full(secs(200)).settled(Settlement::Accepted), 120, "somebody made room");
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

#[test]
fn a_carrier_that_greets_and_then_takes_no_mail_is_not_connected_to_for_ever() {
    for says in ["250 one reply too many", "421 4.3.2 not now", "550 5.7.1 go away"] {
        let mut ao = carrier("ao");
        ao.ways.after_ehlo = Some(says.into());
        let scenario = Scenario { ends: secs(300), ..scenario(vec![ao], vec![group("ao", 200)]) };
        let report = run_soundly(&scenario);
        let connects = report.carriers["ao"].connects.len();
        assert!((5..=150).contains(&connects), "{says}: {connects} connections in five minutes");
        assert_eq!(report.still_waiting, 200, "{says}");
    }
}

#[test]
fn encryption_that_failed_once_is_tried_again_every_minute() {
    let mut ao = carrier("ao");
    ao.ways.tls = TlsScript::Fails;
    let policy = Policy { tls: TlsPolicy::Opportunistic, mails_per_session_max: 10, burst_mails: 1, ..ao.policy };
    ao.policy = Policy { mails_per_second_max: Some(1.0), sessions_max: 1, sessions_start: 1, ..policy };
    let report = run_to_the_end(&scenario(vec![ao], vec![group("ao", 300)]));
    assert_eq!(report.settled(Settlement::Accepted), 300);
    // Thirty sessions of ten mails, and those that failed.
    let failed = report.carriers["ao"].connects.len() - 30;
    assert!((4..=8).contains(&failed), "{failed} handshakes in five minutes");
}
