//! Forecasts of loads and speeds that are given.

use super::*;

fn speed(per_second: f64) -> Speed {
    Speed::of_one(per_second, Basis::Learned, Span::ZERO)
}

fn load(waiting: u64) -> Load {
    Load { waiting, ..Load::default() }
}

fn lane(name: &str, load: Load, speed: Speed) -> (Carrier, Load, Speed) {
    (Carrier::new(name), load, speed)
}

fn forecast(lanes: Vec<(Carrier, Load, Speed)>, deadline: Option<Span>, goal: Option<Span>) -> Forecast {
    super::forecast(Outlook { lanes, settled: 0, deadline, goal })
}

fn seconds(time: Option<Span>) -> f64 {
    time.map_or(f64::INFINITY, |time| (time.as_secs_f64() * 10.0).round() / 10.0)
}

fn times(times: Milestones) -> [f64; 4] {
    [times.half, times.most, times.nearly_all, times.all].map(seconds)
}

#[test]
fn a_steady_lane_is_through_in_proportion() {
    let got = forecast(vec![lane("a", load(1_000), speed(10.0))], None, None);
    assert_eq!(times(got.lanes[0].times), [50.0, 90.0, 99.0, 100.0]);
    assert_eq!(times(got.times), [50.0, 90.0, 99.0, 100.0]);
}

#[test]
fn the_slowest_carrier_makes_the_tail_and_not_the_middle() {
    let lanes = vec![lane("fast", load(900), speed(100.0)), lane("slow", load(100), speed(1.0))];
    let [half, most, nearly_all, all] = times(forecast(lanes, None, None).times);
    assert!((4.9..5.1).contains(&half), "{half}");
    assert!((8.9..9.2).contains(&most), "{most}");
    assert!((89.8..90.2).contains(&nearly_all), "{nearly_all}");
    assert!((99.8..100.2).contains(&all), "{all}");
}

#[test]
fn what_is_more_urgent_goes_before_and_what_is_equal_shares() {
    let before = Load { before: 100, ..load(100) };
    assert_eq!(times(forecast(vec![lane("a", before, speed(10.0))], None, None).times), [15.0, 19.0, 19.9, 20.0]);
    let beside = Load { beside: vec![11_000], ..load(50) };
    assert_eq!(times(forecast(vec![lane("a", beside, speed(10.0))], None, None).times), [5.0, 9.0, 10.0, 10.0]);
    let small = Load { beside: vec![50], ..load(11_000) };
    assert_eq!(seconds(forecast(vec![lane("a", small, speed(10.0))], None, None).times.all), 1105.0);
}

#[test]
fn what_has_settled_counts_and_what_was_put_off_comes_last() {
    let half_done = Load { done: 500, put_off: Span::from_secs(300), ..load(500) };
    let got = forecast(vec![lane("a", half_done, speed(10.0))], None, None);
    assert_eq!(times(got.times), [0.0, 40.0, 49.0, 300.0]);
}

#[test]
fn a_lane_that_is_stopped_is_never_through_and_the_others_are() {
    let lanes = vec![lane("on", load(80), speed(10.0)), lane("off", load(20), speed(0.0))];
    let got = forecast(lanes, Some(Span::from_secs(60)), None);
    assert_eq!((seconds(got.times.half), got.times.most, got.holds()), (5.0, None, Some(false)));
    assert_eq!(got.lanes[1].to_string(), "off: 20 wait: nothing departs");
}

#[test]
fn the_deadline_holds_if_99_percent_are_through() {
    let holds = |deadline| {
        let lanes = vec![lane("a", load(1_000), speed(10.0))];
        forecast(lanes, Some(Span::from_secs(deadline)), None).holds()
    };
    assert_eq!((holds(100), holds(98)), (Some(true), Some(false)));
}

#[test]
fn a_remedy_names_what_would_make_it_in_time() {
    let lanes = vec![lane("SoftBank", load(2_875), speed(600.0 / 3600.0))];
    let got = forecast(lanes, None, Some(Span::from_secs(180)));
    assert_eq!(
        got.lanes[0].to_string(),
        "SoftBank: 2,875 at a learned 600 an hour takes 4.8 h; 95 more source addresses or a relay would make it 3.0 min"
    );
    let fast = forecast(vec![lane("a", load(100), speed(10.0))], None, Some(Span::from_secs(180)));
    assert_eq!(fast.lanes[0].remedy, None);
}

#[test]
fn nothing_to_do_is_done() {
    assert_eq!(times(forecast(Vec::new(), None, None).times), [0.0; 4]);
    assert_eq!(times(forecast(vec![lane("a", load(0), speed(0.0))], None, None).times), [0.0; 4]);
}

#[test]
fn what_settled_elsewhere_counts_in_the_whole() {
    let lanes = vec![lane("a", load(100), speed(10.0))];
    let got = super::forecast(Outlook { lanes, settled: 100, ..Outlook::default() });
    assert_eq!(times(got.times), [0.0, 8.0, 9.8, 10.0]);
}

#[test]
fn ways_that_are_held_join_in_when_they_may() {
    let way = |per_second, held| Speed::of_one(per_second, Basis::Learned, Span::from_secs(held));
    let all = |mails, ways| {
        let speed = Speed::together(ways);
        seconds(forecast(vec![lane("a", load(mails), speed)], None, None).times.all)
    };
    assert_eq!(all(100, vec![way(5.0, 0), way(5.0, 0)]), 10.0);
    // Fifty in the first ten seconds by the one that is not held, the rest by both.
    assert_eq!(all(150, vec![way(5.0, 0), way(5.0, 10)]), 20.0);
    assert_eq!(all(40, vec![way(5.0, 0), way(5.0, 10)]), 8.0);
    assert_eq!(all(150, vec![way(5.0, 20), way(5.0, 10)]), 30.0);
    assert_eq!(all(100, vec![way(0.0, 0), way(5.0, 10)]), 30.0);
    assert_eq!(all(100, vec![way(0.0, 0)]), f64::INFINITY);
}

#[test]
fn more_addresses_are_counted_by_what_one_of_them_carries() {
    let three = Speed::together(vec![speed(1.0), speed(1.0), speed(1.0)]);
    let got = forecast(vec![lane("a", load(600), three)], None, Some(Span::from_secs(100)));
    assert_eq!(got.lanes[0].remedy, Some(Remedy { sources: 3, all: Span::from_secs(100) }));
}

#[test]
fn a_carrier_that_an_operator_stopped_says_when_it_would_be_through_if_it_were_resumed() {
    let lanes = vec![lane("on", load(80), speed(8.0)), lane("off", load(20), speed(2.0).stopped())];
    let got = forecast(lanes, None, None);
    assert_eq!((got.times.nearly_all, got.lanes[1].times.all), (None, None), "as things stand, never");
    assert_eq!(times(got.lanes[1].resumed.unwrap()), [5.0, 9.0, 10.0, 10.0]);
    assert_eq!(seconds(got.resumed.unwrap().all), 10.0);
    assert_eq!(got.lanes[0].resumed, None, "nobody stopped it");
    assert_eq!(got.stopped().map(|lane| lane.carrier.as_str()).collect::<Vec<_>>(), ["off"]);
    let told = got.lanes[1].to_string();
    assert_eq!(told, "off: 20 wait: stopped by an operator; resumed now it takes 10.0 s");
    let idle = forecast(vec![lane("off", load(0), speed(2.0).stopped())], None, None);
    assert_eq!((idle.resumed, idle.stopped().count()), (None, 0), "nothing waits for it");
}

#[test]
fn ways_that_are_stopped_add_to_those_that_run_once_they_are_resumed() {
    let both = Speed::together(vec![speed(1.0), speed(3.0).stopped()]);
    let got = forecast(vec![lane("a", load(40), both)], None, None);
    assert_eq!(seconds(got.lanes[0].times.all), 40.0);
    assert_eq!(seconds(got.lanes[0].resumed.unwrap().all), 10.0);
}
