//! What judging asks of everybody, in a row: people's own records lie about in memory, and those of 115,000 are more than the
//! caches of a processor hold.

use std::collections::BTreeMap;

use hikyaku_bulletin::RegionCode;
use serde::{Deserialize, Serialize};

use super::{Person, Side};
use crate::few::Few;
use crate::id::PersonId;

/// The line of a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) person: PersonId,
    pub(crate) side: Side,
    /// Whether dispatches may ask the person.
    pub(crate) is_reachable: bool,
    /// Whether the person may be somewhere else for the time being.
    pub(crate) has_whereabouts: bool,
    /// Which of the roll's lists of regions is the person's own.
    pub(crate) regions: u32,
    /// The places of the person's addresses, in the person's order.
    pub(crate) places: Few<u8>,
}

/// A line for everybody, in the order of their numbers, and the lists of regions that they share.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Roll {
    lines: Vec<Line>,
    lists: Vec<Vec<RegionCode>>,
    by_list: BTreeMap<Vec<RegionCode>, u32>,
}

impl Roll {
    /// Everybody's line.
    pub(crate) fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The lists of regions, each once.
    pub(crate) fn lists(&self) -> &[Vec<RegionCode>] {
        &self.lists
    }

    /// Where a person stands, or would; numbers are given one after the other, so most people stand where theirs says.
    pub(super) fn place_of(&self, id: PersonId) -> Result<usize, usize> {
        let likely = (id.0 as usize).wrapping_sub(1);
        match self.lines.get(likely) {
            Some(line) if line.person == id => Ok(likely),
            _ => self.lines.binary_search_by_key(&id, |line| line.person),
        }
    }

    /// Puts somebody new in at a place.
    pub(super) fn insert(&mut self, place: usize, person: &Person) {
        let line = self.line(person);
        self.lines.insert(place, line);
    }

    /// Notes what has changed of whoever stands at a place.
    pub(super) fn set(&mut self, place: usize, person: &Person) {
        self.lines[place] = self.line(person);
    }

    fn line(&mut self, person: &Person) -> Line {
        let list: Vec<RegionCode> = person.all_regions().cloned().collect();
        let next = u32::try_from(self.lists.len()).unwrap_or(u32::MAX);
        let regions = *self.by_list.entry(list).or_insert_with_key(|list| {
            self.lists.push(list.clone());
            next
        });
        Line {
            person: person.id,
            side: person.side,
            is_reachable: person.is_reachable(),
            has_whereabouts: person.whereabouts.is_some(),
            regions,
            places: person.addresses().iter().map(|address| address.place).collect(),
        }
    }
}
