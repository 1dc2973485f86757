//! The name service fails, errs and changes its mind; hosts and families are down: mail goes on, each once.

use super::*;
use crate::outcome::Stage;

/// A carrier that takes a few mails a second, so that mail waits for it.
fn slow(name: &str) -> CarrierScript {
    let mut script = carrier(name);
    script.policy.mails_per_second_max = Some(10.0);
    script.policy.burst_mails = 1;
    script
}

fn fails_from(names: &[&str], from: Span) -> Vec<(String, NameTrouble)> {
    names.iter().map(|name| (format!("{name}.jp"), NameTrouble::FailsFrom(from))).collect()
}

fn batch_at(at: Span, to: Vec<Group>) -> BatchScript {
    BatchScript { at, ..BatchScript::new(to) }
}

/// When a carrier first saw a recipient of this batch.
fn first_of(report: &Report, carrier: &str, batch: usize) -> Span {
    let is_its = |address: &str| address.contains(&format!("b{batch}@"));
    let (at, _) = report.carriers[carrier].rcpts.iter().find(|(_, address)| is_its(address)).unwrap();
    at.since(BEGIN)
}

#[test]
fn once_known_routes_carry_everything_while_the_name_service_is_dead_also_after_a_restart() {
    for holds in [secs(3600), secs(5)] {
        let mut scenario = scenario(vec![slow("ao"), slow("beni")], vec![group("ao", 300), group("beni", 300)]);
        scenario.names = fails_from(&["ao", "beni"], secs(1));
        scenario.route_holds = holds;
        scenario.orders = vec![(secs(15), Order::Crash(secs(2))), (secs(120), Order::Crash(secs(2)))];
        scenario.batches.push(batch_at(secs(200), vec![group("ao", 50), group("beni", 50)]));
        let report = run_to_the_end(&scenario);
        assert_eq!(report.settled(Settlement::Accepted), 700);
        // An old answer is used as soon as it has become clear that there is no new one.
        let wait = first_of(&report, "ao", 1) - secs(200);
        assert!(wait < ms(700), "{wait:?} with answers that hold for {holds:?}");
    }
}

#[test]
fn a_route_that_holds_is_used_after_a_restart_without_asking() {
    let mut scenario = scenario(vec![carrier("ao")], vec![group("ao", 10)]);
    scenario.names = fails_from(&["ao"], secs(1));
    scenario.orders = vec![(secs(30), Order::Crash(secs(1)))];
    scenario.batches.push(batch_at(secs(60), vec![group("ao", 10)]));
    let report = run_to_the_end(&scenario);
    let wait = first_of(&report, "ao", 1) - secs(60);
    assert!(wait < ms(200), "{wait:?}");
}

#[test]
fn a_domain_that_moves_takes_its_waiting_mail_along_and_each_mail_arrives_once() {
    let mut scenario = scenario(vec![slow("ao"), slow("beni")], vec![group("ao", 400), group("beni", 100)]);
    scenario.names = vec![("ao.jp".into(), NameTrouble::MovesTo(secs(12), "beni".into()))];
    scenario.route_holds = secs(5);
    let report = run_to_the_end(&scenario);
    assert_eq!(report.settled(Settlement::Accepted), 500);
    let (ao, beni) = (&report.carriers["ao"], &report.carriers["beni"]);
    assert_eq!((ao.duplicates(), beni.duplicates()), (0, 0));
    assert_eq!(ao.accepted.len() + beni.accepted.len(), 500);
    assert!(ao.accepted.len() > 80 && ao.accepted.len() < 250, "{} went to the old carrier", ao.accepted.len());
    let last = ao.rcpts.last().unwrap().0.since(BEGIN);
    assert!(last < secs(12 + 5 + 2), "the old carrier was still asked at {last:?}");
}

#[test]
fn what_was_under_way_at_the_old_carrier_is_tried_again_at_the_new_one() {
    let mut ao = carrier("ao");
    ao.changes = vec![(ms(500), Limits { sessions_max: Some(0), ..Limits::default() })];
    ao.ways.greylist = Some(secs(3600));
    let mut scenario = scenario(vec![ao, carrier("beni")], vec![group("ao", 100)]);
    scenario.names = vec![("ao.jp".into(), NameTrouble::MovesTo(secs(4), "beni".into()))];
    scenario.route_holds = secs(2);
    let report = run_to_the_end(&scenario);
    assert_eq!(report.carriers["beni"].accepted.len(), 100, "each was put off at the old carrier");
    assert!(report.attempts(Outcome::Deferred) > 0);
}

#[test]
fn whatever_moves_and_whenever_it_crashes_every_recipient_settles_exactly_once() {
    for seed in 0..40 {
        let mut scenario = any_scenario(seed, seed % 2 == 0);
        let mut chance = Chance::new(seed, "names");
        let mut moment = |most: u64| ms(chance.below(most));
        scenario.route_holds = ms(500) + moment(20_000);
        scenario.names = vec![
            ("ao.jp".into(), NameTrouble::FailsUntil(moment(3_000))),
            ("ao.jp".into(), NameTrouble::MovesTo(moment(30_000), "beni".into())),
            ("sub.ao.jp".into(), NameTrouble::MovesTo(moment(30_000), "beni".into())),
            ("beni.jp".into(), NameTrouble::MovesTo(moment(30_000), "ao".into())),
            ("beni.jp".into(), NameTrouble::FailsFrom(moment(60_000))),
        ];
        scenario.orders = vec![(moment(20_000), Order::Crash(moment(2_000)))];
        let report = run_to_the_end(&scenario);
        duplicates_are_reported(&report, seed);
    }
}

#[test]
fn that_a_known_domain_does_not_exist_is_believed_only_when_it_is_said_for_ten_minutes() {
    let mut scenario = scenario(vec![slow("ao")], vec![group("ao", 600)]);
    scenario.route_holds = secs(5);
    scenario.names = vec![("ao.jp".into(), NameTrouble::DeniedBetween(secs(10), secs(300)))];
    let report = run_to_the_end(&scenario);
    assert_eq!(report.settled(Settlement::Accepted), 600);

    scenario.carriers[0].policy.mails_per_second_max = Some(0.5);
    scenario.names = vec![("ao.jp".into(), NameTrouble::DeniedBetween(secs(10), secs(99_999)))];
    let report = run_to_the_end(&scenario);
    let bounced: Vec<_> = report.records.iter().filter(|r| r.settled == Some(Settlement::Bounced)).collect();
    assert!(bounced.len() > 200 && report.settled(Settlement::Accepted) > 250, "{}", bounced.len());
    assert!(bounced.iter().all(|r| r.cause == Some(Cause::NoMail) && r.at > BEGIN + secs(600)));
}

#[test]
fn a_mail_that_expires_for_want_of_a_name_service_says_so() {
    let mut scenario = scenario(vec![carrier("ao")], vec![group("ao", 10)]);
    scenario.names = fails_from(&["ao"], Span::ZERO);
    scenario.batches[0].expires = Some(secs(90));
    let report = run_to_the_end(&scenario);
    assert_eq!(report.settled(Settlement::Expired), 10);
    for record in &report.records {
        assert_eq!((record.cause, record.stage), (Some(Cause::Dns), Some(Stage::Resolve)));
        assert_eq!((record.reply.as_str(), record.outcome), ("no answer", None));
    }
}

/// How long 2,000 mails to ten hosts take, of which these are down; nothing may be held against carrier or mails.
fn with_hosts_down(down: &[(u8, HostTrouble)]) -> Span {
    let mut ao = carrier("ao");
    ao.hosts = 10;
    ao.hosts_down = down.to_vec();
    ao.service = ms(100);
    ao.policy = Policy { mails_per_session_max: 20, ..ao.policy };
    let report = run_to_the_end(&scenario(vec![ao], vec![group("ao", 2000)]));
    assert_eq!(report.attempts(Outcome::Deferred), 0, "{down:?}");
    report.ended.since(BEGIN)
}

#[test]
fn a_dead_host_among_ten_neither_slows_the_lane_nor_puts_off_a_mail() {
    let calm = with_hosts_down(&[]);
    for trouble in [HostTrouble::Refuses, HostTrouble::Silent] {
        let took = with_hosts_down(&[(3, trouble)]);
        assert!(took < calm + secs(6), "{took:?} with one host that {trouble:?}, {calm:?} without");
        let took = with_hosts_down(&[(1, trouble), (4, trouble), (5, trouble), (9, trouble), (10, trouble)]);
        assert!(took < calm * 3 / 2 + secs(6), "{took:?} with five, {calm:?} without");
    }
}

#[test]
fn without_a_route_for_ipv6_its_addresses_cost_one_connection_and_no_mail_an_attempt() {
    let run = |ipv6: Ipv6| {
        let mut ao = carrier("ao");
        ao.hosts = 4;
        ao.policy = Policy { mails_per_session_max: 5, sessions_start: 1, ..ao.policy };
        let scenario = Scenario { ipv6, log: true, ..scenario(vec![ao], vec![group("ao", 600)]) };
        let report = run_to_the_end(&scenario);
        assert_eq!(report.attempts(Outcome::Deferred), 0, "{ipv6:?}");
        let opened = report.log.iter().filter(|line| line.contains(" open ")).count();
        (report.ended.since(BEGIN), opened - report.carriers["ao"].connects.len())
    };
    let (calm, none) = run(Ipv6::Absent);
    assert_eq!(none, 0);
    let (took, lost) = run(Ipv6::NoRoute);
    assert!(lost <= 2 && took < calm + ms(500), "{lost} connections lost, {took:?} instead of {calm:?}");
    let (took, lost) = run(Ipv6::Silent);
    assert!(lost <= 12 && took < calm + secs(12), "{lost} connections lost, {took:?} instead of {calm:?}");
}
