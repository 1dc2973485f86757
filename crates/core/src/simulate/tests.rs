//! The design's invariants (§6) in virtual time.

use super::*;
use crate::outcome::Settlement;
use crate::time::{Instant, Span};

mod invariants;
