//! What a person sees in the terminal: a bar a carrier while it runs, a table at the end.

use std::fmt::Write as _;

use hikyaku_core::observe::RouteTrouble;
use hikyaku_core::{Carrier, Cause, Forecast, Snapshot};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::account::{CarrierReport, Report};
use hikyaku_web::foresight;

/// Bars on standard error, one for each carrier.
pub struct Bars {
    group: MultiProgress,
    bars: Vec<(Carrier, ProgressBar)>,
    last: Vec<(u64, std::time::Instant)>,
    /// The forecast below them, and a line for each carrier that is too slow.
    outlook: ProgressBar,
    /// Relays that are down and were told of.
    down: Vec<RouteTrouble>,
}

impl Bars {
    /// Bars that are drawn, or none at all.
    pub fn new(quiet: bool) -> Self {
        let target = if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr_with_hz(8) };
        let group = MultiProgress::with_draw_target(target);
        let outlook = ProgressBar::new_spinner();
        outlook.set_style(ProgressStyle::with_template("{msg}").unwrap_or_else(|_| ProgressStyle::default_spinner()));
        let outlook = group.add(outlook);
        Bars { group, bars: Vec::new(), last: Vec::new(), outlook, down: Vec::new() }
    }

    /// Draws the present state.
    pub fn update(&mut self, snapshot: &Snapshot) {
        let is_same =
            |one: &RouteTrouble, other: &RouteTrouble| (&one.route, &one.carrier) == (&other.route, &other.carrier);
        for trouble in &snapshot.routes_down {
            if !self.down.iter().any(|known| is_same(known, trouble)) {
                // Where nothing is drawn, the log has it.
                let _ = self.group.println(alarm(trouble));
            }
        }
        self.down.clone_from(&snapshot.routes_down);
        for (at, known) in snapshot.forecast.lanes.iter().enumerate() {
            let carrier = &known.carrier;
            let lanes = || snapshot.lanes.iter().filter(|lane| lane.carrier == *carrier);
            let failed: u64 = lanes().map(|lane| lane.bounced.values().sum::<u64>() + lane.dropped).sum();
            let (accepted, waiting): (u64, u64) =
                lanes().fold((0, 0), |(accepted, waiting), lane| (accepted + lane.accepted, waiting + lane.waiting));
            let done = accepted + failed;
            if self.bars.len() <= at {
                let bar = self.group.insert_before(&self.outlook, ProgressBar::new(done + waiting));
                let style = ProgressStyle::with_template("{prefix:14} {bar:28} {msg}");
                bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("█▌░"));
                bar.set_prefix(carrier.to_string());
                self.bars.push((carrier.clone(), bar));
                self.last.push((done, std::time::Instant::now()));
            }
            let (before, when) = self.last[at];
            let span = when.elapsed().as_secs_f64();
            let rate = (done - before.min(done)) as f64 / span.max(0.001);
            if span > 0.9 {
                self.last[at] = (done, std::time::Instant::now());
            }
            let left =
                if waiting == 0 { "完了".to_string() } else { known.times.all.map_or("—".into(), foresight::span) };
            let bar = &self.bars[at].1;
            bar.set_length(done + waiting);
            bar.set_position(done);
            bar.set_message(format!(
                "受付 {:>6}  待ち {:>6}  不達 {:>4}  {:>6.0} 通/秒  残り {left}",
                accepted, waiting, failed, rate
            ));
        }
    }

    /// Whether nobody sees them.
    pub fn are_hidden(&self) -> bool {
        self.group.is_hidden()
    }

    /// Shows when the batch will be through, and what would help.
    pub fn foresee(&self, forecast: &Forecast) {
        let mut lines = vec![foresight::line(forecast)];
        lines.extend(forecast.lanes.iter().filter_map(foresight::advice));
        self.outlook.set_message(lines.join("\n"));
    }

    /// Leaves the bars as they are.
    pub fn finish(&self) {
        self.outlook.finish_and_clear();
        for (_, bar) in &self.bars {
            bar.abandon();
        }
    }
}

/// What is told of a relay that is down.
fn alarm(trouble: &RouteTrouble) -> String {
    let RouteTrouble { carrier, route, relay, why, goes_round, .. } = trouble;
    let meanwhile =
        if *goes_round { "その間は別の経路で送ります" } else { "復旧するまで待ちます" };
    format!(
        "警告: {carrier} の特定接続 {route} ({relay}) が使えません: {why}。{meanwhile}。中継サーバーと接続用アカウントを確認してください"
    )
}

/// The table at the end: a row for each carrier and one for all.
pub fn table(report: &Report) -> String {
    let heads = ["", "宛先", "受付", "遅延", "不達", "不明", "接続", "通/秒", "50%", "90%", "99%", "100%"];
    let mut rows: Vec<Vec<String>> = vec![heads.iter().map(ToString::to_string).collect()];
    rows.extend(report.carriers.iter().map(carrier_row));
    let sessions: u64 = report.carriers.iter().map(|c| c.sessions).sum();
    let rate = report.t100_s.map(|s| report.counts.accepted as f64 / s.max(1e-3));
    rows.push(vec![
        "合計".into(),
        report.mails.to_string(),
        report.counts.accepted.to_string(),
        report.counts.deferred.to_string(),
        report.counts.bounced.to_string(),
        report.counts.in_doubt.to_string(),
        sessions.to_string(),
        rate.map_or("—".into(), |r| format!("{r:.0}")),
        time(report.t50_s),
        time(report.t90_s),
        time(report.t99_s),
        time(report.t100_s),
    ]);
    let mut out = columns(&rows);
    for carrier in report.carriers.iter().filter(|c| !c.counts.causes.is_empty()) {
        let causes: Vec<String> =
            carrier.counts.causes.iter().map(|(cause, n)| format!("{} {n}", cause_words(*cause))).collect();
        let _ = writeln!(out, "不達の内訳 {}: {}", carrier.name, causes.join("、"));
    }
    out
}

/// Rows in columns: names to the left, figures to the right.
pub fn columns(rows: &[Vec<String>]) -> String {
    let mut out = String::new();
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widest = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| width(cell)).max();
    let widths: Vec<usize> = (0..count).map(|column| widest(column).unwrap_or(0)).collect();
    for row in rows {
        for (column, cell) in row.iter().enumerate() {
            let pad = " ".repeat(widths[column].saturating_sub(width(cell)));
            let _ = if column == 0 { write!(out, "{cell}{pad}") } else { write!(out, "  {pad}{cell}") };
        }
        out.push('\n');
    }
    out
}

fn carrier_row(carrier: &CarrierReport) -> Vec<String> {
    vec![
        carrier.name.clone(),
        carrier.mails.to_string(),
        carrier.counts.accepted.to_string(),
        carrier.counts.deferred.to_string(),
        carrier.counts.bounced.to_string(),
        carrier.counts.in_doubt.to_string(),
        carrier.sessions.to_string(),
        carrier.mails_per_second.map_or("—".into(), |r| format!("{r:.0}")),
        time(carrier.t50_s),
        time(carrier.t90_s),
        time(carrier.t99_s),
        time(carrier.t100_s),
    ]
}

fn time(seconds: Option<f64>) -> String {
    seconds.map_or("—".into(), |s| format!("{s:.2}秒"))
}

/// Columns a text takes in a terminal: Japanese letters take two.
fn width(text: &str) -> usize {
    text.chars().map(|c| if c.is_ascii() || c == '—' { 1 } else { 2 }).sum()
}

/// What a cause is called.
pub fn cause_words(cause: Cause) -> &'static str {
    match cause {
        Cause::UnknownUser => "宛先不明",
        Cause::MailboxFull => "受信箱が満杯",
        Cause::Suspended => "停止中",
        Cause::Filtered => "受信拒否設定",
        Cause::Policy => "送信側の設定",
        Cause::Blocked => "送信元の遮断",
        Cause::TooLarge => "大きすぎる",
        Cause::Syntax => "宛先の書式",
        Cause::NoMail => "ドメインなし",
        Cause::SmtpUtf8 => "SMTPUTF8 非対応",
        Cause::Unrecognised => "未知の応答",
        _ => "その他",
    }
}
