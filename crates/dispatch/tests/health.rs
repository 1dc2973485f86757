//! The health of addresses: probes that go out a few a day, and the report on who can be reached.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{P1, P2, P3, at, import};
use hikyaku_dispatch::{
    Command, HealthCommand, HealthRefusal, HealthState, MailEnd, MailOutcome, PersonId, ProbeId, ProbePolicy, Refusal,
    Sign, State, decide,
};
use jiff::{SignedDuration, Timestamp};

fn give(state: &mut State, command: impl Into<Command>, now: Timestamp) -> Result<usize, Refusal> {
    let events = decide(state, &command.into(), now)?;
    events.iter().for_each(|event| state.apply(event));
    Ok(events.len())
}

fn ministry() -> State {
    let mut state = State::default();
    give(&mut state, import(common::ROSTER), at("09:00:00")).unwrap();
    state
}

fn day(days: i64) -> Timestamp {
    at("10:00:00") + SignedDuration::from_hours(24 * days)
}

fn outcome(person: PersonId, place: u8, cause: Option<&str>, at: Timestamp) -> MailOutcome {
    let end = if cause.is_some() { MailEnd::Bounced } else { MailEnd::Accepted };
    MailOutcome { person, place, round: 0, end, cause: cause.map(str::to_owned), carrier: "docomo".into(), at }
}

#[test]
fn req_a25_every_address_is_probed_in_turn_and_no_more_than_a_days_share_at_once() {
    let mut state = ministry();
    let policy = ProbePolicy { per_day: 3, ..ProbePolicy::default() };
    give(&mut state, HealthCommand::Probe { policy }, day(0)).unwrap();
    assert_eq!(state.probe(ProbeId(1)).unwrap().mails, [(P1, 1), (P1, 2), (P2, 1)]);
    assert_eq!(give(&mut state, HealthCommand::Probe { policy }, day(0)).unwrap(), 0, "the day's share is gone");
    give(&mut state, HealthCommand::Probe { policy }, day(1)).unwrap();
    assert_eq!(state.probe(ProbeId(2)).unwrap().mails, [(P3, 1)]);
    assert_eq!(give(&mut state, HealthCommand::Probe { policy }, day(179)).unwrap(), 0);
    give(&mut state, HealthCommand::Probe { policy }, day(180)).unwrap();
    assert_eq!(state.probe(ProbeId(3)).unwrap().mails.len(), 3);
}

#[test]
fn req_a24_a25_the_report_names_who_has_no_address_one_or_an_invalid_one() {
    let mut state = ministry();
    let policy = ProbePolicy::default();
    for (round, days) in [(1, 0), (2, 3), (3, 6)] {
        give(&mut state, HealthCommand::Probe { policy }, day(days)).unwrap();
        let outcomes = vec![outcome(P2, 1, Some("unknown-user"), day(days)), outcome(P1, 1, None, day(days))];
        give(&mut state, HealthCommand::RecordOutcomes { probe: ProbeId(round), outcomes }, day(days)).unwrap();
    }
    give(&mut state, HealthCommand::Confirm { person: P3, place: 1 }, day(7)).unwrap();
    let report = state.address_report(state.people().iter());
    assert_eq!((report.people, report.without, report.with_one), (4, vec![PersonId(4)], vec![P2, P3]));
    assert_eq!(report.unreachable, [P2]);
    let (person, place, verdict) = report.troubled[0];
    assert_eq!((person, place, verdict.state), (P2, 1, HealthState::Invalid));
    assert_eq!(verdict.evidence.map(|it| (it.sign, it.at)), Some((Sign::Unknown, day(6))));
    let counts: Vec<(HealthState, usize)> = report.by_state.into_iter().collect();
    assert_eq!(counts, [(HealthState::Unverified, 1), (HealthState::Good, 2), (HealthState::Invalid, 1)]);
    assert_eq!(give(&mut state, HealthCommand::Probe { policy }, day(7)).unwrap(), 0, "invalid ones are left alone");
}

#[test]
fn a_new_address_at_the_place_of_an_invalid_one_starts_anew() {
    let mut state = ministry();
    let policy = ProbePolicy::default();
    give(&mut state, HealthCommand::Probe { policy }, day(0)).unwrap();
    let outcomes = vec![outcome(P2, 1, Some("unknown-user"), day(0))];
    give(&mut state, HealthCommand::RecordOutcomes { probe: ProbeId(1), outcomes }, day(0)).unwrap();
    give(&mut state, import("id,name,group,region,email\n2,乙川二郎,本省/防災課,17,new@ezweb.ne.jp\n"), day(1))
        .unwrap();
    let person = state.people().find(P2).unwrap();
    assert_eq!(person.addresses()[0].place, 2);
    assert_eq!(state.address_health(person, &person.addresses()[0]).state, HealthState::Unverified);
    let refused = give(&mut state, HealthCommand::Confirm { person: P2, place: 1 }, day(1)).unwrap_err();
    assert_eq!(refused, HealthRefusal::UnknownAddress { person: P2, place: 1 }.into());
}
