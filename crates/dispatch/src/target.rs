//! Who is meant: people, groups, regions, countries and answers, joined by and, or, not (requirement A22).

use hikyaku_bulletin::RegionCode;
use serde::{Deserialize, Serialize};

use crate::id::{DispatchId, GroupId, PersonId};
use crate::question::ChoiceId;

/// A description of people. What it means is looked up at the moment it is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Target {
    /// Everybody.
    Everyone,
    /// These people.
    People(Vec<PersonId>),
    /// Everybody in these groups or below them.
    Groups(Vec<GroupId>),
    /// Everybody in these groups themselves, not below them.
    OnlyGroups(Vec<GroupId>),
    /// Everybody with one of these regions.
    Regions(Vec<RegionCode>),
    /// Whoever answered a dispatch with one of these choices.
    Answered(DispatchId, Vec<ChoiceId>),
    /// Whoever is asked by a dispatch and has not answered.
    Unanswered(DispatchId),
    /// Whoever is meant by all of these; nobody if there are none.
    All(Vec<Target>),
    /// Whoever is meant by any of these.
    Any(Vec<Target>),
    /// Whoever is not meant.
    Not(Box<Target>),
}
