//! What a correction takes back from people: they were asked, and by what is true now they would not have been.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use hikyaku_bulletin::Bulletin;
use jiff::Timestamp;

use crate::gravity::Gravity;
use crate::id::PersonId;
use crate::incident::Incident;
use crate::notice::Channel;
use crate::person::Side;
use crate::reach::Reach;
use crate::state::State;

/// Those who were asked in this incident, whom no rule reaches any more, and for whom it is milder than they were told.
pub(super) fn spared(
    bulletin: &Bulletin,
    state: &State,
    incident: &Incident,
    reached: &BTreeSet<PersonId>,
    now: Timestamp,
) -> Vec<(PersonId, Option<Gravity>)> {
    let abroad = state.abroad(Side::Overseas, now);
    let mut reach = Reach::plain(bulletin);
    let Some(scale) = reach.anywhere() else { return Vec::new() };
    let of = |person: PersonId| {
        let known = incident.notices.last(person, Channel::Safety, scale)?;
        let stays = abroad.get(&person).into_iter().flatten();
        let there = reach.at(state.people().find(person)?.regions_at(now).chain(stays));
        let is_milder = there.is_none_or(|there| there.against(known) == Some(Ordering::Less));
        is_milder.then_some((person, there))
    };
    incident.notices.people().filter(|person| !reached.contains(person)).filter_map(of).collect()
}
