//! Whether mails are signed, and the records of the keys are those that are published (RFC 6376).

use super::facts::{Facts, SigningKey};
use super::finding::Finding;

const WHY: &str = "署名を確かめられないメールは、DMARC に合わず、ドコモと Gmail で拒まれるか警告が付きます。";

/// What is wrong with the keys.
pub fn findings(facts: &Facts) -> Vec<Finding> {
    let identity = &facts.identity;
    let mut found: Vec<Finding> = identity.keys.iter().filter_map(|key| of_key(facts, key)).collect();
    if !identity.keys.iter().any(|key| key.signs_now && key.domain == identity.from) {
        let what = format!("差出人のドメイン {} の署名に使う鍵がありません。", identity.from);
        let remedy = format!("hikyaku dkim-key {} で鍵を作り、signing のファイルに書いてください。", identity.from);
        found.push(Finding::error(("dkim-none", "[mail] signing"), what, WHY, remedy));
    }
    found
}

fn of_key(facts: &Facts, key: &SigningKey) -> Option<Finding> {
    let place = format!("TXT {}", key.name());
    let wrong = |code, what: String, remedy: &str| Some(Finding::error((code, &place), what, WHY, remedy));
    let ours = match &key.record {
        Ok(record) => record,
        Err(problem) => {
            return wrong("dkim-key", format!("鍵を使えません: {problem}"), "鍵のファイルを直してください。");
        }
    };
    if facts.names.has_no_text(&key.name()) {
        return wrong(
            "dkim-unpublished",
            "公開鍵の記録がありません。".into(),
            "hikyaku dkim-key が表示する記録を公開してください。",
        );
    }
    // Unknown where the name service does not answer.
    let published = facts.names.texts(&key.name()).first()?;
    let theirs = tag(published, "p").unwrap_or_default();
    if theirs.is_empty() {
        return wrong(
            "dkim-revoked",
            "公開鍵が失効とされています（p= が空）。".into(),
            "鍵を作り直すか、記録を戻してください。",
        );
    }
    let kind = |record: &str| tag(record, "k").unwrap_or_else(|| "rsa".into());
    if Some(theirs) != tag(ours, "p") || kind(published) != kind(ours) {
        return wrong(
            "dkim-mismatch",
            "公開されている鍵は、署名に使う鍵のものではありません。".into(),
            "hikyaku dkim-key が表示する記録に替えてください。",
        );
    }
    let is_test = tag(published, "t").is_some_and(|flags| flags.split(':').any(|flag| flag == "y"));
    is_test.then(|| {
        let what = "試験中の印（t=y）があります。署名のないメールと同じに扱われます。";
        Finding::warning(("dkim-testing", &place), what, WHY, "記録から t=y を外してください。")
    })
}

/// The value of a tag without white space (RFC 6376 §3.2).
fn tag(record: &str, name: &str) -> Option<String> {
    let mut tags = record.split(';').filter_map(|tag| tag.split_once('='));
    let (_, value) = tags.find(|(tag, _)| tag.trim() == name)?;
    Some(value.split_whitespace().collect())
}
