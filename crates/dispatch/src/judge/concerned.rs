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
    // A target that names what is not there means nobody: `check` complains of it.
    let members = |target| select(state, target, rule.side, now).unwrap_or_default();
    match &rule.who {
        Who::There(target) => {
            let people: Vec<&Person> = match target {
                // The usual one needs no set of everybody.
                Target::Everyone => state.people().of(rule.side).filter(|person| person.is_reachable()).collect(),
                other => members(other).into_iter().filter_map(|id| state.people().find(id)).collect(),
            };
            let stays = |person| abroad.get(&person).into_iter().flatten();
            people
                .into_iter()
                .filter_map(|person| Some((person.id, reach.at(person.regions_at(now).chain(stays(person.id)))?)))
                .collect()
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
