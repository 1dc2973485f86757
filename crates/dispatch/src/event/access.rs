//! What happens to accounts, roles and rights.

use serde::{Deserialize, Serialize};

/// Something that happened to accounts, roles and rights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum AccessEvent {}
