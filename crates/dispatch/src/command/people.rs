//! What can be asked about people and groups, and why it may be refused.

use thiserror::Error;

use crate::id::PersonId;
use crate::person::RosterRow;

/// A wish about people and groups.
#[derive(Clone, Debug, PartialEq)]
pub enum PeopleCommand {
    /// Adds the people of a roster and brings those already known up to date. Nobody is removed.
    Import {
        /// The rows in their order.
        people: Vec<RosterRow>,
    },
    /// Makes all links a person has had so far invalid.
    RevokeLinks {
        /// Whose.
        person: PersonId,
    },
}

/// Why such a wish was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PeopleRefusal {
    /// Two rows of an import name the same person.
    #[error("rows {first} and {second} of the import have the same id: remove one")]
    SamePersonTwice {
        /// The first row, counted from 1.
        first: usize,
        /// The second row.
        second: usize,
    },
    /// A row of an import lacks something.
    #[error("row {row} of the import: {problem}")]
    BadPerson {
        /// The row, counted from 1.
        row: usize,
        /// What to mend.
        problem: &'static str,
    },
}
