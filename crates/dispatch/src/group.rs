//! The tree of groups, of any depth (requirement A06).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use crate::id::GroupId;

/// A group of people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Its number.
    pub id: GroupId,
    /// Its own name, without those above.
    pub name: String,
    /// The group above; `None` at the top.
    pub parent: Option<GroupId>,
    /// The groups right below, in the order they were made.
    pub children: Vec<GroupId>,
}

/// All groups.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Groups {
    by_id: BTreeMap<GroupId, Group>,
    by_name: BTreeMap<(Option<GroupId>, String), GroupId>,
    top: Vec<GroupId>,
}

impl Groups {
    /// A group by number.
    #[must_use]
    pub fn find(&self, id: GroupId) -> Option<&Group> {
        self.by_id.get(&id)
    }

    /// The group of that name right below `parent`.
    #[must_use]
    pub fn child(&self, parent: Option<GroupId>, name: &str) -> Option<GroupId> {
        self.by_name.get(&(parent, name.to_owned())).copied()
    }

    /// The group at the end of a path of names from the top.
    #[must_use]
    pub fn by_path<'a>(&self, path: impl IntoIterator<Item = &'a str>) -> Option<GroupId> {
        path.into_iter().try_fold(None, |parent, name| self.child(parent, name).map(Some)).flatten()
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
            let mut at = Some(*group);
            while let Some(id) = at {
                if !all.insert(id) {
                    break;
                }
                at = self.by_id.get(&id).and_then(|group| group.parent);
            }
        }
        all
    }

    pub(crate) fn next_id(&self) -> GroupId {
        GroupId(self.by_id.last_key_value().map_or(1, |(id, _)| id.0 + 1))
    }

    /// Adds a group; one whose parent does not exist is put at the top.
    pub(crate) fn add(&mut self, id: GroupId, parent: Option<GroupId>, name: &str) {
        let parent = parent.filter(|parent| self.by_id.contains_key(parent));
        match parent.and_then(|parent| self.by_id.get_mut(&parent)) {
            Some(above) => above.children.push(id),
            None => self.top.push(id),
        }
        self.by_name.insert((parent, name.to_owned()), id);
        self.by_id.insert(id, Group { id, name: name.to_owned(), parent, children: Vec::new() });
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

    fn ministry() -> Groups {
        let mut groups = Groups::default();
        groups.add(GroupId(1), None, "本省");
        groups.add(GroupId(2), Some(GroupId(1)), "大臣官房");
        groups.add(GroupId(3), None, "地方局");
        groups.add(GroupId(4), Some(GroupId(2)), "秘書課");
        groups
    }

    #[test]
    fn req_a06_groups_form_a_tree_of_any_depth() {
        let groups = ministry();
        assert_eq!(groups.by_path(["本省", "大臣官房", "秘書課"]), Some(GroupId(4)));
        assert_eq!(groups.by_path(["大臣官房"]), None);
        let rows: Vec<_> = groups.tree().iter().map(|(group, depth)| (group.id.0, *depth)).collect();
        assert_eq!(rows, [(1, 0), (2, 1), (4, 2), (3, 0)]);
    }

    #[test]
    fn somebody_in_two_groups_of_a_subtree_is_within_it_once() {
        let within = ministry().within(&[GroupId(4), GroupId(2), GroupId(3)]);
        assert_eq!(within.into_iter().map(|id| id.0).collect::<Vec<_>>(), [1, 2, 3, 4]);
    }
}
