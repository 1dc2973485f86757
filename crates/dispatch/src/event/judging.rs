//! What happens to rules, bulletins and incidents.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::IncidentId;
use crate::incident::Summary;
use crate::judge::Judgement;
use crate::mail::Mode;
use crate::rule::Rule;

/// Something that happened to rules, bulletins or incidents.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum JudgingEvent {
    /// A rule was added or replaced.
    RuleSet(Box<Rule>),
    /// A bulletin was judged.
    BulletinJudged(Box<Judgement>),
    /// An incident was opened.
    IncidentOpened {
        /// Its number.
        incident: IncidentId,
        /// Whether it is meant in earnest.
        mode: Mode,
        /// The series of bulletins that belong to it.
        series: Vec<String>,
        /// What is known.
        summary: Summary,
        /// When.
        #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
        opened: Timestamp,
    },
    /// More became known of an incident.
    IncidentChanged {
        /// Which.
        incident: IncidentId,
        /// Further series that belong to it.
        series: Vec<String>,
        /// What is known now.
        summary: Summary,
    },
    /// Its source took an incident back.
    IncidentCancelled {
        /// Which.
        incident: IncidentId,
        /// When the source published that.
        #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
        published: Timestamp,
    },
}
