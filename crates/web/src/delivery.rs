//! How mails leave: every lane with its speed, what waits, what somebody should look at; lanes can be stopped and resumed.

use std::collections::BTreeMap;

use askama::Template;
use axum::{
    Form,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use hikyaku_core::observe::LaneView;
use hikyaku_core::observe::{QueueHealth, Via};
use hikyaku_core::{Carrier, Cause, Engine, Snapshot};
use hikyaku_dispatch::{BrakeChange, DispatchCommand, Error as DeskError, Thousands};
use serde::Deserialize;

use crate::audit::words::actor;
use crate::console::{Console, Viewer, told};
use crate::foresight;
use crate::frame::{Count, Frame, Place, View};
use crate::heard::Heard;
use crate::moment;
use crate::page;

/// The slowest and the fastest pace that somebody may set, in mails a second.
pub(crate) const LIMIT_MIN: f64 = 0.1;
pub(crate) const LIMIT_MAX: f64 = 1_000.0;

#[derive(Debug, Template)]
#[template(path = "delivery.html")]
struct DeliveryPage {
    frame: Frame,
    trouble: Vec<String>,
    waiting: Count,
    forecast: String,
    lanes: Vec<Row>,
    unrecognised: Vec<(String, Thousands, String)>,
}

/// One lane.
#[derive(Debug)]
struct Row {
    carrier: String,
    way: String,
    state: String,
    alarmed: bool,
    paused: bool,
    /// The pace that somebody set, in mails a second.
    limit: Option<f64>,
    /// Only the first lane of a carrier has the buttons: they are about all of them.
    first: bool,
    accepted: Count,
    waiting: Count,
    deferred: Count,
    failed: Vec<(&'static str, Count)>,
    sessions: String,
    pace: String,
    /// What it said of late, the latest first.
    heard: Vec<Heard>,
}

/// Who stopped which carrier, in words, where that is known.
type Stopped = BTreeMap<String, String>;

/// What is to be done with a carrier.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Pressed {
    #[serde(default)]
    carrier: String,
    #[serde(default)]
    act: String,
    /// Mails a second.
    #[serde(default)]
    most: String,
}

/// `GET /delivery`.
pub(crate) async fn show(State(console): State<Console>, viewer: Viewer) -> Response {
    show_with(&console, &viewer, None).await
}

async fn show_with(console: &Console, viewer: &Viewer, mistake: Option<String>) -> Response {
    let frame = viewer.frame(console, Place::Delivery).live("/delivery", View::default());
    let snapshot = match console.engine() {
        Some(engine) => engine.snapshot().await.map_err(|error| error.to_string()),
        None => Err("この画面のサーバーは送信を行っていません。".to_owned()),
    };
    match snapshot {
        Ok(snapshot) => {
            let status = if mistake.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
            let mut page = DeliveryPage::new(frame, &snapshot, &stopped(console, &snapshot));
            page.trouble.extend(mistake);
            page::render(status, &page)
        }
        Err(problem) => {
            let page = DeliveryPage {
                frame,
                trouble: vec![format!("送信の状況を読めません: {problem}")],
                waiting: Count(0),
                forecast: String::new(),
                lanes: Vec::new(),
                unrecognised: Vec::new(),
            };
            page::render(StatusCode::SERVICE_UNAVAILABLE, &page)
        }
    }
}

/// `POST /delivery`: stops a carrier's lanes, lets them go on, or holds them to a pace, at every node. What waits is kept.
pub(crate) async fn change(State(console): State<Console>, viewer: Viewer, Form(pressed): Form<Pressed>) -> Response {
    let Some(engine) = console.engine() else { return StatusCode::SERVICE_UNAVAILABLE.into_response() };
    let Some(change) = pressed.change() else {
        let mistake = format!("毎秒の通数は{LIMIT_MIN}から{LIMIT_MAX}までの数字で書いてください。");
        return match pressed.act.as_str() {
            "limit" => show_with(&console, &viewer, Some(mistake)).await,
            _ => StatusCode::UNPROCESSABLE_ENTITY.into_response(),
        };
    };
    tracing::warn!(account = %viewer.account, carrier = %pressed.carrier, act = %pressed.act, most = %pressed.most, "lanes were stopped, resumed or held to a pace");
    let carrier = pressed.carrier.clone();
    match console.act(&viewer, DispatchCommand::BrakeCarrier { carrier, change }).await {
        // Each node follows within a second; this one at once, so that the page shows it.
        Ok(_) => match at_once(engine, &pressed.carrier, change) {
            Ok(()) => Redirect::to("/delivery").into_response(),
            Err(error) => {
                tracing::error!(%error, "the engine did not take it");
                StatusCode::SERVICE_UNAVAILABLE.into_response()
            }
        },
        Err(error @ DeskError::Refused(_)) => show_with(&console, &viewer, Some(told(&error))).await,
        Err(error) => {
            // Whoever stops a carrier must be able to without a journal, too.
            let done = at_once(engine, &pressed.carrier, change).is_ok();
            let here = if done { "このサーバーでは実行しました。" } else { "" };
            let mistake = format!(
                "記録できないため、他のサーバー（ノード）には伝わっていません。{here}復旧したら、もう一度押してください（{error}）。"
            );
            show_with(&console, &viewer, Some(mistake)).await
        }
    }
}

/// What the courier does within a second. A pace is for all nodes together, so that its part is left to it.
fn at_once(engine: &Engine, carrier: &str, change: BrakeChange) -> Result<(), hikyaku_core::Error> {
    let carrier = Carrier::new(carrier);
    match change {
        BrakeChange::Pause => engine.pause(carrier),
        BrakeChange::Resume => engine.resume(carrier),
        BrakeChange::Limit(None) => engine.limit(carrier, None),
        BrakeChange::Limit(Some(pace)) => engine.limit(carrier, Some(f64::from(pace) / 1_000.0)),
    }
}

impl Pressed {
    /// What is to change; nothing where that cannot be read.
    fn change(&self) -> Option<BrakeChange> {
        Some(match self.act.as_str() {
            "pause" => BrakeChange::Pause,
            "resume" => BrakeChange::Resume,
            "free" => BrakeChange::Limit(None),
            "limit" => pace(self.most.trim().parse().ok()?)?,
            _ => return None,
        })
    }
}

/// That a carrier is held to so many mails a second; nothing where nobody may set that.
pub(crate) fn pace(most: f64) -> Option<BrakeChange> {
    let most = Some(most).filter(|most| (LIMIT_MIN..=LIMIT_MAX).contains(most))?;
    Some(BrakeChange::Limit(Some((most * 1_000.0).round() as u32)))
}

/// Who stopped the carriers that are stopped, and when, as the journal knows it.
fn stopped(console: &Console, snapshot: &Snapshot) -> Stopped {
    let carriers = snapshot.lanes.iter().filter(|lane| lane.paused).map(|lane| lane.carrier.to_string());
    console.web().desk.read(|state| {
        let word = |carrier: String| {
            let (by, at) = state.stopped(&carrier)?;
            let by = actor(by, state);
            Some((carrier, format!("{} に {by} が停止", moment::for_console(at))))
        };
        carriers.filter_map(word).collect()
    })
}

/// The lanes in an order that stays the same however they came to be: by carrier, then by way.
fn in_order(snapshot: &Snapshot) -> Vec<&LaneView> {
    let mut lanes: Vec<&LaneView> = snapshot.lanes.iter().collect();
    lanes.sort_by(|one, other| (one.carrier.as_str(), &one.via).cmp(&(other.carrier.as_str(), &other.via)));
    lanes
}

impl DeliveryPage {
    fn new(frame: Frame, snapshot: &Snapshot, stopped: &Stopped) -> Self {
        let mut last = None;
        let lanes = in_order(snapshot).into_iter().map(|lane| {
            let first = last.replace(&lane.carrier) != Some(&lane.carrier);
            Row::new(lane, first, snapshot, stopped)
        });
        Self {
            lanes: lanes.collect(),
            trouble: trouble(snapshot),
            waiting: count(snapshot.waiting),
            forecast: foresight::line(&snapshot.forecast),
            unrecognised: snapshot
                .unrecognised
                .iter()
                .map(|reply| (reply.carrier.to_string(), Thousands(reply.count), reply.reply.clone()))
                .collect(),
            frame,
        }
    }
}

impl Row {
    fn new(lane: &LaneView, first: bool, snapshot: &Snapshot, stopped: &Stopped) -> Self {
        let held = lane.held_until.filter(|until| *until > snapshot.at);
        let (state, alarmed) = match (lane.paused, lane.alarm, held) {
            (true, ..) => (paused(lane, snapshot, stopped.get(lane.carrier.as_str())), true),
            (_, Some(Cause::Blocked), _) => ("送信元が遮断されています。1通ずつ試しています".to_owned(), true),
            (_, Some(Cause::UnknownUser), _) => ("宛先不明が多すぎます。名簿を確かめてください".to_owned(), true),
            (_, Some(_), _) => ("注意が必要です".to_owned(), true),
            (.., Some(until)) => {
                let wait = until.since(snapshot.at);
                (format!("混雑の応答を受け、{}待っています", foresight::span(wait)), false)
            }
            _ if lane.waiting > 0 => ("送信中".to_owned(), false),
            _ => ("待機".to_owned(), false),
        };
        let failed = lane.bounced.iter().map(|(cause, number)| (words(*cause), count(*number)));
        Self {
            carrier: lane.carrier.to_string(),
            way: match &lane.via {
                Via::Direct => "直接（MX）".to_owned(),
                Via::Source(address) => format!("送信元 {address}"),
                Via::Relay(name) => format!("中継 {name}"),
            },
            state,
            alarmed,
            paused: lane.paused,
            limit: lane.limit,
            first,
            accepted: count(lane.accepted),
            waiting: count(lane.waiting),
            deferred: count(lane.deferred),
            failed: failed.collect(),
            sessions: format!("{}/{}", lane.sessions, lane.window),
            heard: lane.heard.iter().map(Heard::new).collect(),
            pace: lane.rate.map_or_else(|| "制限なし".to_owned(), |rate| format!("毎秒 {rate:.1}通まで")),
        }
    }
}

/// That nothing is sent there, since when and by whose word, and what would become of it.
fn paused(lane: &LaneView, snapshot: &Snapshot, by: Option<&String>) -> String {
    let by = by.map(|by| format!("{by}。")).unwrap_or_default();
    let forecast = snapshot.forecast.lanes.iter().find(|it| it.carrier == lane.carrier && it.waiting > 0);
    let then = match forecast.map(|it| it.resumed.as_ref()) {
        None => "送信待ちはありません".to_owned(),
        Some(Some(times)) => foresight::if_resumed(times),
        Some(None) => "再開したときの見込みは分かりません".to_owned(),
    };
    format!("停止中（{by}再開を押すまで送りません）。{then}")
}

/// What somebody should see to now.
pub(crate) fn trouble(snapshot: &Snapshot) -> Vec<String> {
    let mut lines = Vec::new();
    if let QueueHealth::Full { remedy, .. } = &snapshot.queue {
        lines.push(format!("送信待ちを書き込む空きがありません。新しい配信は受け付けません。{remedy}"));
    }
    lines.extend(snapshot.routes_down.iter().map(|route| {
        let meanwhile = if route.goes_round { "他の経路で送っています" } else { "復旧まで待ちます" };
        format!("{}の中継 {} に接続できません（{}）。{meanwhile}。", route.carrier, route.relay, route.why)
    }));
    lines.extend(snapshot.unresolved.iter().map(|domain| {
        let meanwhile =
            if domain.goes_on { "前回の宛先へ送っています" } else { "分かるまで待ちます" };
        format!(
            "{} の宛先サーバーが分かりません（{}通、{}）。{meanwhile}。",
            domain.domain,
            Thousands(domain.waiting),
            domain.why
        )
    }));
    lines
}

fn count(number: u64) -> Count {
    Count(u32::try_from(number).unwrap_or(u32::MAX))
}

/// A cause by what somebody can do about it.
fn words(cause: Cause) -> &'static str {
    match cause {
        Cause::UnknownUser => "宛先不明（登録の見直しを本人に依頼）",
        Cause::MailboxFull => "受信箱が満杯（空けるか別のアドレスの登録を本人に依頼）",
        Cause::Suspended => "契約停止中（別の連絡先を本人に確認）",
        Cause::Filtered => "受信拒否設定（本人の設定変更が必要）",
        Cause::Policy => "送信側の設定（DKIM・SPF などを確認）",
        Cause::Blocked => "送信元の遮断（事業者へ連絡）",
        Cause::TooLarge => "メールが大きすぎる（本文を短くして再送）",
        Cause::Syntax => "宛先の書式の誤り（登録の誤りを直す）",
        Cause::NoMail => "メールを受けないドメイン（別のアドレスの登録を本人に依頼）",
        Cause::SmtpUtf8 => "国際化アドレスに非対応（英数字のアドレスの登録を本人に依頼）",
        Cause::Unrecognised => "未知の応答（下の一覧を確認）",
        _ => "通信の失敗（自動で送り直し。続くときは回線と「状態」を確認）",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use hikyaku_core::Forecast;
    use hikyaku_core::forecast::{Basis, Load, Outlook, Speed, forecast};
    use hikyaku_core::time::Instant;

    use super::*;

    fn lane(carrier: &str, via: Via) -> LaneView {
        LaneView {
            carrier: Carrier::new(carrier),
            via,
            accepted: 0,
            deferred: 0,
            bounced: BTreeMap::new(),
            dropped: 0,
            in_doubt: 0,
            resent: 0,
            waiting: 0,
            later: 0,
            sessions: 0,
            window: 1,
            rate: None,
            sessions_opened: 0,
            refused: 0,
            tls_failures: 0,
            paused: false,
            limit: None,
            alarm: None,
            held_until: None,
            heard: Vec::new(),
        }
    }

    fn snapshot(lanes: Vec<LaneView>, forecast: Forecast) -> Snapshot {
        Snapshot {
            at: Instant::from_micros(1),
            lanes,
            waiting: 0,
            unsettled: 0,
            queue: QueueHealth::Well,
            forecast,
            unrecognised: Vec::new(),
            unresolved: Vec::new(),
            routes_down: Vec::new(),
            blocked: Vec::new(),
            learned: Vec::new(),
        }
    }

    #[test]
    fn lanes_stand_by_carrier_and_way_in_whatever_order_they_came_to_be() {
        let lanes = [
            lane("docomo", Via::Relay("tokutei".into())),
            lane("docomo", Via::Direct),
            lane("au", Via::Source([192, 0, 2, 9].into())),
            lane("au", Via::Source([192, 0, 2, 7].into())),
        ];
        let shown = |lanes: Vec<LaneView>| -> Vec<String> {
            let snapshot = snapshot(lanes, Forecast::default());
            in_order(&snapshot).iter().map(|lane| lane.via.lane_name(&lane.carrier).to_string()).collect()
        };
        let expected = ["au via 192.0.2.7", "au via 192.0.2.9", "docomo", "docomo via relay tokutei"];
        assert_eq!(shown(lanes.to_vec()), expected);
        assert_eq!(shown(lanes.iter().rev().cloned().collect()), expected);
    }

    #[test]
    fn a_stopped_lane_says_by_whom_since_when_and_what_a_word_would_make_of_it() {
        let stopped = LaneView { paused: true, waiting: 20, ..lane("docomo", Via::Direct) };
        let told = |waiting, rate, by: Option<&str>| {
            let speed = Speed::of_one(rate, Basis::Learned, Duration::ZERO).stopped();
            let lanes = vec![(Carrier::new("docomo"), Load { waiting, ..Load::default() }, speed)];
            let snapshot = snapshot(vec![stopped.clone()], forecast(Outlook { lanes, ..Outlook::default() }));
            paused(&stopped, &snapshot, by.map(str::to_owned).as_ref())
        };
        assert_eq!(
            told(20, 2.0, Some("11月21日 14:05:09 に admin が停止")),
            "停止中（11月21日 14:05:09 に admin が停止。再開を押すまで送りません）。\
             いま再開すれば 50% 5 秒  90% 9 秒  99% 10 秒  100% 10 秒"
        );
        assert!(
            told(20, 0.0, None).ends_with("停止中（再開を押すまで送りません）。再開したときの見込みは分かりません")
        );
        assert!(told(0, 2.0, None).ends_with("送信待ちはありません"));
    }
}
