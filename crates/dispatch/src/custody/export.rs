//! The journal as JSON Lines, an open format: a line a row, personal data apart from the rest.
//!
//! `{"row", "hash", "at" (microseconds since 1970), "by", "event", "personal"}`; `event` has nothing in the place of what
//! is sealed in the journal, `personal` lists that in the same order: masked, or in clear inside a sealed hand-over. A row
//! without content has `"dropped"`, its digest.

use std::io::Write;

use serde_json::{Value, json};

use super::CustodyError;
use crate::chain::{Content, Row};
use crate::fold;
use crate::journal::Journal;
use crate::keys::Keys;
use crate::signed::hex;

/// What is done with personal data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// Nothing of it but the domain of an address (requirement A29).
    Masked,
    /// All of it.
    Clear,
}

/// Writes rows from `from` to the present end as JSON Lines, personal data masked, and returns the number of the last one.
///
/// # Errors
/// [`CustodyError`] names the row or the stream.
pub async fn export(
    journal: &dyn Journal,
    keys: &Keys,
    from: u64,
    out: &mut (dyn Write + Send),
) -> Result<u64, CustodyError> {
    let (end, mut last) = (journal.head().await?.seq, from.saturating_sub(1));
    while last < end {
        let rows = journal.read_from(last + 1).await?;
        if rows.is_empty() {
            break;
        }
        for row in rows.iter().take_while(|row| row.seq <= end) {
            last = row.seq;
            writeln!(out, "{}", line(row, keys, Shown::Masked)?)?;
        }
    }
    out.flush()?;
    Ok(last)
}

/// One row as JSON.
pub(crate) fn line(row: &Row, keys: &Keys, shown: Shown) -> Result<Value, CustodyError> {
    let hash = hex(&row.hash);
    if let Content::Dropped(digest) = &row.content {
        return Ok(json!({"row": row.seq, "hash": hash, "dropped": hex(digest)}));
    }
    let Some(mut entry) = fold::open(row, keys)? else { return Ok(Value::Null) };
    let personal = entry.event.confidential().into_iter().map(|(_, field)| field.take().unwrap_or(Value::Null));
    let personal: Vec<Value> = match shown {
        Shown::Masked => personal.map(mask).collect(),
        Shown::Clear => personal.collect(),
    };
    let mut line = serde_json::to_value(&entry).map_err(std::io::Error::other)?;
    line["row"] = json!(row.seq);
    line["hash"] = json!(hash);
    if !personal.is_empty() {
        line["personal"] = Value::Array(personal);
    }
    Ok(line)
}

/// The same shape with nothing in it but domains: `***@docomo.ne.jp`, `***`; an empty text stays empty.
fn mask(value: Value) -> Value {
    match value {
        Value::String(text) if text.is_empty() => Value::String(text),
        Value::String(text) => Value::String(match text.rsplit_once('@') {
            Some((_, domain)) if is_domain(domain) => format!("***@{domain}"),
            _ => "***".into(),
        }),
        Value::Array(values) if !values.iter().any(Value::is_number) => {
            Value::Array(values.into_iter().map(mask).collect())
        }
        Value::Object(fields) => Value::Object(fields.into_iter().map(|(name, value)| (name, mask(value))).collect()),
        // Numbers and bytes say as much as words.
        _ => Value::Null,
    }
}

/// Whether it is a name in the DNS and not the rest of a sentence.
fn is_domain(text: &str) -> bool {
    text.contains('.') && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn req_a29_of_personal_data_only_the_domain_of_an_address_is_shown() {
        let shown =
            mask(json!({"name": "山田太郎", "kana": "", "addresses": ["taro@docomo.ne.jp"], "hash": [1, 2], "n": 7}));
        assert_eq!(
            shown,
            json!({"name": "***", "kana": "", "addresses": ["***@docomo.ne.jp"], "hash": null, "n": null})
        );
        assert_eq!(mask(json!("連絡は taro@docomo.ne.jp まで")), json!("***"));
        assert_eq!(
            mask(json!({"in": [{"comment": "右足", "at": 5}]})),
            json!({"in": [{"comment": "***", "at": null}]})
        );
    }
}
