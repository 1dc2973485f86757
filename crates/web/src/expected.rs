//! When mails that are not sent yet would have arrived, carrier by carrier: shown before somebody sends or approves.

use std::collections::BTreeMap;
use std::time::Duration;

use hikyaku_core::forecast::{Composition, LaneForecast, Milestones};
use hikyaku_core::{Forecast, Urgency};

use crate::console::Console;
use crate::foresight;
use crate::frame::Count;

/// Nobody waits for less: it would be told as nothing.
const SOON: Duration = Duration::from_secs(1);

/// What the engine expects.
#[derive(Debug)]
pub(crate) struct Expected {
    /// All carriers together.
    pub(crate) line: String,
    /// When 99 % of all people have theirs.
    pub(crate) nearly_all: String,
    /// Each carrier with its mails, and when 99 % of its people have theirs.
    pub(crate) carriers: Vec<(String, Count, String)>,
}

/// What the engine expects of so many mails to each domain, ahead of others if they ask; none where this server does not send.
pub(crate) async fn expected(console: &Console, asks: bool, domains: &BTreeMap<String, u64>) -> Option<Expected> {
    let urgency = if asks { Urgency::Safety } else { Urgency::Routine };
    let domains = domains.iter().map(|(domain, mails)| (domain.clone(), *mails)).collect();
    let composition = Composition { urgency, deadline: None, domains };
    console.engine()?.forecast(composition).await.ok().map(|it| Expected::of(&it))
}

impl Expected {
    fn of(forecast: &Forecast) -> Self {
        let all = |times: &Milestones| match times.nearly_all {
            None => "見込みなし".to_owned(),
            Some(soon) if soon < SOON => "1 秒未満".to_owned(),
            Some(time) => foresight::span(time),
        };
        // A carrier that somebody stopped is told apart from one of which nothing is known.
        let of_lane = |it: &LaneForecast| match &it.resumed {
            None => all(&it.times),
            Some(times) => match times.nearly_all {
                Some(_) => format!("停止中（いま再開すれば {}）", all(times)),
                None => "停止中（再開するまで不明）".to_owned(),
            },
        };
        let mails = |count: u64| Count(u32::try_from(count).unwrap_or(u32::MAX));
        let carriers = forecast.lanes.iter().filter(|it| it.mails > 0);
        Self {
            line: foresight::line(forecast),
            nearly_all: match forecast.times.nearly_all {
                None if forecast.stopped().next().is_some() => "停止中のキャリアを再開するまで不明".to_owned(),
                _ => all(&forecast.times),
            },
            carriers: carriers.map(|it| (it.carrier.to_string(), mails(it.mails), of_lane(it))).collect(),
        }
    }
}
