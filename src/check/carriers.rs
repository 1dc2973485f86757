//! Whether carriers can be reached from here, where that was asked for.

use super::facts::{Call, Facts};
use super::finding::Finding;

const WHY: &str = "TCP 25 番が塞がれていると、この事業者へのメールは一通も届きません。";

/// Whom we could not speak with.
pub fn findings(facts: &Facts) -> Vec<Finding> {
    facts.calls.iter().filter_map(of_call).collect()
}

fn of_call(call: &Call) -> Option<Finding> {
    match &call.greeting {
        Ok(greeting) if greeting.starts_with("220") => None,
        Ok(greeting) => {
            let what = format!("接続を断られました: {}", greeting.trim_end());
            let remedy = "応答の文面に従い、送信元アドレスの評判と逆引きを確かめてください。";
            Some(Finding::error(("carrier-refuses", &call.domain), what, WHY, remedy))
        }
        Err(problem) => {
            let what = format!("接続できません: {problem}");
            let remedy = "回線の事業者とファイアウォールで、外向きの TCP 25 番を開けてください。";
            Some(Finding::error(("carrier-unreachable", &call.domain), what, WHY, remedy))
        }
    }
}
