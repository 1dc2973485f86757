//! Where a journal is: one file in a data folder, or a database that `journal.toml` in that folder names.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hikyaku_dispatch::{Journal, PostgresAddress, PostgresJournal, RedbJournal};
use serde::Deserialize;

use crate::lock::server_of;
use crate::settings::secret;

/// The file of a data folder that names a database. With it `journal.redb` is not looked at.
const FILE: &str = "journal.toml";
/// Remembers which server of the database was last written to.
const MEMORY: &str = "journal.server";
/// libpq's variable for a password.
const PASSWORD: &str = "PGPASSWORD";

/// The database of a data folder.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// Where it is, without a password.
    url: String,
    /// What `synchronous_standby_names` is to be; left out, a lost standby is only told of.
    pub standbys: Option<String>,
    /// A standby that was away for so long is waited for no longer.
    #[serde(default = "degrade_after_s")]
    degrade_after_s: u64,
}

fn degrade_after_s() -> u64 {
    5
}

impl Database {
    /// That of a data folder, if its journal is in one.
    pub fn of(data: &Path) -> Result<Option<Self>, String> {
        let path = data.join(FILE);
        let named = |problem: String| format!("{}: {problem}", path.display());
        match std::fs::read_to_string(&path) {
            Ok(text) => toml::from_str(&text).map(Some).map_err(|e| named(e.to_string().trim_end().to_owned())),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(named(e.to_string())),
        }
    }

    /// How long a standby may be away.
    pub fn patience(&self) -> Duration {
        Duration::from_secs(self.degrade_after_s)
    }

    /// Opens the journal for the system of this data folder.
    pub async fn open(&self, data: &Path) -> Result<PostgresJournal, String> {
        let address = address(&self.url, data)?.with_memory(data.join(MEMORY));
        let journal = PostgresJournal::open(address).await.map_err(|e| e.to_string())?;
        let file = data.join("journal.redb");
        if file.exists() && journal.head().await.map_err(|e| e.to_string())?.seq == 0 {
            return Err(format!(
                "{} has no rows yet, {} may have some: run `hikyaku journal copy {} URL` first",
                journal.place(),
                file.display(),
                file.display()
            ));
        }
        Ok(journal)
    }
}

/// Where a journal is.
pub enum Home {
    /// In a file, which may not be there yet.
    File(PathBuf),
    /// In a database, as its own folder says.
    Folder(PathBuf, Database),
    /// In a database that was named on the command line.
    Url(PostgresAddress),
}

impl Home {
    /// The journal of a data folder.
    pub fn of(data: &Path) -> Result<Self, String> {
        Ok(match Database::of(data)? {
            Some(database) => Home::Folder(data.to_owned(), database),
            None => Home::File(data.join("journal.redb")),
        })
    }

    /// What somebody wrote: a URL, a data folder, or a file.
    pub fn named(place: &str) -> Result<Self, String> {
        if PostgresAddress::is_meant(place) {
            return address(place, Path::new("")).map(Home::Url);
        }
        let path = Path::new(place);
        if path.is_dir() { Home::of(path) } else { Ok(Home::File(path.to_owned())) }
    }

    /// Whether there is one, or a database that is to have one.
    pub fn is_there(&self) -> bool {
        !matches!(self, Home::File(path) if !path.exists())
    }

    /// Opens it; what is not there is made.
    pub async fn open(&self) -> Result<Arc<dyn Journal>, String> {
        Ok(match self {
            Home::File(path) => Arc::new(open_file(path)?),
            Home::Folder(data, database) => Arc::new(database.open(data).await?),
            Home::Url(address) => Arc::new(PostgresJournal::open(address.clone()).await.map_err(|e| e.to_string())?),
        })
    }
}

/// Reads a URL, and the password that its file or the environment has.
pub fn address(url: &str, folder: &Path) -> Result<PostgresAddress, String> {
    let address = PostgresAddress::parse(url).map_err(|e| e.to_string())?;
    let password = match address.password_file() {
        Some(file) => Some(secret::read(&folder.join(file))?),
        None => std::env::var(PASSWORD).ok(),
    };
    Ok(match password {
        Some(password) => address.with_password(password.trim()),
        None => address,
    })
}

fn open_file(path: &Path) -> Result<RedbJournal, String> {
    let data = path.parent().unwrap_or(Path::new(""));
    RedbJournal::open(path).map_err(|e| server_of(data).map_or(e.to_string(), |process| in_use(data, &process)))
}

/// Why a data folder cannot be worked on.
pub fn in_use(data: &Path, process: &str) -> String {
    format!(
        "{}: hikyaku serve（プロセス {process}）が使用中です。画面でできる操作は管理画面で行ってください。このコマンドは、\
         サーバーを止めて（systemctl stop hikyaku、または kill -TERM {process}）から実行し、あとで起動し直してください",
        data.display()
    )
}
