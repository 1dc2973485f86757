//! What can be asked about accounts, roles and rights, and why it may be refused.

use thiserror::Error;

/// A wish about accounts, roles and rights.
#[derive(Clone, Debug, PartialEq)]
pub enum AccessCommand {}

/// Why such a wish was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AccessRefusal {}
