//! Which part of the group tree a tally page shows: the opened group, the way up from it, and what lies directly below.

/// One group's place in the tree and its counts, of its whole subtree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) id: u32,
    pub(crate) name: String,
    /// 0 at the top.
    pub(crate) depth: usize,
    pub(crate) counts: Counts,
}

/// People, never mails: how many were asked and what they answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) asked: u32,
    pub(crate) answered: u32,
    pub(crate) unanswered: u32,
    /// In the order of the question's choices.
    pub(crate) by_choice: Vec<u32>,
}

/// What the roots of a part count together. Whoever belongs to several of them counts in each.
pub(crate) fn sum(roots: impl Iterator<Item = Counts>) -> Counts {
    let mut all = Counts::default();
    for Counts { asked, answered, unanswered, by_choice } in roots {
        all.asked += asked;
        all.answered += answered;
        all.unanswered += unanswered;
        all.by_choice.resize(all.by_choice.len().max(by_choice.len()), 0);
        for (sum, count) in all.by_choice.iter_mut().zip(by_choice) {
            *sum += count;
        }
    }
    all
}

/// The part of the tree around one opened group.
#[derive(Debug)]
pub(crate) struct Branch<'a> {
    /// From the top to the opened group's parent.
    pub(crate) above: Vec<&'a Row>,
    /// The opened group; none at the top of a tree with several roots.
    pub(crate) opened: Option<&'a Row>,
    /// The groups directly below, each with whether it has groups below itself.
    pub(crate) below: Vec<(&'a Row, bool)>,
}

impl<'a> Branch<'a> {
    /// Opens the group at `place` of `rows` (tree order: each group before those below it); without a place the top, or its only root.
    pub(crate) fn open(rows: &'a [Row], place: Option<usize>) -> Self {
        let place = place.or_else(|| only_root(rows));
        let Some((place, opened)) = place.and_then(|at| Some((at, rows.get(at)?))) else {
            return Self { above: Vec::new(), opened: None, below: at_depth(rows, 0) };
        };
        let mut above = Vec::new();
        let mut wanted = opened.depth;
        for row in rows.iter().take(place).rev() {
            if row.depth < wanted {
                wanted = row.depth;
                above.push(row);
            }
        }
        above.reverse();
        let after = rows.get(place + 1..).unwrap_or_default();
        let end = after.iter().position(|row| row.depth <= opened.depth).unwrap_or(after.len());
        let subtree = after.get(..end).unwrap_or_default();
        Self { above, opened: Some(opened), below: at_depth(subtree, opened.depth + 1) }
    }
}

/// The place of the root where there is just one: a page with a single row would only cost a tap.
fn only_root(rows: &[Row]) -> Option<usize> {
    (rows.iter().filter(|row| row.depth == 0).count() == 1).then_some(0)
}

fn at_depth(rows: &[Row], depth: usize) -> Vec<(&Row, bool)> {
    let next_is_deeper = |at: usize| rows.get(at + 1).is_some_and(|next| next.depth > depth);
    rows.iter().enumerate().filter(|(_, row)| row.depth == depth).map(|(at, row)| (row, next_is_deeper(at))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(depths: &[usize]) -> Vec<Row> {
        let row = |(id, depth): (usize, &usize)| Row {
            id: u32::try_from(id).unwrap(),
            name: format!("group {id}"),
            depth: *depth,
            counts: Counts::default(),
        };
        depths.iter().enumerate().map(row).collect()
    }

    fn ids(rows: &[(&Row, bool)]) -> Vec<(u32, bool)> {
        rows.iter().map(|(row, more)| (row.id, *more)).collect()
    }

    #[test]
    fn several_roots_are_listed_without_opening_one() {
        let rows = tree(&[0, 1, 0]);
        let branch = Branch::open(&rows, None);
        assert!(branch.opened.is_none());
        assert_eq!(ids(&branch.below), [(0, true), (2, false)]);
    }

    #[test]
    fn an_only_root_is_opened_at_once() {
        let rows = tree(&[0, 1, 2, 1]);
        let branch = Branch::open(&rows, None);
        assert_eq!(branch.opened.map(|row| row.id), Some(0));
        assert_eq!(ids(&branch.below), [(1, true), (3, false)]);
    }

    #[test]
    fn an_opened_group_shows_its_own_children_and_its_ancestors_only() {
        //               0  1  2  2  1  2
        let rows = tree(&[0, 1, 2, 2, 1, 2]);
        let branch = Branch::open(&rows, Some(1));
        assert_eq!(ids(&branch.below), [(2, false), (3, false)]);
        assert_eq!(branch.above.iter().map(|row| row.id).collect::<Vec<_>>(), [0]);
        let leaf = Branch::open(&rows, Some(5));
        assert_eq!(leaf.above.iter().map(|row| row.id).collect::<Vec<_>>(), [0, 4]);
        assert!(leaf.below.is_empty());
    }

    #[test]
    fn the_roots_of_a_part_are_counted_together() {
        let counts = |asked| Counts { asked, answered: 1, unanswered: asked - 1, by_choice: vec![1, 0] };
        let both = Counts { asked: 9, answered: 2, unanswered: 7, by_choice: vec![2, 0] };
        assert_eq!(sum([counts(5), counts(4)].into_iter()), both);
    }
}
