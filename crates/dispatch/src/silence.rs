//! Carriers that may throw mail away without saying so: they accept, and their people do not answer (requirement A20).

use crate::tally::{Share, Tally};

/// Fewer people at a carrier prove nothing.
const PEOPLE_MIN: u32 = 30;

/// A carrier whose people answer far less often than those of the others.
#[derive(Clone, Debug, PartialEq)]
pub struct Suspect {
    /// The carrier, as the engine names it.
    pub carrier: String,
    /// Its people.
    pub own: Share,
    /// The people of all other carriers.
    pub others: Share,
}

/// The carriers whose answer rate is under half of the others', as far as both have people enough.
#[must_use]
pub fn suspects(tally: &Tally) -> Vec<Suspect> {
    let all = tally.by_carrier.iter().fold(Share::default(), |all, (_, it)| Share {
        people: all.people + it.people,
        answered: all.answered + it.answered,
    });
    let suspect = |(carrier, own): &(String, Share)| {
        let others = Share { people: all.people - own.people, answered: all.answered - own.answered };
        let enough = own.people >= PEOPLE_MIN && others.people >= PEOPLE_MIN;
        // own.answered / own.people < others.answered / others.people / 2, without fractions.
        let own_rate = 2 * u64::from(own.answered) * u64::from(others.people);
        let is_low = own_rate < u64::from(others.answered) * u64::from(own.people);
        (enough && is_low).then(|| Suspect { carrier: carrier.clone(), own: *own, others })
    };
    tally.by_carrier.iter().filter_map(suspect).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(carriers: &[(&str, u32, u32)]) -> Tally {
        let share = |(name, people, answered): &(&str, u32, u32)| {
            ((*name).to_owned(), Share { people: *people, answered: *answered })
        };
        Tally { by_carrier: carriers.iter().map(share).collect(), ..Tally::default() }
    }

    #[test]
    fn a_carrier_whose_people_answer_less_than_half_as_often_is_suspected() {
        let found = suspects(&tally(&[("a", 100, 60), ("b", 100, 60), ("c", 100, 10)]));
        assert_eq!(found.iter().map(|it| it.carrier.as_str()).collect::<Vec<_>>(), ["c"]);
    }

    #[test]
    fn few_people_and_equal_rates_prove_nothing() {
        assert_eq!(suspects(&tally(&[("a", 1_000, 600), ("c", 29, 0)])), []);
        assert_eq!(suspects(&tally(&[("a", 100, 0), ("c", 100, 0)])), []);
        assert_eq!(suspects(&tally(&[("a", 100, 60), ("c", 100, 30)])), []);
    }
}
