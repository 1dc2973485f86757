//! Who goes first within a lane: pre-emption, fair turns, and the budget of what is tried again.

use super::*;

/// A carrier that is as fast as its sessions are, full of routine mail.
fn busy_carrier() -> CarrierScript {
    let mut ao = carrier("ao");
    ao.policy = Policy { sessions_max: 10, sessions_start: 10, mails_per_session_max: 100_000, ..ao.policy };
    ao
}

fn batch(urgency: Urgency, at: Span, to: Vec<Group>) -> BatchScript {
    BatchScript { at, urgency, ..BatchScript::new(to) }
}

/// From submission to the first MAIL of the second batch, as the carrier sees it.
fn first_mail(ao: CarrierScript, routine: u32, at: Span, urgent: Vec<Group>) -> Span {
    let batches =
        vec![batch(Urgency::Routine, Span::ZERO, vec![group("ao", routine)]), batch(Urgency::Immediate, at, urgent)];
    let report = run_soundly(&Scenario { batches, ends: at + secs(30), ..scenario(vec![ao], Vec::new()) });
    let rcpts = &report.carriers["ao"].rcpts;
    let first = rcpts.iter().find(|(_, address)| address.contains("b1@")).map(|(at, _)| *at);
    first.unwrap().since(BEGIN + at)
}

#[test]
fn the_first_immediate_mail_leaves_within_a_round_trip_and_fifty_milliseconds_of_a_full_routine_batch() {
    for (rtt, service) in [(1, 1), (20, 30), (100, 5), (300, 0)] {
        for offset in [0, 7, 13, 29, 41] {
            let ao = CarrierScript { rtt: ms(rtt), service: ms(service), ..busy_carrier() };
            let took = first_mail(ao, 20_000, secs(10) + ms(offset), vec![group("ao", 1)]);
            // Half a round trip of this is the way to the carrier.
            assert!(took <= ms(rtt + rtt / 2 + 50), "{rtt} ms away, {service} ms of service: {took:?}");
        }
    }
}

#[test]
fn the_first_immediate_mail_takes_the_lanes_next_permit() {
    for per_second in [0.5, 2.0, 10.0] {
        let mut ao = busy_carrier();
        ao.policy = Policy { mails_per_second_max: Some(per_second), burst_mails: 1, ..ao.policy };
        ao.policy.idle = secs(60);
        let took = first_mail(ao, 1_000, secs(20) + ms(300), vec![group("ao", 1)]);
        let permit = Span::from_secs_f64(1.0 / per_second);
        assert!(took <= permit + ms(80), "{per_second} mails a second: {took:?}");
    }
}

#[test]
fn an_immediate_mail_takes_the_next_departure_of_all_at_whatever_moment_it_comes() {
    for (per_second, sessions) in [(10.0, 10), (2.0, 3)] {
        let interval = Span::from_secs_f64(1.0 / per_second);
        for part in 0..20 {
            let mut ao = CarrierScript { service: ms(5), ..busy_carrier() };
            ao.policy = Policy { mails_per_second_max: Some(per_second), burst_mails: 1, ..ao.policy };
            (ao.policy.sessions_max, ao.policy.sessions_start) = (sessions, sessions);
            let at = secs(10) + interval.mul_f64(f64::from(part) / 20.0);
            let batches = vec![
                batch(Urgency::Routine, Span::ZERO, vec![group("ao", 1_000)]),
                batch(Urgency::Immediate, at, vec![group("ao", 1)]),
            ];
            let report = run_soundly(&Scenario { batches, ends: at + secs(5), ..scenario(vec![ao], Vec::new()) });
            // Two commits, the second perhaps behind one that has begun, and a look into the queue until it can leave; then
            // half a round trip to the carrier.
            let ready = BEGIN + at + ms(3 * 4 + 2) + ms(10);
            let rcpts = &report.carriers["ao"].rcpts;
            let (urgent, _) = rcpts.iter().find(|(_, address)| address.contains("b1@")).unwrap();
            assert!(*urgent <= ready + interval, "{per_second} mails a second, part {part}: {urgent:?}, {ready:?}");
            let before = rcpts.iter().filter(|(when, _)| *when > ready && when < urgent).count();
            assert_eq!(before, 0, "{per_second} mails a second, part {part}: {ready:?}, {urgent:?}");
        }
    }
}

#[test]
fn an_immediate_mail_gets_a_session_though_other_sites_fill_the_window() {
    let mut ao = busy_carrier();
    ao.domains.push("other.ao.jp".into());
    ao.shared = false;
    let took = first_mail(ao, 20_000, secs(10), vec![Group::new("other.ao.jp", 1)]);
    // The mail that is being answered and the one that was begun with its dot, QUIT, and a new session: greeting, EHLO,
    // MAIL; each a round trip of 20 ms.
    assert!(took <= ms(2 * 50 + 20 + 80 + 50), "{took:?}");
}

#[test]
fn an_immediate_mail_does_not_wait_in_a_session_that_is_never_greeted() {
    for moment in (200..6_000).step_by(290) {
        let mut ao = busy_carrier();
        ao.limits = Limits { sessions_max: Some(6), refusal: Refusal::Silence, ..Limits::default() };
        let took = first_mail(ao, 20_000, ms(moment), vec![group("ao", 1)]);
        assert!(took <= ms(20 + 10 + 50), "at {moment} ms: {took:?}");
    }
}

#[test]
fn immediate_mails_are_not_mixed_with_what_they_overtake() {
    let batches = vec![
        batch(Urgency::Routine, Span::ZERO, vec![group("ao", 20_000)]),
        batch(Urgency::Immediate, secs(10), vec![group("ao", 250)]),
    ];
    let scenario = Scenario { batches, ends: secs(20), ..scenario(vec![busy_carrier()], Vec::new()) };
    let report = run_soundly(&scenario);
    let rcpts = &report.carriers["ao"].rcpts;
    let is_urgent = |address: &str| address.contains("b1@");
    let first = rcpts.iter().position(|(_, address)| is_urgent(address)).unwrap();
    let last = rcpts.iter().rposition(|(_, address)| is_urgent(address)).unwrap();
    // Ten sessions: each may have begun one mail when the first urgent one came.
    assert!(last - first < 250 + 2 * 10, "{first} to {last}");
}

#[test]
fn two_batches_of_equal_standing_share_a_lane_evenly_over_all_its_sites() {
    let mut ao = carrier("ao");
    ao.policy = Policy { mails_per_second_max: Some(50.0), burst_mails: 1, ..ao.policy };
    ao.domains.push("other.ao.jp".into());
    ao.shared = false;
    for domain in ["ao.jp", "other.ao.jp"] {
        let batches = vec![
            batch(Urgency::Safety, Span::ZERO, vec![group("ao", 11_000)]),
            batch(Urgency::Safety, secs(10), vec![Group::new(domain, 50)]),
        ];
        let ends = secs(15);
        let report = run_soundly(&Scenario { batches, ends, ..scenario(vec![ao.clone()], Vec::new()) });
        let small = report.carriers["ao"].rcpts.iter().filter(|(_, address)| address.contains("b1@"));
        let moments: Vec<Span> = small.map(|(at, _)| at.since(BEGIN + secs(10))).collect();
        // Half of fifty a second: fifty of them in two seconds.
        assert_eq!(moments.len(), 50, "{domain}");
        assert!(moments[49] < ms(2400), "{domain}: {:?}", moments[49]);
        assert!(moments[24] > ms(800), "{domain}: {:?}", moments[24]);
    }
}

#[test]
fn bad_addresses_never_hold_up_good_ones() {
    let last_good = |bad: bool| {
        let mut ao = carrier("ao");
        ao.policy = Policy { mails_per_second_max: Some(50.0), burst_mails: 1, ..ao.policy };
        // Full mailboxes are tried again and again, with the urgency of their batch.
        let full = Group { full_every: u32::from(bad), ..group("ao", 2_000) };
        let safety = BatchScript { expires: Some(secs(300)), ..batch(Urgency::Safety, Span::ZERO, vec![full]) };
        let batches = vec![safety, batch(Urgency::Confirmed, secs(60), vec![group("ao", 1_000)])];
        let report = run_to_the_end(&Scenario { batches, ..scenario(vec![ao], Vec::new()) });
        let good = report.carriers["ao"].accepted.iter().filter(|(address, _)| address.contains("b1@"));
        let moments: Vec<Span> = good.map(|(_, (_, at))| at.since(BEGIN + secs(60))).collect();
        assert_eq!(moments.len(), 1_000);
        let since = BEGIN + secs(60);
        let retries = report.carriers["ao"].rcpts.iter().filter(|(at, a)| a.contains("b0@") && *at > since).count();
        assert!(!bad || retries > 300, "{retries} retries are no burden");
        moments.into_iter().max().unwrap()
    };
    let (calm, bad) = (last_good(false), last_good(true));
    // A third of the permits at most, while good mail waits.
    assert!(bad.as_secs_f64() <= calm.as_secs_f64() * 1.55, "{bad:?}, without bad addresses {calm:?}");
}

#[test]
fn a_mail_that_expires_in_a_session_is_taken_back_and_settles_at_once() {
    // The carrier falls silent with mails behind the one that it answers; it would be a minute until the session breaks.
    let mut ao = busy_carrier();
    ao.changes = vec![(secs(5), Limits { silent: true, ..Limits::default() })];
    let mut calm = batch(Urgency::Safety, Span::ZERO, vec![group("ao", 20_000)]);
    calm.expires = Some(secs(8));
    let report = run_to_the_end(&Scenario { batches: vec![calm], ..scenario(vec![ao], Vec::new()) });
    let late = report.records.iter().filter(|record| record.at > BEGIN + secs(10) && record.settled.is_some());
    // Each of ten sessions has one mail being answered and one whose MAIL has gone with it.
    assert!(late.count() <= 20);
}
