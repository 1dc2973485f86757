//! Whom a rule concerns when a bulletin fulfils its condition.

use std::collections::{BTreeMap, BTreeSet};

use hikyaku_bulletin::{Bulletin, Prefecture, RegionCode};

use crate::gravity::Gravity;
use crate::id::PersonId;
use crate::person::Person;
use crate::reach::Reach;
use crate::rule::{Rule, Table, Who};
use crate::select::select;
use crate::state::State;
use crate::target::Target;

/// Everybody whom the rule concerns, each with what concerns them, in the order of their numbers.
pub(super) fn by<'a>(rule: &'a Rule, bulletin: &'a Bulletin, state: &'a State) -> Vec<(PersonId, Gravity)> {
    let mut reach = Reach::new(&rule.condition, bulletin, &rule.regions);
    match &rule.who {
        Who::There(target) => {
            let members = members(state, target);
            let of = |person: &'_ Person| members.as_ref().is_none_or(|members| members.contains(&person.id));
            let people = state.people().iter().filter(|person| of(person));
            people.filter_map(|person| Some((person.id, reach.at(&person.regions)?))).collect()
        }
        Who::Anywhere(target) => {
            let wide = || rule.condition.overall(bulletin).filter(|_| rule.regions.is_empty());
            let Some(gravity) = reach.anywhere().or_else(wide) else { return Vec::new() };
            match members(state, target) {
                None => state.people().iter().map(|person| (person.id, gravity)).collect(),
                Some(members) => members.into_iter().map(|person| (person, gravity)).collect(),
            }
        }
        Who::Table(id) => by_table(state, state.table(*id), &mut reach),
    }
}

/// The people of a target; `None` for everybody. A target that names what is not there means nobody: `check` complains of it.
fn members(state: &State, target: &Target) -> Option<BTreeSet<PersonId>> {
    (*target != Target::Everyone).then(|| select(state, target).unwrap_or_default())
}

fn by_table(state: &State, table: Option<&Table>, reach: &mut Reach<'_>) -> Vec<(PersonId, Gravity)> {
    let mut concerned: BTreeMap<PersonId, Gravity> = BTreeMap::new();
    for prefecture in Prefecture::all() {
        let Some(gravity) = reach.in_prefecture(prefecture) else { continue };
        let row = table.and_then(|table| table.rows.iter().find(|(it, _)| *it == prefecture));
        let people = match row {
            Some((_, target)) => select(state, target).unwrap_or_default(),
            None => living_in(state, prefecture),
        };
        for person in people {
            concerned.entry(person).and_modify(|it| *it = it.max(gravity)).or_insert(gravity);
        }
    }
    concerned.into_iter().collect()
}

fn living_in(state: &State, prefecture: Prefecture) -> BTreeSet<PersonId> {
    let there = |person: &&Person| person.regions.iter().any(|region| region.prefecture() == Some(prefecture));
    state.people().iter().filter(there).map(|person| person.id).collect()
}

pub(super) fn region_name(region: &RegionCode) -> String {
    match region {
        RegionCode::Prefecture(prefecture) => prefecture.name().to_owned(),
        other => other.to_string(),
    }
}
