//! The report on addresses: who has none, who has one, whose does not work (requirements A24, A25).

use std::collections::BTreeMap;

use super::{AddressHealth, HealthState};
use crate::id::PersonId;
use crate::person::{MailAddress, Person};

/// The registration and the health of the addresses of some people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressReport {
    /// How many people were looked at.
    pub people: usize,
    /// Who has no address.
    pub without: Vec<PersonId>,
    /// Who has one address only.
    pub with_one: Vec<PersonId>,
    /// Whose every address is invalid: nothing reaches them.
    pub unreachable: Vec<PersonId>,
    /// Invalid, doubtful and full addresses, refusing ones too: person, place and verdict.
    pub troubled: Vec<(PersonId, u8, AddressHealth)>,
    /// Addresses by verdict.
    pub by_state: BTreeMap<HealthState, usize>,
}

impl AddressReport {
    /// The report on these people; `health` knows each address.
    pub(crate) fn of<'a>(
        people: impl Iterator<Item = &'a Person>,
        health: impl Fn(&Person, &MailAddress) -> AddressHealth,
    ) -> Self {
        let mut report = AddressReport::default();
        for person in people.filter(|person| person.is_reachable()) {
            report.people += 1;
            match person.addresses() {
                [] => report.without.push(person.id),
                [_] => report.with_one.push(person.id),
                _ => {}
            }
            let mut invalid = 0;
            for address in person.addresses() {
                let verdict = health(person, address);
                *report.by_state.entry(verdict.state).or_default() += 1;
                invalid += usize::from(verdict.state == HealthState::Invalid);
                if !matches!(verdict.state, HealthState::Good | HealthState::Unverified) {
                    report.troubled.push((person.id, address.place, verdict));
                }
            }
            if invalid > 0 && invalid == person.addresses().len() {
                report.unreachable.push(person.id);
            }
        }
        report
    }
}
