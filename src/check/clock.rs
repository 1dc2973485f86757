//! Whether this machine's clock is right, by others that are named (requirement S15).

use super::facts::Facts;
use super::finding::Finding;

/// So far off is told, in milliseconds.
const TOLD_MS: u64 = 1_000;
/// So far off does harm, in milliseconds: one-time codes last 30 seconds.
const HARMFUL_MS: u64 = 10_000;

const WHY: &str = "時刻がずれると、認証コードが通らず、記録と署名の時刻が証拠にならず、電文の古さを誤ります。";

/// What is wrong with it.
pub fn findings(facts: &Facts) -> Vec<Finding> {
    let mut found: Vec<Finding> = facts
        .clocks
        .iter()
        .filter_map(|clock| match &clock.ahead_ms {
            Err(problem) => {
                let what = format!("時刻を問い合わせられません: {problem}");
                let remedy = "時刻サーバーの名前と、UDP 123 番の通信を確かめてください。";
                Some(Finding::warning(("clock-unanswered", &clock.reference), what, WHY, remedy))
            }
            Ok(ahead) => off(&clock.reference, *ahead),
        })
        .collect();
    if facts.clocks.is_empty() {
        let what = "比べる時刻サーバーがありません。";
        let remedy = "[check] time_server に NTP サーバーを書いてください（例: \"ntp.nict.jp\"）。";
        found.push(Finding::warning(("clock-unchecked", "[check] time_server"), what, WHY, remedy));
    }
    if !matches!(facts.zone.as_str(), "Asia/Tokyo" | "Japan" | "UTC" | "Etc/UTC") {
        let what = format!("この機械の時間帯は {} です。", facts.zone);
        let remedy = "timedatectl set-timezone Asia/Tokyo を実行してください。";
        let why = "画面と記録は日本時間ですが、OS の記録や定時の処理の時刻と食い違います。";
        found.push(Finding::warning(("zone-other", "timezone"), what, why, remedy));
    }
    found
}

fn off(reference: &str, ahead_ms: i64) -> Option<Finding> {
    let way = if ahead_ms > 0 { "進んで" } else { "遅れて" };
    let what = format!("この機械の時計は {:.1} 秒{way}います。", ahead_ms.unsigned_abs() as f64 / 1_000.0);
    let remedy = "chronyd か systemd-timesyncd を動かし、時刻サーバーに合わせてください。";
    match ahead_ms.unsigned_abs() {
        HARMFUL_MS.. => Some(Finding::error(("clock-off", reference), what, WHY, remedy)),
        TOLD_MS.. => Some(Finding::warning(("clock-off", reference), what, WHY, remedy)),
        _ => None,
    }
}
