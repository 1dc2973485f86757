//! What can be asked about journeys and risks abroad, and why it may be refused.

use thiserror::Error;

/// A wish about journeys and risks abroad.
#[derive(Clone, Debug, PartialEq)]
pub enum TravelCommand {}

/// Why such a wish was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TravelRefusal {}
