//! When will what waits have been accepted: an estimate from each lane's pace so far.

use crate::carrier::Carrier;
use crate::time::Span;

/// How far one lane has come.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// Whose lane.
    pub carrier: Carrier,
    /// Mails settled since the engine opened.
    pub done: u64,
    /// Mails that wait or are under way.
    pub waiting: u64,
    /// The most mails a second it may carry now.
    pub rate_max: Option<f64>,
}

/// How long each lane still needs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Forecast {
    /// Time left by carrier; `None` where nothing is known yet.
    pub lanes: Vec<(Carrier, Option<Span>)>,
    /// Time left until the last lane is done; `None` if one of them is not known.
    pub all: Option<Span>,
}

/// Estimates from the pace since the engine opened, under the present limits.
pub fn forecast(lanes: impl IntoIterator<Item = Progress>, elapsed: Span) -> Forecast {
    let left = |lane: &Progress| -> Option<Span> {
        if lane.waiting == 0 {
            return Some(Span::ZERO);
        }
        let seen = lane.done as f64 / elapsed.as_secs_f64().max(1e-3);
        let rate = if lane.done > 0 { lane.rate_max.map_or(seen, |max| seen.min(max)) } else { lane.rate_max? };
        (rate > 0.0).then(|| Span::try_from_secs_f64(lane.waiting as f64 / rate).unwrap_or(Span::MAX))
    };
    let lanes: Vec<(Carrier, Option<Span>)> =
        lanes.into_iter().map(|lane| (lane.carrier.clone(), left(&lane))).collect();
    let all = lanes.iter().map(|(_, span)| *span).try_fold(Span::ZERO, |max, span| span.map(|s| max.max(s)));
    Forecast { lanes, all }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane(name: &str, done: u64, waiting: u64, rate_max: Option<f64>) -> Progress {
        Progress { carrier: Carrier::new(name), done, waiting, rate_max }
    }

    #[test]
    fn the_slowest_lane_says_when_all_is_done() {
        let got = forecast([lane("a", 100, 50, None), lane("b", 10, 100, None)], Span::from_secs(10));
        assert_eq!(got.lanes[0].1, Some(Span::from_secs(5)));
        assert_eq!(got.all, Some(Span::from_secs(100)));
    }

    #[test]
    fn a_lane_that_has_not_moved_is_judged_by_its_ceiling_or_not_at_all() {
        assert_eq!(forecast([lane("a", 0, 50, Some(10.0))], Span::from_secs(1)).all, Some(Span::from_secs(5)));
        assert_eq!(forecast([lane("a", 0, 50, None)], Span::from_secs(1)).all, None);
    }
}
