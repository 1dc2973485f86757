//! Relays of carriers: mails go through them, wait for them or go round them, and every record says which way.

use super::*;
use crate::route::{RelayRoute, Source, SourceLimits, WhenDown};
use crate::via::Via;

fn relayed(when_down: WhenDown, changes: Vec<(Span, Limits)>, mails: u32) -> Scenario {
    let relay = CarrierScript { changes, ..CarrierScript::new("relay.example", "relay.example") };
    let route = RelayRoute {
        name: "tokutei".into(),
        host: "relay.example".into(),
        port: 25,
        carriers: vec![crate::carrier::Carrier::new("ao")],
        policy: Policy { mails_per_second_max: Some(10.0), burst_mails: 1, ..carrier("ao").policy },
        login: None,
        when_down,
        patience: secs(10),
    };
    let to = vec![group("ao", mails), group("beni", 50)];
    Scenario { relays: vec![(route, relay)], ..scenario(vec![carrier("ao"), carrier("beni")], to) }
}

fn refused() -> Limits {
    Limits { sessions_max: Some(0), refusal: Refusal::Reset, ..Limits::default() }
}

fn accepted_by(report: &Report, route: &Via) -> usize {
    report.records.iter().filter(|r| r.settled == Some(Settlement::Accepted) && r.route == *route).count()
}

#[test]
fn a_carriers_mails_go_through_its_relay_and_the_records_say_so() {
    for when_down in [WhenDown::Wait, WhenDown::Mx] {
        let report = run_to_the_end(&relayed(when_down, Vec::new(), 200));
        assert_eq!(accepted_by(&report, &Via::Relay("tokutei".into())), 200);
        assert_eq!(accepted_by(&report, &Via::Direct), 50);
        assert!(report.carriers["ao"].connects.is_empty(), "MX hosts stand by");
        assert_eq!(report.carriers["relay.example"].accepted.len(), 200);
    }
}

#[test]
fn while_a_relay_is_down_its_mails_wait_where_the_route_says_so() {
    for trouble in [refused(), Limits { silent: true, ..Limits::default() }] {
        let changes = vec![(secs(5), trouble.clone()), (secs(100), Limits::default())];
        let report = run_to_the_end(&relayed(WhenDown::Wait, changes, 200));
        assert_eq!(accepted_by(&report, &Via::Relay("tokutei".into())), 200);
        assert!(report.carriers["ao"].connects.is_empty());
        // A mail that got no answer in a minute waits for its next turn; nothing else waits longer than the relay.
        let most = if trouble.silent { secs(420) } else { secs(160) };
        assert!(report.ended.since(BEGIN) < most, "{trouble:?}: {:?}", report.ended.since(BEGIN));
        duplicates_are_reported(&report, 1);
    }
}

#[test]
fn while_a_relay_is_down_mx_hosts_take_over_and_hand_back_when_it_answers() {
    let changes = vec![(secs(5), refused()), (secs(40), Limits::default())];
    let mut scenario = relayed(WhenDown::Mx, changes, 1200);
    // Slow enough that work remains for the relay when it comes back.
    scenario.carriers[0].policy.mails_per_second_max = Some(10.0);
    let report = run_to_the_end(&scenario);
    let (relay, direct) = (Via::Relay("tokutei".into()), Via::Direct);
    let of = |via: &Via| {
        report
            .records
            .iter()
            .filter(|r| r.carrier.as_str() == "ao" && r.route == *via && r.settled.is_some())
            .map(|r| r.at.since(BEGIN))
            .collect::<Vec<_>>()
    };
    let (by_relay, by_mx) = (of(&relay), of(&direct));
    assert_eq!(by_relay.len() + by_mx.len(), 1200);
    let ends = |all: &[Span]| (all.iter().min().copied(), all.iter().max().copied(), all.len());
    let (began, relay_ended, _) = ends(&by_relay);
    assert!(
        began < Some(secs(1)) && relay_ended > Some(secs(60)),
        "{:?} and {:?} at MX",
        ends(&by_relay),
        ends(&by_mx)
    );
    let (first, last) = (by_mx.iter().min().unwrap(), by_mx.iter().max().unwrap());
    assert!(*first > secs(30) && *first < secs(45), "MX hosts took over after {first:?}");
    assert!(*last < secs(72), "handed back only after {last:?}");
}

#[test]
fn a_relay_that_is_down_is_tried_within_its_own_ceiling_and_not_while_its_carrier_is_paused() {
    let changes = vec![(secs(5), refused()), (secs(400), Limits::default())];
    let mut scenario = relayed(WhenDown::Wait, changes, 200);
    scenario.relays[0].0.policy.connects_per_minute_max = Some(2);
    scenario.orders = vec![(secs(200), Order::Pause("ao".into(), true)), (secs(300), Order::Pause("ao".into(), false))];
    let report = run_to_the_end(&scenario);
    let connects: Vec<Span> = report.carriers["relay.example"].connects.iter().map(|at| at.since(BEGIN)).collect();
    let closest = connects.windows(3).map(|three| three[2] - three[0]).min();
    assert!(closest >= Some(secs(59)), "three connections within {closest:?}: {connects:?}");
    assert!(!connects.iter().any(|at| (secs(201)..secs(300)).contains(at)), "{connects:?}");
}

#[test]
fn relays_that_fail_and_come_back_lose_nothing_through_crashes_over_seeds() {
    for seed in 0..60 {
        let mut chance = Chance::new(seed, "relays");
        let from = secs(chance.below(20));
        let trouble = if chance.happens(0.5) { refused() } else { Limits { silent: true, ..Limits::default() } };
        let changes = vec![(from, trouble), (from + secs(5 + chance.below(60)), Limits::default())];
        let when_down = if chance.happens(0.5) { WhenDown::Wait } else { WhenDown::Mx };
        let orders = vec![(ms(chance.below(30_000)), Order::Crash(ms(chance.below(3000))))];
        let scenario = Scenario { seed, orders, ..relayed(when_down, changes, 150) };
        let report = run_to_the_end(&scenario);
        duplicates_are_reported(&report, seed);
        for crash in &report.crashes {
            assert!(crash.in_flight <= crash.in_flight_max, "{crash:?}, seed {seed}");
        }
    }
}

#[test]
fn a_forecast_counts_the_ways_that_are_open_and_no_others() {
    let asked = |mut scenario: Scenario| {
        scenario.orders = vec![(secs(5), Order::Forecast(0))];
        let report = run_to_the_end(&scenario);
        let (at, forecast) = &report.forecasts[0];
        let foreseen = forecast.lanes.iter().find(|lane| lane.carrier.as_str() == "ao").unwrap().times.all.unwrap();
        let last = report.records.iter().filter(|r| r.carrier.as_str() == "ao").map(|r| r.at).max().unwrap();
        (foreseen.as_secs_f64(), last.since(*at).as_secs_f64())
    };
    // MX hosts that would take four times as much stand by.
    let mut relay = relayed(WhenDown::Mx, Vec::new(), 600);
    relay.carriers[0].policy = Policy { mails_per_second_max: Some(40.0), ..relay.carriers[0].policy.clone() };
    // Three addresses at ten a second each.
    let source = |last| Source {
        address: [192, 0, 2, last].into(),
        helo: None,
        carriers: Vec::new(),
        limits: SourceLimits { mails_per_second_max: Some(10.0), ..SourceLimits::default() },
    };
    let sources =
        Scenario { sources: (1..4).map(source).collect(), ..scenario(vec![carrier("ao")], vec![group("ao", 1_500)]) };
    // They share a total of fifteen.
    let mut shared = sources.clone();
    shared.carriers[0].policy.total.mails_per_second_max = Some(15.0);
    for scenario in [relay, sources, shared] {
        let (foreseen, took) = asked(scenario);
        assert!(took > 20.0 && (foreseen / took - 1.0).abs() < 0.1, "{foreseen} s foreseen, {took} s taken");
    }
}
