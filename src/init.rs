//! `hikyaku init`: a commented configuration, keys, an empty journal, and the first administrator.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use hikyaku_dispatch::{AccessCommand, AccountCommand, Desk, Holder, Names, PersonId, RedbJournal, Role};
use hikyaku_web::{hash_password, make_password};
use jiff::Timestamp;

use crate::journal::data::make_keys;
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
    write_config(&path, &args.organisation)?;
    let settings = Settings::read(&path)?;
    let made = set_up(&settings, &args.admin).await;
    if made.is_err() {
        // Otherwise the next try would stop at the file.
        drop(std::fs::remove_file(&path));
    }
    let password = made?;
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

fn write_config(path: &Path, organisation: &str) -> Result<(), String> {
    let named = |e: std::io::Error| match e.kind() {
        std::io::ErrorKind::AlreadyExists => {
            format!("{}: it exists already; choose another --folder, or remove it to begin anew", path.display())
        }
        _ => format!("{}: {e}", path.display()),
    };
    let quoted = toml::Value::String(organisation.to_owned()).to_string();
    let text = TEMPLATE.replace("\"@organisation@\"", &quoted);
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(path).map_err(named)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(named)
}

/// Keys, journal and the first administrator, whose password is returned.
async fn set_up(settings: &Settings, admin: &str) -> Result<String, String> {
    std::fs::create_dir_all(&settings.data).map_err(|e| format!("{}: {e}", settings.data.display()))?;
    let journal = settings.data.join("journal.redb");
    if journal.exists() {
        return Err(format!(
            "{}: there is a journal already; keep it and write the configuration by hand",
            journal.display()
        ));
    }
    let keys = make_keys(&settings.data)?;
    let journal = RedbJournal::open(journal).map_err(|e| e.to_string())?;
    let desk = Desk::open(Arc::new(journal), keys).await.map_err(|e| e.to_string())?;
    open_account(&desk, admin, "最初の管理者", None, Role::SystemAdministrator).await
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
