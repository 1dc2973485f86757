//! What can be asked about rules, bulletins and incidents, and why it may be refused.

use hikyaku_bulletin::{Bulletin, Fate};
use jiff::Timestamp;
use thiserror::Error;

use crate::id::{IncidentId, PersonId, ProposalId, RuleId, TableId};
use crate::rule::{Rule, Table};

/// A wish about rules, bulletins and incidents.
#[derive(Clone, Debug, PartialEq)]
pub enum JudgingCommand {
    /// Sets a rule, replacing one of the same number.
    SetRule {
        /// The rule.
        rule: Box<Rule>,
    },
    /// Sets a table of targets, replacing one of the same number.
    SetTable {
        /// The table.
        table: Table,
    },
    /// Sets after how long the managers of those who do not answer are told.
    SetEscalation {
        /// Of dispatches of which rule; `None` for those that people compose.
        rule: Option<RuleId>,
        /// In minutes; 0 for never.
        minutes: u32,
    },
    /// Judges a bulletin and does what the rules say.
    TakeBulletin {
        /// What the source said.
        bulletin: Box<Bulletin>,
        /// What the reader of the feed made of it.
        fate: Fate,
        /// When it reached us.
        received: Timestamp,
        /// The same by the best clock at hand: ours may be fast, and must not make it look old.
        present: Timestamp,
    },
    /// Sends what waits. Who decides is whoever gives the command: an approver, an approver's deputy, or a duty operator.
    Approve {
        /// What.
        proposal: ProposalId,
    },
    /// Does not send what waits. Who decides is whoever gives the command.
    Reject {
        /// What.
        proposal: ProposalId,
    },
    /// Calls the next approver of what waits, if that is due.
    CallNext {
        /// About what.
        proposal: ProposalId,
    },
    /// Does what was set for the case that nobody decides, if the time is over.
    Settle {
        /// With what.
        proposal: ProposalId,
    },
    /// Makes two incidents one.
    Merge {
        /// The one that ends.
        from: IncidentId,
        /// The one that goes on.
        into: IncidentId,
    },
    /// Makes some series of an incident one of their own, with the dispatches that followed from them.
    Split {
        /// Of which.
        incident: IncidentId,
        /// Which series, as the incident lists them.
        series: Vec<String>,
    },
}

/// Why such a wish was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum JudgingRefusal {
    /// Nothing of that number waits.
    #[error("nothing waits as {0}: it was decided already; look at the list of dispatches")]
    NotWaiting(ProposalId),
    /// The person may not decide this.
    #[error("{by} may not decide {proposal}: one of its approvers or a duty operator has to")]
    NotApprover {
        /// What waits.
        proposal: ProposalId,
        /// Who tried.
        by: PersonId,
    },
    /// Nobody is known who would decide.
    #[error("{0} is decided by a person: log in with an account that is tied to one")]
    Nobody(ProposalId),
    /// A hold without anybody who could approve.
    #[error("the rule waits for approval and names no approver: name at least one")]
    NoApprover,
    /// A rule that asks, without a question.
    #[error("the rule asks people and its question has no choices: give it some, or make it an information")]
    NothingAsked,
    /// There is no such rule.
    #[error("there is no rule {0}: set the rule first")]
    UnknownRule(RuleId),
    /// A rule names a table that is not there.
    #[error("there is no table {0}: set the table first")]
    UnknownTable(TableId),
    /// Merging an incident with itself.
    #[error("{0} cannot be merged with itself: name another incident")]
    SameIncident(IncidentId),
    /// The incident does not have such series, or has no others.
    #[error("{0} cannot be split so: name some of its series, not all")]
    NoSuchPart(IncidentId),
}
