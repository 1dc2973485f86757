//! What came of a simulation, for people and for programs.

use std::fmt::Write as _;
use std::time::Duration;

use hikyaku_core::Carrier;
use hikyaku_core::forecast::{Basis, LaneForecast, Load, Outlook, Speed, forecast};
use hikyaku_core::simulate::{Curve, Report};
use serde::Serialize;

use super::SimulateArgs;
use super::carriers::{Brake, Row};
use super::nodes::Several;
use crate::show;
use hikyaku_web::foresight::{self, count};

/// When shares of the accepted mails were accepted, in seconds of virtual time.
#[derive(Debug, Serialize)]
pub struct Times {
    t50_s: Option<f64>,
    t90_s: Option<f64>,
    t99_s: Option<f64>,
    t100_s: Option<f64>,
}

impl Times {
    fn of(curve: &Curve) -> Self {
        // Whole milliseconds: a curve is not finer.
        let when = |share| curve.when(share).map(|at| at.as_millis() as f64 / 1000.0);
        Times { t50_s: when(0.5), t90_s: when(0.9), t99_s: when(0.99), t100_s: when(1.0) }
    }

    fn cells(&self) -> Vec<String> {
        let cell = |time: Option<f64>| time.map_or("—".into(), |s| foresight::span(Duration::from_secs_f64(s)));
        [self.t50_s, self.t90_s, self.t99_s, self.t100_s].map(cell).into()
    }
}

/// One carrier of the answer.
#[derive(Debug, Serialize)]
struct Part {
    name: String,
    mails: u32,
    accepted: u64,
    bounced: u64,
    deferred: u64,
    sessions: u64,
    refused: u64,
    mails_per_second: f64,
    #[serde(flatten)]
    times: Times,
    limited_by: Brake,
    /// More source addresses that would bring it within the time asked for.
    more_sources: Option<u64>,
    #[serde(skip)]
    advice: Option<String>,
}

/// The answer to "how long would it take".
#[derive(Debug, Serialize)]
pub struct Answer {
    people: u32,
    seed: u64,
    within_s: f64,
    /// Whether 99 % of the accepted mails were accepted in time.
    holds: bool,
    accepted: u64,
    bounced: u64,
    still_waiting: usize,
    #[serde(flatten)]
    times: Times,
    carriers: Vec<Part>,
    /// Where there were several nodes: what carriers saw of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    several: Option<Several>,
}

/// Makes the answer of a run.
pub fn answer(
    args: &SimulateArgs,
    rows: &[Row],
    mails: &[u32],
    report: &Report,
    within: Duration,
    several: Option<Several>,
) -> Answer {
    let mut all = Curve::default();
    let parts: Vec<Part> = rows.iter().zip(mails).map(|(row, mails)| part(row, *mails, report, within)).collect();
    report.tallies.values().for_each(|tally| all.extend(&tally.curve));
    let times = Times::of(&all);
    Answer {
        people: args.people,
        seed: args.seed,
        within_s: within.as_secs_f64(),
        holds: times.t99_s.is_some_and(|t99| t99 <= within.as_secs_f64()),
        accepted: parts.iter().map(|part| part.accepted).sum(),
        bounced: parts.iter().map(|part| part.bounced).sum(),
        still_waiting: report.still_waiting,
        times,
        carriers: parts,
        several,
    }
}

fn part(row: &Row, mails: u32, report: &Report, within: Duration) -> Part {
    let tally = report.tallies.get(&row.name).cloned().unwrap_or_default();
    let seen = report.carriers.get(&row.name);
    let took = tally.curve.when(1.0).unwrap_or_default().as_secs_f64();
    let mails_per_second = if took > 0.0 { tally.settled as f64 / took } else { 0.0 };
    let lane = foreseen(row, mails, mails_per_second, within);
    Part {
        name: row.name.clone(),
        mails,
        accepted: tally.accepted,
        bounced: tally.bounced,
        deferred: tally.deferred,
        sessions: seen.map_or(0, |seen| seen.sessions),
        refused: seen.map_or(0, |seen| seen.refused),
        mails_per_second,
        times: Times::of(&tally.curve),
        limited_by: row.brake(),
        more_sources: lane.as_ref().and_then(|lane| lane.remedy).map(|remedy| remedy.sources),
        advice: lane.as_ref().and_then(foresight::advice),
    }
}

/// The same forecast as the engine's, from the pace that the run came to.
fn foreseen(row: &Row, mails: u32, per_second: f64, within: Duration) -> Option<LaneForecast> {
    let speed = Speed::of_one(per_second, Basis::Measured, Duration::ZERO);
    let load = Load { waiting: u64::from(mails), ..Load::default() };
    let lanes = vec![(Carrier::new(&row.name), load, speed)];
    forecast(Outlook { lanes, goal: Some(within), ..Outlook::default() }).lanes.pop()
}

/// The answer as a table, with what limits each carrier and what would help.
pub fn table(answer: &Answer) -> String {
    let heads = ["", "宛先", "受付", "不達", "再試行", "通/秒", "50%", "90%", "99%", "100%", "制限"];
    let mut rows: Vec<Vec<String>> = vec![heads.iter().map(ToString::to_string).collect()];
    for part in &answer.carriers {
        let mut row = vec![
            part.name.clone(),
            count(part.mails.into()),
            count(part.accepted),
            count(part.bounced),
            count(part.deferred),
            format!("{:.1}", part.mails_per_second),
        ];
        row.extend(part.times.cells());
        row.push(brake(part.limited_by).into());
        rows.push(row);
    }
    let mut sum = vec!["合計".into(), count(answer.people.into()), count(answer.accepted), count(answer.bounced)];
    sum.extend(["".into(), "".into()]);
    sum.extend(answer.times.cells());
    sum.push(String::new());
    rows.push(sum);
    let mut out = show::columns(&rows);
    let word = |seconds| foresight::span(Duration::from_secs_f64(seconds));
    let nearly_all = answer.times.t99_s.map_or("—".into(), word);
    let verdict = if answer.holds { "収まります" } else { "収まりません" };
    let within = word(answer.within_s);
    let _ = writeln!(out, "99% の受付まで {nearly_all}。目標（{within}以内）に{verdict}。");
    if answer.still_waiting > 0 {
        let _ = writeln!(out, "{} 通は終わりまでに決着しませんでした。", count(answer.still_waiting as u64));
    }
    for advice in answer.carriers.iter().filter_map(|part| part.advice.as_ref()) {
        let _ = writeln!(out, "{advice}");
    }
    out.extend(answer.several.as_ref().map(Several::table));
    out
}

fn brake(brake: Brake) -> &'static str {
    match brake {
        Brake::Rate => "通数/秒",
        Brake::Sessions => "同時接続数",
        Brake::Ourselves => "自らの接続数",
    }
}
