//! What is understood of telegrams, real, official and made up, and what is refused.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod corpus;
mod envelope;
mod hostile;
mod hypocentre;
mod intensity;
mod made;
mod mutation;
mod places;
mod real;
