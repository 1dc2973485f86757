//! Whether a carrier's "unknown user" can be believed: a sudden rise among addresses that worked is a block or a fault.

use std::collections::BTreeMap;

use super::Occasion;

/// So many known addresses must be refused before the carrier is doubted rather than the addresses.
const KNOWN_REFUSED_MIN: u32 = 5;
/// This share of the addresses that worked before, in percent, is more than people change carriers between two mails.
const KNOWN_REFUSED_PERCENT: u32 = 20;
/// So many addresses must be refused of a carrier of which nothing is known yet.
const REFUSED_MIN: u32 = 20;
/// A roster that is half wrong is less likely than a carrier that refuses us.
const REFUSED_PERCENT: u32 = 50;

/// What one domain answered on one occasion.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Answers {
    mails: u32,
    refused: u32,
    known: u32,
    known_refused: u32,
}

impl Answers {
    fn is_suspect(self) -> bool {
        let is_rise = |refused: u32, of: u32, least: u32, percent: u32| {
            refused >= least && u64::from(refused) * 100 >= u64::from(of) * u64::from(percent)
        };
        is_rise(self.known_refused, self.known, KNOWN_REFUSED_MIN, KNOWN_REFUSED_PERCENT)
            || is_rise(self.refused, self.mails, REFUSED_MIN, REFUSED_PERCENT)
    }
}

/// What each domain answered on each occasion on which it refused somebody as unknown.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Carriers {
    answers: BTreeMap<Occasion, BTreeMap<String, Answers>>,
}

impl Carriers {
    /// Counts a mail; `worked` says whether one to that address was accepted before.
    pub(super) fn settled(&mut self, occasion: Occasion, domain: &str, worked: bool, refused: bool) {
        let domains = self.answers.entry(occasion).or_default();
        if !domains.contains_key(domain) {
            domains.insert(domain.to_owned(), Answers::default());
        }
        if let Some(answers) = domains.get_mut(domain) {
            answers.mails += 1;
            answers.refused += u32::from(refused);
            answers.known += u32::from(worked);
            answers.known_refused += u32::from(worked && refused);
        }
    }

    pub(super) fn is_suspect(&self, occasion: Occasion, domain: &str) -> bool {
        self.answers.get(&occasion).and_then(|domains| domains.get(domain)).is_some_and(|it| it.is_suspect())
    }
}
