//! What can be asked about rules, bulletins and incidents, and why it may be refused.

use hikyaku_bulletin::Bulletin;
use jiff::Timestamp;
use thiserror::Error;

use crate::rule::Rule;

/// A wish about rules, bulletins and incidents.
#[derive(Clone, Debug, PartialEq)]
pub enum JudgingCommand {
    /// Sets a rule, replacing one of the same number.
    SetRule {
        /// The rule.
        rule: Rule,
    },
    /// Judges a bulletin and does what the rules say.
    TakeBulletin {
        /// What the source said.
        bulletin: Box<Bulletin>,
        /// When it reached us.
        received: Timestamp,
    },
}

/// Why such a wish was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum JudgingRefusal {}
