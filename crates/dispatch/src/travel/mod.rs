//! Journeys and postings abroad: who is in which country, now and soon (requirements O02, O05).

mod register;
mod zone;

use hikyaku_bulletin::CountryCode;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::id::{PersonId, StayId};

pub use self::register::Register;
pub use self::zone::{local_time, zone_of, zones_of};

/// Why somebody is abroad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum StayKind {
    /// 出張, with an end.
    Trip,
    /// 赴任, whose end may be open.
    Posting,
}

impl StayKind {
    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            StayKind::Trip => "出張",
            StayKind::Posting => "赴任",
        }
    }
}

/// One stay: a person, the countries of it, and its days as the calendar there counts them, both included.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stay {
    /// Who.
    pub person: PersonId,
    /// Why.
    pub kind: StayKind,
    /// Where; several for a round trip whose days are not known apart.
    pub countries: Vec<CountryCode>,
    /// The first day.
    pub from: Date,
    /// The last day; `None` only for a posting whose end is open.
    pub to: Option<Date>,
}

impl Stay {
    /// Whether the person may be in the country on any day from now until `days` later.
    ///
    /// A day counts from its beginning there or in Japan until its end in both, so that nobody is missed on the way.
    #[must_use]
    pub fn is_in(&self, country: CountryCode, now: Timestamp, days: i64) -> bool {
        let (first, last) = zone::today(country, now);
        let last = last.saturating_add(jiff::Span::new().try_days(days).unwrap_or_default());
        self.countries.contains(&country) && self.from <= last && self.to.is_none_or(|to| first <= to)
    }
}

/// A stay under its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredStay {
    /// Its number.
    pub id: StayId,
    /// The stay.
    pub stay: Stay,
}
