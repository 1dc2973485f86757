//! Rules that turn bulletins into dispatches; one kind so far: intensity at the regions of a person (requirement A09).

use hikyaku_bulletin::{Intensity, RegionCode};
use serde::{Deserialize, Serialize};

use crate::id::RuleId;
use crate::mail::MailTemplate;
use crate::question::Question;

/// When a bulletin is older than this many minutes by default, it mails nobody: feeds repeat old telegrams.
pub const FRESH_MINUTES: u32 = 360;

/// Who is asked what when it shakes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Its number; setting a known number replaces the rule.
    pub id: RuleId,
    /// A name for people: 震度６弱以上.
    pub name: String,
    /// The least intensity at a person's region that asks the person.
    pub threshold: Intensity,
    /// The regions it speaks of; empty means everywhere.
    pub regions: Vec<RegionCode>,
    /// The mail.
    pub template: MailTemplate,
    /// The question.
    pub question: Question,
    /// Whether training bulletins (訓練) send a drill. They never send a real mail.
    pub drills: bool,
    /// Bulletins published longer ago than this, in minutes, mail nobody.
    pub fresh_minutes: u32,
}

impl Rule {
    /// The safety confirmation everywhere from `threshold` on, with default wording, without drills.
    #[must_use]
    pub fn safety(id: RuleId, threshold: Intensity) -> Self {
        Rule {
            id,
            name: format!("{threshold}以上"),
            threshold,
            regions: Vec::new(),
            template: MailTemplate::safety(),
            question: Question::safety(),
            drills: false,
            fresh_minutes: FRESH_MINUTES,
        }
    }
}
