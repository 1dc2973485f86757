//! `hikyaku init`: a commented configuration, keys, an empty journal, and the first administrator.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use hikyaku_dispatch::{
    AccessCommand, Account, AccountCommand, Desk, Holder, Names, PersonId, RedbJournal, Role, roles,
};
use hikyaku_web::{hash_password, make_password};
use jiff::Timestamp;

use crate::journal::data::{has_journal, lock, make_keys};
use crate::settings::{self, Settings};

/// The configuration as it is written, with what is asked for put in.
const TEMPLATE: &str = include_str!("init.toml");

/// Set up a system: configuration, keys, database, first administrator.
#[derive(Debug, Args)]
#[command(
    after_help = "EXAMPLE\n  hikyaku init --folder /srv/hikyaku --organisation 架空省\n  hikyaku serve --config /srv/hikyaku/hikyaku.toml\n\nThe first administrator's password is printed once. Nothing that exists is overwritten."
)]
pub struct InitArgs {
    /// Folder for the configuration and the data.
    #[arg(long, value_name = "DIR", default_value = ".")]
    folder: PathBuf,
    /// Whose system it is; stands on every page.
    #[arg(long, value_name = "NAME", default_value = "架空省")]
    organisation: String,
    /// Log-in name of the first administrator.
    #[arg(long, value_name = "NAME", default_value = "admin")]
    admin: String,
}

/// Runs the command.
///
/// # Errors
/// One line that says what to mend.
pub async fn run(args: InitArgs) -> Result<bool, String> {
    std::fs::create_dir_all(&args.folder).map_err(|e| format!("--folder {}: {e}", args.folder.display()))?;
    let path = args.folder.join(settings::FILE);
    // One that was interrupted left its configuration, and perhaps keys and an empty journal: this goes on from there.
    if !path.exists() {
        write_config(&path, &args.organisation)?;
    }
    let settings = Settings::read(&path)?;
    let password = set_up(&settings, &args.admin, &path).await?;
    println!("設定ファイル  {}", path.display());
    println!("データ        {}", settings.data.display());
    println!();
    println!("最初の管理者  {}", args.admin);
    println!("パスワード    {password}");
    println!("（この画面でしか表示しません。最初のログインで変更し、認証アプリを登録します）");
    println!();
    println!("次にすること  1. {} を編集する", path.display());
    println!("              2. hikyaku serve --config {}", path.display());
    println!("              3. http://{}/ でログインする", settings.console.listen);
    Ok(true)
}

/// Writes the configuration whole or not at all.
fn write_config(path: &Path, organisation: &str) -> Result<(), String> {
    let named = |e: std::io::Error| format!("{}: {e}", path.display());
    let quoted = toml::Value::String(organisation.to_owned()).to_string();
    let text = TEMPLATE.replace("\"@organisation@\"", &quoted);
    let beside = path.with_extension("new");
    let mut file = std::fs::File::create(&beside).map_err(named)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(named)?;
    std::fs::rename(&beside, path).map_err(named)
}

/// Keys, journal and the first administrator, whose password is returned. What is there already and holds nothing is used;
/// `config` is what messages call the configuration.
async fn set_up(settings: &Settings, admin: &str, config: &Path) -> Result<String, String> {
    let (config, data) = (config.display(), settings.data.display());
    std::fs::create_dir_all(&settings.data).map_err(|e| format!("{data}: {e}"))?;
    let journal = settings.data.join("journal.redb");
    let is_in_use = || format!("{config}: it exists already; start it with hikyaku serve, or choose another --folder");
    if !journal.exists() && has_journal(&settings.data)? {
        // It is in a database.
        return Err(is_in_use());
    }
    if journal.exists() && !settings.data.join("keys/people.keys").exists() {
        return Err(format!("{data}: there is a journal without its keys; put the folder keys of this journal back"));
    }
    // Whoever runs there may be in the midst of changing them.
    let _lock = lock(&settings.data)?;
    let keys = make_keys(&settings.data)?;
    let journal = RedbJournal::open(journal).map_err(|e| e.to_string())?;
    let desk = Desk::open(Arc::new(journal), keys).await.map_err(|e| e.to_string())?;
    let (accounts, of_use) = desk.read(|state| {
        let is_of_use = |it: &&Account| roles(state, it.id).next().is_some();
        (state.accounts().iter().count(), state.accounts().iter().filter(is_of_use).count())
    });
    match (accounts, of_use) {
        (0, _) => open_account(&desk, admin, "最初の管理者", None, Role::SystemAdministrator).await,
        (_, 0) => Err(format!(
            "{data}: init was interrupted here before its administrator could log in; remove {data} and {config}, then run it again"
        )),
        _ => Err(is_in_use()),
    }
}

/// Opens an account with a role and a made password, which is returned; it must be changed at the first log-in.
///
/// # Errors
/// One line that says what to mend.
pub async fn open_account(
    desk: &Desk,
    login: &str,
    label: &str,
    person: Option<PersonId>,
    role: Role,
) -> Result<String, String> {
    let password = make_password().map_err(|e| e.to_string())?;
    let names = Names { login: login.to_owned(), label: label.to_owned() };
    let hash = hash_password(&password).map_err(|e| e.to_string())?;
    let command = AccountCommand::Open { names, person, password: hash };
    desk.command(command, Timestamp::now()).await.map_err(|e| e.to_string())?;
    let account = desk.read(|state| state.accounts().by_login(login).map(|account| account.id));
    let holder = Holder::Account(account.ok_or("the account is gone")?);
    let grant = AccessCommand::Grant { holder, role };
    desk.command(grant, Timestamp::now()).await.map_err(|e| e.to_string())?;
    Ok(password)
}
