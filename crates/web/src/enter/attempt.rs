//! One attempt at an account: rate, lock, password, second factor, in an order that tells a guesser nothing.

use std::net::IpAddr;

use hikyaku_dispatch::{
    Account, AccountCommand, AccountId, AccountRefusal, Actor, Error as DeskError, Proof, Refusal, SecondFactor,
    Standing,
};
use jiff::Timestamp;

use crate::console::Console;
use crate::gate::factor;
use crate::moment;

/// What somebody typed.
pub(super) struct Attempt<'a> {
    pub(super) login: &'a str,
    pub(super) password: &'a str,
    pub(super) code: &'a str,
    pub(super) from: IpAddr,
}

/// Why nobody was let in.
pub(crate) enum Denied {
    /// Something of it was wrong; it is not told what.
    Wrong,
    /// A passkey that opens nothing here.
    #[cfg(feature = "passkeys")]
    Passkey,
    /// The organisation's provider lets nobody in, or lets in nobody who may.
    #[cfg(feature = "oidc")]
    Provider {
        /// What the page says.
        words: String,
        /// That of the page.
        status: axum::http::StatusCode,
    },
    /// Too often from this source.
    TooOften,
    /// Locked, and the code was not right.
    Locked(Timestamp),
    /// We could not record it.
    NotRecorded(DeskError),
}

impl Denied {
    /// What the page says.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Wrong => "ログインできませんでした。ログインID・パスワード・認証コードのどれかが違います。認証コードは30秒ごとに変わり、1回だけ使えます。".into(),
            #[cfg(feature = "passkeys")]
            Self::Passkey => "このパスキーでは入れません。パスワードと認証コードでログインし、「自分のアカウント」で登録し直してください。".into(),
            #[cfg(feature = "oidc")]
            Self::Provider { words, .. } => words.clone(),
            Self::TooOften => "試行の回数が多すぎます。1分待ってから、もう一度入力してください。".into(),
            Self::Locked(until) => format!(
                "失敗が続いたため、{}まで制限しています。正しい認証コード（または回復コード）を添えれば、今でもログインできます。急ぐときは他の管理者に解除を依頼してください。",
                moment::for_console(*until)
            ),
            Self::NotRecorded(error) => format!("記録できないため、ログインできません。しばらく待ってください（{error}）。"),
        }
    }
}

/// What is known of the account before the attempt.
struct Known {
    account: Account,
    standing: Standing,
}

impl Console {
    /// Lets somebody in, or says why not; both are recorded.
    pub(super) async fn attempt(&self, attempt: &Attempt<'_>) -> Result<AccountId, Denied> {
        let (now, source) = (self.now(), attempt.from.to_string());
        let known = self.web().desk.read(|state| {
            let account = state.accounts().by_login(attempt.login)?.clone();
            let standing = account.door.standing(&source, now);
            Some(Known { account, standing })
        });
        if !self.attempts().take(attempt.from, now) {
            tracing::warn!(%source, "too many attempts to log in");
            return Err(Denied::TooOften);
        }
        let Some(Known { account, standing }) = known else {
            self.hasher().verify(attempt.password.to_owned(), None).await;
            tracing::warn!(%source, "an attempt at an account that does not exist");
            return Err(Denied::Wrong);
        };
        let proof = proof(account.factor.as_ref(), attempt.code, now).filter(|proof| account.is_fresh(*proof));
        // Whoever holds the second factor gets in through a locked door; everybody else learns only that it is locked.
        if let Standing::Locked { until } = standing
            && !matches!(proof, Some(Proof::Code { .. } | Proof::Recovery { .. }))
        {
            return Err(Denied::Locked(until));
        }
        let fits = self.hasher().verify(attempt.password.to_owned(), account.password.clone()).await;
        match proof.filter(|_| fits && !account.suspended) {
            Some(proof) => self.enter(account.id, source, proof).await,
            None => Err(self.fail(account.id, source).await),
        }
    }

    pub(crate) async fn enter(&self, account: AccountId, source: String, proof: Proof) -> Result<AccountId, Denied> {
        let command = AccountCommand::Enter { account, source: source.clone(), proof };
        match self.web().desk.command_as(Actor::System, command, self.now()).await {
            Ok(_) => Ok(account),
            Err(DeskError::Refused(Refusal::Account(AccountRefusal::UsedBefore))) => {
                Err(self.fail(account, source).await)
            }
            Err(error) => Err(Denied::NotRecorded(error)),
        }
    }

    pub(crate) async fn fail(&self, account: AccountId, source: String) -> Denied {
        tracing::warn!(%account, %source, "an attempt to log in failed");
        let command = AccountCommand::Fail { account, source };
        match self.web().desk.command_as(Actor::System, command, self.now()).await {
            Ok(_) => Denied::Wrong,
            Err(error) => Denied::NotRecorded(error),
        }
    }
}

/// What the typed code proves; without a second factor the password alone does.
fn proof(factor: Option<&SecondFactor>, code: &str, now: Timestamp) -> Option<Proof> {
    match factor {
        None => Some(Proof::PasswordOnly),
        Some(factor) => factor::prove(factor, code, now),
    }
}
