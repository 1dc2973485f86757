//! `hikyaku backup create`: every file of a backup, made beside its place and put there whole.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use hikyaku_dispatch::{Head, Keys, MemoryJournal, RuleBook, read_state};
use jiff::Timestamp;

use super::manifest::{self, Manifest};
use super::{rows, source};
use crate::journal::data::read_keys;
use crate::settings::{self, Settings};

/// What is backed up, and where to.
#[derive(Debug, Args)]
#[command(
    after_help = "EXAMPLE\n  hikyaku backup create --config /srv/hikyaku/hikyaku.toml --to /mnt/other-site/hikyaku-$(date +%Y%m%d)\n\nThe server may run meanwhile. Keys are not in it: keep the folder keys apart, and only the present one."
)]
pub struct CreateArgs {
    /// The configuration.
    #[arg(long, value_name = "FILE", default_value = settings::FILE)]
    pub config: PathBuf,
    /// The folder to make; it must not be there yet.
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
}

/// Makes it and says up to which row.
pub async fn run(args: &CreateArgs) -> Result<bool, String> {
    let settings = Settings::read(&args.config)?;
    let bytes = source::rows(&settings.data).await?;
    // After the rows, so that it has a key for each of them that has one.
    let keys = read_keys(&settings.data)?;
    let mut files = configuration(&args.config, &settings)?;
    let head = with_journal(&mut files, bytes, &keys).await?;
    let manifest = Manifest::new(keys.ring_id().to_string(), head, Timestamp::now(), &files);
    files.insert(manifest::FILE.to_owned(), manifest.signed(&keys)?.into_bytes());
    write_whole(&args.to, &files)?;
    println!("バックアップ  {}", args.to.display());
    println!("記録          行 {} まで", head.seq);
    println!(
        "鍵（{}）は入っていません。別の場所に、今のものだけを保管してください。",
        settings.data.join("keys").display()
    );
    Ok(true)
}

/// Puts the rows and, to be read by people, the rules that follow from them beside the other files.
pub async fn with_journal(files: &mut BTreeMap<String, Vec<u8>>, bytes: Vec<u8>, keys: &Keys) -> Result<Head, String> {
    let (rows, head) = rows::read(&bytes).map_err(|damage| format!("サーバーから受け取った記録: {damage}"))?;
    let journal = MemoryJournal::new();
    hikyaku_dispatch::Journal::append(&journal, rows, Head::default()).await.map_err(|e| e.to_string())?;
    let (state, _) = read_state(&journal, keys).await.map_err(|e| e.to_string())?;
    let book = serde_json::to_vec_pretty(&RuleBook::of(&state)).map_err(|e| e.to_string())?;
    files.insert("rules.json".to_owned(), book);
    files.insert(manifest::ROWS.to_owned(), bytes);
    Ok(head)
}

/// The configuration and the files that it names, but for secrets: of these it names only where they are.
fn configuration(config: &Path, settings: &Settings) -> Result<BTreeMap<String, Vec<u8>>, String> {
    let mut named = vec![(settings::FILE.to_owned(), config.to_owned())];
    let tables = [&settings.mail.carriers, &settings.mail.signing];
    named.extend(tables.into_iter().flatten().filter_map(|path| Some((file_name(path)?, path.clone()))));
    let database = settings.data.join("journal.toml");
    named.extend(database.exists().then(|| ("journal.toml".to_owned(), database)));
    let mut files = BTreeMap::new();
    for (name, path) in named {
        let bytes = fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        if files.insert(name, bytes).is_some() {
            return Err(format!(
                "{}: 同じ名前のファイルがほかにもあります。どちらかの名前を変えてください",
                path.display()
            ));
        }
    }
    Ok(files)
}

fn file_name(path: &Path) -> Option<String> {
    Some(path.file_name()?.to_str()?.to_owned())
}

/// Writes all files and only then gives the folder its name.
pub fn write_whole(to: &Path, files: &BTreeMap<String, Vec<u8>>) -> Result<(), String> {
    let named = |path: &Path, e: std::io::Error| format!("{}: {e}", path.display());
    if to.exists() {
        return Err(format!("{}: すでにあります。新しい名前にしてください", to.display()));
    }
    let beside = to.with_extension("part");
    fs::create_dir_all(&beside).map_err(|e| named(&beside, e))?;
    for (name, bytes) in files {
        let path = beside.join(name);
        let write = || {
            let mut file = fs::File::create(&path)?;
            file.write_all(bytes)?;
            file.sync_all()
        };
        write().map_err(|e| named(&path, e))?;
    }
    fs::rename(&beside, to).map_err(|e| named(to, e))
}
