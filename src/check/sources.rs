//! Whether telegrams come in, as the running server says on its page for monitoring.

use super::facts::{Facts, Sources};
use super::finding::Finding;

const WHY: &str = "電文が来なければ、地震が起きても自動では一通も送られません。";

/// What is wrong with the sources.
pub fn findings(facts: &Facts) -> Vec<Finding> {
    match &facts.sources {
        Sources::Unwatched => {
            let what = "[metrics] がないので、受信の状態を確かめられません。";
            vec![Finding::note(("sources-unwatched", "[metrics]"), what, WHY, "[metrics] listen を書いてください。")]
        }
        Sources::Silent(problem) => {
            let what = format!("サーバーが応答しません: {problem}");
            let remedy = "hikyaku serve が動いているか確かめてください（systemctl status hikyaku）。";
            vec![Finding::warning(("server-silent", "[metrics] listen"), what, WHY, remedy)]
        }
        Sources::Alarms(alarms) => alarms.iter().map(|(source, kind)| alarm(source, kind)).collect(),
    }
}

fn alarm(source: &str, kind: &str) -> Finding {
    let what = format!("電文の受信に警報が出ています（{kind}）。");
    let remedy = "配信元への通信、代理サーバー、認証の設定を確かめてください（docs/polling.md）。";
    Finding::error(("source-alarm", source), what, WHY, remedy)
}
