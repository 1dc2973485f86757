//! Making and changing groups, now or on a day to come (requirements A06, A23, A38).

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::command::PeopleRefusal;
use crate::day::japan_date;
use crate::event::PeopleEvent;
use crate::group::{Group, GroupChange};
use crate::id::GroupId;
use crate::person::Side;
use crate::state::State;

/// Longest name of a group, in characters.
const NAME_CHARS_MAX: usize = 100;

pub(super) fn make(
    state: &State,
    side: Side,
    parent: Option<GroupId>,
    name: &str,
) -> Result<Vec<PeopleEvent>, PeopleRefusal> {
    let name = sound(name)?;
    let side = match parent {
        Some(parent) => find(state, parent)?.side,
        None => side,
    };
    free(state, side, parent, name, None)?;
    Ok(vec![PeopleEvent::GroupMade { group: state.groups().next_id(), side, parent, name: name.to_owned() }])
}

pub(super) fn change(
    state: &State,
    group: GroupId,
    change: &GroupChange,
    on: Option<Date>,
    now: Timestamp,
) -> Result<Vec<PeopleEvent>, PeopleRefusal> {
    find(state, group)?;
    let planned = on.filter(|on| *on > japan_date(now));
    if let GroupChange::Renamed(name) = change {
        sound(name)?;
    }
    match planned {
        // Whether it is possible is known on the day.
        Some(on) => Ok(vec![PeopleEvent::GroupChangePlanned { group, on, change: change.clone() }]),
        None => change_now(state, group, change),
    }
}

/// The event of a change that is possible as the tree is.
pub(super) fn change_now(state: &State, id: GroupId, change: &GroupChange) -> Result<Vec<PeopleEvent>, PeopleRefusal> {
    let group = find(state, id)?;
    match change {
        GroupChange::Renamed(name) => free(state, group.side, group.parent, name, Some(id))?,
        GroupChange::Moved(parent) => {
            if let Some(parent) = *parent {
                if find(state, parent)?.side != group.side {
                    return Err(PeopleRefusal::OtherSide(parent));
                }
                if state.groups().is_within(parent, id) {
                    return Err(PeopleRefusal::BelowItself);
                }
            }
            free(state, group.side, *parent, &group.name, Some(id))?;
        }
        GroupChange::Removed => {
            let is_used = state.people().iter().any(|person| person.groups.contains(&id));
            if is_used || !group.children.is_empty() {
                return Err(PeopleRefusal::NotEmpty(id));
            }
        }
    }
    let same = match change {
        GroupChange::Renamed(name) => group.name == *name,
        GroupChange::Moved(parent) => group.parent == *parent,
        GroupChange::Removed => false,
    };
    let event = PeopleEvent::GroupChanged { group: id, change: change.clone() };
    Ok(if same { Vec::new() } else { vec![event] })
}

/// These groups, each once, if a person of that side may be in them.
pub(super) fn known(state: &State, side: Side, groups: &[GroupId]) -> Result<Vec<GroupId>, PeopleRefusal> {
    for group in groups {
        if find(state, *group)?.side != side {
            return Err(PeopleRefusal::OtherSide(*group));
        }
    }
    Ok(groups.iter().copied().collect::<BTreeSet<_>>().into_iter().collect())
}

fn find(state: &State, group: GroupId) -> Result<&Group, PeopleRefusal> {
    state.groups().find(group).ok_or(PeopleRefusal::UnknownGroup(group))
}

/// A name that a roster can carry.
fn sound(name: &str) -> Result<&str, PeopleRefusal> {
    let name = name.trim();
    let separates = |c: char| c.is_control() || matches!(c, '/' | '／' | ';' | '；' | '?' | '\u{fffd}' | '〓');
    let fits = !name.is_empty() && name.chars().count() <= NAME_CHARS_MAX && !name.contains(separates);
    if fits { Ok(name) } else { Err(PeopleRefusal::BadGroupName) }
}

/// Whether no other group has that name there.
fn free(
    state: &State,
    side: Side,
    parent: Option<GroupId>,
    name: &str,
    own: Option<GroupId>,
) -> Result<(), PeopleRefusal> {
    match state.groups().child(side, parent, name) {
        Some(other) if Some(other) != own => Err(PeopleRefusal::SameGroupName(other)),
        _ => Ok(()),
    }
}
