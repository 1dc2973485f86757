//! Refusals that no row of the table knows, gathered so that somebody can look at them and add a row.

use crate::carrier::Carrier;
use crate::outcome::Stage;
use crate::time::Instant;

/// Kinds that are kept.
const KINDS_MAX: usize = 100;
/// Kinds that are kept of one carrier, so that a noisy one does not push out the others'.
const KINDS_OF_CARRIER_MAX: usize = 25;

/// A reply that was not recognised, and how often it came. Replies that differ only in numbers are one kind.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct UnseenReply {
    /// Its number, by which the sealed original is asked for ([`crate::Engine::verbatim`]).
    pub number: u32,
    /// Who said it.
    pub carrier: Carrier,
    /// In answer to what.
    pub stage: Stage,
    /// What was said the first time, without addresses.
    pub reply: String,
    /// How often it came since the engine opened, or once before.
    pub count: u64,
    /// When it came first.
    pub first: Instant,
    /// When it came last.
    pub last: Instant,
}

/// The kinds that were seen, the latest ones if there are too many.
#[derive(Debug, Default)]
pub struct Unseen(Vec<UnseenReply>);

impl Unseen {
    /// Takes up what was kept from before.
    pub fn restore(&mut self, reply: UnseenReply) {
        if self.0.len() < KINDS_MAX && self.0.iter().all(|known| known.number != reply.number) {
            self.0.push(reply);
        }
    }

    /// Notes a reply; gives it back if it is of a new kind, which takes the place of its number.
    pub fn note(&mut self, carrier: &Carrier, stage: Stage, reply: &str, now: Instant) -> Option<&UnseenReply> {
        let same = |known: &&mut UnseenReply| {
            known.carrier == *carrier && known.stage == stage && kind(&known.reply).eq(kind(reply))
        };
        if let Some(known) = self.0.iter_mut().find(same) {
            known.count += 1;
            known.last = now;
            return None;
        }
        let own = self.0.iter().filter(|known| known.carrier == *carrier).count();
        let crowded = own >= KINDS_OF_CARRIER_MAX;
        if crowded || self.0.len() >= KINDS_MAX {
            let leaving = self.0.iter().enumerate().filter(|(_, known)| !crowded || known.carrier == *carrier);
            let oldest = leaving.min_by_key(|(_, known)| known.last).map(|(at, _)| at)?;
            self.0.swap_remove(oldest);
        }
        let number = (0..).find(|number| self.0.iter().all(|known| known.number != *number))?;
        let (carrier, reply) = (carrier.clone(), reply.to_owned());
        self.0.push(UnseenReply { number, carrier, stage, reply, count: 1, first: now, last: now });
        self.0.last()
    }

    /// All kinds, the latest first.
    #[must_use]
    pub fn list(&self) -> Vec<UnseenReply> {
        let mut list = self.0.clone();
        list.sort_by(|a, b| b.last.cmp(&a.last).then(a.number.cmp(&b.number)));
        list
    }
}

/// A reply's words; those with a digit, such as addresses of hosts and numbers of queues, are all alike.
pub(crate) fn kind(reply: &str) -> impl Iterator<Item = &str> {
    reply.split_whitespace().enumerate().map(|(at, word)| {
        let varies = at > 0 && word.contains(|c: char| c.is_ascii_digit()) && !is_code(word);
        if varies { "#" } else { word }
    })
}

/// `5.7.509`: what a reply says in numbers.
fn is_code(word: &str) -> bool {
    let parts: Vec<&str> = word.split('.').collect();
    parts.len() == 3 && matches!(parts[0], "4" | "5") && parts.iter().all(|part| part.len() <= 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: u64) -> Instant {
        Instant::from_micros(second * 1_000_000)
    }

    #[test]
    fn replies_that_differ_only_in_numbers_are_one_kind() {
        let mut unseen = Unseen::default();
        let carrier = Carrier::new("au");
        assert!(unseen.note(&carrier, Stage::Mail, "571 5.9.1 no [192.0.2.1] id 8F31", at(1)).is_some());
        assert!(unseen.note(&carrier, Stage::Mail, "571 5.9.1 no [192.0.2.2] id 9A07", at(2)).is_none());
        assert!(unseen.note(&carrier, Stage::Mail, "571 5.9.2 no [192.0.2.2] id 9A07", at(3)).is_some());
        assert!(unseen.note(&carrier, Stage::Rcpt, "571 5.9.1 no [192.0.2.1] id 8F31", at(4)).is_some());
        let list = unseen.list();
        assert_eq!(list.iter().map(|seen| (seen.number, seen.count)).collect::<Vec<_>>(), [(2, 1), (1, 1), (0, 2)]);
        assert_eq!((list[2].first, list[2].last), (at(1), at(2)));
    }

    #[test]
    fn a_noisy_carrier_pushes_out_its_own_and_nobody_elses() {
        let mut unseen = Unseen::default();
        unseen.note(&Carrier::new("au"), Stage::Mail, "571 rare", at(0));
        for n in 0..500u64 {
            let words = "x".repeat(1 + n as usize);
            unseen.note(&Carrier::new("noisy"), Stage::Mail, &format!("571 {words}"), at(n + 1));
        }
        let list = unseen.list();
        assert_eq!(list.len(), 1 + KINDS_OF_CARRIER_MAX);
        assert!(list.iter().any(|seen| seen.carrier.as_str() == "au"));
        assert!(list[0].reply.ends_with(&"x".repeat(500)), "the latest is kept");
    }

    #[test]
    fn numbers_are_few_and_unique_however_many_kinds_come() {
        let mut unseen = Unseen::default();
        for n in 0..1000u64 {
            let carrier = Carrier::new(format!("c{}", n % 7));
            unseen.note(&carrier, Stage::Mail, &format!("571 {}", "y".repeat(n as usize)), at(n));
        }
        let numbers: std::collections::BTreeSet<u32> = unseen.list().iter().map(|seen| seen.number).collect();
        assert_eq!(numbers.len(), unseen.list().len());
        assert!(numbers.len() <= KINDS_MAX && numbers.iter().all(|n| (*n as usize) < KINDS_MAX));
    }
}
