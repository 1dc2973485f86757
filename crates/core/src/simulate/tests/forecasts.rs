//! Forecasts against the truth: a run is played twice, and the second time asked in its midst.

use super::*;
use crate::forecast::{Basis, Forecast};

/// When shares of the first batch were accepted, in seconds.
fn truth(report: &Report, shares: [f64; 4]) -> [f64; 4] {
    let settled =
        report.records.iter().filter(|r| r.batch == super::super::setting::batch_id(0) && r.settled.is_some());
    let mut moments: Vec<f64> = settled.map(|record| record.at.since(BEGIN).as_secs_f64()).collect();
    moments.sort_by(f64::total_cmp);
    shares.map(|share| moments[(moments.len() as f64 * share).ceil() as usize - 1])
}

/// Asks a tenth into the run; what was foretold and what came, for 50, 90, 99 and 100 %, from the beginning.
fn foretold(mut scenario: Scenario) -> (Forecast, [f64; 4], [f64; 4]) {
    let came = truth(&run_to_the_end(&scenario), [0.5, 0.9, 0.99, 1.0]);
    let asked = came[3] / 10.0;
    scenario.orders.push((Span::from_secs_f64(asked), Order::Forecast(0)));
    let report = run_to_the_end(&scenario);
    let (_, forecast) = report.forecasts[0].clone();
    let times = [forecast.times.half, forecast.times.most, forecast.times.nearly_all, forecast.times.all];
    (forecast, times.map(|time| time.map_or(f64::INFINITY, |time| time.as_secs_f64()) + asked), came)
}

fn is_close(foretold: [f64; 4], came: [f64; 4], what: &str) {
    for (at, share) in ["50", "90", "99", "100"].iter().enumerate() {
        let error = foretold[at] / came[at] - 1.0;
        assert!(error.abs() <= 0.25, "{what}, {share} %: {:.1} s foretold, {:.1} s came", foretold[at], came[at]);
    }
}

fn limited(name: &str, per_second: f64, is_told: bool) -> CarrierScript {
    let limits = Limits { mails_per_second_max: Some(per_second), burst_mails: 10, ..Limits::default() };
    let policy = if is_told { policy_of(&limits) } else { Policy::default() };
    CarrierScript { policy: Policy { tls: TlsPolicy::Never, ..policy }, limits, ..carrier(name) }
}

fn one(carrier: CarrierScript, mails: u32) -> Scenario {
    let to = vec![group("ao", mails)];
    scenario(vec![carrier], to)
}

#[test]
fn a_tenth_into_a_steady_run_the_forecast_is_within_a_quarter_of_the_truth() {
    let few_sessions = |sessions_max| {
        let policy = Policy { sessions_max, sessions_start: sessions_max, tls: TlsPolicy::Never, ..Policy::default() };
        CarrierScript { policy, ..carrier("ao") }
    };
    for (what, scenario) in [
        ("a configured rate", one(limited("ao", 20.0, true), 2_000)),
        ("a slow rate", one(limited("ao", 0.5, true), 200)),
        ("one session", one(few_sessions(1), 1_000)),
        ("ten sessions", one(few_sessions(10), 6_000)),
        ("a rate that nobody told", one(limited("ao", 40.0, false), 6_000)),
    ] {
        let (_, foretold, came) = foretold(scenario);
        is_close(foretold, came, what);
    }
}

#[test]
fn unequal_carriers_are_foretold_each_and_together() {
    let to = vec![group("ao", 3_000), group("beni", 500)];
    let carriers = vec![limited("ao", 100.0, true), limited("beni", 4.0, true)];
    let (forecast, foretold, came) = foretold(scenario(carriers, to));
    is_close(foretold, came, "both");
    let all = |name: &str| forecast.lanes.iter().find(|lane| lane.carrier.as_str() == name).unwrap().times.all.unwrap();
    assert!(all("ao") < secs(25) && all("beni") > secs(90), "{forecast}");
}

#[test]
fn what_is_more_urgent_and_what_is_equal_is_accounted_for() {
    for urgency in [Urgency::Immediate, Urgency::Safety, Urgency::Routine] {
        let mut scenario = one(limited("ao", 20.0, true), 1_000);
        scenario.batches.push(BatchScript { urgency, ..BatchScript::new(vec![group("ao", 800)]) });
        let (_, foretold, came) = foretold(scenario);
        is_close(foretold, came, &format!("beside {urgency:?}"));
    }
}

#[test]
fn before_anything_is_sent_the_configured_rate_counts_and_where_there_is_none_it_is_an_assumption() {
    let ask = |carrier| {
        let mut scenario = one(carrier, 1_000);
        scenario.orders.push((ms(3), Order::Forecast(0)));
        run_to_the_end(&scenario).forecasts[0].1.clone()
    };
    // The batch is not durable yet, so that nothing is known of it.
    let ask_late = |carrier| {
        let mut scenario = one(carrier, 1_000);
        scenario.orders.push((ms(10), Order::Forecast(0)));
        run_to_the_end(&scenario).forecasts[0].1.clone()
    };
    assert!(ask(limited("ao", 20.0, true)).lanes.is_empty());
    let told = ask_late(limited("ao", 20.0, true));
    assert_eq!((told.lanes[0].speed.basis, told.is_assumed()), (Basis::Configured, false));
    assert!(told.times.all.is_some_and(|all| (secs(45)..secs(55)).contains(&all)), "{told}");
    let untold = ask_late(limited("ao", 20.0, false));
    assert!(untold.is_assumed() && untold.to_string().contains("not known yet"), "{untold}");
}
