//! The two files of `hikyaku send`: the message and the roster, read into one checked batch, or row by row if it is long.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use hikyaku_core::errors::BatchError;
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

/// Recipients that are read before anything is begun, so that a mistake in a roster of usual size leaves nothing behind.
const FIRST_MAILS: usize = 20_000;
/// Bytes read at once.
const BUFFER: usize = 1 << 16;

/// The two files, checked: the batch with its first recipients, and the roster from which the others are read.
pub struct Letter {
    /// The batch, with all recipients if the roster is short.
    pub batch: Batch,
    /// What comes behind them.
    pub rest: Roster,
}

/// Reads the message and the first recipients into a batch whose key is `key`, or a digest of everything that is sent.
///
/// # Errors
/// One line that names the file, the line and what to mend.
pub fn read_letter(roster: &Path, message: &Path, from: &str, key: Option<String>) -> Result<Letter, String> {
    let mut rest = Roster::open(roster)?;
    let message_bytes = read(message)?;
    let text = std::str::from_utf8(&message_bytes).map_err(|e| format!("{}: not UTF-8: {e}", message.display()))?;
    let file: MessageFile = toml::from_str(text).map_err(|e| format!("{}: {}", message.display(), one_line(&e)))?;
    let address = Address::parse(from).map_err(|e| format!("--from: {e}"))?;
    let recipients = rest.take(FIRST_MAILS)?;
    let names: Vec<&str> = rest.fields.iter().map(String::as_str).collect();
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
    let key = match key {
        Some(key) => key,
        None => digest(roster, &[&message_bytes, from.as_bytes()])?,
    };
    let batch = Batch { key, template, urgency: file.urgency, deadline: None, expires: None, recipients };
    batch.validate().map_err(|e| rest.explain(&e))?;
    Ok(Letter { batch, rest })
}

/// A roster that is read row by row.
pub struct Roster {
    path: PathBuf,
    reader: csv::Reader<Box<dyn Read + Send>>,
    row: csv::StringRecord,
    fields: Vec<String>,
    id_at: usize,
    email_at: usize,
}

impl Roster {
    fn open(path: &Path) -> Result<Roster, String> {
        let wrong = |problem: String| format!("{}: {problem}", path.display());
        let mut file = File::open(path).map_err(|e| wrong(e.to_string()))?;
        let mut start = Vec::new();
        (&mut file).take(3).read_to_end(&mut start).map_err(|e| wrong(e.to_string()))?;
        // A byte order mark is no part of the first column's name.
        let start = if start == b"\xef\xbb\xbf" { Vec::new() } else { start };
        let all: Box<dyn Read + Send> = Box::new(std::io::Cursor::new(start).chain(file));
        let mut reader = csv::ReaderBuilder::new().buffer_capacity(BUFFER).from_reader(all);
        let header = reader.headers().map_err(|e| wrong(csv_problem(&e)))?.clone();
        let fields: Vec<String> = header.iter().map(|name| name.trim().to_string()).collect();
        let column = |name: &str| {
            let found = fields.iter().position(|field| field == name);
            let needed = || wrong(format!("line 1: there is no column \"{name}\"; needed are {}", COLUMNS.join(", ")));
            found.ok_or_else(needed)
        };
        let (id_at, email_at) = (column("id")?, column("email")?);
        column("name")?;
        Ok(Roster { path: path.to_path_buf(), reader, row: csv::StringRecord::new(), fields, id_at, email_at })
    }

    /// The next recipients, at most so many; none at the end.
    ///
    /// # Errors
    /// One line that names the file, the line and the column.
    pub fn take(&mut self, most: usize) -> Result<Vec<Recipient>, String> {
        let mut recipients = Vec::new();
        while recipients.len() < most {
            match self.next().map_err(|problem| format!("{}: {problem}", self.path.display()))? {
                Some(recipient) => recipients.push(recipient),
                None => break,
            }
        }
        Ok(recipients)
    }

    fn next(&mut self) -> Result<Option<Recipient>, String> {
        if !self.reader.read_record(&mut self.row).map_err(|e| csv_problem(&e))? {
            return Ok(None);
        }
        let line = self.row.position().map_or(0, csv::Position::line);
        let id = self.row[self.id_at].trim().to_string();
        if id.is_empty() {
            return Err(format!("line {line}, column id: it is empty"));
        }
        if id.contains('@') {
            return Err(format!("line {line}, column id: an id is not an address, for reports show it; use a number"));
        }
        let address = Address::parse(self.row[self.email_at].trim());
        let address = address.map_err(|e| format!("line {line}, column email: {e}"))?;
        let fields = self.row.iter().map(str::to_string).collect();
        Ok(Some(Recipient { id, key: KeyId::default(), address, fields, history: History::default() }))
    }

    /// What is wrong, with the lines of the recipient that it is wrong with.
    pub fn explain(&self, error: &BatchError) -> String {
        let BatchError::Recipient { id, problem } = error else { return format!("{}: {error}", self.path.display()) };
        let lines = self.lines_of(id);
        let place = match lines[..] {
            [first, second, ..] => format!("line {second}, column id: \"{id}\" is already on line {first}"),
            [line] => format!("line {line}, recipient \"{id}\": {problem}"),
            [] => error.to_string(),
        };
        format!("{}: {place}", self.path.display())
    }

    /// Where an id is. The file is read again: remembering the line of each would cost more than all else.
    fn lines_of(&self, id: &str) -> Vec<u64> {
        let Ok(mut again) = Roster::open(&self.path) else { return Vec::new() };
        let mut lines = Vec::new();
        while matches!(again.reader.read_record(&mut again.row), Ok(true)) {
            if again.row[again.id_at].trim() == id {
                lines.extend(again.row.position().map(csv::Position::line));
            }
        }
        lines
    }
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))
}

/// A template's literal text, where braces stand for themselves.
fn escape(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}")
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

/// A digest of the roster, which need not fit in memory, and of the other parts.
fn digest(roster: &Path, parts: &[&[u8]]) -> Result<String, String> {
    let wrong = |e: std::io::Error| format!("{}: {e}", roster.display());
    let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    let mut file = File::open(roster).map_err(wrong)?;
    context.update(&file.metadata().map_err(wrong)?.len().to_be_bytes());
    let mut buffer = vec![0; BUFFER];
    loop {
        match file.read(&mut buffer).map_err(wrong)? {
            0 => break,
            n => context.update(&buffer[..n]),
        }
    }
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    Ok(context.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(roster: &str, message: &str) -> Result<Batch, String> {
        let folder = tempfile::tempdir().unwrap();
        let (r, m) = (folder.path().join("people.csv"), folder.path().join("message.toml"));
        std::fs::write(&r, roster).unwrap();
        std::fs::write(&m, message).unwrap();
        read_letter(&r, &m, "anpi@example.jp", None).map(|letter| letter.batch)
    }

    const MESSAGE: &str = "subject = \"{name} さん\"\ntext = \"{id} {group}\"\n";

    #[test]
    fn a_long_roster_is_read_in_parts_and_a_mistake_far_behind_is_named_by_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let (r, m) = (folder.path().join("people.csv"), folder.path().join("message.toml"));
        let rows: String = (0..FIRST_MAILS + 10).map(|n| format!("{n},山田,p{n}@x.jp,y\n")).collect();
        std::fs::write(&r, format!("\u{feff}id,name,email,group\n{rows}7,佐藤,q@x.jp,y\n8,佐藤,nobody,y\n")).unwrap();
        std::fs::write(&m, MESSAGE).unwrap();
        let mut letter = read_letter(&r, &m, "anpi@example.jp", None).unwrap();
        assert_eq!(letter.batch.recipients.len(), FIRST_MAILS);
        let rest = letter.rest.take(11).unwrap();
        assert_eq!((rest[0].id.as_str(), rest.len()), ("20000", 11));
        let twice = BatchError::Recipient { id: "7".into(), problem: "the id is there twice".into() };
        let explained = letter.rest.explain(&twice);
        assert!(explained.contains("line 20012") && explained.contains("already on line 9"), "{explained}");
        assert!(letter.rest.take(1).unwrap_err().contains("line 20013, column email"));
    }

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
