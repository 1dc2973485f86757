//! What is known of addresses: verdicts, how many people have which, and rounds of probes.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::event::HealthEvent;
use crate::health::{Health, HealthTally, Probe, Probes};
use crate::id::PersonId;

/// Verdicts, tallies by verdict, probes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Addresses {
    pub(crate) health: Health,
    pub(crate) probes: Probes,
    pub(super) tally: HealthTally,
}

impl Addresses {
    /// Takes an event in; whose verdicts may have changed.
    pub(super) fn apply(&mut self, event: &HealthEvent) -> BTreeSet<PersonId> {
        match event {
            HealthEvent::ProbeOpened { probe, mails, opened } => {
                self.probes.open(&Probe { id: *probe, opened: *opened, mails: mails.clone() });
                BTreeSet::new()
            }
            HealthEvent::Observed { occasion, seen, answers } => self.health.observed(*occasion, seen, answers),
            HealthEvent::Confirmed { person, place, at } => {
                self.health.confirmed(*person, *place, *at);
                BTreeSet::from([*person])
            }
        }
    }
}
