//! `hikyaku backup restore`: a system out of a backup and the present keys, in an empty folder, up to a row or a moment.

use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;
use hikyaku_dispatch::{Head, Journal, Keys, MemoryJournal, PublicKey, READ_ROWS_MAX, RedbJournal, Row, State};
use hikyaku_dispatch::{batch_for, export, read_state, unfinished};
use jiff::Timestamp;

use super::verify::{Whole, verify};
use crate::journal::data::open_keys;
use crate::settings::{self, Settings};

/// What is restored, and where.
#[derive(Debug, Args)]
#[command(
    after_help = "EXAMPLE\n  hikyaku backup restore /mnt/other-site/hikyaku-20261122 --keys /mnt/keys/keys --to /srv/hikyaku\n  hikyaku backup restore BACKUP --keys KEYS --to DIR --until 2026-11-22T09:00:00+09:00\n\nThe keys must be the present ones, or who was erased since is there again."
)]
pub struct RestoreArgs {
    /// The backup.
    pub backup: PathBuf,
    /// The folder with the present keys: people.keys, and master.key unless the environment has it.
    #[arg(long, value_name = "DIR")]
    pub keys: PathBuf,
    /// Where the system is to be; must not be there yet, or be empty.
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
    /// The last row to restore, or the moment after which nothing is restored.
    #[arg(long, value_name = "ROW|TIME")]
    pub until: Option<Until>,
    /// Who must have signed the backup; else keys/signing.pub.
    #[arg(long)]
    pub key: Option<PublicKey>,
}

/// How far is restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    Row(u64),
    Moment(Timestamp),
}

impl FromStr for Until {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let row = text.parse().map(Until::Row).ok();
        let moment = || text.parse().map(Until::Moment).ok();
        row.or_else(moment).ok_or_else(|| "write a row, or a time such as 2026-11-22T09:00:00+09:00".into())
    }
}

/// Restores it and says what follows.
pub async fn run(args: &RestoreArgs) -> Result<bool, String> {
    let is_free = fs::read_dir(&args.to).map_or(!args.to.exists(), |mut entries| entries.next().is_none());
    if !is_free {
        return Err(format!(
            "{}: 空ではありません。何も書いていません。空のフォルダーを指定してください",
            args.to.display()
        ));
    }
    let key = match args.key {
        Some(key) => Some(key),
        None => fs::read_to_string(args.keys.join("signing.pub")).ok().and_then(|text| text.parse().ok()),
    };
    let whole = match verify(&args.backup, key) {
        Ok(whole) => whole,
        Err(damages) => {
            damages.iter().for_each(|damage| println!("{damage}"));
            println!("壊れているので復元しません。何も書いていません。別のバックアップを使ってください。");
            return Ok(false);
        }
    };
    let data = args.to.join("data");
    copy_keys(&args.keys, &data.join("keys"))?;
    let restored = fill(&whole, &data, args).await;
    if restored.is_err() {
        // Nobody is to start half a system.
        let _ = fs::remove_dir_all(&data);
    }
    let (state, keys, head) = restored?;
    println!("復元しました  {}（行 {} まで、{} 人）", args.to.display(), head.seq, state.people().len());
    println!("{}", mails_again(&state, &keys, &args.to)?);
    println!(
        "次にすること  元のシステムが止まっていることを確かめ、設定の data と鍵の場所を見てから hikyaku serve で起動します。"
    );
    Ok(true)
}

async fn fill(whole: &Whole, data: &Path, args: &RestoreArgs) -> Result<(State, Keys, Head), String> {
    let keys = open_keys(data)?;
    if keys.ring_id().to_string() != whole.manifest.ring {
        return Err(format!(
            "{}: このバックアップの鍵ではありません。同じシステムの今の鍵を指定してください",
            args.keys.display()
        ));
    }
    let rows = up_to(&whole.rows, args.until, &keys).await?;
    let head = append(rows, &data.join("journal.redb")).await?;
    for (name, bytes) in whole.files.iter().filter(|(name, _)| *name != "journal.toml") {
        let path = args.to.join(name);
        fs::write(&path, bytes).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    let journal = RedbJournal::open(data.join("journal.redb")).map_err(|e| e.to_string())?;
    let (state, _) = read_state(&journal, &keys).await.map_err(|e| e.to_string())?;
    Ok((state, keys, head))
}

/// The rows that are restored.
async fn up_to<'a>(rows: &'a [Row], until: Option<Until>, keys: &Keys) -> Result<&'a [Row], String> {
    let count = match until {
        None => rows.len(),
        Some(Until::Row(last)) => usize::try_from(last).unwrap_or(usize::MAX).min(rows.len()),
        Some(Until::Moment(moment)) => rows_before(rows, moment, keys).await?,
    };
    Ok(&rows[..count])
}

/// How many rows there are before the first one that is later than a moment.
async fn rows_before(rows: &[Row], moment: Timestamp, keys: &Keys) -> Result<usize, String> {
    let journal = MemoryJournal::new();
    journal.append(rows.to_vec(), Head::default()).await.map_err(|e| e.to_string())?;
    let mut lines = Vec::new();
    export(&journal, keys, 1, &mut lines).await.map_err(|e| e.to_string())?;
    let is_later = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap_or_default();
        // A row whose content was dropped has no time any more.
        line["at"].as_i64().is_some_and(|at| at > moment.as_microsecond())
    };
    let text = String::from_utf8_lossy(&lines);
    Ok(text.lines().position(is_later).unwrap_or(rows.len()))
}

async fn append(rows: &[Row], file: &Path) -> Result<Head, String> {
    let journal = RedbJournal::open(file).map_err(|e| e.to_string())?;
    let mut head = Head::default();
    for group in rows.chunks(READ_ROWS_MAX) {
        journal.append(group.to_vec(), head).await.map_err(|e| e.to_string())?;
        head = journal.head().await.map_err(|e| e.to_string())?;
    }
    Ok(head)
}

fn copy_keys(from: &Path, to: &Path) -> Result<(), String> {
    let named = |path: &Path, e: std::io::Error| format!("{}: {e}", path.display());
    if !from.join("people.keys").exists() {
        return Err(format!("{}: people.keys がありません。今の鍵のフォルダーを指定してください", from.display()));
    }
    fs::create_dir_all(to).map_err(|e| named(to, e))?;
    for name in ["people.keys", "master.key", "signing.pub"] {
        let (file, copy) = (from.join(name), to.join(name));
        if file.exists() {
            // Permissions go with it.
            fs::copy(&file, &copy).map_err(|e| named(&file, e))?;
        }
    }
    Ok(())
}

/// How many mails have no outcome in what was restored: the new system sends them, whatever the old one did after that row.
fn mails_again(state: &State, keys: &Keys, folder: &Path) -> Result<String, String> {
    let settings = Settings::read(&folder.join(settings::FILE))?;
    let sender = settings.mail.sender(&settings.answers.address)?;
    let mut mails = 0;
    for round in unfinished(state) {
        let batch = batch_for(state, keys, round, None, &sender).map_err(|e| e.to_string())?;
        mails += batch.map_or(0, |batch| batch.recipients.len());
    }
    Ok(match mails {
        0 => "結果の記録がないメールはありません。起動しても何も送られません。".into(),
        _ => format!(
            "結果の記録がないメールが {mails} 通あります。起動すると送られます。元のシステムがこの行より後に送ったものは、二通目になります。"
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_in_time_is_a_row_or_a_moment() {
        assert_eq!("17".parse(), Ok(Until::Row(17)));
        let moment = "2026-11-22T00:00:00Z".parse().unwrap();
        assert_eq!("2026-11-22T09:00:00+09:00".parse(), Ok(Until::Moment(moment)));
        assert!("yesterday".parse::<Until>().is_err());
    }
}
