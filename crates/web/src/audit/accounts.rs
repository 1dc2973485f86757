//! What happens to accounts, in words; and which account an event is about, whoever caused it.

use hikyaku_dispatch::{AccountEvent, AccountId, PersonId};

use super::proof;

/// The account that an event is about; none where only a token or a key is named.
pub(super) fn of(event: &AccountEvent) -> Option<AccountId> {
    match event {
        AccountEvent::Opened { account, .. }
        | AccountEvent::PasswordSet { account, .. }
        | AccountEvent::FactorSet { account, .. }
        | AccountEvent::FactorCleared { account, .. }
        | AccountEvent::PasskeyAdded { account, .. }
        | AccountEvent::PasskeyRemoved { account, .. }
        | AccountEvent::Entered { account, .. }
        | AccountEvent::Failed { account, .. }
        | AccountEvent::Unlocked { account }
        | AccountEvent::Suspended { account, .. }
        | AccountEvent::SessionsEnded { account, .. }
        | AccountEvent::Closed { account }
        | AccountEvent::Linked { account, .. }
        | AccountEvent::Handled { account, .. } => Some(*account),
        AccountEvent::TokenMade(token) => Some(token.account),
        AccountEvent::TokenRevoked { .. } | AccountEvent::KeyUsed { .. } => None,
    }
}

/// What such an event says, with the names that accounts and people have in the journal's words.
pub(super) fn said(
    event: &AccountEvent,
    login: impl Fn(AccountId) -> String,
    person: impl Fn(PersonId) -> String,
) -> String {
    match event {
        AccountEvent::Opened { account, .. } => format!("アカウント {} を作った", login(*account)),
        AccountEvent::PasswordSet { account, by_other, .. } => {
            let how = if *by_other { "再設定した" } else { "変更した" };
            format!("{} のパスワードを{how}", login(*account))
        }
        AccountEvent::FactorSet { account, .. } => format!("{} の二要素認証を設定した", login(*account)),
        AccountEvent::FactorCleared { account, .. } => format!("{} の二要素認証を消した", login(*account)),
        AccountEvent::PasskeyAdded { account, .. } => format!("{} がパスキーを登録した", login(*account)),
        AccountEvent::PasskeyRemoved { account, .. } => format!("{} がパスキーを消した", login(*account)),
        AccountEvent::Entered { account, source, proof, .. } => proof::entered(&login(*account), source, *proof),
        AccountEvent::Failed { account, source, .. } => format!("{} のログインが失敗した（{source}）", login(*account)),
        AccountEvent::Unlocked { account } => format!("{} の制限を解除した", login(*account)),
        AccountEvent::Suspended { account, suspended, .. } => {
            format!("{} を{}", login(*account), if *suspended { "停止した" } else { "再開した" })
        }
        AccountEvent::Linked { account, person: who } => {
            format!("アカウント {} を職員 {} と結び付けた", login(*account), person(*who))
        }
        AccountEvent::SessionsEnded { account, .. } => format!("{} のログインを打ち切った", login(*account)),
        AccountEvent::Closed { account } => format!("アカウント {} を削除した", login(*account)),
        AccountEvent::TokenMade(token) => format!("{} のトークン {} を作った", login(token.account), token.id),
        AccountEvent::TokenRevoked { token } => format!("トークン {token} を無効にした"),
        AccountEvent::KeyUsed { .. } => "API の一度だけの鍵が使われた".to_owned(),
        AccountEvent::Handled { account, by, .. } => format!("{} が {} の認証を預かった", login(*by), login(*account)),
    }
}
