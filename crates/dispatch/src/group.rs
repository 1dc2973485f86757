//! The tree of groups, of any depth (requirement A06).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::id::GroupId;
use crate::person::Side;

/// A group of people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Its number.
    pub id: GroupId,
    /// The half of the system that it belongs to, as all above and below it do.
    pub side: Side,
    /// Its own name, without those above.
    pub name: String,
    /// The group above; `None` at the top.
    pub parent: Option<GroupId>,
    /// The groups right below, in the order they were made.
    pub children: Vec<GroupId>,
}

/// How a group changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum GroupChange {
    /// It has another name.
    Renamed(String),
    /// It lies below another group, with everything below it; `None` puts it at the top.
    Moved(Option<GroupId>),
    /// It is gone.
    Removed,
}

/// All groups.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Groups {
    by_id: BTreeMap<GroupId, Group>,
    by_name: BTreeMap<(Side, Option<GroupId>, String), GroupId>,
    top: Vec<GroupId>,
    /// The greatest number that was ever given: one that was removed does not come back as another.
    last: u32,
}

impl Groups {
    /// A group by number.
    #[must_use]
    pub fn find(&self, id: GroupId) -> Option<&Group> {
        self.by_id.get(&id)
    }

    /// The group of that name right below `parent`.
    #[must_use]
    pub fn child(&self, side: Side, parent: Option<GroupId>, name: &str) -> Option<GroupId> {
        self.by_name.get(&(side, parent, name.to_owned())).copied()
    }

    /// The group at the end of a path of names from the top.
    #[must_use]
    pub fn by_path<'a>(&self, side: Side, path: impl IntoIterator<Item = &'a str>) -> Option<GroupId> {
        path.into_iter().try_fold(None, |parent, name| self.child(side, parent, name).map(Some)).flatten()
    }

    /// The names from the top down to a group; empty for one that is not there.
    #[must_use]
    pub fn path(&self, id: GroupId) -> Vec<&str> {
        let mut names: Vec<&str> = self.upward(id).map(|group| group.name.as_str()).collect();
        names.reverse();
        names
    }

    /// Whether `group` is `above` or lies below it.
    #[must_use]
    pub fn is_within(&self, group: GroupId, above: GroupId) -> bool {
        self.upward(group).any(|it| it.id == above)
    }

    /// A group, the one above it, and so on to the top.
    fn upward(&self, id: GroupId) -> impl Iterator<Item = &Group> {
        std::iter::successors(self.by_id.get(&id), |group| self.by_id.get(&group.parent?))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// Every group with its depth (0 at the top), each before those below it.
    #[must_use]
    pub fn tree(&self) -> Vec<(&Group, usize)> {
        let mut rows = Vec::with_capacity(self.by_id.len());
        let mut waiting: Vec<(GroupId, usize)> = self.top.iter().rev().map(|id| (*id, 0)).collect();
        while let Some((id, depth)) = waiting.pop() {
            if let Some(group) = self.by_id.get(&id) {
                rows.push((group, depth));
                waiting.extend(group.children.iter().rev().map(|child| (*child, depth + 1)));
            }
        }
        rows
    }

    /// These groups and all above them, each once: somebody in several groups counts once in any subtree (A08).
    #[must_use]
    pub fn within(&self, groups: &[GroupId]) -> BTreeSet<GroupId> {
        let mut all = BTreeSet::new();
        for group in groups {
            for above in self.upward(*group) {
                if !all.insert(above.id) {
                    break;
                }
            }
        }
        all
    }

    /// [`Groups::within`] as people keep it.
    pub(crate) fn around(&self, groups: &[GroupId]) -> Arc<[GroupId]> {
        self.within(groups).into_iter().collect()
    }

    pub(crate) fn next_id(&self) -> GroupId {
        GroupId(self.last + 1)
    }

    /// Adds a group; one whose parent does not exist is put at the top.
    pub(crate) fn add(&mut self, id: GroupId, side: Side, parent: Option<GroupId>, name: &str) {
        let above = parent.and_then(|parent| self.by_id.get(&parent));
        let (parent, side) = above.map_or((None, side), |above| (Some(above.id), above.side));
        self.last = self.last.max(id.0);
        self.by_id.insert(id, Group { id, side, name: name.to_owned(), parent, children: Vec::new() });
        self.hang(id);
    }

    /// Changes a group; a change that is not possible changes nothing.
    pub(crate) fn change(&mut self, id: GroupId, change: &GroupChange) {
        match change {
            GroupChange::Renamed(name) => self.rename(id, name),
            GroupChange::Moved(parent) => self.move_to(id, *parent),
            GroupChange::Removed => self.remove(id),
        }
    }

    fn rename(&mut self, id: GroupId, name: &str) {
        let Some(group) = self.by_id.get_mut(&id) else { return };
        let before = std::mem::replace(&mut group.name, name.to_owned());
        let (side, parent) = (group.side, group.parent);
        self.by_name.remove(&(side, parent, before));
        self.by_name.insert((side, parent, name.to_owned()), id);
    }

    /// Puts a group below another; a move below itself changes nothing.
    fn move_to(&mut self, id: GroupId, parent: Option<GroupId>) {
        let side = |id| self.by_id.get(&id).map(|group| group.side);
        let fits = |parent| !self.is_within(parent, id) && side(parent) == side(id);
        if parent.is_none_or(fits) {
            self.unhang(id);
            if let Some(group) = self.by_id.get_mut(&id) {
                group.parent = parent;
            }
            self.hang(id);
        }
    }

    /// Takes a group without children away.
    fn remove(&mut self, id: GroupId) {
        if self.by_id.get(&id).is_some_and(|group| group.children.is_empty()) {
            self.unhang(id);
            self.by_id.remove(&id);
        }
    }

    fn unhang(&mut self, id: GroupId) {
        let Some(group) = self.by_id.get(&id) else { return };
        let (parent, key) = (group.parent, (group.side, group.parent, group.name.clone()));
        self.by_name.remove(&key);
        self.below(parent).retain(|child| *child != id);
    }

    fn hang(&mut self, id: GroupId) {
        let Some(group) = self.by_id.get(&id) else { return };
        let (parent, key) = (group.parent, (group.side, group.parent, group.name.clone()));
        self.by_name.insert(key, id);
        self.below(parent).push(id);
    }

    fn below(&mut self, parent: Option<GroupId>) -> &mut Vec<GroupId> {
        match parent.and_then(|parent| self.by_id.get_mut(&parent)) {
            Some(above) => &mut above.children,
            None => &mut self.top,
        }
    }
}

/// The stored form of groups that many hold together: each holder's own list.
pub(crate) mod within {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::id::GroupId;

    pub(crate) fn serialize<S: Serializer>(within: &Arc<[GroupId]>, serializer: S) -> Result<S::Ok, S::Error> {
        within.as_ref().serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<[GroupId]>, D::Error> {
        Vec::deserialize(deserializer).map(Arc::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIDE: Side = Side::Domestic;

    fn ministry() -> Groups {
        let mut groups = Groups::default();
        groups.add(GroupId(1), SIDE, None, "本省");
        groups.add(GroupId(2), SIDE, Some(GroupId(1)), "大臣官房");
        groups.add(GroupId(3), SIDE, None, "地方局");
        groups.add(GroupId(4), SIDE, Some(GroupId(2)), "秘書課");
        groups
    }

    #[test]
    fn req_a06_groups_form_a_tree_of_any_depth() {
        let groups = ministry();
        assert_eq!(groups.by_path(SIDE, ["本省", "大臣官房", "秘書課"]), Some(GroupId(4)));
        assert_eq!(groups.by_path(SIDE, ["大臣官房"]), None);
        let rows: Vec<_> = groups.tree().iter().map(|(group, depth)| (group.id.0, *depth)).collect();
        assert_eq!(rows, [(1, 0), (2, 1), (4, 2), (3, 0)]);
    }

    #[test]
    fn somebody_in_two_groups_of_a_subtree_is_within_it_once() {
        let within = ministry().within(&[GroupId(4), GroupId(2), GroupId(3)]);
        assert_eq!(within.into_iter().map(|id| id.0).collect::<Vec<_>>(), [1, 2, 3, 4]);
    }

    #[test]
    fn a_group_that_is_renamed_or_moved_takes_everything_below_it_along() {
        let mut groups = ministry();
        groups.rename(GroupId(2), "官房");
        groups.move_to(GroupId(2), Some(GroupId(3)));
        assert_eq!(groups.path(GroupId(4)), ["地方局", "官房", "秘書課"]);
        assert_eq!(groups.by_path(SIDE, ["本省", "大臣官房"]), None);
        let rows: Vec<_> = groups.tree().iter().map(|(group, depth)| (group.id.0, *depth)).collect();
        assert_eq!(rows, [(1, 0), (3, 0), (2, 1), (4, 2)]);
    }

    #[test]
    fn a_group_never_comes_to_lie_below_itself_or_in_the_other_half() {
        let mut groups = ministry();
        groups.add(GroupId(5), Side::Overseas, None, "在外");
        let before = groups.clone();
        groups.move_to(GroupId(1), Some(GroupId(4)));
        groups.move_to(GroupId(4), Some(GroupId(5)));
        assert_eq!(groups, before);
    }

    #[test]
    fn a_removed_group_leaves_its_number_to_nobody_and_its_name_to_whoever_comes() {
        let mut groups = ministry();
        groups.remove(GroupId(2));
        assert!(groups.find(GroupId(2)).is_some(), "there is one below it");
        groups.remove(GroupId(4));
        assert_eq!((groups.find(GroupId(4)), groups.next_id()), (None, GroupId(5)));
        groups.add(GroupId(5), SIDE, Some(GroupId(2)), "秘書課");
        assert_eq!(groups.by_path(SIDE, ["本省", "大臣官房", "秘書課"]), Some(GroupId(5)));
    }
}
