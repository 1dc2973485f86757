//! What is known of addresses: verdicts, and rounds of probes.

use crate::dispatch::MailOutcome;
use crate::event::HealthEvent;
use crate::health::{Health, Occasion, Probe, Probes};
use crate::person::People;

/// Verdicts and probes.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Addresses {
    pub(crate) health: Health,
    pub(crate) probes: Probes,
}

impl Addresses {
    pub(super) fn apply(&mut self, event: &HealthEvent, people: &People) {
        match event {
            HealthEvent::ProbeOpened { probe, mails, opened } => {
                self.probes.open(&Probe { id: *probe, opened: *opened, mails: mails.clone() });
            }
            HealthEvent::ProbeOutcomes { probe, outcomes } => self.settled(Occasion::Probe(*probe), outcomes, people),
            HealthEvent::Confirmed { person, place, at } => self.health.confirmed(*person, *place, *at),
        }
    }

    /// Takes in how mails ended, whatever they were sent for.
    pub(super) fn settled(&mut self, occasion: Occasion, outcomes: &[MailOutcome], people: &People) {
        for outcome in outcomes {
            let address = people.find(outcome.person).and_then(|person| person.address(outcome.place));
            self.health.settled(occasion, outcome, address.map(crate::person::MailAddress::domain));
        }
    }
}
