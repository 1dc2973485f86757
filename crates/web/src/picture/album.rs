//! The pictures of one dispatch at one moment: all of it, and each part that somebody's rights reach, cut from one pass over its people.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use hikyaku_bulletin::{Prefecture, RegionCode};
use hikyaku_dispatch::{Dispatch, GroupId, Person, PersonId, Response, State};
use jiff::Timestamp;

use super::{Curve, Picture, Tile, tile, tiles};

/// One person of a dispatch.
#[derive(Debug)]
struct Seen {
    person: PersonId,
    /// Seconds from the dispatch to the first answer.
    first: Option<u64>,
    /// When the last answer was given, if it was the gravest.
    in_need: Option<Timestamp>,
    unreachable: bool,
    answered: bool,
    /// The prefectures of the person's regions.
    prefectures: Vec<Prefecture>,
}

/// The pictures of a dispatch.
#[derive(Debug)]
pub(super) struct Album {
    pub(super) taken: Timestamp,
    /// Seconds from the dispatch to that moment.
    elapsed: u64,
    people: Vec<Seen>,
    /// The places of those in each group and below it.
    within: HashMap<GroupId, Vec<usize>>,
    whole: Arc<Picture>,
    parts: HashMap<Box<[GroupId]>, Arc<Picture>>,
}

impl Album {
    pub(super) fn new(state: &State, dispatch: &Dispatch, now: Timestamp) -> Self {
        let record = dispatch.record();
        let gravest = record.question.choices.last().filter(|_| record.question.choices.len() > 2).map(|it| it.id);
        let since = |at: Timestamp| u64::try_from(at.duration_since(record.opened).as_secs()).unwrap_or(0);
        let incident = state.incident_of(dispatch.id());
        let seen = |person: PersonId| {
            let answers = incident.map_or(&[][..], |incident| incident.answers(person));
            let in_need = answers.last().filter(|last| Some(last.choice) == gravest).map(|last| last.at());
            let unreachable = answers.is_empty() && dispatch.response(person) == Response::Unreachable;
            // What somebody had answered before, to another dispatch of the incident, is no answer to this one.
            let first = answers.iter().find(|answer| answer.at() >= record.opened);
            Seen {
                person,
                first: first.map(|first| since(first.at())),
                in_need,
                unreachable,
                answered: dispatch.has_answered(person),
                prefectures: prefectures(state, person),
            }
        };
        let people: Vec<Seen> = dispatch.asked().map(seen).collect();
        let mut within: HashMap<GroupId, Vec<usize>> = HashMap::new();
        for (place, seen) in people.iter().enumerate() {
            for group in state.people().find(seen.person).iter().flat_map(|person| person.within.iter()) {
                within.entry(*group).or_default().push(place);
            }
        }
        let whole = Picture { tiles: tiles(&state.tally(dispatch.id())), ..picture(people.iter(), since(now)) };
        Self { taken: now, elapsed: since(now), people, within, whole: Arc::new(whole), parts: HashMap::new() }
    }

    /// The picture of the people in these groups; of all without any.
    pub(super) fn of(&mut self, part: Option<&[GroupId]>) -> Arc<Picture> {
        let Some(groups) = part else { return Arc::clone(&self.whole) };
        if let Some(known) = self.parts.get(groups) {
            return Arc::clone(known);
        }
        let mut places: Vec<usize> =
            groups.iter().filter_map(|group| self.within.get(group)).flatten().copied().collect();
        // Somebody in two of the groups is seen once.
        places.sort_unstable();
        places.dedup();
        let people = || places.iter().map(|place| &self.people[*place]);
        let tiles = tiles_of(people());
        let made = Arc::new(Picture { tiles, ..picture(people(), self.elapsed) });
        self.parts.insert(groups.into(), Arc::clone(&made));
        made
    }
}

/// The prefectures of a person's regions, one for each region, as the tally counts them.
fn prefectures(state: &State, person: PersonId) -> Vec<Prefecture> {
    let regions: BTreeSet<_> = state.people().find(person).into_iter().flat_map(Person::all_regions).collect();
    regions.into_iter().filter_map(RegionCode::prefecture).collect()
}

/// The prefectures of these people; whoever has several regions counts in each.
fn tiles_of<'a>(people: impl Iterator<Item = &'a Seen>) -> Vec<Tile> {
    let mut tiles: BTreeMap<u8, Tile> = BTreeMap::new();
    for seen in people {
        for prefecture in &seen.prefectures {
            let tile = tiles.entry(prefecture.code()).or_insert_with(|| tile(*prefecture, 0, 0));
            tile.people += 1;
            tile.answered += u32::from(seen.answered);
        }
    }
    tiles.into_values().collect()
}

/// The picture of these people, without a map.
fn picture<'a>(people: impl Iterator<Item = &'a Seen>, elapsed: u64) -> Picture {
    let (mut seconds, mut in_need, mut unreachable, mut asked, mut earlier) = (Vec::new(), Vec::new(), 0, 0, 0);
    for seen in people {
        asked += 1;
        seconds.extend(seen.first);
        in_need.extend(seen.in_need.map(|at| (at, seen.person)));
        unreachable += u32::from(seen.unreachable);
        earlier += u32::from(seen.in_need.is_some() && !seen.answered);
    }
    in_need.sort_unstable();
    Picture {
        curve: Curve::new(seconds, asked, elapsed),
        worst: in_need.into_iter().map(|(_, person)| person).collect(),
        earlier,
        unreachable,
        tiles: Vec::new(),
    }
}
