//! Who may log in to the demo's console: an administrator, and whoever approves.

use hikyaku_dispatch::{AccountCommand, Desk, PersonId, Role};
use jiff::Timestamp;

use crate::init::open_account;

/// Codes that are printed: so often can one log in without an authenticator.
const CODES: usize = 3;

/// An account that is ready for use, and how to use it.
pub struct Login {
    name: &'static str,
    password: String,
    codes: Vec<String>,
}

impl Login {
    /// Opens an account with a password and recovery codes of its own.
    ///
    /// # Errors
    /// One line that says what went wrong.
    pub async fn open(
        desk: &Desk,
        name: &'static str,
        label: &str,
        person: Option<PersonId>,
        role: Role,
    ) -> Result<Self, String> {
        let now = Timestamp::now();
        let password = open_account(desk, name, label, person, role).await?;
        let account = desk.read(|state| state.accounts().by_login(name).map(|account| account.id));
        let account = account.ok_or("the account is gone")?;
        let hash = hikyaku_web::hash_password(&password).map_err(|e| e.to_string())?;
        let (factor, codes) = hikyaku_web::make_factor().map_err(|e| e.to_string())?;
        let commands =
            [AccountCommand::SetPassword { account, password: hash }, AccountCommand::SetFactor { account, factor }];
        for command in commands {
            desk.command(command, now).await.map_err(|e| e.to_string())?;
        }
        Ok(Self { name, password, codes: codes.into_iter().take(CODES).collect() })
    }
}

impl std::fmt::Display for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { name, password, codes } = self;
        write!(f, "ログインID: {name}　パスワード: {password}　認証コード（1回ずつ）: {}", codes.join(" "))
    }
}
