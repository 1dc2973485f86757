//! What waits for a person's decision: a dispatch that is ready, who may decide, and until when (requirement A11).

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::dispatch::DispatchRecord;
use crate::id::{AccountId, PersonId, ProposalId};
use crate::rule::Hold;

/// A dispatch that waits for approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// Its number.
    pub id: ProposalId,
    /// What would be sent; its number and its opening are given when it is.
    pub draft: DispatchRecord,
    /// Who decides, and what happens otherwise.
    pub hold: Hold,
    /// Since when it waits.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub since: Timestamp,
}

/// How a proposal ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProposalEnd {
    /// It was sent; the dispatch says on whose decision.
    Sent,
    /// Somebody rejected it.
    Rejected(PersonId),
    /// Nobody decided, and then it is not sent.
    Dropped,
    /// Its source took the news back.
    Withdrawn,
    /// Somebody rejected it who stands in for an approver, or a duty operator of an office.
    RejectedBy(AccountId),
}

/// A proposal and where it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Waiting {
    /// What waits.
    pub proposal: Proposal,
    /// How many of the approvers were called.
    pub called: usize,
}

impl Proposal {
    /// When it is decided without a person.
    #[must_use]
    pub fn deadline(&self) -> Timestamp {
        later(self.since, SignedDuration::from_mins(i64::from(self.hold.minutes)))
    }

    /// When the next approver is called.
    #[must_use]
    pub fn half_time(&self) -> Timestamp {
        later(self.since, SignedDuration::from_secs(i64::from(self.hold.minutes) * 30))
    }
}

impl Waiting {
    /// When something is due without anybody doing anything: the next approver's call, then the end.
    #[must_use]
    pub fn due(&self) -> Timestamp {
        let further = self.called < self.proposal.hold.approvers.len();
        if further && self.called == 1 { self.proposal.half_time() } else { self.proposal.deadline() }
    }
}

fn later(at: Timestamp, span: SignedDuration) -> Timestamp {
    at.checked_add(span).unwrap_or(Timestamp::MAX)
}
