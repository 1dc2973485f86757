//! Deciding about the health of addresses.

use jiff::Timestamp;

use crate::command::{HealthCommand, HealthRefusal, Refusal};
use crate::dispatch::MailOutcome;
use crate::event::{Event, HealthEvent};
use crate::health::{Occasion, ProbePolicy};
use crate::id::{PersonId, ProbeId};
use crate::person::Side;
use crate::state::State;

pub(super) fn decide(state: &State, command: &HealthCommand, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    let event = match command {
        HealthCommand::Probe { policy } => {
            let mails = due(state, policy, now);
            // A round for each half: what one half's people are mailed is nothing to the other (requirement O06).
            let of =
                |side| mails.iter().copied().filter(|mail| state.sides_of_mails(&[*mail]).contains(&side)).collect();
            let halves: [Vec<(PersonId, u8)>; 2] = [Side::Domestic, Side::Overseas].map(of);
            let numbers = std::iter::successors(Some(state.health.probes.next_id()), |it| Some(ProbeId(it.0 + 1)));
            let rounds = halves.into_iter().filter(|mails| !mails.is_empty()).zip(numbers);
            let opened = |(mails, probe)| HealthEvent::ProbeOpened { probe, mails, opened: now }.into();
            return Ok(rounds.map(opened).collect());
        }
        HealthCommand::RecordOutcomes { probe, outcomes } => {
            state.probe(*probe).ok_or(HealthRefusal::UnknownProbe(*probe))?;
            return Ok(observed(state, Occasion::Probe(*probe), outcomes).into_iter().collect());
        }
        HealthCommand::Confirm { person, place } => {
            let (person, place) = (*person, *place);
            let whose = state.people().find(person).ok_or(Refusal::UnknownPerson(person))?;
            whose.address(place).ok_or(HealthRefusal::UnknownAddress { person, place })?;
            Some(HealthEvent::Confirmed { person, place, at: now })
        }
    };
    Ok(event.into_iter().map(Event::from).collect())
}

/// What these outcomes tell of addresses; none where they tell of carriers, the network or us only.
pub(super) fn observed(state: &State, occasion: Occasion, outcomes: &[MailOutcome]) -> Option<Event> {
    let address = |person, place| state.people().find(person).and_then(|person| person.address(place));
    let domain = |person, place| address(person, place).map(crate::person::MailAddress::domain);
    let (seen, answers) = state.health.health.observe(outcomes, domain);
    (!seen.is_empty()).then(|| HealthEvent::Observed { occasion, seen, answers }.into())
}

/// The addresses to probe now, longest due first, no more than may go today.
fn due(state: &State, policy: &ProbePolicy, now: Timestamp) -> Vec<(PersonId, u8)> {
    let mut due: Vec<(Timestamp, PersonId, u8)> = Vec::new();
    for person in state.people().iter().filter(|person| person.is_reachable()) {
        for address in person.addresses() {
            let health = state.address_health(person, address);
            let probed = state.health.probes.last(person.id, address.place);
            if let Some(since) = policy.due(&health, probed).filter(|since| *since <= now) {
                due.push((since, person.id, address.place));
            }
        }
    }
    due.sort();
    due.truncate(state.health.probes.room(policy, now));
    due.into_iter().map(|(_, person, place)| (person, place)).collect()
}
