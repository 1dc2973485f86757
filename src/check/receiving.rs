//! How mails to us are protected: MTA-STS (RFC 8461) and reports of failures (RFC 8460) of the return path's domain.

use hikyaku_core::tls::{StsMode, StsPolicy};

use super::facts::Facts;
use super::finding::Finding;

const WHY: &str = "不達通知と返信が、途中で盗み見られたり別のサーバーへ送られたりするのを防ぎます。";

/// What is wrong with them.
pub fn findings(facts: &Facts) -> Vec<Finding> {
    let domain = &facts.identity.return_path;
    let (sts, reports) = (format!("_mta-sts.{domain}"), format!("_smtp._tls.{domain}"));
    let begins = |name: &str, version: &str| facts.names.texts(name).iter().any(|text| text.starts_with(version));
    let is_known = |name: &str| facts.names.has_no_text(name) || !facts.names.texts(name).is_empty();
    let mut found = Vec::new();
    if is_known(&sts) && !begins(&sts, "v=STSv1") {
        let remedy = format!(
            "TXT {sts} に v=STSv1; id=…; を、https://mta-sts.{domain}/.well-known/mta-sts.txt に方針を公開してください。"
        );
        let place = format!("TXT {sts}");
        found.push(Finding::warning(("mta-sts-missing", &place), "MTA-STS の記録がありません。", WHY, remedy));
    }
    if is_known(&reports) && !begins(&reports, "v=TLSRPTv1") {
        let remedy = format!("TXT {reports} に v=TLSRPTv1; rua=mailto:… を公開してください。");
        let place = format!("TXT {reports}");
        found.push(Finding::warning(("tls-rpt-missing", &place), "TLS-RPT の記録がありません。", WHY, remedy));
    }
    found.extend(facts.sts_policy.as_ref().and_then(|policy| of_policy(facts, policy)));
    found
}

fn of_policy(facts: &Facts, policy: &Result<String, String>) -> Option<Finding> {
    let domain = &facts.identity.return_path;
    let place = format!("https://mta-sts.{domain}/.well-known/mta-sts.txt");
    let policy = match policy.as_ref().map_err(Clone::clone).and_then(|text| StsPolicy::parse(text)) {
        Ok(policy) => policy,
        Err(problem) => {
            let what = format!("記録はありますが、方針を読めません: {problem}");
            return Some(Finding::error(
                ("mta-sts-policy", &place),
                what,
                WHY,
                "方針のファイルを直すか、記録を外してください。",
            ));
        }
    };
    let hosts = facts.names.mx.get(domain)?.all();
    let left_out = hosts.iter().find(|(_, host)| host != "." && policy.mode != StsMode::None && !policy.names(host));
    left_out.map(|(_, host)| {
        let what = format!("MX の {host} が方針の mx にありません。守る送信者はこのホストへ送れません。");
        Finding::error(
            ("mta-sts-mx", &place),
            what,
            WHY,
            format!("方針に mx: {host} を加え、記録の id を変えてください。"),
        )
    })
}
