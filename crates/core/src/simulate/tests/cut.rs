//! A network that is cut between this machine and everybody else, names and carriers alike.

use super::*;

/// Three hundred people at two carriers, some fifteen seconds of mails.
fn cut(seed: u64, at: Span, span: Span) -> Scenario {
    let limits = Limits { sessions_max: Some(4), ..Limits::default() };
    let paced = |name| CarrierScript {
        policy: policy_of(&limits),
        limits: limits.clone(),
        rtt: ms(40),
        service: ms(300),
        ..carrier(name)
    };
    let to = vec![group("ao", 150), group("beni", 150)];
    Scenario { seed, orders: vec![(at, Order::Cut(span))], ..scenario(vec![paced("ao"), paced("beni")], to) }
}

#[test]
fn a_network_that_is_cut_for_minutes_loses_nobody_and_sending_goes_on_when_it_is_mended() {
    for seed in 0..20 {
        let whole = run_to_the_end(&cut(seed, secs(3), Span::ZERO));
        for span in [secs(2), secs(60), secs(600)] {
            let report = run_to_the_end(&cut(seed, secs(3), span));
            assert_eq!(report.settled(Settlement::Accepted), 300, "{span:?}, seed {seed}");
            duplicates_are_reported(&report, seed);
            let longer = report.ended.since(whole.ended);
            assert!(longer < span + secs(90), "{longer:?} longer for {span:?}, seed {seed}");
        }
    }
}

#[test]
fn what_was_under_way_when_the_network_was_cut_is_in_doubt_or_was_not_begun() {
    let report = run_to_the_end(&cut(1, secs(3), secs(1200)));
    let copies: u32 = report.carriers.values().map(CarrierReport::duplicates).sum();
    let doubts = report.attempts(Outcome::InDoubt);
    assert!(doubts > 0 && copies as usize <= doubts, "{copies} copies, {doubts} in doubt");
}
