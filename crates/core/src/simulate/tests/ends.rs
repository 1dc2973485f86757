//! Cancelling, expiry, domains without mail, and the end of the program: everything settles, in every state.

use super::*;

/// The states in which a batch can be caught: sending, paused, held, refused, unresolved, greylisted.
fn states() -> Vec<(&'static str, Scenario)> {
    let slow = |limits: Limits| {
        let mut ao = carrier("ao");
        ao.policy = Policy { mails_per_second_max: Some(20.0), burst_mails: 1, ..ao.policy };
        scenario(vec![CarrierScript { limits, ..ao }], vec![group("ao", 300)])
    };
    let calm = || slow(Limits::default());
    let pause = |at: u64| vec![(ms(at), Order::Pause("ao".into(), true))];
    let mut grey = calm();
    grey.carriers[0].ways.greylist = Some(secs(3600));
    let mut swallows = calm();
    swallows.carriers[0].ways.swallows = 0.5;
    vec![
        ("sending", calm()),
        ("paused", Scenario { orders: pause(1000), ..calm() }),
        ("paused before it was submitted", Scenario { orders: pause(0), ..calm() }),
        ("refused", slow(Limits { sessions_max: Some(0), ..Limits::default() })),
        ("silent", slow(Limits { silent: true, ..Limits::default() })),
        ("busy", slow(Limits { mails_per_second_max: Some(0.1), ..Limits::default() })),
        ("greylisted", grey),
        ("in doubt", swallows),
        ("unresolved", Scenario { names: vec![("ao.jp".into(), NameTrouble::FailsUntil(secs(9999)))], ..calm() }),
    ]
}

fn within(report: &Report, moment: u64) {
    // The longest wait for an answer of a mail that is under way is a minute.
    assert!(report.ended < BEGIN + secs(moment + 90), "ended only after {:?}", report.ended.since(BEGIN));
}

#[test]
fn cancelling_settles_everything_in_every_state() {
    for (state, at) in states_and_moments() {
        let (state, mut scenario) = state;
        scenario.orders.push((at, Order::Cancel(0)));
        let report = run_to_the_end(&scenario);
        let ended = report.settled(Settlement::Cancelled) + report.settled(Settlement::Unknown);
        assert!(ended > 100, "{state}: {ended}");
        within(&report, 5);
        nothing_begins_after(&report, state, at);
        let last = report.records.iter().map(|record| record.at).max().unwrap_or(BEGIN);
        let answers = !matches!(state, "refused" | "silent");
        assert!(!answers || last.since(BEGIN) < at + ms(500), "{state}: {:?}", last.since(BEGIN));
    }
}

#[test]
fn expiry_settles_everything_in_every_state() {
    for (state, at) in states_and_moments() {
        let (state, mut scenario) = state;
        scenario.batches[0].expires = Some(at);
        let report = run_to_the_end(&scenario);
        let ended = report.settled(Settlement::Expired) + report.settled(Settlement::Unknown);
        assert!(ended > 100, "{state}: {ended}");
        within(&report, 5);
        nothing_begins_after(&report, state, at);
    }
}

/// Every state at moments that meet a mail in each stage of its way.
fn states_and_moments() -> impl Iterator<Item = ((&'static str, Scenario), Span)> {
    states().into_iter().flat_map(|state| (0..9).map(move |n| (state.clone(), secs(5) + ms(7 * n))))
}

/// What had been handed to a session may still go, within the time that takes.
fn nothing_begins_after(report: &Report, state: &str, moment: Span) {
    let late = report.carriers["ao"].mails.iter().filter(|at| at.since(BEGIN) > moment + ms(150));
    assert_eq!(late.count(), 0, "{state}");
}

#[test]
fn a_lane_that_was_paused_before_it_had_mail_sends_none() {
    let (_, scenario) = states().remove(2);
    let report = run_soundly(&Scenario { ends: secs(60), ..scenario });
    assert_eq!((report.carriers["ao"].connects.len(), report.still_waiting), (0, 300));
}

#[test]
fn a_cancelled_batch_stays_cancelled_through_a_crash() {
    for (state, mut scenario) in states() {
        scenario.orders.push((secs(5), Order::Cancel(0)));
        scenario.orders.push((ms(5001), Order::Crash(secs(1))));
        let report = run_to_the_end(&scenario);
        assert!(report.settled(Settlement::Accepted) < 200, "{state}");
        within(&report, 6);
    }
}

#[test]
fn a_mail_that_may_have_been_taken_is_not_called_cancelled() {
    let (_, mut scenario) = states().remove(7);
    scenario.orders.push((secs(5), Order::Cancel(0)));
    let report = run_to_the_end(&scenario);
    let accepted = &report.carriers["ao"].accepted;
    for record in report.records.iter().filter(|r| r.settled == Some(Settlement::Cancelled)) {
        assert!(!accepted.contains_key(&record.recipient), "{record:?}");
    }
    assert!(report.settled(Settlement::Unknown) > 0);
}

#[test]
fn a_domain_that_takes_no_mail_bounces_at_once_and_touches_no_carrier() {
    let mut scenario = scenario(vec![carrier("ao")], vec![group("ao", 10), group("null", 20), group("gone", 30)]);
    scenario.names = vec![("null.jp".into(), NameTrouble::NoMail)];
    let report = run_to_the_end(&scenario);
    assert_eq!((report.settled(Settlement::Accepted), report.settled(Settlement::Bounced)), (10, 50));
    assert!(report.records.iter().filter(|r| r.cause == Some(Cause::NoMail)).all(|r| r.at < BEGIN + secs(1)));
}

#[test]
fn a_domain_whose_name_service_fails_is_asked_again_until_it_answers() {
    let mut scenario = scenario(vec![carrier("ao"), carrier("beni")], vec![group("ao", 10), group("beni", 10)]);
    scenario.names = vec![("beni.jp".into(), NameTrouble::FailsUntil(secs(40)))];
    let report = run_to_the_end(&scenario);
    assert_eq!(report.settled(Settlement::Accepted), 20);
    assert!(report.carriers["ao"].mails.iter().all(|at| *at < BEGIN + secs(1)));
    assert!(report.carriers["beni"].mails.iter().all(|at| (secs(40)..secs(75)).contains(&at.since(BEGIN))));
}

#[test]
fn a_paused_lane_goes_on_where_it_stopped() {
    let pause = |at, paused| (secs(at), Order::Pause("ao".into(), paused));
    let mut ao = carrier("ao");
    ao.policy.mails_per_second_max = Some(20.0);
    let orders = vec![pause(2, true), pause(60, false)];
    let report = run_to_the_end(&Scenario { orders, ..scenario(vec![ao], vec![group("ao", 200)]) });
    assert_eq!(report.settled(Settlement::Accepted), 200);
    let paused = secs(2) + ms(150)..secs(60);
    assert!(!report.carriers["ao"].mails.iter().any(|at| paused.contains(&at.since(BEGIN))));
}

#[test]
fn pausing_holds_back_what_sessions_have_not_begun() {
    let mut ao = carrier("ao");
    ao.service = secs(2);
    ao.policy = Policy { sessions_max: 2, sessions_start: 2, flight_start: 64, ..ao.policy };
    let pause = |at, paused| (ms(at), Order::Pause("ao".into(), paused));
    let orders = vec![pause(9_050, true), pause(60_000, false)];
    let report = run_to_the_end(&Scenario { orders, ..scenario(vec![ao], vec![group("ao", 60)]) });
    assert_eq!(report.settled(Settlement::Accepted), 60);
    let paused = ms(9_050 + 15)..secs(60);
    let late = report.carriers["ao"].mails.iter().filter(|at| paused.contains(&at.since(BEGIN))).count();
    assert_eq!(late, 0);
}

#[test]
fn shutting_down_ends_what_is_under_way_and_begins_nothing() {
    for at in [0, 3, 8, 12, 30, 55, 120, 500, 1500] {
        let orders = vec![(ms(at), Order::ShutDown)];
        let scenario = Scenario { orders, ends: secs(300), ..scenario(vec![carrier("ao")], vec![group("ao", 3000)]) };
        let report = run_soundly(&scenario);
        assert!(report.still_waiting > 0);
        let ao = &report.carriers["ao"];
        let late = ao.mails.iter().filter(|mail| **mail > BEGIN + ms(at) + secs(1)).count();
        assert_eq!(late, 0, "shut down at {at} ms");
        // Half a round trip after the last moment at which one could be begun.
        let late = ao.connects.iter().filter(|connect| **connect > BEGIN + ms(at + 10)).count();
        assert_eq!(late, 0, "shut down at {at} ms");
        // Nothing was in doubt, and what was accepted is known.
        let accepted = report.carriers["ao"].accepted.len();
        assert_eq!(report.settled(Settlement::Accepted), accepted, "shut down at {at} ms");
    }
}
