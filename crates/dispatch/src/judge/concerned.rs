//! Whom a rule concerns when a bulletin fulfils its condition.

use std::collections::{BTreeMap, BTreeSet};

use hikyaku_bulletin::{Bulletin, Prefecture, RegionCode};
use jiff::Timestamp;

use crate::gravity::Gravity;
use crate::id::PersonId;
use crate::person::{Person, Side};
use crate::reach::Reach;
use crate::rule::{Rule, Who};
use crate::select::select;
use crate::state::State;
use crate::target::Target;

/// Everybody whom the rule concerns at `now`, each with what concerns them, in the order of their numbers.
pub(super) fn by(rule: &Rule, bulletin: &Bulletin, state: &State, now: Timestamp) -> Vec<(PersonId, Gravity)> {
    let abroad = state.abroad(rule.side, now);
    let mut reach = Reach::new(&rule.condition, bulletin, &rule.regions);
    // A target that names what is not there means nobody: the judgement says so, an alarm does, and `check`.
    let members = |target| select(state, target, rule.side, now).unwrap_or_default();
    match &rule.who {
        Who::There(Target::Everyone) => everyone_there(state, rule.side, &mut reach, &abroad, now),
        Who::There(target) => {
            let people = members(target).into_iter().filter_map(|id| state.people().find(id));
            let stays = |person| abroad.get(&person).into_iter().flatten();
            let concerned =
                people.map(|person| Some((person.id, reach.at(person.regions_at(now).chain(stays(person.id)))?)));
            concerned.flatten().collect()
        }
        Who::Anywhere(target) => {
            let wide = || rule.condition.overall(bulletin).filter(|_| rule.regions.is_empty());
            let Some(gravity) = reach.anywhere().or_else(wide) else { return Vec::new() };
            members(target).into_iter().map(|person| (person, gravity)).collect()
        }
        Who::Table(id) => {
            let table = state.table(*id);
            let mut concerned: BTreeMap<PersonId, Gravity> = BTreeMap::new();
            for prefecture in Prefecture::all() {
                let Some(gravity) = reach.in_prefecture(prefecture) else { continue };
                let row = table.and_then(|table| table.rows.iter().find(|(it, _)| *it == prefecture));
                let people = row.map_or_else(|| living_in(state, rule.side, prefecture, now), |(_, it)| members(it));
                for person in people {
                    concerned.entry(person).and_modify(|it| *it = it.max(gravity)).or_insert(gravity);
                }
            }
            concerned.into_iter().collect()
        }
    }
}

/// Everybody of one half who has a region where it happened; `abroad` tells where those are who travel.
fn everyone_there<'a>(
    state: &'a State,
    side: Side,
    reach: &mut Reach<'a>,
    abroad: &'a BTreeMap<PersonId, Vec<RegionCode>>,
    now: Timestamp,
) -> Vec<(PersonId, Gravity)> {
    let roll = state.people().roll();
    // People share few lists of regions: how bad it is there is worked out once for each.
    let at_lists: Vec<Option<Gravity>> = roll.lists().iter().map(|list| reach.at(list)).collect();
    let mut concerned = Vec::with_capacity(roll.lines().len());
    for line in roll.lines().iter().filter(|line| line.side == side && line.is_reachable) {
        let stays = abroad.get(&line.person);
        let gravity = if line.has_whereabouts || stays.is_some() {
            let regions = state.people().find(line.person).map(|person| person.regions_at(now));
            reach.at(regions.into_iter().flatten().chain(stays.into_iter().flatten()))
        } else {
            at_lists.get(line.regions as usize).copied().flatten()
        };
        concerned.extend(gravity.map(|gravity| (line.person, gravity)));
    }
    concerned
}

fn living_in(state: &State, side: Side, prefecture: Prefecture, now: Timestamp) -> BTreeSet<PersonId> {
    let there = |person: &&Person| {
        person.is_reachable() && person.regions_at(now).any(|region| region.prefecture() == Some(prefecture))
    };
    state.people().of(side).filter(there).map(|person| person.id).collect()
}

pub(super) fn region_name(region: &RegionCode) -> String {
    match region {
        RegionCode::Prefecture(prefecture) => prefecture.name().to_owned(),
        other => other.to_string(),
    }
}
