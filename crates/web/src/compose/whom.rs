//! Whom a form means: everybody, or whoever is in groups, has regions or is named by a number; of dispatches and of rules [A22].

use std::collections::BTreeSet;

use hikyaku_bulletin::{Prefecture, RegionCode};
use hikyaku_dispatch::{GroupId, PersonId, Side, State as Present, Target};

use crate::console::Scope;
use crate::form;

/// What stands between two numbers.
const BETWEEN: [char; 7] = [',', '、', ' ', '\n', '\r', '\t', '　'];

/// What was ticked and typed of the people who are meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Whom {
    pub(crate) everyone: bool,
    pub(crate) groups: Vec<u32>,
    pub(crate) regions: Vec<u8>,
    pub(crate) numbers: String,
}

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

/// The part of a form in which people are chosen.
#[derive(Debug)]
pub(crate) struct WhomForm {
    pub(crate) typed: Whom,
    pub(crate) groups: Vec<Pick>,
    /// None for whoever may reach some groups only: those are to be ticked.
    pub(crate) regions: Option<Vec<Region>>,
}

impl Whom {
    /// Takes a posted field; says whether it was about people.
    pub(crate) fn take(&mut self, name: &str, value: &str) -> bool {
        match name {
            "everyone" => self.everyone = true,
            "group" => self.groups.extend(value.parse::<u32>().ok()),
            "region" => self.regions.extend(value.parse::<u8>().ok()),
            "numbers" => value.clone_into(&mut self.numbers),
            _ => return false,
        }
        true
    }

    /// The fields as they are carried to the next page.
    pub(crate) fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = vec![("numbers", self.numbers.clone())];
        pairs.extend(self.everyone.then(|| ("everyone", "1".to_owned())));
        pairs.extend(self.groups.iter().map(|id| ("group", id.to_string())));
        pairs.extend(self.regions.iter().map(|code| ("region", code.to_string())));
        pairs
    }

    /// Whoever is in one of the groups and has one of the regions, as far as any are ticked; and whoever is named.
    ///
    /// # Errors
    /// What is to be mended, in Japanese.
    pub(crate) fn target(&self, state: &Present, side: Side) -> Result<Target, String> {
        if self.everyone {
            return Ok(Target::Everyone);
        }
        let mut both = Vec::new();
        if !self.groups.is_empty() {
            both.push(Target::Groups(self.groups.iter().copied().map(GroupId).collect()));
        }
        if !self.regions.is_empty() {
            let regions = self.regions.iter().copied().filter_map(form::region);
            both.push(Target::Regions(regions.collect()));
        }
        let people = numbered(state, side, &self.numbers)?;
        let mut any: Vec<Target> = Vec::new();
        any.extend((!both.is_empty()).then_some(Target::All(both)));
        any.extend((!people.is_empty()).then_some(Target::People(people)));
        if any.is_empty() {
            return Err("宛先を選んでください。全員に送るときは「全員」に印を付けてください。".into());
        }
        Ok(Target::Any(any))
    }

    /// The form of a target, if it can be ticked and typed.
    pub(crate) fn of(target: &Target, state: &Present, side: Side) -> Option<Self> {
        let mut whom = Self::default();
        match target {
            Target::Everyone => whom.everyone = true,
            Target::Any(parts) => {
                let (mut both, mut people) = (0, 0);
                for part in parts {
                    match part {
                        Target::People(named) if people == 0 => {
                            people += 1;
                            whom.numbers = numbers_of(state, side, named)?;
                        }
                        _ if both == 0 => {
                            both += 1;
                            whom.narrow(part)?;
                        }
                        _ => return None,
                    }
                }
            }
            Target::People(named) => whom.numbers = numbers_of(state, side, named)?,
            part => whom.narrow(part)?,
        }
        (whom != Self::default()).then_some(whom)
    }

    /// Whether the same is ticked and typed, in whatever order.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let sorted = |it: &Self| {
            let (mut groups, mut regions) = (it.groups.clone(), it.regions.clone());
            groups.sort_unstable();
            regions.sort_unstable();
            let numbers = it.numbers.split(BETWEEN).filter(|number| !number.is_empty()).map(str::to_owned);
            (it.everyone, groups, regions, numbers.collect::<BTreeSet<String>>())
        };
        sorted(self) == sorted(other)
    }

    /// Takes groups, regions, or both of them at once.
    fn narrow(&mut self, part: &Target) -> Option<()> {
        match part {
            // None of no groups is nobody, which no form can say.
            Target::Groups(groups) if self.groups.is_empty() && !groups.is_empty() => {
                self.groups = groups.iter().map(|id| id.0).collect();
            }
            Target::Regions(regions) if self.regions.is_empty() && !regions.is_empty() => {
                self.regions = prefectures(regions)?;
            }
            Target::All(parts) => parts.iter().try_for_each(|part| match part {
                Target::Groups(_) | Target::Regions(_) => self.narrow(part),
                _ => None,
            })?,
            _ => return None,
        }
        Some(())
    }
}

/// The codes of prefectures, if these are all of them.
fn prefectures(regions: &[RegionCode]) -> Option<Vec<u8>> {
    let code = |region: &RegionCode| match region {
        RegionCode::Prefecture(prefecture) => Some(prefecture.code()),
        _ => None,
    };
    regions.iter().map(code).collect()
}

/// People by the numbers that were typed.
///
/// # Errors
/// Which number nobody has, in Japanese.
pub(crate) fn numbered(state: &Present, side: Side, typed: &str) -> Result<Vec<PersonId>, String> {
    let numbers = typed.split(BETWEEN).filter(|number| !number.is_empty());
    numbers
        .map(|number| {
            let found = state.people().by_external_id(side, number).map(|person| person.id);
            found.ok_or_else(|| format!("職員番号 {number} の人は名簿にいません。"))
        })
        .collect()
}

/// The numbers of people of a half, if all of them have one.
pub(crate) fn numbers_of(state: &Present, side: Side, people: &[PersonId]) -> Option<String> {
    let number = |id: &PersonId| {
        let person = state.people().find(*id).filter(|person| person.side == side)?;
        let number = &person.personal.as_ref()?.external_id;
        (!number.contains(BETWEEN)).then(|| number.clone())
    };
    let numbers: Option<Vec<String>> = people.iter().map(number).collect();
    numbers.map(|numbers| numbers.join(" "))
}

/// All prefectures, to be ticked.
pub(crate) fn regions(ticked: &[u8]) -> Vec<Region> {
    let region =
        |it: Prefecture| Region { code: it.code(), name: it.short_name(), ticked: ticked.contains(&it.code()) };
    Prefecture::all().map(region).collect()
}

impl WhomForm {
    /// What a viewer who reaches so far in `side` can tick.
    pub(crate) fn new(state: &Present, typed: Whom, scope: &Scope, side: Side) -> Self {
        let pick = |(group, depth): (&hikyaku_dispatch::Group, usize)| Pick {
            id: group.id.0,
            name: group.name.clone(),
            depth,
            ticked: typed.groups.contains(&group.id.0),
        };
        let own = state.groups().tree().into_iter().filter(|(group, _)| scope.holds_group(state, group.id));
        Self { groups: own.map(pick).collect(), regions: scope.is_wide(side).then(|| regions(&typed.regions)), typed }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups() -> Target {
        Target::Groups(vec![GroupId(3), GroupId(5)])
    }

    fn regions() -> Target {
        Target::Regions(vec!["17".parse().unwrap()])
    }

    fn of(target: &Target) -> Option<Whom> {
        Whom::of(target, &Present::default(), Side::Domestic)
    }

    #[test]
    fn req_a22_what_a_form_says_of_people_is_read_back_as_it_was_ticked() {
        let ticked = [
            Whom { everyone: true, ..Whom::default() },
            Whom { groups: vec![3, 5], ..Whom::default() },
            Whom { regions: vec![17], ..Whom::default() },
            Whom { groups: vec![3], regions: vec![13, 17], ..Whom::default() },
        ];
        for whom in ticked {
            let target = whom.target(&Present::default(), Side::Domestic).unwrap();
            assert_eq!(of(&target), Some(whom));
        }
        assert_eq!(of(&groups()).unwrap().groups, [3, 5]);
        assert_eq!(of(&Target::All(vec![groups(), regions()])).unwrap().regions, [17]);
    }

    #[test]
    fn req_a22_a_target_that_no_form_can_say_is_not_read_as_another_one() {
        let nobody = Target::Groups(Vec::new());
        let unsaid = [
            Target::Not(Box::new(groups())),
            Target::OnlyGroups(vec![GroupId(3)]),
            Target::All(vec![groups(), groups()]),
            Target::Any(vec![groups(), regions()]),
            Target::All(vec![nobody, regions()]),
            Target::Regions(vec!["TH".parse().unwrap()]),
            Target::All(Vec::new()),
        ];
        for target in unsaid {
            assert_eq!(of(&target), None, "{target:?}");
        }
    }
}
