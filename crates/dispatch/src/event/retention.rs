//! What happens to what is kept, returned and erased.

use serde::{Deserialize, Serialize};

/// Something that happened to what is kept, returned and erased.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum RetentionEvent {}
