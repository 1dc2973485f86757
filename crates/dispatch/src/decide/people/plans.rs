//! What was planned for a day (発令日): carried out on that day or the first one after it, or dropped (requirement A38).

use jiff::Timestamp;
use jiff::civil::Date;

use super::{groups, import};
use crate::day::japan_date;
use crate::event::{Event, PeopleEvent};
use crate::id::PersonId;
use crate::state::State;

/// Carries out everything that is due, groups of a day before its people. A change of a group that has become impossible
/// is dropped: the tree shows that it is not as planned.
pub(super) fn apply(state: &State, now: Timestamp) -> Vec<PeopleEvent> {
    let today = japan_date(now);
    if !state.plans().is_due(today) {
        return Vec::new();
    }
    let mut ahead = state.people_alone();
    let mut events = Vec::new();
    let mut happen = |ahead: &mut State, new: Vec<PeopleEvent>| {
        for event in new {
            ahead.apply(&Event::from(event.clone()));
            events.push(event);
        }
    };
    for ((on, group), change) in state.plans().groups.iter().filter(|((on, _), _)| *on <= today) {
        let changed = groups::change_now(&ahead, *group, change).unwrap_or_default();
        happen(&mut ahead, changed);
        happen(&mut ahead, vec![PeopleEvent::GroupChangeDone { group: *group, on: *on }]);
    }
    for ((on, person), (side, row)) in state.plans().rows.iter().filter(|((on, _), _)| *on <= today) {
        let changed = import::row_now(&ahead, *side, *person, row);
        happen(&mut ahead, changed);
        happen(&mut ahead, vec![PeopleEvent::RowDone { person: *person, on: *on }]);
    }
    events
}

pub(super) fn drop_plans(state: &State, person: PersonId, day: Option<Date>) -> Vec<PeopleEvent> {
    let planned = state.plans().people().filter(|(on, who)| *who == person && day.is_none_or(|day| day == *on));
    planned.map(|(on, person)| PeopleEvent::RowDone { person, on }).collect()
}
