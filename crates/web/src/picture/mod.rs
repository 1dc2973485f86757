//! What is costly to count of a dispatch: its people are gone through at most every two seconds, whoever looks at whatever part of it.

mod album;
mod compare;
mod curve;
mod map;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use hikyaku_bulletin::Prefecture;
use hikyaku_dispatch::{Dispatch, DispatchId, GroupId, PersonId, State, Tally};
use jiff::{SignedDuration, Timestamp};

use album::Album;
pub(crate) use compare::{LINES_MAX, letter, together};
pub(crate) use curve::Curve;
pub(crate) use map::Tile;

/// How old a picture may be that is shown.
const FRESH: SignedDuration = SignedDuration::from_secs(2);

/// A dispatch as it was a moment ago.
#[derive(Debug, Default)]
pub(crate) struct Picture {
    pub(crate) curve: Curve,
    /// Whoever gave the gravest answer, the last of the question, the earliest first.
    pub(crate) worst: Vec<PersonId>,
    /// How many of those gave it to an earlier dispatch of the incident and have not answered this one.
    pub(crate) earlier: u32,
    /// People whom no mail reaches.
    pub(crate) unreachable: u32,
    /// By prefecture.
    pub(crate) tiles: Vec<Tile>,
}

/// The dispatches that somebody looks at, each as it was at most two seconds ago.
#[derive(Debug, Default)]
pub(crate) struct Pictures(Mutex<HashMap<DispatchId, Album>>);

impl Pictures {
    /// The picture of a dispatch, no older than two seconds; of the people in the groups of `part` only, if there is one.
    pub(crate) fn of(
        &self,
        state: &State,
        dispatch: &Dispatch,
        part: Option<&[GroupId]>,
        now: Timestamp,
    ) -> Arc<Picture> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, album| now.duration_since(album.taken).abs() < FRESH);
        kept.entry(dispatch.id()).or_insert_with(|| Album::new(state, dispatch, now)).of(part)
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
