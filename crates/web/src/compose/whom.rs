//! Whom a form means: everybody, or whoever is in groups, has regions, is abroad or is named by a number, without whoever is left
//! out; of dispatches and of rules [A22 O03].

use std::collections::BTreeSet;

use hikyaku_bulletin::{CountryCode, RegionCode};
use hikyaku_dispatch::{GroupId, PersonId, Side, State as Present, Target};

use crate::form;

/// What stands between two numbers, or two codes of countries.
const BETWEEN: [char; 7] = [',', '、', ' ', '\n', '\r', '\t', '　'];

/// What was ticked and typed of the people who are meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Whom {
    pub(crate) everyone: bool,
    pub(crate) groups: Vec<u32>,
    /// The groups themselves, without what lies below them.
    pub(crate) is_flat: bool,
    pub(crate) regions: Vec<u8>,
    /// Countries that were ticked.
    pub(crate) countries: Vec<CountryCode>,
    /// Codes of further ones, as typed.
    pub(crate) abroad: String,
    /// Whoever is in one of the groups or in one of the places; else whoever is in both.
    pub(crate) is_either: bool,
    pub(crate) numbers: String,
    /// Groups of which nobody is meant, whatever else is ticked; with those below them.
    pub(crate) without: Vec<u32>,
    /// Numbers of people who are not meant, whatever else is ticked.
    pub(crate) without_numbers: String,
}

/// What a form means, whatever was ticked beside it that changes nothing.
#[derive(PartialEq, Eq)]
struct Meant<'a> {
    everyone: bool,
    groups: BTreeSet<u32>,
    is_flat: bool,
    places: BTreeSet<RegionCode>,
    is_either: bool,
    numbers: BTreeSet<&'a str>,
    without: BTreeSet<u32>,
    without_numbers: BTreeSet<&'a str>,
}

impl Whom {
    /// Takes a posted field; says whether it was about people.
    pub(crate) fn take(&mut self, name: &str, value: &str) -> bool {
        match name {
            "everyone" => self.everyone = true,
            "group" => self.groups.extend(value.parse::<u32>().ok()),
            "flat" => self.is_flat = true,
            "region" => self.regions.extend(value.parse::<u8>().ok()),
            "country" => self.countries.extend(value.parse::<CountryCode>().ok()),
            "abroad" => value.clone_into(&mut self.abroad),
            "join" => self.is_either = value == "either",
            "numbers" => value.clone_into(&mut self.numbers),
            "without" => self.without.extend(value.parse::<u32>().ok()),
            "without_numbers" => value.clone_into(&mut self.without_numbers),
            _ => return false,
        }
        true
    }

    /// The fields as they are carried to the next page.
    pub(crate) fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = vec![("numbers", self.numbers.clone()), ("without_numbers", self.without_numbers.clone())];
        pairs.extend(self.everyone.then(|| ("everyone", "1".to_owned())));
        pairs.extend(self.groups.iter().map(|id| ("group", id.to_string())));
        pairs.extend(self.is_flat.then(|| ("flat", "1".to_owned())));
        pairs.extend(self.regions.iter().map(|code| ("region", code.to_string())));
        pairs.extend(self.countries.iter().map(|code| ("country", code.to_string())));
        pairs.extend((!self.abroad.is_empty()).then(|| ("abroad", self.abroad.clone())));
        pairs.extend(self.is_either.then(|| ("join", "either".to_owned())));
        pairs.extend(self.without.iter().map(|id| ("without", id.to_string())));
        pairs
    }

    /// Whoever is in the groups and the places, as far as any are chosen, or in either of them; and whoever is named. Whoever is left
    /// out is not meant in any case.
    ///
    /// # Errors
    /// What is to be mended, in Japanese.
    pub(crate) fn target(&self, state: &Present, side: Side) -> Result<Target, String> {
        let wanted = if self.everyone { Target::Everyone } else { self.wanted(state, side)? };
        self.leaving_out(wanted, state, side)
    }

    /// Those people without whoever is left out.
    ///
    /// # Errors
    /// A number that nobody has, in Japanese.
    pub(crate) fn leaving_out(&self, wanted: Target, state: &Present, side: Side) -> Result<Target, String> {
        let people = numbered(state, side, &self.without_numbers)?;
        let groups: Vec<GroupId> = self.without.iter().copied().map(GroupId).collect();
        let mut out = Vec::new();
        out.extend((!groups.is_empty()).then_some(Target::Groups(groups)));
        out.extend((!people.is_empty()).then_some(Target::People(people)));
        Ok(match joined(out, Target::Any) {
            // What is wanted comes first: rights are asked about that.
            Some(out) => Target::All(vec![wanted, Target::Not(Box::new(out))]),
            None => wanted,
        })
    }

    fn wanted(&self, state: &Present, side: Side) -> Result<Target, String> {
        let groups: Vec<GroupId> = self.groups.iter().copied().map(GroupId).collect();
        let places = self.places()?;
        let mut chosen = Vec::new();
        let of_groups = if self.is_flat { Target::OnlyGroups } else { Target::Groups };
        chosen.extend((!groups.is_empty()).then(|| of_groups(groups)));
        chosen.extend((!places.is_empty()).then_some(Target::Regions(places)));
        if !self.is_either {
            chosen = joined(chosen, Target::All).into_iter().collect();
        }
        let people = numbered(state, side, &self.numbers)?;
        chosen.extend((!people.is_empty()).then_some(Target::People(people)));
        let nobody = "宛先を選んでください。全員に送るときは「全員」に印を付けてください。";
        joined(chosen, Target::Any).ok_or_else(|| nobody.to_owned())
    }

    /// Prefectures and countries, each once.
    fn places(&self) -> Result<Vec<RegionCode>, String> {
        let mut places: Vec<RegionCode> = self.regions.iter().copied().filter_map(form::region).collect();
        let mut countries = self.countries.clone();
        for typed in parts(&self.abroad) {
            let wrong = || format!("「{typed}」は国のコードとして読めません。2文字（例 TH）で書いてください。");
            countries.push(typed.parse().map_err(|_| wrong())?);
        }
        for country in countries.into_iter().map(RegionCode::Country) {
            if !places.contains(&country) {
                places.push(country);
            }
        }
        Ok(places)
    }

    /// The form of a target, if it can be ticked and typed.
    pub(crate) fn of(target: &Target, state: &Present, side: Side) -> Option<Self> {
        let mut whom = Self::default();
        match target {
            Target::Not(out) => {
                whom.everyone = true;
                whom.leave_out(out, state, side)?;
            }
            Target::All(parts) => match parts.as_slice() {
                [wanted @ .., Target::Not(out)] if !wanted.is_empty() => {
                    whom.leave_out(out, state, side)?;
                    match wanted {
                        [one] => whom.want(one, state, side)?,
                        several => several.iter().try_for_each(|part| whom.narrow(part))?,
                    }
                }
                _ => whom.want(target, state, side)?,
            },
            _ => whom.want(target, state, side)?,
        }
        // What wants nobody is no form of anything.
        let is_said = whom.everyone || !(whom.groups.is_empty() && whom.numbers.is_empty()) || whom.has_places();
        is_said.then_some(whom)
    }

    /// Whether the same is meant, in whatever order it was ticked and typed.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.meant().is_some_and(|meant| other.meant() == Some(meant))
    }

    fn meant(&self) -> Option<Meant<'_>> {
        let everyone = self.everyone;
        let groups: BTreeSet<u32> = self.groups.iter().copied().filter(|_| !everyone).collect();
        let places: BTreeSet<RegionCode> = self.places().ok()?.into_iter().filter(|_| !everyone).collect();
        Some(Meant {
            everyone,
            is_flat: self.is_flat && !groups.is_empty(),
            is_either: self.is_either && !groups.is_empty() && !places.is_empty(),
            groups,
            places,
            numbers: if everyone { BTreeSet::new() } else { parts(&self.numbers).collect() },
            without: self.without.iter().copied().collect(),
            without_numbers: parts(&self.without_numbers).collect(),
        })
    }

    fn has_places(&self) -> bool {
        !(self.regions.is_empty() && self.countries.is_empty())
    }

    /// Takes what is wanted: everybody, or people, groups and places of which any will do.
    fn want(&mut self, wanted: &Target, state: &Present, side: Side) -> Option<()> {
        let parts = match wanted {
            Target::Everyone => {
                self.everyone = true;
                return Some(());
            }
            Target::Any(parts) => parts.as_slice(),
            one => std::slice::from_ref(one),
        };
        let is_named = |part: &&Target| matches!(part, Target::People(_));
        match parts.iter().filter(is_named).collect::<Vec<_>>().as_slice() {
            [] => {}
            [Target::People(named)] => self.numbers = some_numbers(state, side, named)?,
            _ => return None,
        }
        match parts.iter().filter(|part| !is_named(part)).collect::<Vec<_>>().as_slice() {
            [] => {}
            [one] => self.narrow(one)?,
            [first, second] => {
                let is_one = |part: &Target| !matches!(part, Target::All(_));
                self.is_either = is_one(first) && is_one(second);
                [first, second].into_iter().try_for_each(|part| self.narrow(part))?;
                self.is_either.then_some(())?;
            }
            _ => return None,
        }
        Some(())
    }

    /// Takes groups, places, or both of them at once.
    fn narrow(&mut self, part: &Target) -> Option<()> {
        match part {
            // None of no groups is nobody, which no form can say.
            Target::Groups(groups) | Target::OnlyGroups(groups) if self.groups.is_empty() && !groups.is_empty() => {
                self.groups = groups.iter().map(|id| id.0).collect();
                self.is_flat = matches!(part, Target::OnlyGroups(_));
            }
            Target::Regions(places) if !self.has_places() && !places.is_empty() => {
                for place in places {
                    match place {
                        RegionCode::Prefecture(prefecture) => self.regions.push(prefecture.code()),
                        RegionCode::Country(country) => self.countries.push(*country),
                        _ => return None,
                    }
                }
            }
            Target::All(parts) => parts.iter().try_for_each(|part| match part {
                Target::Groups(_) | Target::OnlyGroups(_) | Target::Regions(_) => self.narrow(part),
                _ => None,
            })?,
            _ => return None,
        }
        Some(())
    }

    /// Takes who is left out: groups with those below them, people, or both.
    fn leave_out(&mut self, out: &Target, state: &Present, side: Side) -> Option<()> {
        let parts = match out {
            Target::Any(parts) => parts.as_slice(),
            one => std::slice::from_ref(one),
        };
        parts.iter().try_for_each(|part| match part {
            Target::Groups(groups) if self.without.is_empty() && !groups.is_empty() => {
                self.without = groups.iter().map(|id| id.0).collect();
                Some(())
            }
            Target::People(people) if self.without_numbers.is_empty() => {
                self.without_numbers = some_numbers(state, side, people)?;
                Some(())
            }
            _ => None,
        })?;
        (!parts.is_empty()).then_some(())
    }
}

/// One of them as it is, several joined; none of none.
fn joined(mut targets: Vec<Target>, join: fn(Vec<Target>) -> Target) -> Option<Target> {
    if targets.len() > 1 { Some(join(targets)) } else { targets.pop() }
}

/// What was typed with something between it.
fn parts(typed: &str) -> impl Iterator<Item = &str> {
    typed.split(BETWEEN).filter(|part| !part.is_empty())
}

/// People by the numbers that were typed.
///
/// # Errors
/// Which number nobody has, in Japanese.
pub(crate) fn numbered(state: &Present, side: Side, typed: &str) -> Result<Vec<PersonId>, String> {
    parts(typed)
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

/// The same of at least one of them.
fn some_numbers(state: &Present, side: Side, people: &[PersonId]) -> Option<String> {
    numbers_of(state, side, people).filter(|numbers| !numbers.is_empty())
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

    /// Whatever can be ticked of two groups, a prefecture and a country, with and without others.
    fn all_that_can_be_ticked() -> Vec<Whom> {
        let mut all = Vec::new();
        for bits in 0..256_u32 {
            let is = |bit: u32| (bits >> bit) & 1 == 1;
            all.push(Whom {
                everyone: is(0),
                groups: if is(1) { vec![5, 3] } else { Vec::new() },
                is_flat: is(2),
                regions: if is(3) { vec![17] } else { Vec::new() },
                countries: is(4).then(|| "TH".parse().unwrap()).into_iter().collect(),
                abroad: if is(5) { "us、TH".to_owned() } else { String::new() },
                is_either: is(6),
                without: if is(7) { vec![7] } else { Vec::new() },
                ..Whom::default()
            });
        }
        all
    }

    #[test]
    fn req_a22_what_a_form_says_of_people_is_read_back_with_the_same_meaning() {
        for whom in all_that_can_be_ticked() {
            match whom.target(&Present::default(), Side::Domestic) {
                Ok(target) => {
                    let read = of(&target).unwrap_or_else(|| panic!("{target:?} of {whom:?} is not read"));
                    assert!(read.is_same(&whom), "{whom:?} became {read:?}");
                    assert_eq!(read.target(&Present::default(), Side::Domestic).as_ref(), Ok(&target));
                }
                Err(_) => assert!(!whom.everyone && whom.groups.is_empty() && !whom.has_places(), "{whom:?}"),
            }
        }
        assert_eq!(of(&groups()).unwrap().groups, [3, 5]);
        assert_eq!(of(&Target::All(vec![groups(), regions()])).unwrap().regions, [17]);
    }

    #[test]
    fn req_a22_what_is_carried_to_the_next_page_is_what_was_ticked() {
        for whom in all_that_can_be_ticked() {
            let mut again = Whom::default();
            for (name, value) in whom.pairs() {
                assert!(again.take(name, &value), "{name}");
            }
            assert_eq!(again, whom);
        }
    }

    #[test]
    fn req_a22_who_is_left_out_comes_after_who_is_wanted_of_which_rights_are_asked() {
        let whom = Whom { groups: vec![3], without: vec![4], ..Whom::default() };
        let Ok(Target::All(parts)) = whom.target(&Present::default(), Side::Domestic) else { panic!("both must hold") };
        assert_eq!(parts[0], Target::Groups(vec![GroupId(3)]));
        assert_eq!(parts[1], Target::Not(Box::new(Target::Groups(vec![GroupId(4)]))));
    }

    #[test]
    fn req_o03_a_code_that_is_no_country_is_named() {
        let whom = Whom { abroad: "TH タイ".into(), ..Whom::default() };
        let told = whom.target(&Present::default(), Side::Overseas).unwrap_err();
        assert!(told.contains("「タイ」") && told.contains("例 TH"), "{told}");
    }

    #[test]
    fn req_a22_a_target_that_no_form_can_say_is_not_read_as_another_one() {
        let nobody = || Target::Groups(Vec::new());
        let not = |target| Target::Not(Box::new(target));
        let unsaid = [
            Target::All(vec![groups(), groups()]),
            Target::Any(vec![groups(), Target::OnlyGroups(vec![GroupId(3)])]),
            Target::Any(vec![groups(), Target::All(vec![regions()])]),
            Target::Any(vec![groups(), regions(), regions()]),
            Target::All(vec![nobody(), regions()]),
            Target::Regions(vec!["13101".parse().unwrap()]),
            Target::All(Vec::new()),
            Target::Any(Vec::new()),
            Target::All(vec![groups(), not(groups()), not(regions())]),
            Target::All(vec![groups(), not(regions())]),
            Target::All(vec![not(groups()), groups()]),
            Target::All(vec![Target::Any(Vec::new()), not(groups())]),
            not(Target::OnlyGroups(vec![GroupId(3)])),
            not(nobody()),
            not(not(groups())),
        ];
        for target in unsaid {
            assert_eq!(of(&target), None, "{target:?}");
        }
    }
}
