//! Why the desk did not do what somebody at the console asked for, in that person's words.

use hikyaku_dispatch::{AccountRefusal, AnswerRefusal, DispatchRefusal, JudgingRefusal, Refusal};

/// In Japanese, with what to do next; what speaks Japanese itself is left as it is.
pub(super) fn words(refusal: &Refusal) -> String {
    let fixed = match refusal {
        Refusal::UnknownDispatch(_) => "この配信はありません。現況の一覧から選んでください。",
        Refusal::UnknownIncident(_) => "この事象はありません。現況の一覧から選んでください。",
        Refusal::UnknownPerson(_) => "この人は名簿にいません。職員の画面で探してください。",
        Refusal::Dispatch(refusal) => match dispatch(refusal) {
            Some(words) => words,
            None => return format!("文面を直してください（{refusal}）。"),
        },
        Refusal::Judging(JudgingRefusal::NotWaiting(_)) => "もう決まりました。現況で確かめてください。",
        Refusal::Judging(JudgingRefusal::NotApprover { .. }) => {
            "あなたはこの配信の承認者ではありません。承認者か代行送信担当に頼んでください。"
        }
        Refusal::Judging(JudgingRefusal::Nobody(_)) => {
            "判断は名前のある人が行います。「アカウント」の一覧で、自分のアカウントを職員番号と結び付けてください。"
        }
        Refusal::Judging(JudgingRefusal::NoApprover) => "承認を待つ規則には、承認者を一人は決めてください。",
        Refusal::Judging(JudgingRefusal::NothingAsked) => {
            "安否確認の規則には、質問と選択肢が要ります。先に設問を決めるか、目的を情報配信にしてください。"
        }
        Refusal::Judging(JudgingRefusal::UnknownRule(_)) => "この規則はありません。規則の一覧から選んでください。",
        Refusal::Judging(JudgingRefusal::UnknownTable(_)) => "この対象表はありません。対象を選び直してください。",
        Refusal::Answer(refusal) => answer(refusal),
        Refusal::Account(refusal) => match account(refusal) {
            Some(words) => words,
            None => return refusal.to_string(),
        },
        other => return other.to_string(),
    };
    fixed.to_owned()
}

fn dispatch(refusal: &DispatchRefusal) -> Option<&'static str> {
    Some(match refusal {
        DispatchRefusal::SentAlready { .. } => "もう送信しました。現況で確かめてください。",
        DispatchRefusal::ScheduledAlready(_) => "もう送信を予約しています。",
        DispatchRefusal::NotScheduled(_) => "予約した配信がありません。送信したか、取り消されています。",
        DispatchRefusal::NobodyAsked => "この宛先に当てはまる人がいません。宛先を選び直してください。",
        DispatchRefusal::NobodyUnanswered(_) => "未回答の人はいません。再送するものはありません。",
        DispatchRefusal::Over(_) => "この配信は終わっています。新しく送ってください。",
        DispatchRefusal::OtherMode { .. } => {
            "本番・訓練・テストの別が、この事象と違います。別の事象として新しく送ってください。"
        }
        DispatchRefusal::BadQuestion => "質問の選択肢の番号が正しくありません。質問を直してください。",
        DispatchRefusal::BadPace => "毎秒の通数は0.1から1000までの数字で書いてください。",
        _ => return None,
    })
}

fn answer(refusal: &AnswerRefusal) -> &'static str {
    match refusal {
        AnswerRefusal::NotAsked { .. } => "この人はこの配信で尋ねられていません。",
        AnswerRefusal::Closed { .. } => "この配信の回答の受け付けは終わっています。",
        AnswerRefusal::Overtaken { .. } => "この間に別の回答が記録されました。いまの回答を確かめてください。",
        AnswerRefusal::UnknownChoice(_) => "回答を一覧から選んでください。",
        AnswerRefusal::BadDetail(_) => "追加の質問への回答が合いません。表示されたものに答えてください。",
        AnswerRefusal::CommentTooLong { .. } => "文が長すぎます。短くしてください。",
        AnswerRefusal::NoComment => "この質問にはコメントを書けません。空欄にしてください。",
        AnswerRefusal::NobodySpeaks => {
            "返信には名前が要ります。「アカウント」の一覧で、自分のアカウントを職員番号と結び付けてください。"
        }
        AnswerRefusal::NothingSaid => "返信が空です。何か書いてください。",
        _ => "この人はこの事象で尋ねられていません。",
    }
}

fn account(refusal: &AccountRefusal) -> Option<&'static str> {
    Some(match refusal {
        AccountRefusal::Unknown(_) => "このアカウントはありません。一覧から選んでください。",
        AccountRefusal::NameTaken => "このログインIDはもう使われています。別のものにしてください。",
        AccountRefusal::BadName => "ログインIDと表示名は、空欄や長すぎるもの、制御文字を含むものにできません。",
        AccountRefusal::Suspended(_) => "このアカウントは停止中です。別の管理者に頼んでください。",
        AccountRefusal::LinkedAlready(_) => {
            "このアカウントはもう職員と結び付いています。別の人には、別のアカウントを作ってください。"
        }
        AccountRefusal::BadOwner(_) => "在職中の、このアカウントの担当と同じ名簿（国内か海外）の人を選んでください。",
        AccountRefusal::UsedBefore => "この認証コードは使用済みです。次のコードを待ってください。",
        AccountRefusal::BadPasskey => {
            "パスキーには名前が要ります。同じものは一度だけ、一つのアカウントに10個まで登録できます。"
        }
        AccountRefusal::BadToken => "トークンには、何に使うか・できること・期限（400日以内）が要ります。",
        AccountRefusal::UnknownToken(_) => "このトークンはありません。もう使えなくしてあります。",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use hikyaku_dispatch::{DispatchId, ProposalId, TableId};

    use super::*;

    #[test]
    fn what_somebody_at_the_console_is_refused_is_said_in_japanese() {
        let refusals: [Refusal; 6] = [
            DispatchRefusal::NobodyUnanswered(DispatchId(3)).into(),
            JudgingRefusal::NotWaiting(ProposalId(1)).into(),
            JudgingRefusal::NothingAsked.into(),
            JudgingRefusal::UnknownTable(TableId(1)).into(),
            AnswerRefusal::NobodySpeaks.into(),
            AccountRefusal::NameTaken.into(),
        ];
        for refusal in refusals {
            let words = words(&refusal);
            assert!(!words.contains(|it: char| it.is_ascii_lowercase()), "{words}");
        }
    }
}
