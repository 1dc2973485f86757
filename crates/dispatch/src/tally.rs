//! The count of a dispatch, kept with every answer: asked, answered, by choice, by group subtree (requirement A08).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::{AddAssign, SubAssign};
use std::sync::Arc;

use hikyaku_bulletin::RegionCode;

use crate::group::{Group, Groups};
use crate::id::{GroupId, PersonId};
use crate::pack::pack_set;
use crate::question::Question;
use serde::{Deserialize, Serialize};

/// The numbers of a dispatch at one moment. People, mails and answers are named as such.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// People asked.
    pub asked_people: u32,
    /// Mails, one for each address of each person asked.
    pub mails: u32,
    /// People who answered since this dispatch was opened.
    pub answered: u32,
    /// People who did not.
    pub unanswered: u32,
    /// People by their present answer: Japanese label and number, in the question's order.
    pub by_choice: Vec<(String, u32)>,
    /// The groups that hold anybody asked, each before those below it.
    pub by_group: Vec<GroupRow>,
    /// People by region; somebody with several counts in each.
    pub by_region: Vec<(RegionCode, Share)>,
    /// People whose mail a carrier accepted, by carrier; somebody at several counts in each.
    pub by_carrier: Vec<(String, Share)>,
}

/// How many of some people answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// People.
    pub people: u32,
    /// Those of them who answered.
    pub answered: u32,
}

impl AddAssign for Share {
    fn add_assign(&mut self, more: Share) {
        self.people += more.people;
        self.answered += more.answered;
    }
}

impl SubAssign for Share {
    fn sub_assign(&mut self, less: Share) {
        self.people -= less.people;
        self.answered -= less.answered;
    }
}

/// Where a person belongs at the moment of asking.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Belonging {
    /// The person's groups and all above them.
    #[serde(with = "crate::group::within")]
    pub(crate) within: Arc<[GroupId]>,
    /// The person's regions.
    pub(crate) regions: Vec<RegionCode>,
}

/// The numbers of one group and everything below it; a person in several of its groups counts once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupRow {
    /// The group.
    pub id: GroupId,
    /// Its own name.
    pub name: String,
    /// Its depth, 0 at the top.
    pub depth: usize,
    /// People asked.
    pub asked: u32,
    /// People who answered.
    pub answered: u32,
    /// People who did not.
    pub unanswered: u32,
    /// People by answer, in the question's order; labels as in [`Tally::by_choice`].
    pub by_choice: Vec<u32>,
}

/// One person of a dispatch, as counted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Asked {
    person: PersonId,
    /// Where the dispatch's record lists the person.
    listed: u32,
    /// Where the book says what the person belongs to.
    belongs: u32,
    /// The place of the present answer in the question.
    choice: Option<u8>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Count {
    asked: u32,
    by_choice: Vec<u32>,
}

impl Count {
    fn add(&mut self, choice: usize) {
        if self.by_choice.len() <= choice {
            self.by_choice.resize(choice + 1, 0);
        }
        self.by_choice[choice] += 1;
    }

    fn take(&mut self, choice: usize) {
        if let Some(n) = self.by_choice.get_mut(choice) {
            *n = n.saturating_sub(1);
        }
    }

    fn answered(&self) -> u32 {
        self.by_choice.iter().sum()
    }

    fn share(&self) -> Share {
        Share { people: self.asked, answered: self.answered() }
    }

    fn of(&self, choice: usize) -> u32 {
        self.by_choice.get(choice).copied().unwrap_or(0)
    }
}

/// The counting of one dispatch; an answer costs a step for each group, region and carrier of the person.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Book {
    /// In the order of their numbers, each once.
    people: Vec<Asked>,
    /// What people belonged to when the dispatch was opened, each once: history keeps its shape when the organisation changes.
    belongings: Vec<Belonging>,
    /// Who had a mail accepted, and the place of the carrier that accepted it.
    accepted: BTreeSet<(PersonId, u16)>,
    mails: u32,
    all: Count,
    groups: BTreeMap<GroupId, Count>,
    regions: BTreeMap<RegionCode, Count>,
    carriers: Vec<(String, Count)>,
}

impl Book {
    /// The book of those whom a record lists, each with the number of first mails; `belongs` tells each person's groups and
    /// regions.
    pub(crate) fn open(
        asked: impl Iterator<Item = (PersonId, usize)>,
        belongs: impl Fn(PersonId) -> Belonging,
    ) -> Self {
        let mut listed: Vec<(u32, (PersonId, usize))> = (0..).zip(asked).collect();
        listed.sort_by_key(|(_, (person, _))| *person);
        listed.dedup_by_key(|(_, (person, _))| *person);
        let mut book = Book { people: Vec::with_capacity(listed.len()), ..Book::default() };
        let mut places = HashMap::new();
        for (listed, (person, mails)) in listed {
            let belongs = *places.entry(belongs(person)).or_insert_with_key(|new| {
                book.belongings.push(new.clone());
                count_of(book.belongings.len() - 1)
            });
            book.mails += count_of(mails);
            let asked = Asked { person, listed, belongs, choice: None };
            book.count(asked, |count| count.asked += 1);
            book.people.push(asked);
        }
        book
    }

    fn find(&self, person: PersonId) -> Option<&Asked> {
        Some(&self.people[self.place_of(person)?])
    }

    fn place_of(&self, person: PersonId) -> Option<usize> {
        self.people.binary_search_by_key(&person, |asked| asked.person).ok()
    }

    /// Notes the place of a person's choice in the question; nothing for somebody who was not asked. Whether it is the first.
    pub(crate) fn answer(&mut self, person: PersonId, choice: usize) -> bool {
        let (Some(place), Ok(noted)) = (self.place_of(person), u8::try_from(choice)) else { return false };
        let before = self.people[place].choice.replace(noted);
        self.count(self.people[place], |count| {
            if let Some(before) = before {
                count.take(usize::from(before));
            }
            count.add(choice);
        });
        before.is_none()
    }

    /// Notes that a carrier accepted a mail to a person.
    pub(crate) fn accepted(&mut self, person: PersonId, carrier: &str) {
        let Some(choice) = self.find(person).map(|asked| asked.choice) else { return };
        let place = self.carriers.iter().position(|(name, _)| name == carrier).unwrap_or_else(|| {
            self.carriers.push((carrier.to_owned(), Count::default()));
            self.carriers.len() - 1
        });
        let Ok(noted) = u16::try_from(place) else { return };
        if self.accepted.insert((person, noted)) {
            let (_, count) = &mut self.carriers[place];
            count.asked += 1;
            if let Some(choice) = choice {
                count.add(usize::from(choice));
            }
        }
    }

    /// Gives back the room that it needed to grow.
    pub(crate) fn pack(&mut self) {
        pack_set(&mut self.accepted);
    }

    /// Changes every count that a person is part of.
    fn count(&mut self, asked: Asked, change: impl Fn(&mut Count)) {
        change(&mut self.all);
        let belongs = &self.belongings[asked.belongs as usize];
        for group in belongs.within.iter() {
            change(self.groups.entry(*group).or_default());
        }
        for region in &belongs.regions {
            change(self.regions.entry(region.clone()).or_default());
        }
        for (_, carrier) in self.accepted.range((asked.person, 0)..=(asked.person, u16::MAX)) {
            change(&mut self.carriers[usize::from(*carrier)].1);
        }
    }

    /// Everybody, each once, in the order of their numbers.
    pub(crate) fn people(&self) -> impl Iterator<Item = PersonId> {
        self.people.iter().map(|asked| asked.person)
    }

    /// Whoever has not answered, in the order of their numbers.
    pub(crate) fn unanswered(&self) -> impl Iterator<Item = PersonId> {
        self.people.iter().filter(|asked| asked.choice.is_none()).map(|asked| asked.person)
    }

    pub(crate) fn is_asked(&self, person: PersonId) -> bool {
        self.place_of(person).is_some()
    }

    /// How many first mails there are.
    pub(crate) fn mails(&self) -> usize {
        self.mails as usize
    }

    /// Where the dispatch's record lists a person.
    pub(crate) fn listed(&self, person: PersonId) -> Option<usize> {
        self.find(person).map(|asked| asked.listed as usize)
    }

    pub(crate) fn has_answered(&self, person: PersonId) -> bool {
        self.find(person).is_some_and(|asked| asked.choice.is_some())
    }

    /// The count of one group and everything below it; `None` if it holds nobody asked.
    pub(crate) fn row(&self, question: &Question, group: &Group, depth: usize) -> Option<GroupRow> {
        let count = self.groups.get(&group.id)?;
        Some(GroupRow {
            id: group.id,
            name: group.name.clone(),
            depth,
            asked: count.asked,
            answered: count.answered(),
            unanswered: count.asked - count.answered(),
            by_choice: (0..question.choices.len()).map(|choice| count.of(choice)).collect(),
        })
    }

    pub(crate) fn read(&self, question: &Question, groups: &Groups) -> Tally {
        let row = |(group, depth): (&Group, usize)| self.row(question, group, depth);
        Tally {
            by_group: groups.tree().into_iter().filter_map(row).collect(),
            by_region: self.regions.iter().map(|(region, count)| (region.clone(), count.share())).collect(),
            by_carrier: self.carriers.iter().map(|(carrier, count)| (carrier.clone(), count.share())).collect(),
            ..self.total(question)
        }
    }

    /// What is counted of all together.
    pub(crate) fn total(&self, question: &Question) -> Tally {
        let choices = question.choices.iter().enumerate();
        Tally {
            asked_people: self.all.asked,
            mails: self.mails,
            answered: self.all.answered(),
            unanswered: self.all.asked - self.all.answered(),
            by_choice: choices.map(|(at, choice)| (choice.label_ja.clone(), self.all.of(at))).collect(),
            ..Tally::default()
        }
    }
}

/// A number of people or of their mails; people have 32-bit numbers.
fn count_of(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
