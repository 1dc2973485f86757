//! What administrators must be told of by themselves: a dispatch that is late, a carrier that may throw mail away, a list that
//! nobody takes, a rule that reaches nobody. Pure: it says what holds now, under a name that is the same as long as it is the same alarm.

use jiff::{SignedDuration, Timestamp};

use crate::apart::{Apart, PutAside};
use crate::command::{DispatchRefusal, Refusal};
use crate::day::japan_date;
use crate::dispatch::Dispatch;
use crate::lateness::Punctuality;
use crate::lint;
use crate::mail::Mode;
use crate::rule::{Aim, Rule, Sending};
use crate::silence::suspects;
use crate::standstill::Standstill;
use crate::state::State;
use crate::thousands::Thousands;

/// Nothing is said of what was sent longer ago.
const RECENT: SignedDuration = SignedDuration::from_hours(24);

/// When something is worth an alarm; from the configuration.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AlarmPolicy {
    /// A dispatch is late beyond so many times what its class allows (requirement P06).
    pub late_factor: f64,
    /// So long after its mails were queued, the answer rates of carriers are compared.
    pub silent_after: SignedDuration,
    /// The system behind the other channels must have taken a list by so long after it was made.
    pub list_within: SignedDuration,
}

impl Default for AlarmPolicy {
    fn default() -> Self {
        AlarmPolicy {
            late_factor: 1.5,
            silent_after: SignedDuration::from_mins(30),
            list_within: SignedDuration::from_mins(60),
        }
    }
}

/// Something that administrators must know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// The same for the same alarm, however often it is found.
    pub key: String,
    /// In a line, for people.
    pub title: String,
    /// All of it.
    pub text: String,
}

impl Alarm {
    /// A dispatch, or a round of it, that the delivery engine does not take; `problem` is what it said.
    #[must_use]
    pub fn unsendable(dispatch: &Dispatch, round: u8, problem: &str) -> Self {
        let title = &dispatch.record().title;
        Alarm {
            key: format!("unsendable/{}/{round}", name(dispatch)),
            title: format!("送信できません: {title}"),
            text: format!(
                "「{title}」（{}）のメールを送信できません: {problem}\n\
                 ひな形・差出人の設定を直して再起動するか、新しい一斉配信を作成して送信してください。",
                dispatch.id()
            ),
        }
    }

    /// One mail that the delivery engine does not take, while it takes the others.
    #[must_use]
    pub fn left_out(dispatch: &Dispatch, round: u8, recipient: &str, problem: &str) -> Self {
        let title = &dispatch.record().title;
        Alarm {
            key: format!("left-out/{}/{round}/{recipient}", name(dispatch)),
            title: format!("送信できない宛先があります: {title}"),
            text: format!(
                "「{title}」（{}）の宛先 {recipient} にだけ送信できません: {problem}\n\
                 ほかの宛先には送信しました。名簿でこの人の氏名とアドレスを直し、電話などで連絡してください。",
                dispatch.id()
            ),
        }
    }

    /// Something that was scheduled, and could not be sent when its time had come; `why` is the reason.
    #[must_use]
    pub fn not_started(key: &str, title: &str, at: Timestamp, why: &Refusal) -> Self {
        let key = format!("not-started/{key}/{}", at.as_microsecond());
        if let Refusal::Dispatch(DispatchRefusal::RealIncident { incident }) = why {
            return Alarm {
                key,
                title: format!("実災害のため、訓練を始めませんでした: {title}"),
                text: format!(
                    "予約した訓練「{title}」は、実災害（{incident}）に対応しているため送信せず、予約を取り消しました。\n\
                     訓練の中止を参加者に知らせ、日を改めて予約し直してください。"
                ),
            };
        }
        Alarm {
            key,
            title: format!("予約した配信を送信できませんでした: {title}"),
            text: format!(
                "予約した「{title}」は、時刻になりましたが送信できませんでした: {why}\n\
                 対象者・ひな形・設問・事象を確かめ、必要なら作り直して送信してください。"
            ),
        }
    }

    /// People and accounts whose keys are not at this node and did not come from any other; once a day.
    #[must_use]
    pub fn keys_missing(place: &str, owners: usize, now: Timestamp) -> Self {
        Alarm {
            key: format!("node/keys/{place}/{}", japan_date(now)),
            title: format!("{place}に鍵のない人がいます"),
            text: format!(
                "{owners} 件（職員・アカウント）の鍵が{place}になく、動いている他のノードからも受け取れないため、氏名もアドレスも読めません。\n\
                 その人のリンクを開くと「少しお待ちください」と答えます。鍵のある他のノードがある間、ここからは送信しません。\n\
                 名簿を取り込んだノード、またはアカウントを作ったノードを起動してください。鍵は自動で届きます。起動できない場合は、そのノードの\
                 データフォルダーの keys フォルダーを全部ここへ写し、再起動してください（docs/postgres.md）。"
            ),
        }
    }

    /// A newer link key that is not at this node and did not come from any other; once a day.
    #[must_use]
    pub fn link_key_missing(place: &str, now: Timestamp) -> Self {
        Alarm {
            key: format!("node/link-key/{place}/{}", japan_date(now)),
            title: format!("{place}に新しいリンクの鍵がありません"),
            text: format!(
                "別のノードで作られた新しいリンクの鍵（hikyaku journal rotate-keys）が{place}になく、動いている他のノードからも受け取れません。\n                 その鍵で作られたリンクを{place}で開くと「少しお待ちください」と答えます。\n                 鍵を作ったノードを起動してください。鍵は自動で届きます。起動できない場合は、そのノードのデータフォルダーの keys フォルダーを                 全部ここへ写し、再起動してください（docs/postgres.md）。"
            ),
        }
    }

    /// A node that does not follow the journal any more, and has given everything up.
    #[must_use]
    pub fn standstill(node: &str, why: &Standstill, now: Timestamp) -> Self {
        let remedy = match why {
            Standstill::Newer { row, .. } => format!(
                "記録の {row} 行目は、このノードのプログラムでは読めません。新しい版のノードが書いたものです。\n\
                 ノード {node} を新しい版に更新して、起動し直してください（docs/release.md）。全部のノードが同じ版なら、記録が壊れています。\
                 hikyaku journal verify で確かめてください。"
            ),
            Standstill::OtherPast => format!(
                "データベースには、このノードが読んだ記録がありません。別の拠点が、それより前の記録から先へ進んでいます。\n\
                 1. 古い主系が残っていれば、止める前に、そこにしかない記録（回答など）を写してください: hikyaku journal copy 古い主系の URL ファイル\n\
                 2. ノード {node} を起動し直してください。今の記録を初めから読みます（docs/postgres.md の Split brain）。"
            ),
            Standstill::Damaged { .. } => {
                "記録のつながりが切れています。hikyaku journal verify で場所を確かめ、控えから戻してください（docs/backup.md）。".to_owned()
            }
            Standstill::Failing { .. } => format!(
                "原因（ディスク、データベースの権限など）を取り除いてください。読めるようになれば、自動で元に戻ります。戻らなければ、ノード {node} を\
                 起動し直してください。"
            ),
        };
        Alarm {
            key: format!("node/{}/{node}/{}", why.word(), now.as_second()),
            title: format!("ノード {node} が記録を読み進められません"),
            text: format!(
                "{remedy}\nそれまで、このノードは送信も定時の処理もせず、回答も受け付けません。ほかのノードがあれば、10 秒ほどで全部を引き継ぎます。\
                 このノードが送信して記録できなかった分は、二重に届くことがあります（引き継いだノードの警報が上限を示します）。\n（{why}）"
            ),
        }
    }

    /// Partitions that were taken over from a node that was silent; `mails` had no outcome and are sent once more.
    #[must_use]
    pub fn taken_over(nodes: &str, partitions: usize, mails: usize, now: Timestamp) -> Self {
        Alarm {
            key: format!("node/taken-over/{nodes}/{}", now.as_second()),
            title: format!("ノード {nodes} の送信を引き継ぎました"),
            text: format!(
                "応答のなくなったノード {nodes} から {partitions} 区画の送信を引き継ぎました。結果の記録がない {mails} 通を送り直します。\n\
                 そのうち {nodes} が送信して記録できなかった分だけが、二重に届くことがあります（多くても {mails} 通）。\n\
                 {nodes} の状態を確かめてください。"
            ),
        }
    }

    /// A dispatch that one node sends to everybody, for it cannot reach the database; and one that would have been refused when it was
    /// recorded. Nothing of one that was recorded in order.
    #[must_use]
    pub fn sent_apart(dispatch: &Dispatch, apart: &Apart) -> Option<Self> {
        let (title, node) = (&dispatch.record().title, &apart.node);
        let (word, title_of, text) = match (apart.recorded, &apart.against) {
            (None, _) => (
                "sent",
                "データベースに届かないまま緊急の配信を送信しています",
                format!(
                    "「{title}」（{}）は、ノード {node} だけが全員に送信しています。データベースにはまだ記録していません。\n\
                     つながり次第、自動で記録します。ほかのノードの画面には、それまで出ません。\n\
                     ノード {node} のデータフォルダーを消さず、データベースへの回線を直してください。",
                    dispatch.id()
                ),
            ),
            (Some(_), Some(against)) => (
                "against",
                "送信済みの緊急の配信を、あとから記録しました",
                format!(
                    "「{title}」（{}）は、データベースに届かない間にノード {node} が送信しました。記録するまでの間に起きたことにより、\
                     通常は受け付けられない配信です: {against}\n\
                     送信は済んでいるため、そのまま記録しました。必要なら、画面で中止するか、訂正を送信してください。",
                    dispatch.id()
                ),
            ),
            (Some(_), None) => return None,
        };
        Some(Alarm {
            key: format!("node/apart/{word}/{}", name(dispatch)),
            title: format!("{title_of}: {title}"),
            text,
        })
    }

    /// A dispatch that this node sent without the database, and that cannot be recorded: its number is another one's.
    #[must_use]
    pub fn put_aside(aside: &PutAside, node: &str) -> Self {
        let (line, file) = (aside.line(), aside.file.display());
        let facts = aside.known.as_ref().map_or_else(String::new, |it| it.facts.join("\n"));
        let name = aside.file.file_name().map_or_else(String::new, |it| it.to_string_lossy().into_owned());
        Alarm {
            key: format!("node/aside/{node}/{name}"),
            title: "送信済みの緊急の配信を記録できません".to_owned(),
            text: format!(
                "{line}は、データベースに届かない間にノード {node} から送信しましたが、同じ番号を別の配信が使っているため、記録できません。\n\
                 届いたメールのリンクは別の配信のものとして扱われるので、この配信への回答は集まりません。\n\
                 管理画面で同じ内容の配信をもう一度作成し、送信してください。新しい番号で記録され、回答を受け付けられます。最初の送信があったことは、\
                 この警報としてトラブルの記録と月次報告に残ります。\n\
                 控え: {file}\n済んだら、このファイルを別の場所へ移してください。それまで、起動のたびにこの警報を送ります。\n{facts}"
            ),
        }
    }

    /// Mails that carriers took from two nodes.
    #[must_use]
    pub fn copies(mails: usize, now: Timestamp) -> Self {
        Alarm {
            key: format!("node/copies/{}", now.as_second()),
            title: format!("{mails} 通が二重に届きました"),
            text: format!(
                "ノードの引継ぎの前後に、{mails} 通が引き継いだノードと引き継がれたノードの両方から送信され、どちらも事業者に受け付けられました。\n\
                 宛先ごとの内訳は配信の記録にあります。回答は 1 人 1 件として数えられ、影響はありません。"
            ),
        }
    }

    /// A rule whose target names what is not there, or no longer; once a day until it is mended.
    fn of_rule(rule: &Rule, complaint: &str, now: Timestamp) -> Self {
        Alarm {
            key: format!("rule/{}/{}", rule.id, japan_date(now)),
            title: format!("規則「{}」の対象がありません", rule.name),
            text: format!("規則 {}「{}」: {complaint}\n規則の対象を直してください。", rule.id, rule.name),
        }
    }
}

impl State {
    /// What administrators must know at `now`. Drills and tests raise no alarm.
    #[must_use]
    pub fn alarms(&self, policy: &AlarmPolicy, now: Timestamp) -> Vec<Alarm> {
        let is_meant = |it: &&Dispatch| {
            let record = it.record();
            record.mode == Mode::Real
                && matches!(record.aim, Aim::Safety | Aim::Information)
                && now.duration_since(record.opened) < RECENT
        };
        let recent = self.open_dispatches(now).filter(is_meant);
        let of_dispatches = recent.flat_map(|dispatch| {
            let silent = silent(self, dispatch, policy, now);
            late(dispatch, policy, now).into_iter().chain(silent).chain(untaken(dispatch, policy, now))
        });
        let sending = self.rules().values().filter(|rule| rule.sending != Sending::Never);
        let of_rules = sending.filter_map(|rule| {
            let complaints = lint::missing(self, rule);
            (!complaints.is_empty()).then(|| Alarm::of_rule(rule, &complaints.join("\n"), now))
        });
        of_dispatches.chain(of_rules).collect()
    }
}

/// What an alarm calls a dispatch: with the instant of its opening, for after a restore from an older backup numbers are given
/// again, and the alarm about what has one now is another one (requirement R04).
fn name(dispatch: &Dispatch) -> String {
    format!("{}-{}", dispatch.id(), dispatch.record().opened.as_microsecond())
}

/// The cause report of a late dispatch: once as soon as it is late, and once more when it is over.
fn late(dispatch: &Dispatch, policy: &AlarmPolicy, now: Timestamp) -> Option<Alarm> {
    let punctuality = Punctuality::of(dispatch);
    if dispatch.is_cancelled() || dispatch.reachable_mails() == 0 || !punctuality.is_late(policy.late_factor, now) {
        return None;
    }
    let (key, end) = match punctuality.over {
        Some(_) => (format!("late/{}/over", name(dispatch)), "遅れて完了しました"),
        None => (format!("late/{}", name(dispatch)), "遅れています"),
    };
    let title = &dispatch.record().title;
    let text = punctuality.cause_report(title, dispatch.measures(), now);
    Some(Alarm { key, title: format!("配信が{end}: {title}"), text })
}

/// Carriers that took mails of a dispatch and whose people answer far less often than the others'.
fn silent(state: &State, dispatch: &Dispatch, policy: &AlarmPolicy, now: Timestamp) -> Vec<Alarm> {
    let is_time = dispatch.timeline().queued.is_some_and(|queued| now.duration_since(queued) >= policy.silent_after);
    if !is_time || !dispatch.record().question.is_asked() {
        return Vec::new();
    }
    let of = |suspect: crate::silence::Suspect| {
        let (own, others, carrier) = (suspect.own, suspect.others, suspect.carrier);
        let text = format!(
            "「{}」で、{carrier} 宛ての回答率が他の事業者の半分を下回っています。\n\
             {carrier}: 受付 {} 人のうち回答 {} 人\n他の事業者: 受付 {} 人のうち回答 {} 人\n\
             受け付けたメールを、知らせずに捨てている（迷惑メール扱いなど）おそれがあります。\n\
             {carrier} の宛先の人に電話などで届いているか確かめ、届いていなければ事業者に問い合わせてください。",
            dispatch.record().title,
            Thousands(own.people.into()),
            Thousands(own.answered.into()),
            Thousands(others.people.into()),
            Thousands(others.answered.into())
        );
        let title = format!("{carrier} で回答が少なすぎます: {}", dispatch.record().title);
        Alarm { key: format!("silent/{}/{carrier}", name(dispatch)), title, text }
    };
    suspects(&state.tally(dispatch.id())).into_iter().map(of).collect()
}

/// A list for other channels that nobody took in time.
fn untaken(dispatch: &Dispatch, policy: &AlarmPolicy, now: Timestamp) -> Option<Alarm> {
    let (listed, people) = dispatch.unreached().filter(|_| dispatch.list_taken().is_none())?;
    if people.is_empty() || now.duration_since(listed) < policy.list_within {
        return None;
    }
    let title = &dispatch.record().title;
    let text = format!(
        "「{title}」に回答していない {} 人の一覧を、他の連絡手段（SMS・電話など）の仕組みが受け取っていません。\n\
         管理画面で未回答の人を確かめ、直接連絡してください。",
        people.len()
    );
    Some(Alarm {
        key: format!("list/{}", name(dispatch)),
        title: format!("未回答者の一覧が渡っていません: {title}"),
        text,
    })
}
