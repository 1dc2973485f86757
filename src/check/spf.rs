//! Whether SPF lets our mails leave from each of our addresses (RFC 7208), for the return path and for From.

use std::collections::BTreeSet;

use mail_auth::SpfResult;
use mail_auth::common::parse::TxtRecordParser as _;
use mail_auth::spf::{Mechanism, Qualifier, Spf};

use super::facts::Facts;
use super::finding::Finding;

/// Most questions that a receiver asks (RFC 7208 §4.6.4).
pub const QUESTIONS_MAX: usize = 10;

const WHY: &str = "携帯各社と Gmail は SPF に合わないメールを拒むか、なりすましとして隠します。ドコモは差出人（From）のドメインの SPF も見ます。";

/// What is wrong with the records of both domains.
pub fn findings(facts: &Facts) -> Vec<Finding> {
    let identity = &facts.identity;
    BTreeSet::from([&identity.from, &identity.return_path]).into_iter().flat_map(|it| of_domain(facts, it)).collect()
}

fn of_domain(facts: &Facts, domain: &str) -> Vec<Finding> {
    let place = format!("TXT {domain}");
    let wrong = |code, what: String, remedy: String| vec![Finding::error((code, &place), what, WHY, remedy)];
    let Some(answer) = facts.names.txt.get(domain) else { return Vec::new() };
    let records: Vec<&String> = answer.all().iter().filter(|text| is_spf(text)).collect();
    let record = match records.as_slice() {
        [] if matches!(answer, super::facts::Answer::Failed(_)) => return Vec::new(),
        [] => {
            let remedy = format!(
                "{domain} の TXT に v=spf1 で始まり送信元アドレスを含む記録を公開してください（例: v=spf1 ip4:… -all）。"
            );
            return wrong("spf-missing", "SPF の記録がありません。".into(), remedy);
        }
        [record] => record,
        several => {
            let what = format!("SPF の記録が {} 件あります。受信側は全て無効とします。", several.len());
            return wrong("spf-several", what, "一件にまとめてください。".into());
        }
    };
    let Ok(spf) = Spf::parse(record.as_bytes()) else {
        return wrong(
            "spf-invalid",
            format!("SPF として読めません: {record}"),
            "書式（RFC 7208）を直してください。".into(),
        );
    };
    let questions = facts.names.spf_questions.get(domain).copied().unwrap_or_default();
    if questions > QUESTIONS_MAX {
        let what = format!("評価に {questions} 回の DNS 参照が要ります。{QUESTIONS_MAX} 回を超えると無効です。");
        return wrong("spf-lookups", what, "include を減らし、ip4 と ip6 で書いてください。".into());
    }
    let passes_all = |it: &mail_auth::spf::Directive| it.mechanism == Mechanism::All && it.qualifier == Qualifier::Pass;
    if spf.directives.iter().any(passes_all) {
        let remedy = "+all をやめ、-all か ~all で終えてください。".to_owned();
        return wrong("spf-everybody", "+all は誰の送信も認めます。".into(), remedy);
    }
    addresses(facts, domain, &place)
}

/// Whether a text is meant to be a record (RFC 7208 §4.5).
pub fn is_spf(text: &str) -> bool {
    text.split(' ').next().is_some_and(|version| version.eq_ignore_ascii_case("v=spf1"))
}

fn addresses(facts: &Facts, domain: &str, place: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    for address in &facts.identity.addresses {
        let Some(result) = facts.names.spf.get(&(domain.to_owned(), *address)) else { continue };
        let (code, what, remedy) = match result {
            SpfResult::Pass | SpfResult::TempError => continue,
            SpfResult::PermError => (
                "spf-broken",
                "評価が permerror になります（include や redirect の先に正しい記録がありません）。".to_owned(),
                "include と redirect の先を確かめてください。".to_owned(),
            ),
            SpfResult::Fail | SpfResult::SoftFail | SpfResult::Neutral | SpfResult::None => (
                "spf-not-covered",
                format!("送信元アドレス {address} が SPF に含まれていません（評価: {result:?}）。"),
                format!("{domain} の SPF に {address} を加えてください。"),
            ),
        };
        found.push(Finding::error((code, place), what, WHY, remedy));
        if code == "spf-broken" {
            break;
        }
    }
    found
}

/// How many questions the terms of a record cost by themselves, and whose records it takes in (RFC 7208 §4.6.4).
pub fn terms(record: &str) -> (usize, Vec<String>) {
    let (mut questions, mut taken) = (0, Vec::new());
    for term in record.split(' ').skip(1) {
        let term = term.trim_start_matches(['+', '-', '~', '?']).to_ascii_lowercase();
        let name = term.split([':', '/', '=']).next().unwrap_or_default();
        if matches!(name, "include" | "a" | "mx" | "ptr" | "exists" | "redirect") {
            questions += 1;
        }
        let target = term.strip_prefix("include:").or_else(|| term.strip_prefix("redirect="));
        taken.extend(target.map(str::to_owned));
    }
    (questions, taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_questions_of_a_record_are_counted_as_the_standard_counts_them() {
        let record =
            "v=spf1 ip4:192.0.2.0/24 +a mx/24 ~include:a.example ?exists:%{i}.b.example redirect=c.example -all";
        assert_eq!(terms(record), (5, vec!["a.example".to_owned(), "c.example".to_owned()]));
        assert_eq!(terms("v=spf1 ip6:2001:db8::/32 -all"), (0, vec![]));
    }

    #[test]
    fn only_a_whole_version_word_makes_a_record() {
        assert!(is_spf("v=spf1 -all") && is_spf("V=SPF1"));
        assert!(!is_spf("v=spf10 -all") && !is_spf("google-site-verification=x"));
    }
}
