//! What is known of addresses: verdicts, and rounds of probes.

use serde::{Deserialize, Serialize};

use crate::event::HealthEvent;
use crate::health::{Health, Probe, Probes};

/// Verdicts and probes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Addresses {
    pub(crate) health: Health,
    pub(crate) probes: Probes,
}

impl Addresses {
    pub(super) fn apply(&mut self, event: &HealthEvent) {
        match event {
            HealthEvent::ProbeOpened { probe, mails, opened } => {
                self.probes.open(&Probe { id: *probe, opened: *opened, mails: mails.clone() });
            }
            HealthEvent::Observed { occasion, seen, answers } => self.health.observed(*occasion, seen, answers),
            HealthEvent::Confirmed { person, place, at } => self.health.confirmed(*person, *place, *at),
        }
    }
}
