//! The health of addresses: probes that go out a few a day, and the report on who can be reached.

use crate::common;
use crate::common::{P1, P2, P3, at, import};
use hikyaku_dispatch::{
    Command, Dispatch, DispatchCommand, DispatchDraft, HealthCommand, HealthRefusal, HealthState, MailEnd, MailOutcome,
    Mode, PeopleCommand, PersonId, ProbeId, ProbePolicy, Refusal, RetentionCommand, RosterImport, RosterRow, Schedule,
    Share, Side, Sign, State, decide,
};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::{Strategy, prop_assert_eq, proptest};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

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
fn req_o06_each_half_has_rounds_of_probes_of_its_own() {
    let mut state = ministry();
    let row = RosterRow::new(
        "1",
        "己田",
        vec![vec!["欧州課".into()]],
        vec!["13".parse().unwrap()],
        vec!["ki@example.jp".into()],
    );
    give(&mut state, PeopleCommand::Import(RosterImport::whole(Side::Overseas, vec![row])), day(0)).unwrap();
    let rounds = give(&mut state, HealthCommand::Probe { policy: ProbePolicy::default() }, day(0)).unwrap();
    let sides = [1, 2].map(|number| state.sides_of_mails(&state.probe(ProbeId(number)).unwrap().mails));
    assert_eq!((rounds, sides), (2, [Side::Domestic, Side::Overseas].map(|side| BTreeSet::from([side]))));
    assert_eq!(state.probe(ProbeId(2)).unwrap().mails, [(PersonId(5), 1)]);
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

/// The tally by health as whoever reads everything would count it.
fn counted(state: &State, dispatch: &Dispatch) -> BTreeMap<Option<HealthState>, Share> {
    let mut shares: BTreeMap<Option<HealthState>, Share> = BTreeMap::new();
    for id in dispatch.asked() {
        let person = state.people().find(id).unwrap();
        let states: Vec<HealthState> =
            person.addresses().iter().map(|address| state.address_health(person, address).state).collect();
        let order = [
            HealthState::Good,
            HealthState::Unverified,
            HealthState::Full,
            HealthState::Doubtful,
            HealthState::Filtered,
            HealthState::Invalid,
        ];
        let best = order.into_iter().find(|state| states.contains(state));
        let share = shares.entry(best).or_default();
        share.people += 1;
        share.answered += u32::from(dispatch.has_answered(id));
    }
    shares
}

/// Thirty people at one carrier, every fifth without an address; what happens to them is a number each.
fn acts() -> impl Strategy<Value = Vec<(u8, u8)>> {
    proptest::collection::vec((0..8_u8, 0..30_u8), 1..60)
}

fn live(state: &mut State, (act, number): (u8, u8), now: Timestamp) {
    let roster = |address: &str| {
        let mut csv = String::from("id,name,group,region,email\n");
        for n in 1..=30_u8 {
            let mail = if n % 5 == 0 { String::new() } else { format!("{address}{n}@docomo.ne.jp") };
            writeln!(csv, "{n},職員{n},本省,17,{mail}").unwrap();
        }
        import(&csv)
    };
    let person = PersonId(u32::from(number) + 1);
    let last = state.latest_dispatch().map(|it| it.id());
    let outcomes = |cause: Option<&str>, people: std::ops::RangeInclusive<u32>| {
        let of = |id: u32| outcome(PersonId(id), 1, cause, now);
        people.filter(|id| id % 5 > 0).map(of).collect::<Vec<_>>()
    };
    let command: Command = match (act, last) {
        (0, _) | (_, None) => {
            let draft = DispatchDraft::safety(format!("{now}"), Mode::Real, "確認");
            if state.people().is_empty() {
                roster("a").into()
            } else {
                DispatchCommand::Open { draft: Box::new(draft) }.into()
            }
        }
        (1, Some(dispatch)) => common::answer(dispatch, person, 1 + number % 2, ""),
        (2, Some(dispatch)) => {
            DispatchCommand::RecordOutcomes { dispatch, outcomes: outcomes(None, 1..=u32::from(number)) }.into()
        }
        // Few are refused, or so many that it is the carrier who is doubted.
        (3, Some(dispatch)) => {
            let refused = outcomes(Some("unknown-user"), 1..=u32::from(number));
            DispatchCommand::RecordOutcomes { dispatch, outcomes: refused }.into()
        }
        (4, Some(dispatch)) => {
            let cause = ["mailbox-full", "filtered", "suspended"][usize::from(number % 3)];
            DispatchCommand::RecordOutcomes { dispatch, outcomes: outcomes(Some(cause), person.0..=person.0) }.into()
        }
        (5, _) => HealthCommand::Confirm { person, place: 1 }.into(),
        (6, _) => roster(["a", "b"][usize::from(number % 2)]).into(),
        (_, _) => {
            RetentionCommand::Forget { schedule: Schedule { bulletins_days: 0, incidents_days: 0, drills_days: 0 } }
                .into()
        }
    };
    // Refusals are part of life here.
    let _ = give(state, command, now);
}

proptest! {
    #[test]
    fn whatever_happens_the_tally_by_health_that_is_kept_is_the_one_that_is_counted(acts in acts()) {
        let mut state = State::default();
        for (number, act) in (0..).zip(acts) {
            // Days apart, so that three refusals condemn.
            live(&mut state, act, day(2 * number));
            for dispatch in state.dispatches() {
                prop_assert_eq!(state.tally_by_health(dispatch.id()), counted(&state, dispatch));
            }
        }
    }
}

#[test]
fn a_night_of_trouble_changes_the_tally_of_whoever_was_refused_before_it_was_known_for_one() {
    let mut state = State::default();
    for (number, act) in (0..).zip([(0, 0), (0, 0), (2, 29), (0, 0), (3, 3), (3, 29)]) {
        live(&mut state, act, day(2 * number));
    }
    let last = state.latest_dispatch().unwrap();
    let verdicts: Vec<_> =
        state.tally_by_health(last.id()).into_iter().map(|(best, share)| (best, share.people)).collect();
    assert_eq!(verdicts, [(None, 6), (Some(HealthState::Good), 24)], "it was the carrier's night, for all of them");
}
