//! What happens to rules, bulletins and incidents.

use hikyaku_bulletin::{Prefecture, Stations};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::{DispatchId, IncidentId, PersonId, ProposalId, RuleId};
use crate::incident::Summary;
use crate::judgement::Judgement;
use crate::mail::Mode;
use crate::proposal::{Proposal, ProposalEnd};
use crate::rule::{Rule, Table};

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
        /// What is known.
        news: News,
        /// When.
        #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
        opened: Timestamp,
    },
    /// More became known of an incident.
    IncidentChanged {
        /// Which.
        incident: IncidentId,
        /// What is known now.
        news: News,
    },
    /// Its source took an incident back.
    IncidentCancelled {
        /// Which.
        incident: IncidentId,
        /// When the source published that.
        #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
        published: Timestamp,
    },
    /// A table of targets was set.
    TableSet(Box<Table>),
    /// A dispatch waits for approval, or grew while it waited.
    Proposed(Box<Proposal>),
    /// The next approver was called.
    ApproverCalled {
        /// About what.
        proposal: ProposalId,
    },
    /// A proposal was decided.
    ProposalEnded {
        /// Which.
        proposal: ProposalId,
        /// How.
        end: ProposalEnd,
    },
    /// Two incidents are one: whatever belongs to the first belongs to the second from now on.
    IncidentsMerged {
        /// The one that ends.
        from: IncidentId,
        /// The one that goes on.
        into: IncidentId,
    },
    /// Part of an incident is one of its own, which was opened right before.
    IncidentSplit {
        /// The incident that keeps the rest.
        from: IncidentId,
        /// The new one.
        into: IncidentId,
        /// The series that go to it.
        series: Vec<String>,
        /// The dispatches that go to it.
        dispatches: Vec<DispatchId>,
        /// Whoever was asked by those.
        people: Vec<PersonId>,
    },
    /// After how long the managers of those who do not answer are told.
    EscalationSet {
        /// Of dispatches of which rule; `None` for those that people compose.
        rule: Option<RuleId>,
        /// In minutes; 0 for never.
        minutes: u32,
    },
    /// How many stations measured what a bulletin says, which was judged right before.
    StationsTold {
        /// Its identity at its source.
        source: String,
        /// The incident that it was put to, if any.
        incident: Option<IncidentId>,
        /// When it was judged.
        #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
        judged: Timestamp,
        /// Their number, by what they measured.
        stations: Stations,
    },
}

/// What becomes known of an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct News {
    /// Series of bulletins that belong to it, further ones or known.
    pub series: Vec<String>,
    /// Prefectures that were named.
    pub prefectures: Vec<Prefecture>,
    /// What it is called and what is known, in words; that of the main shock, if there are several.
    pub summary: Summary,
    /// When.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub at: Timestamp,
}
