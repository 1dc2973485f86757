//! What can be asked about what is kept, returned and erased, and why it may be refused.

use thiserror::Error;

/// A wish about what is kept, returned and erased.
#[derive(Clone, Debug, PartialEq)]
pub enum RetentionCommand {}

/// Why such a wish was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RetentionRefusal {}
