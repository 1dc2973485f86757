//! What of people can be ticked in a form: groups, prefectures, countries, and who is left out [A22 O03].

use std::collections::BTreeMap;

use hikyaku_bulletin::{CountryCode, Prefecture};
use hikyaku_dispatch::{Group, Side, State as Present};

use super::whom::Whom;
use crate::console::{Console, Scope};
use crate::frame::Count;

/// A group to be ticked.
#[derive(Debug)]
pub(crate) struct Pick {
    pub(crate) id: u32,
    pub(crate) name: String,
    pub(crate) depth: usize,
    pub(crate) ticked: bool,
}

/// A prefecture to be ticked.
#[derive(Debug)]
pub(crate) struct Region {
    pub(crate) code: u8,
    pub(crate) name: &'static str,
    pub(crate) ticked: bool,
}

/// A country to be ticked, with how many people are registered there today.
#[derive(Debug)]
pub(crate) struct Country {
    pub(crate) code: String,
    pub(crate) name: String,
    pub(crate) people: Count,
    pub(crate) ticked: bool,
}

/// The part of a form in which people are chosen.
#[derive(Debug)]
pub(crate) struct WhomForm {
    pub(crate) typed: Whom,
    pub(crate) groups: Vec<Pick>,
    /// The same groups, to be left out.
    pub(crate) without: Vec<Pick>,
    /// None for whoever may reach some groups only: those are to be ticked.
    pub(crate) regions: Option<Vec<Region>>,
    /// None at home, where no journeys are registered.
    pub(crate) countries: Option<Vec<Country>>,
}

/// All prefectures, to be ticked.
pub(crate) fn regions(ticked: &[u8]) -> Vec<Region> {
    let region =
        |it: Prefecture| Region { code: it.code(), name: it.short_name(), ticked: ticked.contains(&it.code()) };
    Prefecture::all().map(region).collect()
}

impl WhomForm {
    /// What a viewer who reaches so far in `side` can tick.
    pub(crate) fn new(console: &Console, state: &Present, typed: Whom, scope: &Scope, side: Side) -> Self {
        let own: Vec<(&Group, usize)> =
            state.groups().tree().into_iter().filter(|(group, _)| scope.holds_group(state, group.id)).collect();
        let picks = |ticked: &[u32]| -> Vec<Pick> {
            let pick = |(group, depth): &(&Group, usize)| Pick {
                id: group.id.0,
                name: group.name.clone(),
                depth: *depth,
                ticked: ticked.contains(&group.id.0),
            };
            own.iter().map(pick).collect()
        };
        let is_wide = scope.is_wide(side);
        Self {
            groups: picks(&typed.groups),
            without: picks(&typed.without),
            regions: is_wide.then(|| regions(&typed.regions)),
            countries: (is_wide && side == Side::Overseas).then(|| countries(console, state, &typed.countries, scope)),
            typed,
        }
    }

    /// Whether anybody is left out.
    pub(crate) fn leaves_out(&self) -> bool {
        !(self.typed.without.is_empty() && self.typed.without_numbers.is_empty())
    }
}

/// The countries in which anybody is today whom the viewer reaches, and those that are ticked already.
fn countries(console: &Console, state: &Present, ticked: &[CountryCode], scope: &Scope) -> Vec<Country> {
    let now = console.now();
    let mut known: BTreeMap<CountryCode, usize> = ticked.iter().map(|code| (*code, 0)).collect();
    for code in state.travel().countries(now).into_keys() {
        let there = state.travel().people_in(code, now, 0);
        let own = there.into_iter().filter(|person| scope.holds_person(state, *person)).count();
        if own > 0 {
            known.insert(code, own);
        }
    }
    let name = |code| console.settings().feeds.as_ref().and_then(|feeds| feeds.country(code));
    let country = |(code, people): (CountryCode, usize)| Country {
        code: code.to_string(),
        name: name(code).unwrap_or_else(|| code.to_string()),
        people: Count(u32::try_from(people).unwrap_or(u32::MAX)),
        ticked: ticked.contains(&code),
    };
    known.into_iter().map(country).collect()
}
