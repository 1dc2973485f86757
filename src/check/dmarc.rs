//! The DMARC record of From's domain, and whether SPF and DKIM stand for that domain (RFC 7489 §3.1).

use mail_auth::common::parse::TxtRecordParser as _;
use mail_auth::dmarc::{Alignment, Dmarc, Policy};

use super::facts::Facts;
use super::finding::Finding;

const WHY: &str =
    "ドコモは DMARC に合わないメールに警告を付け、Gmail と Outlook は一日 5,000 通以上の送信者に DMARC を求めます。";

/// Names at which a record for a domain may be, the domain's own first, and the domain of each: the record of a domain
/// above it counts where it has none.
pub fn places(domain: &str) -> Vec<(String, String)> {
    let mut above = domain;
    let mut places = Vec::new();
    while above.contains('.') {
        places.push((format!("_dmarc.{above}"), above.to_owned()));
        above = above.split_once('.').map_or("", |(_, rest)| rest);
    }
    places
}

/// What is wrong with the record and with alignment.
pub fn findings(facts: &Facts) -> Vec<Finding> {
    let from = &facts.identity.from;
    let own = format!("_dmarc.{from}");
    if !facts.names.txt.contains_key(&own) {
        return Vec::new();
    }
    let records = |name: &str| -> Vec<&String> {
        facts.names.texts(name).iter().filter(|text| text.trim_start().starts_with("v=DMARC1")).collect()
    };
    let Some((name, domain)) = places(from).into_iter().find(|(name, _)| !records(name).is_empty()) else {
        if !facts.names.has_no_text(&own) && facts.names.texts(&own).is_empty() {
            return Vec::new();
        }
        let remedy = format!(
            "TXT {own} に、まず v=DMARC1; p=none; rua=mailto:… を公開し、報告を見てから p=quarantine、p=reject に強めてください。"
        );
        return vec![Finding::error(
            ("dmarc-missing", &format!("TXT {own}")),
            "DMARC の記録がありません。",
            WHY,
            remedy,
        )];
    };
    let place = format!("TXT {name}");
    let found = records(&name);
    if found.len() > 1 {
        let what = format!("DMARC の記録が {} 件あります。受信側は全て無効とします。", found.len());
        return vec![Finding::error(("dmarc-several", &place), what, WHY, "一件にまとめてください。")];
    }
    match found.first().map(|text| (text, Dmarc::parse(text.as_bytes()))) {
        Some((_, Ok(record))) => judged(facts, &record, &domain, &place),
        Some((text, Err(_))) => {
            let what = format!("DMARC として読めません: {text}");
            vec![Finding::error(("dmarc-invalid", &place), what, WHY, "書式（RFC 7489）を直してください。")]
        }
        None => Vec::new(),
    }
}

fn judged(facts: &Facts, record: &Dmarc, organisation: &str, place: &str) -> Vec<Finding> {
    let identity = &facts.identity;
    let aligned = |domain: &str, how: Alignment| match how {
        Alignment::Strict => domain == identity.from,
        Alignment::Relaxed => is_under(domain, organisation),
    };
    let mut found = Vec::new();
    let by_spf = aligned(&identity.return_path, record.aspf);
    let by_dkim = identity.keys.iter().any(|key| key.signs_now && aligned(&key.domain, record.adkim));
    if !by_spf {
        let what =
            format!("不達通知の宛先のドメイン {} が、差出人 {} と揃いません。", identity.return_path, identity.from);
        let remedy = "return_path を差出人と同じか、その下のドメインにし、aspf=s なら同じドメインにしてください。";
        found.push(if by_dkim {
            Finding::warning(("spf-unaligned", place), what, WHY, remedy)
        } else {
            let what = format!("{what} 揃った DKIM の署名もありません。");
            Finding::error(("dmarc-unaligned", place), what, WHY, remedy)
        });
    }
    if record.p == Policy::None {
        let remedy =
            "報告（rua）で正しいメールが全て合格しているのを見てから、p=quarantine、p=reject に強めてください。";
        found.push(Finding::warning(("dmarc-none", place), "p=none は、なりすましを防ぎません。", WHY, remedy));
    }
    if record.rua.is_empty() {
        let remedy = "rua=mailto:… で報告の宛先を公開してください。";
        found.push(Finding::warning(("dmarc-no-reports", place), "報告の宛先（rua）がありません。", WHY, remedy));
    }
    found
}

/// Whether a domain is another one, or below it.
pub fn is_under(domain: &str, above: &str) -> bool {
    domain.strip_suffix(above).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_of_a_domain_above_counts_where_there_is_none() {
        let names: Vec<String> = places("anpi.mofa.go.jp").into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["_dmarc.anpi.mofa.go.jp", "_dmarc.mofa.go.jp", "_dmarc.go.jp"]);
    }

    #[test]
    fn a_domain_that_only_ends_alike_is_not_below() {
        assert!(is_under("a.example.go.jp", "example.go.jp") && is_under("example.go.jp", "example.go.jp"));
        assert!(!is_under("notexample.go.jp", "example.go.jp"));
    }
}
