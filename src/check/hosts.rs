//! Names of our addresses, forward and reverse, and the name that we give in EHLO.

use super::facts::{Facts, Helo};
use super::finding::Finding;

const WHY_PTR: &str = "Gmail をはじめ多くの受信側は、逆引きと正引きの合わないアドレスからのメールを拒みます。";
const WHY_HELO: &str = "名乗る名前が実在しないと、受信側は迷惑メールの送信者とみなします（RFC 5321 §4.1.1.1）。";

/// What is wrong with them; a relay has its own.
pub fn findings(facts: &Facts) -> Vec<Finding> {
    let identity = &facts.identity;
    if identity.addresses.is_empty() {
        let what = "送信元アドレスが分からないので、SPF と逆引きを確かめられません。";
        let remedy = "[check] addresses に、外から見える送信元アドレスを全て書いてください。";
        return vec![Finding::warning(("addresses-unknown", "[check] addresses"), what, WHY_PTR, remedy)];
    }
    let mut found = reverse(facts);
    if !identity.is_relayed {
        found.extend(identity.helo.iter().filter_map(|helo| of_helo(facts, helo)));
    }
    found
}

fn reverse(facts: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    for address in &facts.identity.addresses {
        let Some(answer) = facts.names.ptr.get(address) else { continue };
        let place = format!("PTR {address}");
        let names = answer.all();
        if answer.is_nothing() {
            let remedy = "回線の事業者に、逆引きを EHLO で名乗る名前にするよう頼んでください。";
            found.push(Finding::error(("ptr-missing", &place), "逆引きがありません。", WHY_PTR, remedy));
        } else if !names.is_empty() && !names.iter().any(|name| facts.names.addresses(name).contains(address)) {
            let what = format!("逆引きの {} を正引きしても、このアドレスになりません。", names.join("、"));
            let remedy = format!("その名前の A か AAAA を {address} にするか、逆引きを直してください。");
            found.push(Finding::error(("ptr-unconfirmed", &place), what, WHY_PTR, remedy));
        }
    }
    found
}

fn of_helo(facts: &Facts, helo: &Helo) -> Option<Finding> {
    let name = &helo.name;
    let place = format!("[mail] helo = \"{name}\"");
    if !name.contains('.') || name.parse::<std::net::IpAddr>().is_ok() || name.starts_with('[') {
        let remedy = "送信元アドレスの完全な名前（例: mail.example.go.jp）にしてください。";
        return Some(Finding::error(("helo-not-a-name", &place), "完全なホスト名ではありません。", WHY_HELO, remedy));
    }
    if facts.names.has_no_address(name) {
        let remedy = format!("{name} の A か AAAA を公開してください。");
        return Some(Finding::error(("helo-unresolved", &place), "名前にアドレスがありません。", WHY_HELO, remedy));
    }
    let theirs = facts.names.addresses(name);
    let is_ours = theirs.iter().any(|address| helo.addresses.contains(address));
    (!theirs.is_empty() && !is_ours).then(|| {
        let what = "名前のアドレスは、送信元アドレスのどれでもありません。";
        let remedy = "送信元アドレスの逆引きと同じ名前を名乗ってください。";
        Finding::warning(("helo-elsewhere", &place), what, WHY_HELO, remedy)
    })
}
