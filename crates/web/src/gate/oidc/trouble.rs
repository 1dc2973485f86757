//! Why a log-in by the provider came to nothing, and what to do next.

use axum::http::StatusCode;

use super::claims::Untrue;

/// Where every way ends that did not lead in.
const ELSE: &str = "ログインID・パスワード・認証コードでもログインできます。";

/// Why nobody was let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The provider does not answer, or not as one.
    Unreachable,
    /// What a browser brought back does not belong to a log-in of its own, is too late, or was used before.
    NotBegunHere,
    /// The provider says no.
    Declined,
    /// What the provider says is not believed.
    Untrue(Untrue),
    /// Nobody has an account under that name, or it is stopped.
    NoAccount,
    /// It is the account of somebody else than who is logged in.
    SomebodyElse,
    /// The account has no password of its own or no second factor yet.
    NotSetUp,
    /// The code beside the provider's word is not right.
    WrongCode,
}

impl From<Untrue> for Trouble {
    fn from(untrue: Untrue) -> Self {
        Self::Untrue(untrue)
    }
}

impl Trouble {
    /// What the page says; `label` is what people call the provider.
    pub(crate) fn words(&self, label: &str) -> String {
        let told = match self {
            Self::Unreachable => format!(
                "「{label}」に接続できません。下のログインID・パスワード・認証コードでログインしてください。「{label}」は30秒ほど待てばもう一度試せます。"
            ),
            Self::NotBegunHere => format!(
                "このログインは続けられません。この端末で始めたものでないか、10分を過ぎたか、すでに使われています。「{label}でログイン」からやり直してください。"
            ),
            Self::Declined => {
                format!(
                    "「{label}」でのログインが取り消されたか、断られました。もう一度「{label}でログイン」から始めてください。"
                )
            }
            Self::Untrue(Untrue::Nameless) => format!(
                "「{label}」から、確認済みの名前（メールアドレスなど）を受け取れませんでした。「{label}」の管理者に、あなたのメールアドレスが確認済みかを問い合わせてください。"
            ),
            Self::Untrue(Untrue::NotAgain) => format!(
                "「{label}」が本人確認をやり直さなかったため、先に進めません。パスワードと認証コードを入力してください。"
            ),
            Self::Untrue(_) => format!(
                "「{label}」の応答を確かめられませんでした。「{label}でログイン」からやり直し、続くときはシステム管理者に連絡してください。"
            ),
            Self::NoAccount => format!(
                "「{label}」で本人と確認しましたが、使えるアカウントがありません。システム管理者に、アカウントの作成または再開を依頼してください。"
            ),
            Self::SomebodyElse => format!(
                "「{label}」で確認したのは、いまログインしている人ではありません。自分の名前で「{label}」にログインし直してください。"
            ),
            Self::NotSetUp => format!(
                "このアカウントは準備が済んでいません。最初の1回は、渡されたログインIDとパスワードでログインし、自分のパスワードと認証アプリを設定してください。次からは「{label}」で入れます。"
            ),
            Self::WrongCode => {
                "認証コードが違います。30秒ごとに変わり、1回だけ使えます。いま表示されている6桁を入力してください。"
                    .to_owned()
            }
        };
        let has_way =
            matches!(self, Self::Unreachable | Self::NotSetUp | Self::WrongCode | Self::Untrue(Untrue::NotAgain));
        if has_way { told } else { format!("{told}{ELSE}") }
    }

    /// That of the page.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            // Not 503, which is for what we have too much of.
            Self::Unreachable => StatusCode::BAD_GATEWAY,
            _ => StatusCode::UNAUTHORIZED,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_trouble_says_what_to_do_next_and_how_to_come_in_without_the_provider() {
        for trouble in [
            Trouble::Unreachable,
            Trouble::NotBegunHere,
            Trouble::Declined,
            Trouble::Untrue(Untrue::Nameless),
            Trouble::Untrue(Untrue::NotAgain),
            Trouble::Untrue(Untrue::Signature),
            Trouble::NoAccount,
            Trouble::SomebodyElse,
            Trouble::NotSetUp,
        ] {
            let words = trouble.words("職員ポータル");
            assert!(words.contains("パスワード"), "{words}");
            assert!(words.contains("ください"), "{words}");
        }
    }
}
