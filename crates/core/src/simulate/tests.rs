//! The design's invariants (§6) in virtual time, over many seeds.

use std::collections::BTreeMap;

use super::chance::Chance;
use super::setting::BEGIN;
use super::*;
use crate::address::AddressStyle;
use crate::message::Urgency;
use crate::outcome::{Cause, Outcome, Settlement};
use crate::policy::{Policy, TlsPolicy};
use crate::time::{Instant, Span};

mod crashes;
mod cut;
mod ends;
mod forecasts;
mod hidden;
mod lanes;
mod limits;
mod mixed;
mod names;
mod nodes;
mod order;
mod relays;
mod seeds;
mod sources;
mod unknown;
mod ways;

fn ms(ms: u64) -> Span {
    Span::from_millis(ms)
}

fn secs(secs: u64) -> Span {
    Span::from_secs(secs)
}

/// A carrier of one domain, `<name>.jp`.
fn carrier(name: &str) -> CarrierScript {
    CarrierScript::new(name, &format!("{name}.jp"))
}

fn group(name: &str, mails: u32) -> Group {
    Group::new(&format!("{name}.jp"), mails)
}

fn scenario(carriers: Vec<CarrierScript>, to: Vec<Group>) -> Scenario {
    Scenario { carriers, batches: vec![BatchScript::new(to)], ..Scenario::default() }
}

/// Runs it, and checks what must hold whatever happens.
fn run_soundly(scenario: &Scenario) -> Report {
    let report = run(scenario);
    assert_eq!(report.violations, Vec::<String>::new(), "seed {}", scenario.seed);
    let mut settled: BTreeMap<(u32, &str), u32> = BTreeMap::new();
    for record in report.records.iter().filter(|r| r.settled.is_some()) {
        *settled.entry((record.batch.0, record.recipient.as_str())).or_default() += 1;
    }
    let twice: Vec<_> = settled.iter().filter(|(_, times)| **times > 1).collect();
    assert!(twice.is_empty(), "settled more than once: {twice:?}, seed {}", scenario.seed);
    assert_eq!(settled.len() + report.still_waiting, report.mails, "seed {}", scenario.seed);
    for record in report.records.iter().filter(|r| r.settled == Some(Settlement::Accepted)) {
        let taken = report.carriers.values().any(|c| c.accepted.contains_key(&record.recipient));
        assert!(taken, "{} is recorded as accepted and no carrier has it, seed {}", record.recipient, scenario.seed);
    }
    report
}

/// As `run_soundly`, and nothing waits at the end.
fn run_to_the_end(scenario: &Scenario) -> Report {
    let report = run_soundly(scenario);
    assert_eq!(report.still_waiting, 0, "seed {}", scenario.seed);
    report
}

/// Where a mail was taken twice, an attempt at it was reported in doubt for each extra copy.
fn duplicates_are_reported(report: &Report, seed: u64) {
    let mut doubts: BTreeMap<&str, u32> = BTreeMap::new();
    for record in report.records.iter().filter(|r| r.outcome == Some(Outcome::InDoubt)) {
        *doubts.entry(&record.recipient).or_default() += 1;
    }
    for (address, (times, _)) in report.carriers.values().flat_map(|c| &c.accepted) {
        let reported = doubts.get(address.as_str()).copied().unwrap_or(0);
        assert!(times - 1 <= reported, "{address} was taken {times} times, {reported} in doubt, seed {seed}");
    }
}

/// A carrier with limits, ways and changes drawn from a seed; what the engine knows of it is right or nothing.
fn any_carrier(name: &str, chance: &mut Chance, hostile: bool) -> CarrierScript {
    let limits = any_limits(chance);
    let pipelining = [Pipelining::Yes, Pipelining::Yes, Pipelining::No, Pipelining::Lie][chance.below(4) as usize];
    let tls = [TlsScript::None, TlsScript::Works, TlsScript::Fails][chance.below(3) as usize];
    let legacy = [None, Some(AddressStyle::Raw), Some(AddressStyle::Quoted)][chance.below(3) as usize];
    let ways = Ways {
        pipelining,
        discards_input: chance.happens(0.2),
        greylist: chance.happens(0.2).then_some(secs(3)),
        swallows: if hostile { 0.05 } else { 0.0 },
        legacy,
        tls,
        ..Ways::default()
    };
    let mut changes = Vec::new();
    if hostile && chance.happens(0.5) {
        let from = secs(chance.below(10));
        let trouble = if chance.happens(0.5) {
            Limits { silent: true, ..limits.clone() }
        } else {
            Limits { sessions_max: Some(0), ..limits.clone() }
        };
        changes = vec![(from, trouble), (from + secs(5 + chance.below(30)), limits.clone())];
    }
    CarrierScript {
        domains: vec![format!("{name}.jp"), format!("sub.{name}.jp")],
        shared: chance.happens(0.5),
        hosts: 1 + chance.below(3) as u8,
        policy: Policy { tls: TlsPolicy::Opportunistic, ..policy_of(&limits) },
        rtt: ms(1 + chance.below(60)),
        service: ms(1 + chance.below(80)),
        limits,
        changes,
        ways,
        ..carrier(name)
    }
}

fn any_limits(chance: &mut Chance) -> Limits {
    Limits {
        sessions_max: Some(1 + chance.below(12) as u32),
        refusal: [Refusal::Reply421, Refusal::Reset, Refusal::Silence][chance.below(3) as usize],
        mails_per_second_max: Some(2.0 + chance.below(60) as f64),
        burst_mails: 1 + chance.below(10) as u32,
        mails_per_session_max: Some(1 + chance.below(30) as u32),
        ..Limits::default()
    }
}

/// The policy that is exactly a carrier's limits.
fn policy_of(limits: &Limits) -> Policy {
    Policy {
        sessions_max: limits.sessions_max.unwrap_or(20),
        mails_per_second_max: limits.mails_per_second_max,
        burst_mails: limits.burst_mails,
        mails_per_session_max: limits.mails_per_session_max.unwrap_or(100),
        ..Policy::default()
    }
}

/// Two carriers and a few hundred people, from a seed.
fn any_scenario(seed: u64, hostile: bool) -> Scenario {
    let mut chance = Chance::new(seed, "scenario");
    let carriers = vec![any_carrier("ao", &mut chance, hostile), any_carrier("beni", &mut chance, hostile)];
    let mut to = Vec::new();
    for domain in ["ao.jp", "sub.ao.jp", "beni.jp"] {
        let mails = 1 + chance.below(60) as u32;
        to.push(Group {
            domain: domain.into(),
            mails,
            unknown_every: 11,
            filtered_every: 13,
            legacy_every: 7,
            full_every: 0,
            ..Group::default()
        });
    }
    Scenario { seed, commit: ms(1 + chance.below(10)), ..scenario(carriers, to) }
}
