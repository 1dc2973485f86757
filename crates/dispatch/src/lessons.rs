//! What the nodes of a system have learned of carriers and tell each other: what is worth telling, and whose word counts.

use std::collections::BTreeMap;
use std::time::Duration;

use hikyaku_core::Carrier;
use hikyaku_core::observe::Lesson;

/// What a node learned itself counts, unless another one's is newer by this: another node speaks from other addresses.
const OWN: Duration = Duration::from_secs(3600);
/// A rate that moved by less than this share is not told again.
const MOVED: f64 = 0.1;
/// What did not change is told again after so long while it is in use, so that others know how fresh it is.
const FRESHER: Duration = Duration::from_secs(60);

/// What a node has learned, as the others read it.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeLesson {
    /// Which node.
    pub node: String,
    /// What.
    pub lesson: Lesson,
}

/// What this node has told the others.
#[derive(Debug, Default)]
pub struct ToldLessons(BTreeMap<(Carrier, Option<String>), Lesson>);

impl ToldLessons {
    /// What of the present is worth telling.
    #[must_use]
    pub fn due(&self, present: Vec<Lesson>) -> Vec<Lesson> {
        let is_due = |it: &Lesson| self.0.get(&key(it)).is_none_or(|before| differs(before, it));
        present.into_iter().filter(is_due).collect()
    }

    /// It was told.
    pub fn note(&mut self, told: Vec<Lesson>) {
        self.0.extend(told.into_iter().map(|lesson| (key(&lesson), lesson)));
    }
}

/// What counts for the node `me` of all that was told: of each carrier and way its own, unless another one's is newer by an hour;
/// else the newest.
#[must_use]
pub fn counting(me: &str, told: Vec<NodeLesson>) -> Vec<Lesson> {
    let mut best: BTreeMap<(Carrier, Option<String>), NodeLesson> = BTreeMap::new();
    for it in told {
        let is_better = |other: &NodeLesson| match (it.node == me, other.node == me) {
            (true, false) => other.lesson.at.since(it.lesson.at) < OWN,
            (false, true) => it.lesson.at.since(other.lesson.at) >= OWN,
            _ => it.lesson.at > other.lesson.at,
        };
        if best.get(&key(&it.lesson)).is_none_or(is_better) {
            best.insert(key(&it.lesson), it);
        }
    }
    best.into_values().map(|it| it.lesson).collect()
}

fn key(lesson: &Lesson) -> (Carrier, Option<String>) {
    (lesson.carrier.clone(), lesson.relay.clone())
}

fn differs(before: &Lesson, now: &Lesson) -> bool {
    let moved = match (before.rate, now.rate) {
        (Some(before), Some(now)) => (now - before).abs() > MOVED * before,
        (before, now) => before.is_some() != now.is_some(),
    };
    let counts = |it: &Lesson| (it.sessions, it.turn, it.parts);
    moved || counts(before) != counts(now) || now.at.since(before.at) >= FRESHER
}

#[cfg(test)]
mod tests {
    use hikyaku_core::time::Instant;
    use proptest::prelude::*;

    use super::*;

    fn at(second: u64) -> Instant {
        Instant::from_micros(1_000_000_000_000_000 + second * 1_000_000)
    }

    fn lesson(carrier: &str, second: u64, rate: f64) -> Lesson {
        let carrier = Carrier::new(carrier);
        Lesson { carrier, relay: None, at: at(second), sessions: None, rate: Some(rate), turn: None, parts: 2 }
    }

    fn by(node: &str, second: u64) -> NodeLesson {
        NodeLesson { node: node.into(), lesson: lesson("docomo", second, second as f64) }
    }

    #[test]
    fn a_limit_is_told_when_it_has_moved_and_once_a_minute_while_it_is_in_use() {
        let mut told = ToldLessons::default();
        assert_eq!(told.due(vec![lesson("docomo", 0, 10.0)]).len(), 1);
        assert_eq!(told.due(vec![lesson("docomo", 0, 10.0)]).len(), 1, "it was not told yet");
        told.note(vec![lesson("docomo", 0, 10.0)]);
        for (second, rate, count) in [(5, 10.5, 0), (5, 12.0, 1), (59, 10.0, 0), (60, 10.0, 1)] {
            assert_eq!(told.due(vec![lesson("docomo", second, rate)]).len(), count, "{rate} at {second}");
        }
        let other_share = Lesson { parts: 3, ..lesson("docomo", 1, 10.0) };
        let by_relay = Lesson { relay: Some("tokutei".into()), ..lesson("docomo", 1, 10.0) };
        assert_eq!(told.due(vec![other_share, by_relay, lesson("au", 1, 10.0)]).len(), 3);
    }

    #[test]
    fn req_r01_a_nodes_own_word_counts_unless_anothers_is_newer_by_an_hour_else_the_newest() {
        let word = |told: Vec<NodeLesson>| counting("me", told).iter().map(|it| it.at).collect::<Vec<_>>();
        assert_eq!(word(vec![by("tokyo", 5), by("osaka", 9), by("kyoto", 7)]), [at(9)]);
        assert_eq!(word(vec![by("tokyo", 3_599), by("me", 0)]), [at(0)]);
        assert_eq!(word(vec![by("tokyo", 3_600), by("me", 0)]), [at(3_600)]);
        let relay =
            NodeLesson { lesson: Lesson { relay: Some("r".into()), ..by("tokyo", 1).lesson }, ..by("tokyo", 1) };
        assert_eq!(word(vec![by("tokyo", 2), relay]).len(), 2, "another way is another limit");
    }

    proptest! {
        #[test]
        fn whose_word_counts_does_not_depend_on_the_order_in_which_it_is_read(
            seconds in proptest::collection::btree_set(0_u64..9_000, 1..6),
            own in 0_u64..9_000,
            turned in 0_usize..6,
        ) {
            let mut told: Vec<NodeLesson> = seconds.iter().map(|second| by(&format!("n{second}"), *second)).collect();
            told.push(by("me", own));
            let first = counting("me", told.clone());
            let turn = turned % told.len();
            told.rotate_left(turn);
            prop_assert_eq!(&first, &counting("me", told.clone()));
            told.reverse();
            prop_assert_eq!(first, counting("me", told));
        }
    }
}
