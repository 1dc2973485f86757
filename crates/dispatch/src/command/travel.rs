//! What can be asked about journeys abroad, and why it may be refused.

use thiserror::Error;

use super::people::RosterScope;
use crate::id::{PersonId, StayId};
use crate::roster::{RosterFaults, StayRow};
use crate::travel::Stay;

/// A wish about journeys abroad.
#[derive(Clone, Debug, PartialEq)]
pub enum TravelCommand {
    /// Brings a list of stays in: all of it or nothing. A whole list takes out what it does not have and is not over.
    Import {
        /// The rows in their order.
        rows: Vec<StayRow>,
        /// Whether it is all there is.
        scope: RosterScope,
    },
    /// Registers a stay, or changes one.
    Set {
        /// Which; `None` for a new one.
        id: Option<StayId>,
        /// What it is.
        stay: Stay,
    },
    /// Takes a stay out of the register.
    Remove {
        /// Which.
        id: StayId,
    },
}

/// Why such a wish was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TravelRefusal {
    /// Rows of a list do not fit what is there.
    #[error("{0}")]
    Faults(RosterFaults),
    /// There is no such stay.
    #[error("渡航情報 {0} はありません。一覧から選んでください")]
    UnknownStay(StayId),
    /// The person is on the domestic roster.
    #[error("{0} は海外の名簿の人ではありません。先に海外の名簿に登録してください")]
    OtherSide(PersonId),
    /// No country, an end before the beginning, or a trip without an end.
    #[error("国と期間が正しくありません。国を一つは選び、終了日を開始日以後にしてください（出張には終了日が要ります）")]
    BadStay,
}
