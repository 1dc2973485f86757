//! What is costly to count of a dispatch, counted at most every two seconds for everybody who looks at it.

mod compare;
mod curve;
mod map;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use hikyaku_bulletin::Prefecture;
use hikyaku_dispatch::{Dispatch, DispatchId, GroupId, PersonId, Response, State, Tally};
use jiff::{SignedDuration, Timestamp};

pub(crate) use compare::{LINES_MAX, letter, together};
pub(crate) use curve::Curve;
pub(crate) use map::Tile;

/// How old a picture may be that is shown.
const FRESH: SignedDuration = SignedDuration::from_secs(2);
/// Most pictures that are kept: each manager of a part has one of one's own.
const KEPT_MAX: usize = 1_500;

/// A dispatch as it was a moment ago.
#[derive(Debug, Default)]
pub(crate) struct Picture {
    pub(crate) curve: Curve,
    /// Whoever gave the gravest answer, the last of the question, the earliest first.
    pub(crate) worst: Vec<PersonId>,
    /// People whom no mail reaches.
    pub(crate) unreachable: u32,
    /// Of the whole dispatch; empty for a part.
    pub(crate) tiles: Vec<Tile>,
}

/// What a picture is of: a dispatch, whole or as far as some groups reach.
type Subject = (DispatchId, Option<Box<[GroupId]>>);

/// Pictures of the dispatches that somebody looks at.
#[derive(Debug, Default)]
pub(crate) struct Pictures(Mutex<HashMap<Subject, (Timestamp, Arc<Picture>)>>);

impl Pictures {
    /// The picture of a dispatch, no older than two seconds; of the people in the groups of `part` only, if there is one.
    pub(crate) fn of(
        &self,
        state: &State,
        dispatch: &Dispatch,
        tally: &Tally,
        part: Option<&[GroupId]>,
        now: Timestamp,
    ) -> Arc<Picture> {
        let subject = (dispatch.id(), part.map(Box::from));
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, picture)) = kept.get(&subject)
            && now.duration_since(*at).abs() < FRESH
        {
            return Arc::clone(picture);
        }
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        let picture = Arc::new(Picture::new(state, dispatch, tally, part, now));
        kept.insert(subject, (now, Arc::clone(&picture)));
        picture
    }
}

impl Picture {
    fn new(state: &State, dispatch: &Dispatch, tally: &Tally, part: Option<&[GroupId]>, now: Timestamp) -> Self {
        let record = dispatch.record();
        let worst = record.question.choices.last().filter(|_| record.question.choices.len() > 2).map(|it| it.id);
        let since = |at: Timestamp| u64::try_from(at.duration_since(record.opened).as_secs()).unwrap_or(0);
        let incident = state.incident_of(dispatch.id());
        let (mut seconds, mut in_need, mut unreachable) = (Vec::new(), Vec::new(), 0);
        let within = |groups: &[GroupId], id: PersonId| {
            state.people().find(id).is_some_and(|person| groups.iter().any(|group| person.is_within(*group)))
        };
        let mut asked = 0;
        for person in dispatch.asked().filter(|id| part.is_none_or(|groups| within(groups, *id))) {
            asked += 1;
            let answers = incident.map_or(&[][..], |incident| incident.answers(person));
            if let (Some(first), Some(last)) = (answers.first(), answers.last()) {
                seconds.push(since(first.at()));
                if Some(last.choice) == worst {
                    in_need.push((last.at(), person));
                }
            } else if dispatch.response(person) == Response::Unreachable {
                unreachable += 1;
            }
        }
        in_need.sort_unstable();
        Self {
            curve: Curve::new(seconds, asked, since(now)),
            worst: in_need.into_iter().map(|(_, person)| person).collect(),
            unreachable,
            tiles: if part.is_none() { tiles(tally) } else { Vec::new() },
        }
    }
}

/// The prefectures of a tally; whoever has several regions counts in each.
fn tiles(tally: &Tally) -> Vec<Tile> {
    let mut tiles: Vec<Tile> = Vec::new();
    for (region, share) in &tally.by_region {
        let Some(prefecture) = region.prefecture() else { continue };
        match tiles.iter_mut().find(|tile| tile.code == prefecture.code()) {
            Some(tile) => {
                tile.people += share.people;
                tile.answered += share.answered;
            }
            None => tiles.push(tile(prefecture, share.people, share.answered)),
        }
    }
    tiles.sort_unstable_by_key(|tile| tile.code);
    tiles
}

fn tile(prefecture: Prefecture, people: u32, answered: u32) -> Tile {
    Tile { code: prefecture.code(), name: prefecture.short_name(), people, answered }
}

/// The map of a picture.
pub(crate) fn map_of(picture: &Picture) -> String {
    map::svg(&picture.tiles)
}
