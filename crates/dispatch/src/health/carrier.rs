//! Whether a carrier's "unknown user" can be believed: a sudden rise among addresses that worked is a block or a fault.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answers {
    /// Mails that were accepted or refused as unknown, or told of the mailbox otherwise.
    pub mails: u32,
    /// Of these, refused as unknown.
    pub refused: u32,
    /// Mails to addresses that worked before.
    pub known: u32,
    /// Of these, refused as unknown.
    pub known_refused: u32,
}

impl Answers {
    /// One mail; `worked` says whether one to that address was accepted before.
    pub(super) fn of(worked: bool, refused: bool) -> Self {
        Answers { mails: 1, refused: refused.into(), known: worked.into(), known_refused: (worked && refused).into() }
    }

    pub(super) fn add(&mut self, more: Answers) {
        self.mails += more.mails;
        self.refused += more.refused;
        self.known += more.known;
        self.known_refused += more.known_refused;
    }

    fn is_suspect(self) -> bool {
        let is_rise = |refused: u32, of: u32, least: u32, percent: u32| {
            refused >= least && u64::from(refused) * 100 >= u64::from(of) * u64::from(percent)
        };
        is_rise(self.known_refused, self.known, KNOWN_REFUSED_MIN, KNOWN_REFUSED_PERCENT)
            || is_rise(self.refused, self.mails, REFUSED_MIN, REFUSED_PERCENT)
    }
}

/// What each domain answered on each occasion on which it refused somebody as unknown.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Carriers {
    answers: BTreeMap<Occasion, BTreeMap<String, Answers>>,
}

impl Carriers {
    pub(super) fn answered(&mut self, occasion: Occasion, domain: &str, more: Answers) {
        let answers = self.answers.entry(occasion).or_default().entry(domain.to_owned()).or_default();
        answers.add(more);
    }

    pub(super) fn is_suspect(&self, occasion: Occasion, domain: &str) -> bool {
        self.answers.get(&occasion).and_then(|domains| domains.get(domain)).is_some_and(|it| it.is_suspect())
    }
}
