//! Probes: real mails that ask nothing but a tap on 受信しました, a few a day (requirement A25).

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{AddressHealth, HealthState};
use crate::id::{PersonId, ProbeId};

/// How often addresses are probed, and how many at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProbePolicy {
    /// An address of which nothing was heard for this many days is probed.
    pub every_days: u16,
    /// A doubtful or full one is tried again after this many days, so that a verdict comes of it.
    pub doubtful_days: u16,
    /// Most probes in any 24 hours: mails to unknown users in bulk are what carriers block for.
    pub per_day: usize,
}

impl Default for ProbePolicy {
    fn default() -> Self {
        ProbePolicy { every_days: 180, doubtful_days: 3, per_day: 500 }
    }
}

impl ProbePolicy {
    /// When an address is due, given what was last heard of it and when it was last probed; `None` for never.
    pub(crate) fn due(&self, health: &AddressHealth, probed: Option<Timestamp>) -> Option<Timestamp> {
        let days = match health.state {
            // Only another address helps: each further mail would count against us at the carrier.
            HealthState::Invalid => return None,
            HealthState::Doubtful | HealthState::Full => self.doubtful_days,
            HealthState::Unverified | HealthState::Good | HealthState::Filtered => self.every_days,
        };
        let heard = health.evidence.map(|evidence| evidence.at).max(health.confirmed).max(probed);
        Some(heard.map_or(Timestamp::UNIX_EPOCH, |heard| heard + SignedDuration::from_hours(24 * i64::from(days))))
    }
}

/// One round of probes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// Its number.
    pub id: ProbeId,
    /// When it was opened.
    pub opened: Timestamp,
    /// Person and place of each address.
    pub mails: Vec<(PersonId, u8)>,
}

/// All rounds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Probes {
    pub(crate) by_id: BTreeMap<ProbeId, Probe>,
    last: BTreeMap<(PersonId, u8), Timestamp>,
}

impl Probes {
    pub(crate) fn open(&mut self, probe: &Probe) {
        self.last.extend(probe.mails.iter().map(|mail| (*mail, probe.opened)));
        self.by_id.insert(probe.id, probe.clone());
    }

    /// When an address was last probed.
    pub(crate) fn last(&self, person: PersonId, place: u8) -> Option<Timestamp> {
        self.last.get(&(person, place)).copied()
    }

    /// How many more may go at `now`.
    pub(crate) fn room(&self, policy: &ProbePolicy, now: Timestamp) -> usize {
        let since = now - SignedDuration::from_hours(24);
        let recent = self.by_id.values().rev().take_while(|probe| probe.opened > since);
        policy.per_day.saturating_sub(recent.map(|probe| probe.mails.len()).sum())
    }

    pub(crate) fn next_id(&self) -> ProbeId {
        ProbeId(self.by_id.last_key_value().map_or(1, |(id, _)| id.0 + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::{Evidence, Sign};

    fn day(day: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * day)
    }

    fn health(state: HealthState, at: Option<i64>) -> AddressHealth {
        let evidence = at.map(|at| Evidence { sign: Sign::Accepted, at: day(at) });
        AddressHealth { state, evidence, confirmed: None }
    }

    #[test]
    fn an_address_is_due_when_nothing_was_heard_for_long_and_sooner_while_it_is_doubtful() {
        let policy = ProbePolicy::default();
        assert_eq!(policy.due(&health(HealthState::Good, Some(10)), None), Some(day(190)));
        assert_eq!(policy.due(&health(HealthState::Doubtful, Some(10)), None), Some(day(13)));
        assert_eq!(policy.due(&health(HealthState::Unverified, None), None), Some(Timestamp::UNIX_EPOCH));
        assert_eq!(policy.due(&health(HealthState::Unverified, None), Some(day(5))), Some(day(185)));
        assert_eq!(policy.due(&health(HealthState::Invalid, Some(1)), None), None);
    }

    #[test]
    fn no_more_than_a_days_share_goes_in_any_24_hours() {
        let mut probes = Probes::default();
        let policy = ProbePolicy { per_day: 3, ..ProbePolicy::default() };
        let mails = vec![(PersonId(1), 1), (PersonId(2), 1)];
        probes.open(&Probe { id: ProbeId(1), opened: day(1), mails });
        assert_eq!(probes.room(&policy, day(1)), 1);
        assert_eq!(probes.room(&policy, day(2) - SignedDuration::from_secs(1)), 1);
        assert_eq!(probes.room(&policy, day(2)), 3);
    }
}
