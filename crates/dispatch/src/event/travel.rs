//! What happens to journeys and risks abroad.

use serde::{Deserialize, Serialize};

/// Something that happened to journeys and risks abroad.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum TravelEvent {}
