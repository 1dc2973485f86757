//! The controller against small models of carriers; `simulate/tests/hidden.rs` tries it in the whole engine.

use super::*;

fn policy(sessions_max: u32) -> Policy {
    Policy { sessions_max, sessions_start: 2, ..Policy::default() }
}

const KNOWN: Judged = Judged { unknown: false, again: false, proven: true };

fn at(ms: u64) -> Instant {
    Instant::from_micros(1_000_000_000 + ms * 1000)
}

fn accepted(ms: u64) -> Signal {
    Signal::Accepted { departed: at(ms.saturating_sub(20)), latency: Span::from_millis(10), turn: 1, address: KNOWN }
}

fn busy(ms: u64) -> Signal {
    Signal::Busy { departed: at(ms.saturating_sub(20)), turn: 3, cut: false }
}

#[test]
fn a_policy_says_how_much_a_first_overrun_may_cost() {
    let (mut careful, generous) = (policy(4), Policy { flight_start: 512, ..policy(4) });
    careful.flight_start = 1;
    assert_eq!([careful, generous].map(|policy| Congestion::new(&policy).flight()), [1, 512]);
}

/// A carrier that takes so many mails a second, with a burst of as many in a fifth of a second.
struct Bucket {
    rate: f64,
    tokens: f64,
    last: u64,
}

impl Bucket {
    fn takes(&mut self, ms: u64) -> bool {
        self.tokens = (self.tokens + self.rate * (ms - self.last) as f64 / 1000.0).min((self.rate / 5.0).max(2.0));
        self.last = ms;
        let takes = self.tokens >= 1.0;
        self.tokens -= f64::from(takes);
        takes
    }
}

/// Sends at the rate that the lane allows, at most 400 a second, from one moment to another; answers come after 20 ms.
/// Returns how many mails were accepted and refused.
fn send(lane: &mut Congestion, bucket: &mut Bucket, from: u64, to: u64) -> (u32, u32) {
    let (mut next, mut counts, mut answers) = (from as f64, (0, 0), std::collections::VecDeque::new());
    for ms in from..to {
        while answers.front().is_some_and(|(due, _)| *due <= ms) {
            let Some((_, taken)) = answers.pop_front() else { break };
            let departed = at(ms - 20);
            if taken {
                counts.0 += 1;
                lane.on(Signal::Accepted { departed, latency: Span::from_millis(10), turn: 1, address: KNOWN }, at(ms));
            } else {
                counts.1 += 1;
                lane.on(Signal::Busy { departed, turn: 5, cut: false }, at(ms));
            }
        }
        let may = lane.held_until() <= at(ms) && (answers.len() as u32) < lane.flight();
        if may && next <= ms as f64 {
            answers.push_back((ms + 20, bucket.takes(ms)));
            next = next.max(ms as f64 - 1.0) + 1000.0 / lane.rate().unwrap_or(400.0).min(400.0);
        }
    }
    counts
}

#[test]
fn the_window_opens_quickly_to_its_ceiling_and_never_beyond() {
    let mut lane = Congestion::new(&policy(8));
    for ms in 0..20 {
        lane.on(Signal::Opened(lane.window()), at(ms));
        lane.on(accepted(ms), at(ms));
        assert!(lane.window() <= 8);
    }
    assert_eq!(lane.window(), 8);
}

#[test]
fn a_refused_session_is_the_limit_and_one_more_is_tried_later() {
    let mut lane = Congestion::new(&policy(10));
    (1..=4).for_each(|open| lane.on(Signal::Opened(open), at(0)));
    (0..20).for_each(|ms| lane.on(accepted(ms), at(ms)));
    lane.on(Signal::NoSession { open: 4, silent: false }, at(100));
    assert_eq!((lane.window(), lane.speed.level()), (4, None));
    (100..390).for_each(|ms| lane.on(accepted(ms), at(ms)));
    assert_eq!(lane.window(), 4);
    (390..500).for_each(|ms| lane.on(accepted(ms), at(ms)));
    assert_eq!(lane.window(), 5, "one refusal may have been chance: it is asked again soon");
    lane.on(Signal::Opened(5), at(600));
    assert!(lane.window() > 5, "what is no limit any more is left behind quickly");
}

#[test]
fn one_session_more_that_was_refused_is_given_up_although_others_were_just_being_opened() {
    let mut lane = Congestion::new(&policy(20));
    (0..5).for_each(|n| lane.on(accepted(n), at(n)));
    (1..=3).for_each(|open| lane.on(Signal::Opened(open), at(10)));
    lane.on(Signal::NoSession { open: 3, silent: false }, at(20));
    assert_eq!(lane.window(), 3);
    lane.on(accepted(2100), at(2100));
    assert_eq!(lane.window(), 4, "one more is tried");
    lane.on(Signal::NoSession { open: 2, silent: false }, at(2200));
    assert_eq!(lane.window(), 3);
    assert!(lane.next_connect(at(2200)) <= at(2200), "nothing holds back those that are borne");
}

#[test]
fn who_is_refused_just_after_its_last_session_ended_asks_again_at_once_and_keeps_its_pace() {
    let mut lane = Congestion::new(&policy(20));
    (0..30).for_each(|n| lane.on(accepted(n * 10), at(n * 10)));
    lane.on(Signal::Opened(2), at(300));
    lane.on(Signal::NoSession { open: 0, silent: false }, at(310));
    assert!(!lane.takes_nothing() && lane.next_connect(at(310)) <= at(500));
    lane.on(Signal::NoSession { open: 0, silent: false }, at(500));
    assert!(!lane.takes_nothing(), "the second time may be chance, too");
    lane.on(Signal::NoSession { open: 0, silent: false }, at(700));
    assert!(lane.takes_nothing(), "the third time it is out");
}

#[test]
fn a_rate_is_found_within_seconds_and_costs_few_refusals() {
    for rate in [5.0, 20.0, 60.0, 150.0] {
        let mut lane = Congestion::new(&policy(10));
        let mut bucket = Bucket { rate, tokens: rate / 5.0, last: 0 };
        let (_, refused) = send(&mut lane, &mut bucket, 0, 10_000);
        let (taken, later) = send(&mut lane, &mut bucket, 10_000, 40_000);
        assert!(f64::from(taken) > 0.85 * rate * 30.0, "{taken} of {} at {rate}", rate * 30.0);
        assert!(refused + later < 20 + (0.03 * rate * 40.0) as u32, "{refused} and {later} at {rate}");
    }
}

#[test]
fn a_rate_that_falls_to_a_quarter_and_comes_back_is_followed_both_ways() {
    let mut lane = Congestion::new(&policy(10));
    let mut bucket = Bucket { rate: 80.0, tokens: 16.0, last: 0 };
    send(&mut lane, &mut bucket, 0, 10_000);
    bucket.rate = 20.0;
    let (_, refused) = send(&mut lane, &mut bucket, 10_000, 20_000);
    assert!(refused < 30, "{refused}");
    bucket.rate = 80.0;
    send(&mut lane, &mut bucket, 20_000, 24_000);
    let (taken, _) = send(&mut lane, &mut bucket, 24_000, 30_000);
    assert!(taken > 360, "{taken} of 480");
}

#[test]
fn weather_of_two_in_a_hundred_costs_little() {
    let mut lane = Congestion::new(&policy(10));
    for ms in (0..60_000).step_by(10) {
        lane.on(if ms % 500 == 490 { busy(ms) } else { accepted(ms) }, at(ms));
    }
    assert!(lane.rate().is_none_or(|rate| rate > 90.0), "{:?}", lane.rate());
}

#[test]
fn trouble_without_end_never_closes_the_lane_nor_holds_it_longer_than_ten_seconds() {
    let mut lane = Congestion::new(&policy(10));
    for second in 0..200 {
        let now = at(second * 1000);
        lane.on(busy(second * 1000 + 20), now);
        assert!(lane.window() >= 1 && lane.rate().is_none_or(|r| r >= speed::RATE_MIN));
        assert!(lane.held_until().since(now) <= Span::from_secs(10));
    }
}

#[test]
fn sessions_that_end_after_as_many_mails_are_no_sign_of_haste() {
    let mut lane = Congestion::new(&policy(10));
    for session in 0..6 {
        for turn in 1..=8 {
            let ms = session * 100 + u64::from(turn) * 10;
            lane.on(
                Signal::Accepted { departed: at(ms), latency: Span::from_millis(10), turn, address: KNOWN },
                at(ms),
            );
        }
        let ms = session * 100 + 90;
        lane.on(Signal::Busy { departed: at(ms), turn: 8, cut: true }, at(ms));
    }
    assert_eq!((lane.speed.level(), lane.next_turn()), (None, Some(8)));
}

#[test]
fn a_block_lets_one_trial_mail_through_at_growing_intervals_until_one_is_taken() {
    let mut lane = Congestion::new(&policy(10));
    (0..20).for_each(|ms| lane.on(accepted(ms), at(ms)));
    lane.on(Signal::Blocked, at(1000));
    let first = lane.held_until().since(at(1000));
    assert!(lane.is_blocked() && lane.flight() == 1 && lane.window() == 1 && first >= Span::from_secs(5));
    let then = 1000 + u64::try_from(first.as_millis()).unwrap();
    lane.on(Signal::Blocked, at(then));
    assert!(lane.held_until().since(at(then)) > first);
    lane.on(accepted(then + 60_000), at(then + 60_000));
    assert!(!lane.is_blocked() && lane.window() > 1);
}

#[test]
fn a_configured_rate_is_never_exceeded_whatever_is_learned() {
    let mut lane = Congestion::new(&Policy { mails_per_second_max: Some(5.0), ..policy(10) });
    (0..3).for_each(|ms| lane.on(busy(100 + ms), at(100 + ms)));
    for ms in (200..600_000).step_by(100) {
        lane.on(accepted(ms), at(ms));
        assert!(lane.rate().is_some_and(|rate| rate <= 5.0));
    }
    assert_eq!(lane.rate(), Some(5.0));
}

#[test]
fn what_was_learned_before_is_where_the_lane_begins() {
    let mut lane = Congestion::new(&policy(10));
    let mut bucket = Bucket { rate: 40.0, tokens: 8.0, last: 0 };
    send(&mut lane, &mut bucket, 0, 10_000);
    let learned = lane.renewed(at(10_000)).unwrap();
    assert!(learned.rate.is_some_and(|rate| (34.0..46.0).contains(&rate)), "{learned:?}");
    let mut again = Congestion::new(&policy(10));
    again.remember(learned, at(10_000));
    assert!(again.rate().is_some_and(|rate| (32.0..44.0).contains(&rate)));
    let (taken, refused) = send(&mut again, &mut bucket, 10_000, 12_000);
    assert!(taken > 60 && refused < 8, "{taken} taken, {refused} refused");
}

#[test]
fn req_r01_a_lane_begins_with_what_others_learned_unless_it_heard_the_carrier_itself_not_long_before() {
    const HOUR: u64 = 3_600_000;
    let learned = |ms| Learned { at: at(ms), sessions: Some(3), rate: Some(12.0), turn: None };
    let is_theirs = |lane: &Congestion| lane.rate().is_some_and(|rate| (10.0..14.0).contains(&rate));
    let mut fresh = Congestion::new(&policy(10));
    fresh.begin_from(learned(1_000), at(2_000));
    assert!(is_theirs(&fresh) && fresh.window() == 3);
    assert_eq!(fresh.learned(), None, "it has met nothing itself, and tells nothing to others");
    assert_eq!(fresh.renewed(at(90_000)), None, "nor is it kept as its own");
    fresh.on(accepted(100_000), at(100_000));
    assert!(fresh.learned().is_some_and(|own| own.at == at(100_000) && own.sessions == Some(3)), "now it is");

    let mut heard = Congestion::new(&policy(10));
    heard.on(accepted(0), at(0));
    heard.begin_from(learned(HOUR - 1_000), at(HOUR));
    assert_eq!(heard.learned(), None, "what it heard itself counts for more");
    heard.begin_from(learned(HOUR), at(HOUR));
    assert!(is_theirs(&heard), "{:?}", heard.rate());

    let mut restarted = Congestion::new(&policy(10));
    restarted.remember(Learned { rate: Some(40.0), ..learned(0) }, at(1_000));
    restarted.begin_from(learned(HOUR - 1_000), at(HOUR));
    assert!(!is_theirs(&restarted), "what it had learned before the restart is its own");

    let mut late = Congestion::new(&policy(10));
    late.begin_from(learned(0), at(25 * HOUR));
    assert_eq!((late.rate(), late.window()), (None, 2), "after a day nothing of it is true");
}
