//! `hikyaku backup verify`: whether every file of a backup is what was written, each damage by its name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use hikyaku_dispatch::{PublicKey, Row};

use super::manifest::{self, Manifest, sha256};
use super::rows;

/// What to verify.
#[derive(Debug, Args)]
#[command(
    after_help = "EXAMPLE\n  hikyaku backup verify /mnt/other-site/hikyaku-20261122 --key $(cat signing.pub)\n\nEnds with 1 when something is damaged."
)]
pub struct VerifyArgs {
    /// The backup.
    backup: PathBuf,
    /// Who must have signed it, 64 hexadecimal digits: keys/signing.pub of the system.
    #[arg(long)]
    key: Option<PublicKey>,
}

/// A backup that is what was written.
#[derive(Debug)]
pub struct Whole {
    /// What it has.
    pub manifest: Manifest,
    /// The rows of the journal.
    pub rows: Vec<Row>,
    /// The other files, by name.
    pub files: BTreeMap<String, Vec<u8>>,
}

/// Says what is damaged; `false` if anything is.
pub fn run(args: &VerifyArgs) -> Result<bool, String> {
    match verify(&args.backup, args.key) {
        Ok(Whole { manifest, files, .. }) => {
            println!("行 {} まで、ファイル {} 件、全て書かれたとおりです。", manifest.row, files.len() + 1);
            Ok(true)
        }
        Err(damages) => {
            damages.iter().for_each(|damage| println!("{damage}"));
            Ok(false)
        }
    }
}

/// Reads a whole backup.
///
/// # Errors
/// Every damage, each by file and row.
pub fn verify(backup: &Path, key: Option<PublicKey>) -> Result<Whole, Vec<String>> {
    let manifest = Manifest::read(backup, key).map_err(|damage| vec![damage])?;
    let (mut damages, mut files) = (surplus(backup, &manifest), BTreeMap::new());
    let mut rows = Vec::new();
    for (name, (size, expected)) in &manifest.files {
        // Names come from a signed text, but a backup of somebody else's could lead elsewhere.
        if name.contains(['/', '\\']) {
            damages.push(format!("{name}: バックアップのファイル名ではありません"));
            continue;
        }
        let bytes = match std::fs::read(backup.join(name)) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                damages.push(format!("{name}: ありません"));
                continue;
            }
            Err(e) => {
                damages.push(format!("{name}: 読めません（{e}）"));
                continue;
            }
        };
        let is_changed = bytes.len() as u64 != *size || sha256(&bytes) != *expected;
        if name == manifest::ROWS {
            match rows::read(&bytes) {
                Ok((_, head)) if !manifest.is_end(head) => {
                    damages.push(format!("{name}: 行 {} で終わり、目録の行 {} と合いません", head.seq, manifest.row));
                }
                Ok(_) if is_changed => damages.push(format!("{name}: 内容が書かれたときと違います")),
                Ok((all, _)) => rows = all,
                Err(damage) => damages.push(format!("{name}: {damage}")),
            }
        } else if is_changed {
            damages.push(format!("{name}: 内容が書かれたときと違います（{} バイト、元は {size} バイト）", bytes.len()));
        } else {
            files.insert(name.clone(), bytes);
        }
    }
    if !manifest.files.contains_key(manifest::ROWS) {
        damages.push(format!("{}: 目録にありません", manifest::ROWS));
    }
    if damages.is_empty() { Ok(Whole { manifest, rows, files }) } else { Err(damages) }
}

/// Files that nobody wrote into it.
fn surplus(backup: &Path, manifest: &Manifest) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(backup) else { return Vec::new() };
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let unknown = names.filter(|name| name != manifest::FILE && !manifest.files.contains_key(name));
    unknown.map(|name| format!("{name}: 目録にないファイルです")).collect()
}
