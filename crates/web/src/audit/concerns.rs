//! Whether an event is about a person.

use hikyaku_dispatch::{AnswerEvent, DispatchEvent, Event, HealthEvent, PeopleEvent, PersonId, State};

use super::words::{About, about};

/// Whether an event is about a person, alone or among others.
pub(super) fn concerns(event: &Event, id: PersonId, state: &State) -> bool {
    if about(event, state) == About::Person(id) {
        return true;
    }
    match event {
        Event::Dispatch(DispatchEvent::Opened(it)) => it.asked.iter().any(|asked| asked.person == id),
        Event::Dispatch(DispatchEvent::OutcomesRecorded { outcomes, .. }) => outcomes.iter().any(|it| it.person == id),
        Event::Dispatch(DispatchEvent::RoundOpened { round, .. }) => round.mails.iter().any(|(it, _)| *it == id),
        Event::Dispatch(DispatchEvent::UnreachedListed { people, .. } | DispatchEvent::ManagersTold { people, .. })
        | Event::Answer(AnswerEvent::Fetched { people, .. })
        | Event::People(PeopleEvent::LinksHandedOut { people, .. }) => people.contains(&id),
        Event::Health(HealthEvent::ProbeOpened { mails, .. }) => mails.iter().any(|(it, _)| *it == id),
        Event::Health(HealthEvent::Observed { seen, .. }) => seen.iter().any(|it| it.person == id),
        _ => false,
    }
}
