//! The two files of `hikyaku send`: the roster and the message, read into one checked batch.

use std::path::Path;

use hikyaku_core::letter::{History, KeyId, Mailbox, TemplateText};
use hikyaku_core::{Address, Batch, Recipient, Template, Urgency};
use serde::Deserialize;

/// Columns that a roster must have.
const COLUMNS: [&str; 3] = ["id", "name", "email"];

/// The message file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MessageFile {
    /// Subject, with `{field}` places.
    subject: String,
    /// Plain text, with `{field}` places.
    text: String,
    /// Display name of the sender.
    #[serde(default)]
    from_name: String,
    /// Where answers by mail go, with `{field}` places.
    reply_to: Option<String>,
    /// Envelope sender, with `{field}` places; the sender's address if it is left out.
    return_path: Option<String>,
    /// How much hurry it has.
    #[serde(default = "routine")]
    urgency: Urgency,
}

fn routine() -> Urgency {
    Urgency::Routine
}

/// Reads both files into a batch whose key is `key`, or a digest of everything that is sent.
///
/// # Errors
/// One line that names the file, the line and what to mend.
pub fn read_batch(roster: &Path, message: &Path, from: &str, key: Option<String>) -> Result<Batch, String> {
    let roster_bytes = read(roster)?;
    let message_bytes = read(message)?;
    let text = std::str::from_utf8(&message_bytes).map_err(|e| format!("{}: not UTF-8: {e}", message.display()))?;
    let file: MessageFile = toml::from_str(text).map_err(|e| format!("{}: {}", message.display(), one_line(&e)))?;
    let address = Address::parse(from).map_err(|e| format!("--from: {e}"))?;
    let (fields, recipients) = read_roster(&roster_bytes).map_err(|e| format!("{}: {e}", roster.display()))?;
    let names: Vec<&str> = fields.iter().map(String::as_str).collect();
    let return_path = file.return_path.unwrap_or_else(|| escape(from));
    let template = Template::new(TemplateText {
        from: Mailbox { name: file.from_name, address },
        return_path: &return_path,
        reply_to: file.reply_to.as_deref(),
        subject: &file.subject,
        text: &file.text,
        fields: &names,
    });
    let template = template.map_err(|e| format!("{}: {e}", message.display()))?;
    let key = key.unwrap_or_else(|| digest(&[&roster_bytes, &message_bytes, from.as_bytes()]));
    let batch = Batch { key, template, urgency: file.urgency, deadline: None, expires: None, recipients };
    batch.validate().map_err(|e| format!("{}: {e}", roster.display()))?;
    Ok(batch)
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))
}

/// A template's literal text, where braces stand for themselves.
fn escape(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}")
}

fn read_roster(bytes: &[u8]) -> Result<(Vec<String>, Vec<Recipient>), String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new().from_reader(bytes);
    let header = reader.headers().map_err(|e| csv_problem(&e))?.clone();
    let fields: Vec<String> = header.iter().map(|name| name.trim().to_string()).collect();
    let column = |name: &str| {
        let found = fields.iter().position(|field| field == name);
        found.ok_or_else(|| format!("line 1: there is no column \"{name}\"; needed are {}", COLUMNS.join(", ")))
    };
    let (id_at, email_at) = (column("id")?, column("email")?);
    column("name")?;
    let mut seen = std::collections::HashMap::new();
    let mut recipients = Vec::new();
    for row in reader.records() {
        let row = row.map_err(|e| csv_problem(&e))?;
        let line = row.position().map_or(0, csv::Position::line);
        let id = row[id_at].trim().to_string();
        if id.is_empty() {
            return Err(format!("line {line}, column id: it is empty"));
        }
        if id.contains('@') {
            return Err(format!("line {line}, column id: an id is not an address, for reports show it; use a number"));
        }
        if let Some(first) = seen.insert(id.clone(), line) {
            return Err(format!("line {line}, column id: \"{id}\" is already on line {first}"));
        }
        let address = Address::parse(row[email_at].trim()).map_err(|e| format!("line {line}, column email: {e}"))?;
        let fields = row.iter().map(str::to_string).collect();
        recipients.push(Recipient { id, key: KeyId::default(), address, fields, history: History::Unknown });
    }
    Ok((fields, recipients))
}

fn csv_problem(e: &csv::Error) -> String {
    let line = e.position().map_or(1, csv::Position::line);
    match e.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("line {line}: it has {len} columns, the first line has {expected_len}")
        }
        csv::ErrorKind::Utf8 { .. } => format!("line {line}: not UTF-8; save the file as UTF-8"),
        _ => format!("line {line}: {e}"),
    }
}

/// A TOML error in one line: where it is and what is wrong.
pub fn one_line(e: &toml::de::Error) -> String {
    let text = e.to_string();
    let mut lines = text.lines();
    let place = lines.next().unwrap_or_default();
    format!("{place}: {}", lines.last().unwrap_or_default())
}

fn digest(parts: &[&[u8]]) -> String {
    let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    context.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(roster: &str, message: &str) -> Result<Batch, String> {
        let folder = tempfile::tempdir().unwrap();
        let (r, m) = (folder.path().join("people.csv"), folder.path().join("message.toml"));
        std::fs::write(&r, roster).unwrap();
        std::fs::write(&m, message).unwrap();
        read_batch(&r, &m, "anpi@example.jp", None)
    }

    const MESSAGE: &str = "subject = \"{name} さん\"\ntext = \"{id} {group}\"\n";

    #[test]
    fn other_columns_are_fields_of_the_template() {
        let batch = batch("id,name,email,group\n1,山田,a..b@docomo.ne.jp,秘書課\n", MESSAGE).unwrap();
        assert_eq!(batch.recipients[0].fields[3], "秘書課");
    }

    #[test]
    fn the_same_files_have_the_same_key_and_others_another() {
        let key = |roster: &str| batch(roster, MESSAGE).unwrap().key;
        let roster = "id,name,email,group\n1,山田,a@x.jp,y\n";
        assert_eq!(key(roster), key(roster));
        assert_ne!(key(roster), key("id,name,email,group\n1,山田,b@x.jp,y\n"));
    }

    #[test]
    fn each_mistake_is_named_with_its_place() {
        for (roster, message, words) in [
            ("id,name\n1,x\n", MESSAGE, &["people.csv", "line 1", "email"][..]),
            ("id,name,email,group\n1,x,not-an-address,g\n", MESSAGE, &["line 2", "column email"]),
            ("id,name,email,group\n1,x,a@b.jp,g\n1,y,c@b.jp,g\n", MESSAGE, &["line 3", "already on line 2"]),
            ("id,name,email,group\n1,x,a@b.jp\n", MESSAGE, &["line 2", "3 columns"]),
            ("id,name,email,group\n,x,a@b.jp,g\n", MESSAGE, &["line 2", "column id"]),
            ("id,name,email,group\n1,x,a@b.jp,g\nnot-an-address@b.jp,y,c@b.jp,g\n", MESSAGE, &["line 3", "column id"]),
            ("id,name,email\n1,x,a@b.jp\n", MESSAGE, &["message.toml", "{group}", "id, name, email"]),
            (
                "id,name,email,group\n1,x,a@b.jp,g\n",
                "subject = \"x\"\ntxt = \"y\"\n",
                &["message.toml", "line 2", "txt"],
            ),
        ] {
            let error = batch(roster, message).unwrap_err();
            assert!(words.iter().all(|word| error.contains(word)), "{error}");
            assert!(!error.contains('\n'), "{error}");
            assert!(!error.contains("not-an-address"), "an address stays out of errors: {error}");
        }
    }
}
