//! Which of several servers may be written to: never one that another has replaced.
//!
//! A promotion begins a new timeline of the same cluster. Of the servers that take writes the one with the highest
//! timeline is the right one; one below what was seen before is an old primary that came back, and writing to it would
//! make two journals out of one. An engine without timelines keeps its own peace.

/// What a server says of its own past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lineage {
    /// The cluster, given once by `initdb`.
    pub(super) system: i64,
    /// How often it was promoted.
    pub(super) timeline: u32,
}

/// Which server is written to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Choice {
    /// Its place among those that were found.
    pub(super) chosen: Option<usize>,
    /// The places of those that take writes and must not: somebody has to stop them.
    pub(super) rivals: Vec<usize>,
}

/// Chooses among servers that take writes; `known` is what was written to before.
pub(super) fn choose(known: Option<Lineage>, found: &[Option<Lineage>]) -> Choice {
    let latest = found.iter().enumerate().filter_map(|(at, lineage)| lineage.map(|lineage| (at, lineage)));
    let is_ours = |lineage: Lineage| {
        known.is_none_or(|known| lineage.system == known.system && lineage.timeline >= known.timeline)
    };
    let best = latest.clone().filter(|(_, lineage)| is_ours(*lineage)).map(|(_, lineage)| lineage.timeline).max();
    let is_best = |lineage: Lineage| is_ours(lineage) && Some(lineage.timeline) == best;
    let mut systems: Vec<i64> = latest.clone().filter(|(_, it)| is_best(*it)).map(|(_, it)| it.system).collect();
    systems.dedup();
    let rivals = latest.clone().filter(|(_, lineage)| !is_best(*lineage)).map(|(at, _)| at).collect();
    match systems.as_slice() {
        // Two clusters that know nothing of each other: neither is better than the other.
        [_, _, ..] => Choice { chosen: None, rivals: latest.map(|(at, _)| at).collect() },
        [_] => Choice { chosen: latest.clone().find(|(_, lineage)| is_best(*lineage)).map(|(at, _)| at), rivals },
        [] => Choice { chosen: found.iter().position(Option::is_none), rivals },
    }
}

impl Lineage {
    /// One line for a file.
    pub(super) fn to_line(self) -> String {
        format!("{} {}\n", self.system, self.timeline)
    }

    /// What [`Lineage::to_line`] wrote.
    pub(super) fn from_line(line: &str) -> Option<Self> {
        let (system, timeline) = line.trim().split_once(' ')?;
        Some(Lineage { system: system.parse().ok()?, timeline: timeline.parse().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(system: i64, timeline: u32) -> Lineage {
        Lineage { system, timeline }
    }

    fn chosen(known: Option<Lineage>, found: &[Option<Lineage>]) -> (Option<usize>, Vec<usize>) {
        let choice = choose(known, found);
        (choice.chosen, choice.rivals)
    }

    #[test]
    fn the_promoted_server_is_written_to_and_the_old_primary_is_a_rival() {
        assert_eq!(chosen(None, &[Some(at(7, 1))]), (Some(0), vec![]));
        assert_eq!(chosen(None, &[Some(at(7, 1)), Some(at(7, 2))]), (Some(1), vec![0]));
        assert_eq!(chosen(Some(at(7, 1)), &[Some(at(7, 2)), Some(at(7, 1))]), (Some(0), vec![1]));
    }

    #[test]
    fn an_old_primary_alone_is_refused_by_whoever_saw_the_promotion() {
        assert_eq!(chosen(Some(at(7, 2)), &[Some(at(7, 1))]), (None, vec![0]));
        assert_eq!(chosen(Some(at(7, 2)), &[Some(at(7, 2))]), (Some(0), vec![]));
    }

    #[test]
    fn another_cluster_is_never_taken_for_ours() {
        assert_eq!(chosen(Some(at(7, 1)), &[Some(at(8, 5))]), (None, vec![0]));
        assert_eq!(chosen(None, &[Some(at(7, 1)), Some(at(8, 1))]), (None, vec![0, 1]));
        assert_eq!(chosen(Some(at(7, 1)), &[Some(at(8, 5)), Some(at(7, 1))]), (Some(1), vec![0]));
    }

    #[test]
    fn an_engine_without_timelines_is_taken_as_it_is() {
        assert_eq!(chosen(None, &[None, None]), (Some(0), vec![]));
        assert_eq!(chosen(None, &[]), (None, vec![]));
    }

    #[test]
    fn what_was_remembered_is_read_back() {
        assert_eq!(Lineage::from_line(&at(-7, 3).to_line()), Some(at(-7, 3)));
        assert_eq!(Lineage::from_line("nothing"), None);
    }
}
