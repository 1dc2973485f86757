//! Whom a bulletin about risks abroad concerns: those who are in its countries today (requirement O03).

use std::collections::BTreeMap;

use hikyaku_bulletin::{AreaReport, Bulletin, CountryCode, Severity};
use jiff::Timestamp;

use super::Register;
use crate::id::PersonId;

/// Somebody whom a bulletin concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traveller {
    /// Who.
    pub person: PersonId,
    /// In which of the bulletin's countries; the one of the highest level.
    pub country: CountryCode,
    /// The level there, 1 to 4; `None` for a bulletin that has none.
    pub level: Option<u8>,
}

/// Those who are in a country of the bulletin today, each once, in the order of their numbers.
///
/// Travel advice counts from `least_level` on, and not where it advises against nothing; what has no level counts always.
#[must_use]
pub fn travellers_at_risk(register: &Register, bulletin: &Bulletin, least_level: u8, now: Timestamp) -> Vec<Traveller> {
    let mut found: BTreeMap<PersonId, Traveller> = BTreeMap::new();
    for report in bulletin.areas.iter().filter(|report| counts(report, least_level)) {
        let level = level(report);
        for country in &report.area.countries {
            for person in register.people_in(*country, now, 0) {
                let here = Traveller { person, country: *country, level };
                let known = found.entry(person).or_insert(here);
                if known.level < level {
                    *known = here;
                }
            }
        }
    }
    found.into_values().collect()
}

fn level(report: &AreaReport) -> Option<u8> {
    match &report.severity {
        Severity::Travel(advice) => advice.level,
        _ => None,
    }
}

fn counts(report: &AreaReport, least_level: u8) -> bool {
    match &report.severity {
        Severity::Travel(advice) => advice.level.is_some_and(|level| level >= least_level),
        _ => true,
    }
}
