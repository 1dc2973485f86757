//! The lasting record of a judgement: what a bulletin said, what was decided, and why.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::IncidentId;
use crate::mail::Mode;

/// What was decided about a bulletin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// People are asked or told.
    Asked,
    /// Rules looked at it, and it reaches nobody's threshold.
    Nobody,
    /// It concerns people, but all were asked before and it became worse for none of them.
    AskedAlready,
    /// A training, test or unknown telegram that no rule turns into a drill.
    NotInEarnest,
    /// It takes an earlier one back; those who had been mailed are told.
    Cancelled,
    /// It is too old to mail anybody, or older than what is known.
    Stale,
    /// The same telegram was judged before.
    Repeated,
    /// People would be asked; somebody has to decide first.
    Held,
    /// It makes an earlier word milder; those who need no longer answer are told.
    Corrected,
    /// Something came down and nobody has said where: a person has to pick the prefectures (requirement A16).
    OperatorNeeded,
    /// The reader of the feed found nothing new in it.
    NothingNew,
}

/// `承認待ち`
impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Verdict::Asked => "送信",
            Verdict::Nobody => "対象なし",
            Verdict::AskedAlready => "送信済み",
            Verdict::NotInEarnest => "訓練・試験",
            Verdict::Cancelled => "取消",
            Verdict::Stale => "古い電文",
            Verdict::Repeated => "重複",
            Verdict::Held => "承認待ち",
            Verdict::Corrected => "訂正",
            Verdict::OperatorNeeded => "人の選択が必要",
            Verdict::NothingNew => "新しい内容なし",
        })
    }
}

/// The record of one bulletin; every bulletin leaves one, also when nothing was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judgement {
    /// The telegram's identity at its source.
    pub source: String,
    /// Its kind, in Japanese.
    pub kind: String,
    /// What takes its place within a series: its kind, or its telegram type where several of one kind stand side by side.
    pub slot: String,
    /// 通常, 訓練, 試験 or the unknown word.
    pub standing: String,
    /// 発表, 訂正, 取消 or the other word.
    pub revision: String,
    /// The series it belongs to.
    pub series: Vec<String>,
    /// Its official headline.
    pub headline: String,
    /// Area codes and how bad it is there, as told.
    pub areas: Vec<(String, String)>,
    /// When the hazard occurred, if told.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::optional")]
    pub occurred: Option<Timestamp>,
    /// When the source sent it.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub published: Timestamp,
    /// When it reached us.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub received: Timestamp,
    /// When it was judged.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub judged: Timestamp,
    /// The mode that mails because of it have.
    pub mode: Mode,
    /// What was decided.
    pub verdict: Verdict,
    /// Why, in Japanese, a line each.
    pub reasons: Vec<String>,
    /// The incident it was put to, if any.
    pub incident: Option<IncidentId>,
    /// How many people are asked because of it, or would be once somebody approves.
    pub asked_people: u32,
}
