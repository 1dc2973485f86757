//! Rules that turn bulletins into dispatches: what must happen, where, who is told or asked, and how fast (A09 to A16, A34, A35).

use hikyaku_bulletin::{Intensity, Prefecture, RegionCode};
use serde::{Deserialize, Serialize};

use crate::class::Class;
use crate::condition::{Condition, Told};
use crate::followup::FollowUp;
use crate::id::{PersonId, RuleId, TableId};
use crate::mail::MailTemplate;
use crate::person::Side;
use crate::question::Question;
use crate::target::Target;

/// When a bulletin is older than this many minutes by default, it mails nobody: feeds repeat old telegrams.
pub const FRESH_MINUTES: u32 = 360;
/// Within this many hours by default, a person is asked again about an incident only if it became worse for that person.
pub const WINDOW_HOURS: u32 = 6;

/// Who is told or asked what when something happens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Its number; setting a known number replaces the rule.
    pub id: RuleId,
    /// A name for people: 震度６弱以上.
    pub name: String,
    /// What must happen.
    pub condition: Condition,
    /// The regions it speaks of; empty means everywhere.
    pub regions: Vec<RegionCode>,
    /// The half of the system whose people it concerns.
    pub side: Side,
    /// Who is concerned.
    pub who: Who,
    /// Whether they are asked or only told.
    pub aim: Aim,
    /// The mail.
    pub template: MailTemplate,
    /// The question; one without choices where nothing is asked.
    pub question: Question,
    /// Whether a person decides first.
    pub sending: Sending,
    /// How urgent, and when it should be over.
    pub class: Class,
    /// What follows if nobody answers.
    pub follow_up: FollowUp,
    /// Whether training bulletins (訓練) send a drill. They never send a real mail.
    pub drills: bool,
    /// Bulletins published longer ago than this, in minutes, mail nobody.
    pub fresh_minutes: u32,
    /// Within so many hours a person is asked again only if it became worse; shocks within them are one incident.
    pub window_hours: u32,
}

/// Who is concerned by a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Who {
    /// Those of a target who have a region where it happened.
    There(Target),
    /// All of a target, wherever they are, if it happened in the regions of the rule.
    Anywhere(Target),
    /// By prefecture, as a table says that several rules share (requirements A16, A34).
    Table(TableId),
}

/// One table of targets by prefecture, shared by the rules that name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Its number.
    pub id: TableId,
    /// A name for people.
    pub name: String,
    /// Who is concerned by a prefecture. One that is not named concerns those who have a region in it.
    pub rows: Vec<(Prefecture, Target)>,
}

/// What a dispatch is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Aim {
    /// People are asked (安否確認); everybody once in an incident, by the strictest rule.
    Safety,
    /// People are told (情報配信); each rule is a subscription of its own.
    Information,
    /// A correction, a cancellation, the end of a drill, a reply: told to those whom an earlier dispatch reached.
    Notice,
    /// An approver is called.
    Call,
}

/// Whether a rule sends by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sending {
    /// At once.
    AtOnce,
    /// A person decides first, within a time (requirement A11).
    Hold(Hold),
    /// Never: what it would have done is only recorded.
    Never,
}

/// Who decides, until when, and what happens if nobody does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Who may approve or reject. The first is called at once, the next one at half time.
    pub approvers: Vec<PersonId>,
    /// Duty operators, who may decide in their place; shown as 代行送信 (requirement A33).
    pub duty: Vec<PersonId>,
    /// How long there is to decide, in minutes.
    pub minutes: u32,
    /// What happens when nobody decided; shown as 人の判断なし.
    pub unattended: Unattended,
}

/// What happens when nobody decided in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unattended {
    /// It is sent.
    Send,
    /// It is not sent.
    Drop,
}

impl Rule {
    /// The safety confirmation of people where it shakes from `threshold` on: at once, default wording, no reminders, no drills.
    #[must_use]
    pub fn safety(id: RuleId, threshold: Intensity) -> Self {
        Rule {
            id,
            name: format!("{threshold}以上"),
            condition: Condition::Shaking { at_least: threshold, told: Told::Either },
            regions: Vec::new(),
            side: Side::Domestic,
            who: Who::There(Target::Everyone),
            aim: Aim::Safety,
            template: MailTemplate::safety(),
            question: Question::safety(),
            sending: Sending::AtOnce,
            class: Class::Safety,
            follow_up: FollowUp::default(),
            drills: false,
            fresh_minutes: FRESH_MINUTES,
            window_hours: WINDOW_HOURS,
        }
    }

    /// A subscription: `target` is told, wherever they are, when `condition` is fulfilled (requirement A35).
    #[must_use]
    pub fn information(id: RuleId, condition: Condition, target: Target, class: Class) -> Self {
        Rule {
            name: format!("{condition}の情報"),
            condition,
            who: Who::Anywhere(target),
            aim: Aim::Information,
            template: MailTemplate::information(),
            question: Question::none(),
            class,
            ..Rule::safety(id, Intensity::One)
        }
    }
}
