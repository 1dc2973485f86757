//! Whether the domains of From and of the return path can be written to: carriers refuse mails from others.

use super::facts::{Answer, Facts};
use super::finding::Finding;

const WHY: &str = "差出人や不達通知の宛先のドメインに MX か A がないと、ドコモは差出人として認めず、ソフトバンクは 553 で全て拒みます。不達通知も届きません。";

/// What is wrong with both domains.
pub fn findings(facts: &Facts) -> Vec<Finding> {
    let identity = &facts.identity;
    let mut found = of_domain(facts, &identity.from, "sender-unreachable");
    if identity.return_path != identity.from {
        found.extend(of_domain(facts, &identity.return_path, "return-path-unreachable"));
    }
    found
}

fn of_domain(facts: &Facts, domain: &str, code: &'static str) -> Vec<Finding> {
    let names = &facts.names;
    let place = format!("MX {domain}");
    let unreachable = |what: String| {
        let remedy = format!("{domain} の MX を、メールを受け取るホストに向けて公開してください。");
        vec![Finding::error((code, &place), what, WHY, remedy)]
    };
    match names.mx.get(domain) {
        Some(Answer::Nothing) if names.has_no_address(domain) => unreachable("MX も A/AAAA もありません。".into()),
        Some(Answer::These(hosts)) if hosts.iter().any(|(_, host)| host == ".") => {
            unreachable("メールを受け取らない、と宣言しています（null MX、RFC 7505）。".into())
        }
        Some(Answer::These(hosts)) => {
            let lost = hosts.iter().filter(|(_, host)| names.has_no_address(host));
            let finding = |(_, host): &(u16, String)| {
                let remedy = format!("{host} の A か AAAA を公開するか、MX から外してください。");
                let what = format!("MX の {host} にアドレスがありません。");
                Finding::error(("mx-unresolved", &place), what, WHY, remedy)
            };
            lost.map(finding).collect()
        }
        _ => Vec::new(),
    }
}
