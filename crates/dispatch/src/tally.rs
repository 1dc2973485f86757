//! The count of a dispatch, kept with every answer: asked, answered, by choice, by group subtree (requirement A08).

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::group::Groups;
use crate::id::{GroupId, PersonId};
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Asked {
    /// Groups as they were when the dispatch was opened: history keeps its shape when the organisation changes.
    #[serde(with = "crate::group::within")]
    within: Arc<[GroupId]>,
    choice: Option<usize>,
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

    fn of(&self, choice: usize) -> u32 {
        self.by_choice.get(choice).copied().unwrap_or(0)
    }
}

/// The counting of one dispatch; an answer costs a step for each group above the person.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Book {
    people: BTreeMap<PersonId, Asked>,
    mails: u32,
    all: Count,
    groups: BTreeMap<GroupId, Count>,
}

impl Book {
    pub(crate) fn ask(&mut self, person: PersonId, within: Arc<[GroupId]>, mails: u32) {
        if self.people.contains_key(&person) {
            return;
        }
        self.mails += mails;
        self.all.asked += 1;
        for group in within.iter() {
            self.groups.entry(*group).or_default().asked += 1;
        }
        self.people.insert(person, Asked { within, choice: None });
    }

    /// Notes the place of a person's choice in the question; nothing for somebody who was not asked.
    pub(crate) fn answer(&mut self, person: PersonId, choice: usize) {
        let Some(asked) = self.people.get_mut(&person) else { return };
        let before = asked.choice.replace(choice);
        let count = |count: &mut Count| {
            if let Some(before) = before {
                count.take(before);
            }
            count.add(choice);
        };
        count(&mut self.all);
        for group in asked.within.iter() {
            count(self.groups.entry(*group).or_default());
        }
    }

    pub(crate) fn is_asked(&self, person: PersonId) -> bool {
        self.people.contains_key(&person)
    }

    pub(crate) fn has_answered(&self, person: PersonId) -> bool {
        self.people.get(&person).is_some_and(|asked| asked.choice.is_some())
    }

    pub(crate) fn read(&self, question: &Question, groups: &Groups) -> Tally {
        let row = |(group, depth): (&crate::group::Group, usize)| {
            let count = self.groups.get(&group.id)?;
            let by_choice = (0..question.choices.len()).map(|choice| count.of(choice)).collect();
            Some(GroupRow {
                id: group.id,
                name: group.name.clone(),
                depth,
                asked: count.asked,
                answered: count.answered(),
                unanswered: count.asked - count.answered(),
                by_choice,
            })
        };
        let choices = question.choices.iter().enumerate();
        Tally {
            asked_people: self.all.asked,
            mails: self.mails,
            answered: self.all.answered(),
            unanswered: self.all.asked - self.all.answered(),
            by_choice: choices.map(|(at, choice)| (choice.label_ja.clone(), self.all.of(at))).collect(),
            by_group: groups.tree().into_iter().filter_map(row).collect(),
        }
    }
}
