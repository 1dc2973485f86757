//! What somebody decided about sending to a carrier, in words.

use hikyaku_dispatch::Brake;

/// How mails leave from then on.
pub(super) fn braked(carrier: &str, brake: Brake) -> String {
    let pace = brake.per_1000_s.map(|pace| format!("毎秒 {}通まで", f64::from(pace) / 1_000.0));
    let what = match (brake.paused, pace) {
        (true, _) => "停止した".to_owned(),
        (false, Some(pace)) => format!("{pace}にした"),
        (false, None) => "制限なしにした".to_owned(),
    };
    format!("{carrier} への送信を{what}（全ノード）")
}
