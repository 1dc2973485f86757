//! The certificate of the pages: who vouches for it, in which name, until when, and over which TLS.

use super::facts::{Certificate, Facts, Verdict};
use super::finding::Finding;

const WHY: &str = "回答のリンクを開いた職員に警告が出て、回答されなくなります。";

/// What is wrong with it.
pub fn findings(facts: &Facts) -> Vec<Finding> {
    let Some(seen) = &facts.certificate else { return Vec::new() };
    let mut found: Vec<Finding> = of_verdict(seen, &facts.identity.web).into_iter().collect();
    if seen.takes_old_tls {
        let remedy = "前段の代理サーバーで TLS 1.2 以上だけを認めてください。";
        let what = "TLS 1.1 以前の接続も受け付けます。";
        found.push(Finding::error(("tls-old", &seen.place), what, "古い TLS は解読され得ます。", remedy));
    }
    found
}

fn of_verdict(seen: &Certificate, host: &str) -> Option<Finding> {
    let at = |code| (code, seen.place.as_str());
    let renew = "証明書を更新し、サーバーに SIGHUP を送ってください。";
    let error = |code, what: String, remedy: &str| Some(Finding::error(at(code), what, WHY, remedy));
    match &seen.now {
        Verdict::Good if seen.soon == Verdict::Expired => {
            error("certificate-ends", "二週間以内に期限が切れます。".into(), renew)
        }
        Verdict::Good if seen.later == Verdict::Expired => {
            Some(Finding::warning(at("certificate-ends-soon"), "一か月以内に期限が切れます。", WHY, renew))
        }
        Verdict::Good => None,
        Verdict::Expired => error("certificate-expired", "期限が切れています。".into(), renew),
        Verdict::NotYet => error(
            "certificate-not-yet",
            "まだ有効ではありません。".into(),
            "証明書の日付とこの機械の時計を確かめてください。",
        ),
        Verdict::WrongName => error(
            "certificate-name",
            format!("{host} の証明書ではありません。"),
            "[answers] address のホスト名で証明書を取ってください。",
        ),
        Verdict::Untrusted(problem) => error(
            "certificate-untrusted",
            format!("公に信頼された認証局までつながりません（{problem}）。"),
            "公的な認証局の証明書にし、中間証明書もファイルに入れてください。",
        ),
        Verdict::Unseen(problem) => error(
            "certificate-unseen",
            problem.clone(),
            "証明書のファイル、または [answers] address への接続を確かめてください。",
        ),
    }
}
