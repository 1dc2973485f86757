//! Invariant 4: one lane in trouble never delays another; and who goes first within a lane.

use super::*;

fn paced(name: &str) -> CarrierScript {
    let mut script = carrier(name);
    let policy = script.policy.clone();
    script.policy = Policy { mails_per_second_max: Some(20.0), burst_mails: 2, sessions_max: 8, ..policy };
    script
}

fn troubled(limits: Limits) -> CarrierScript {
    let mut script = paced("beni");
    script.policy = Policy { sessions_max: 60, mails_per_second_max: None, ..script.policy };
    script.changes = vec![(ms(500), limits)];
    script
}

/// When each mail to `ao` arrived there, while `beni` fares as it does.
fn arrivals(beni: CarrierScript) -> Vec<(Instant, String)> {
    let to = vec![group("beni", 4000), group("ao", 300)];
    let scenario = Scenario { ends: secs(60), ..scenario(vec![paced("ao"), beni], to) };
    run_soundly(&scenario).carriers["ao"].rcpts.clone()
}

#[test]
fn a_silent_or_refusing_lane_leaves_the_others_departures_identical() {
    let calm = arrivals(troubled(Limits::default()));
    assert_eq!(calm.len(), 300);
    for trouble in [
        Limits { silent: true, ..Limits::default() },
        Limits { sessions_max: Some(0), ..Limits::default() },
        Limits { sessions_max: Some(0), refusal: Refusal::Reset, ..Limits::default() },
        Limits { sessions_max: Some(0), refusal: Refusal::Silence, ..Limits::default() },
        Limits { mails_per_second_max: Some(0.1), ..Limits::default() },
    ] {
        assert_eq!(arrivals(troubled(trouble.clone())), calm, "{trouble:?}");
    }
}

#[test]
fn a_silent_lane_takes_no_room_from_one_that_runs_without_a_pace() {
    let mut beni = carrier("beni");
    beni.policy.sessions_max = 300;
    beni.policy.sessions_start = 300;
    beni.service = secs(1);
    let trouble = |limits: Limits| {
        let beni = CarrierScript { changes: vec![(ms(500), limits)], ..beni.clone() };
        let to = vec![group("beni", 3000), group("ao", 3000)];
        let scenario = Scenario { ends: secs(60), ..scenario(vec![carrier("ao"), beni], to) };
        let report = run_soundly(&scenario);
        let mut taken: Vec<Instant> = report.carriers["ao"].accepted.values().map(|(_, at)| *at).collect();
        taken.sort_unstable();
        assert_eq!(taken.len(), 3000);
        taken[2999].since(BEGIN)
    };
    let calm = trouble(Limits::default());
    let silent = trouble(Limits { silent: true, ..Limits::default() });
    assert!(silent <= calm + ms(50), "{silent:?} after {calm:?}");
}

#[test]
fn hundreds_of_small_domains_that_are_done_take_nothing_from_the_bound_of_a_large_one() {
    let took = |small: u32| {
        let mut carriers: Vec<CarrierScript> = (0..small).map(|n| carrier(&format!("small{n}"))).collect();
        carriers.push(carrier("ao"));
        let mut to: Vec<Group> = (0..small).map(|n| group(&format!("small{n}"), 1)).collect();
        to.push(group("ao", 4000));
        let scenario = Scenario { unsettled_max: Some(600), ..scenario(carriers, to) };
        let report = run_to_the_end(&scenario);
        report.ended.since(BEGIN)
    };
    let (alone, among) = (took(1), took(300));
    assert!(among < alone.mul_f64(1.5), "{among:?} among three hundred, {alone:?} beside one");
}

#[test]
fn an_urgent_batch_overtakes_at_the_next_mail_boundary() {
    let mut ao = paced("ao");
    ao.domains.push("other.ao.jp".into());
    ao.shared = false;
    for domain in ["ao.jp", "other.ao.jp"] {
        let routine = BatchScript { urgency: Urgency::Routine, ..BatchScript::new(vec![group("ao", 400)]) };
        let at = secs(5);
        let urgent = BatchScript { at, urgency: Urgency::Immediate, ..BatchScript::new(vec![Group::new(domain, 20)]) };
        let scenario = Scenario { batches: vec![routine, urgent], ..scenario(vec![ao.clone()], Vec::new()) };
        let report = run_to_the_end(&scenario);
        let rcpts = &report.carriers["ao"].rcpts;
        let is_urgent = |address: &str| address.contains("b1@");
        let first = rcpts.iter().position(|(_, address)| is_urgent(address)).unwrap();
        let last = rcpts.iter().rposition(|(_, address)| is_urgent(address)).unwrap();
        assert!(rcpts[first].0.since(BEGIN + at) < ms(300), "{domain}: {:?}", rcpts[first].0.since(BEGIN + at));
        // What had been handed to sessions before goes with it, nothing else.
        assert!(last - first < 20 + 8 * 3, "{domain}: {first} to {last}");
        assert!(rcpts[last].0.since(BEGIN + at) < ms(2500), "{domain}: {:?}", rcpts[last].0.since(BEGIN + at));
    }
}

#[test]
fn many_sites_of_a_lane_share_a_narrow_window() {
    let mut ao = carrier("ao");
    ao.shared = false;
    ao.domains = (0..40).map(|n| format!("d{n}.jp")).collect();
    ao.policy = Policy { sessions_max: 2, ..ao.policy };
    let to = (0..40).map(|n| Group::new(&format!("d{n}.jp"), 30)).collect();
    let report = run_to_the_end(&scenario(vec![ao], to));
    let seen = &report.carriers["ao"];
    assert_eq!(seen.accepted.len(), 40 * 30);
    // A turn is ten mails: every site has its turn before any has a third, and none opens a session for each mail.
    assert!(seen.connects.len() <= 40 * 4, "{} connections", seen.connects.len());
    let turns = |n: u32| seen.rcpts.iter().filter(move |(_, a)| a.starts_with(&format!("user{n}."))).map(|(at, _)| *at);
    assert!(turns(0).max() < turns(25).min(), "a site had its third turn before another its first");
    assert!(report.ended.since(BEGIN) < secs(150), "{:?}", report.ended.since(BEGIN));
}
