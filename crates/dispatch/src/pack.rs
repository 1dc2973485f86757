//! What is over is kept for years: it gives back the room that it needed to grow.

use std::collections::{BTreeMap, BTreeSet};

/// The same map, its nodes full: one that grew entry by entry leaves nearly half of each node empty.
pub(crate) fn pack_map<K: Ord, V>(map: &mut BTreeMap<K, V>) {
    *map = std::mem::take(map).into_iter().collect();
}

/// As [`pack_map`].
pub(crate) fn pack_set<T: Ord>(set: &mut BTreeSet<T>) {
    *set = std::mem::take(set).into_iter().collect();
}
