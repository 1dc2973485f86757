//! Which leases a node takes and which it gives up: each node decides alone, from what all of them see in the database.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use crate::id::PersonId;

/// People fall into so many parts; to each of them one node sends at a time.
pub const PARTITIONS: u8 = 16;

/// The partition that a person is in, always the same: numbers are given one after the other, so that all are equally full.
#[must_use]
pub fn partition_of(person: PersonId) -> u8 {
    u8::try_from(person.0 % u32::from(PARTITIONS)).unwrap_or(0)
}

/// What one node has at a time, until a certain instant of the database's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lease {
    /// Everything that is done without anybody asking: pollers, schedules, chores, alarms.
    Duties,
    /// The mails to the people of a partition.
    Mails(u8),
}

impl Lease {
    /// All there are.
    pub fn all() -> impl Iterator<Item = Lease> {
        [Lease::Duties].into_iter().chain((0..PARTITIONS).map(Lease::Mails))
    }
}

/// As the database names it: `mails-3`.
impl std::fmt::Display for Lease {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Lease::Duties => f.write_str("duties"),
            Lease::Mails(partition) => write!(f, "mails-{partition}"),
        }
    }
}

impl FromStr for Lease {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mails = |text: &str| text.strip_prefix("mails-")?.parse().ok().filter(|it| *it < PARTITIONS);
        match text {
            "duties" => Ok(Lease::Duties),
            _ => mails(text).map(Lease::Mails).ok_or(()),
        }
    }
}

/// What a node says that it can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fitness {
    /// Whether it is fit to work at all: its clock is right, and it has everybody's key.
    pub works: bool,
    /// Whether it can do the duties: it has not failed to begin them just now.
    pub duties: bool,
}

impl Fitness {
    /// A node that can do everything.
    pub const WHOLE: Fitness = Fitness { works: true, duties: true };
}

/// A node that lives, as the database knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LivingNode {
    /// Its name.
    pub name: String,
    /// Whether it has been there for so long that every other node has seen it or has lost its leases: only then does it take
    /// any, so that all others have made room for its share of the carriers' limits.
    pub settled: bool,
    /// What it can do.
    pub fit: Fitness,
}

/// What a node is to do next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assignment {
    /// To take, if it is still free.
    pub take: BTreeSet<Lease>,
    /// To give up, once nothing of it is under way.
    pub give: BTreeSet<Lease>,
    /// Which share of every limit of a carrier is its own: its place among so many.
    pub share: (u32, u32),
}

/// What `me` is to do. `nodes` are those that live, the longest first, this one among them; `holders` says who has which
/// lease now, `None` where nobody has; the carriers' limits can be parted among `bears` nodes.
///
/// Partitions are shared evenly among the nodes that are fit (or all, if none is), one more to those that came first; a node
/// takes what is free up to its part and gives up what is above it, so that nothing moves twice. The duties are for whoever can begin
/// them.
#[must_use]
pub fn assign(me: &str, nodes: &[LivingNode], holders: &BTreeMap<Lease, Option<String>>, bears: usize) -> Assignment {
    let nobody_fit = nodes.iter().all(|node| !node.fit.works);
    let (first, last): (Vec<&LivingNode>, Vec<&LivingNode>) =
        nodes.iter().partition(|node| node.fit.works || nobody_fit);
    // Who has no partition must have no share either, or that part of every limit would be used by nobody.
    let most = bears.clamp(1, usize::from(PARTITIONS));
    let order: Vec<&LivingNode> = first.iter().chain(&last).copied().take(most).collect();
    let place = order.iter().position(|node| node.name == me);
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let share = (count(place.unwrap_or(order.len())), count(order.len()));
    let workers: Vec<&str> = order
        .iter()
        .filter(|node| node.settled && (node.fit.works || nobody_fit))
        .map(|node| node.name.as_str())
        .collect();
    let partitions = usize::from(PARTITIONS);
    let part = workers
        .iter()
        .position(|name| *name == me)
        .map_or(0, |at| partitions / workers.len() + usize::from(at < partitions % workers.len()));
    let is_mails = |lease: &&Lease| matches!(lease, Lease::Mails(_));
    let of = |holder: Option<&str>| -> Vec<Lease> {
        holders.iter().filter(|(_, who)| who.as_deref() == holder).map(|(lease, _)| *lease).collect()
    };
    let (own, free) = (of(Some(me)), of(None));
    let has = own.iter().filter(is_mails).count();
    let mut take: BTreeSet<Lease> = free.iter().filter(is_mails).take(part.saturating_sub(has)).copied().collect();
    let mut give: BTreeSet<Lease> = own.iter().filter(is_mails).take(has.saturating_sub(part)).copied().collect();
    if workers.is_empty() {
        give.clear();
    }
    let can_begin = nodes.iter().any(|node| node.name == me && node.fit.duties);
    if can_begin && workers.contains(&me) {
        take.extend(free.contains(&Lease::Duties).then_some(Lease::Duties));
    } else if !can_begin || !workers.is_empty() {
        // Who works and can begin them keeps them; nobody else can while no other node works.
        give.extend(own.contains(&Lease::Duties).then_some(Lease::Duties));
    }
    Assignment { take, give, share }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn node(name: usize) -> LivingNode {
        LivingNode { name: format!("n{name}"), settled: true, fit: Fitness::WHOLE }
    }

    /// Leases as the database keeps them, and the nodes that live, the longest first.
    struct Database {
        nodes: Vec<LivingNode>,
        holders: BTreeMap<Lease, Option<String>>,
    }

    impl Database {
        fn new() -> Self {
            Database { nodes: Vec::new(), holders: Lease::all().map(|lease| (lease, None)).collect() }
        }

        /// One node after the other looks and acts; tells how many leases moved.
        fn round(&mut self, bears: usize) -> usize {
            let mut moved = 0;
            for node in self.nodes.clone() {
                let assignment = assign(&node.name, &self.nodes, &self.holders, bears);
                for lease in assignment.take {
                    assert_eq!(self.holders[&lease], None, "only what is free is taken");
                    self.holders.insert(lease, Some(node.name.clone()));
                    moved += 1;
                }
                for lease in assignment.give {
                    assert_eq!(self.holders[&lease].as_deref(), Some(node.name.as_str()));
                    self.holders.insert(lease, None);
                    moved += 1;
                }
            }
            moved
        }

        fn lose(&mut self, name: &str) {
            self.nodes.retain(|node| node.name != name);
            for holder in self.holders.values_mut().filter(|holder| holder.as_deref() == Some(name)) {
                *holder = None;
            }
        }

        /// How many partitions each node has.
        fn parts(&self) -> Vec<usize> {
            let of = |name: &str| {
                let own =
                    self.holders.iter().filter(|(lease, who)| **lease != Lease::Duties && who.as_deref() == Some(name));
                own.count()
            };
            self.nodes.iter().map(|node| of(&node.name)).collect()
        }
    }

    proptest! {
        #[test]
        fn whatever_comes_and_goes_every_lease_is_soon_held_evenly_and_then_rests(
            happenings in proptest::collection::vec((any::<bool>(), 0_usize..6, any::<(bool, bool)>(), any::<bool>()), 1..20),
            bears in 1_usize..8,
        ) {
            let mut database = Database::new();
            for (comes, name, fit, rests) in happenings {
                database.lose(&format!("n{name}"));
                if comes {
                    let fit = Fitness { works: fit.0, duties: fit.1 };
                    database.nodes.push(LivingNode { fit, ..node(name) });
                }
                if rests || database.nodes.is_empty() {
                    continue;
                }
                database.round(bears);
            }
            if database.nodes.is_empty() {
                database.nodes.push(node(0));
            }
            let mut rounds = 0;
            while database.round(bears) > 0 {
                rounds += 1;
                prop_assert!(rounds < 4, "it does not come to rest: {:?}", database.holders);
            }
            let any_fit = database.nodes.iter().any(|node| node.fit.works);
            let able: Vec<&LivingNode> =
                database.nodes.iter().filter(|node| node.fit.works || !any_fit).take(bears).collect();
            let held = |lease: &Lease| database.holders[lease].is_some();
            prop_assert!(Lease::all().skip(1).all(|lease| held(&lease)), "{:?}", database.holders);
            prop_assert_eq!(held(&Lease::Duties), able.iter().any(|node| node.fit.duties), "{:?}", database.holders);
            let able = able.len();
            let mut parts: Vec<usize> = database.parts().into_iter().filter(|part| *part > 0).collect();
            parts.sort();
            prop_assert_eq!(parts.len(), able);
            prop_assert!(parts[parts.len() - 1] - parts[0] <= 1, "{:?}", parts);
        }

        #[test]
        fn the_shares_of_all_nodes_are_different_places_of_one_number(names in 1_usize..9, bears in 1_usize..12) {
            let nodes: Vec<LivingNode> = (0..names).map(node).collect();
            let holders = BTreeMap::new();
            let shares: Vec<(u32, u32)> =
                nodes.iter().map(|it| assign(&it.name, &nodes, &holders, bears).share).collect();
            let of = names.min(bears) as u32;
            for (at, share) in shares.iter().enumerate() {
                prop_assert_eq!(*share, ((at as u32).min(of), of));
            }
        }
    }

    #[test]
    fn a_node_that_has_just_come_takes_nothing_but_its_share_is_left_to_it_at_once() {
        let mut database = Database::new();
        database.nodes = vec![node(0)];
        database.round(9);
        database.nodes.push(LivingNode { settled: false, ..node(1) });
        assert_eq!(database.round(9), 0);
        assert_eq!(assign("n0", &database.nodes, &database.holders, 9).share, (0, 2));
        database.nodes[1].settled = true;
        database.round(9);
        database.round(9);
        assert_eq!(database.parts(), [8, 8]);
    }

    #[test]
    fn req_r01_of_thirty_nodes_as_many_send_as_there_are_partitions_with_all_of_the_limits_and_the_others_stand_by() {
        let mut database = Database::new();
        database.nodes = (0..30).map(node).collect();
        database.round(90);
        assert_eq!(database.parts(), [[1; 16].as_slice(), &[0; 14]].concat());
        let share = |database: &Database, name: &str| assign(name, &database.nodes, &database.holders, 90).share;
        let shares: Vec<(u32, u32)> = (0..30).map(|at| share(&database, &format!("n{at}"))).collect();
        assert!((0..16).all(|at| shares[at as usize] == (at, 16)) && shares[16..].iter().all(|it| *it == (16, 16)));
        database.lose("n3");
        database.round(90);
        assert_eq!((database.parts()[15], share(&database, "n16")), (1, (15, 16)), "the first of those that stood by");
    }

    #[test]
    fn a_node_whose_clock_is_wrong_gives_everything_up_while_there_is_another_and_nothing_if_it_is_alone() {
        let mut database = Database::new();
        database.nodes = vec![LivingNode { fit: Fitness { works: false, duties: true }, ..node(0) }];
        database.round(9);
        assert_eq!(database.parts(), [16]);
        database.nodes.push(node(1));
        database.round(9);
        database.round(9);
        assert_eq!(database.parts(), [0, 16]);
        assert_eq!(database.holders[&Lease::Duties].as_deref(), Some("n1"));
    }

    #[test]
    fn req_r01_duties_that_cannot_be_begun_go_to_another_node_and_do_not_come_back_by_themselves() {
        let mut database = Database::new();
        database.nodes = vec![node(0), node(1)];
        database.round(9);
        database.round(9);
        assert_eq!(database.holders[&Lease::Duties].as_deref(), Some("n0"));
        database.nodes[0].fit.duties = false;
        database.round(9);
        assert_eq!(database.holders[&Lease::Duties].as_deref(), Some("n1"));
        assert_eq!(database.parts(), [8, 8], "mails stay where they are");
        database.nodes[0].fit.duties = true;
        assert_eq!(database.round(9), 0);
        database.nodes.iter_mut().for_each(|node| node.fit.duties = false);
        database.round(9);
        assert_eq!(database.holders[&Lease::Duties], None, "nobody can just now");
    }

    #[test]
    fn leases_are_named_and_read_again_and_people_fall_into_all_partitions() {
        assert!(Lease::all().all(|lease| lease.to_string().parse() == Ok(lease)));
        assert!("mails-16".parse::<Lease>().is_err());
        let parts: BTreeSet<u8> = (1..=32).map(|number| partition_of(PersonId(number))).collect();
        assert_eq!(parts.len(), usize::from(PARTITIONS));
    }
}
