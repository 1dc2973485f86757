//! What somebody logged in with, in words.

use hikyaku_dispatch::Proof;

/// That somebody logged in, with what and from where.
pub(super) fn entered(login: &str, source: &str, proof: Proof) -> String {
    let with = match proof {
        Proof::PasswordOnly => "パスワード",
        Proof::Code { .. } => "パスワードと認証コード",
        Proof::Recovery { .. } => "パスワードと回復コード",
        Proof::Passkey { .. } => "パスキー",
        Proof::Provider => "外部のログイン",
        Proof::ProviderCode { .. } => "外部のログインと認証コード",
        Proof::ProviderRecovery { .. } => "外部のログインと回復コード",
    };
    format!("{login} がログインした（{with}、{source}）")
}
