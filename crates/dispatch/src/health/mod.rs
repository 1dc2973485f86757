//! What is known of an address: a verdict with its evidence and its date, folded from what happened to mails over time
//! (requirement A25).
//!
//! A carrier that answers "unknown user" may mean it, may protect itself, or may be in trouble: docomo has been seen to
//! refuse existing addresses for a while. So one such answer makes an address doubtful and no more; it takes several, in
//! different dispatches and days apart, and answers of a carrier that suddenly knows few of those it knew count for
//! nothing. What a recipient's own filter refuses is a good address. Any success clears everything.

mod carrier;
mod probe;
mod report;
mod tally;

use std::collections::{BTreeMap, BTreeSet};

use hikyaku_core::letter::History;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::dispatch::{MailEnd, MailOutcome};
use crate::id::{DispatchId, PersonId, ProbeId};

pub use self::carrier::Answers;
use self::carrier::Carriers;
pub(crate) use self::probe::Probes;
pub use self::probe::{Probe, ProbePolicy};
pub use self::report::AddressReport;
pub(crate) use self::tally::HealthTally;

/// So many refusals as unknown make an address invalid.
const STRIKES: usize = 3;
/// The first and the last of them lie at least this far apart.
const STRIKES_SPREAD: SignedDuration = SignedDuration::from_hours(72);
/// Most troubles that are kept of one address; the first ones and the last.
const TROUBLES_KEPT: usize = 8;

/// The verdict on an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum HealthState {
    /// 未確認: no mail to it has ended.
    Unverified,
    /// 有効: the last mail was accepted, or the person confirmed one.
    Good,
    /// 要確認: refused, not often enough to be sure.
    Doubtful,
    /// 無効: refused as unknown again and again.
    Invalid,
    /// 容量超過: the mailbox is full.
    Full,
    /// 受信拒否: the person's own filter refuses our mail; the address is good.
    Filtered,
}

impl HealthState {
    /// All of them.
    pub const ALL: [HealthState; 6] = [
        HealthState::Unverified,
        HealthState::Good,
        HealthState::Doubtful,
        HealthState::Invalid,
        HealthState::Full,
        HealthState::Filtered,
    ];

    /// How much of a way to the person it is; 0 is the best.
    pub(crate) const fn rank(self) -> u8 {
        match self {
            HealthState::Good => 0,
            HealthState::Unverified => 1,
            HealthState::Full => 2,
            HealthState::Doubtful => 3,
            HealthState::Filtered => 4,
            HealthState::Invalid => 5,
        }
    }

    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            HealthState::Unverified => "未確認",
            HealthState::Good => "有効",
            HealthState::Doubtful => "要確認",
            HealthState::Invalid => "無効",
            HealthState::Full => "容量超過",
            HealthState::Filtered => "受信拒否",
        }
    }

    /// What the engine is told, so that clean addresses go first at a carrier.
    #[must_use]
    pub const fn history(self) -> History {
        match self {
            HealthState::Unverified => History::Unknown,
            HealthState::Good | HealthState::Filtered => History::Clean,
            HealthState::Doubtful | HealthState::Invalid | HealthState::Full => History::Suspect,
        }
    }
}

/// What a mail that ended says of its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Sign {
    /// The carrier took the mail (受付済); that is not yet: reached.
    Accepted,
    /// The person pressed 受信しました.
    Confirmed,
    /// The carrier knows no such mailbox.
    Unknown,
    /// The domain takes no mail.
    NoDomain,
    /// The mailbox is full.
    Full,
    /// The recipient's own filter refused it.
    Filtered,
    /// The mailbox exists and cannot receive at present.
    Suspended,
    /// The server did not like how the address is written.
    Unwritable,
}

impl Sign {
    /// The words for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Sign::Accepted => "事業者が受付",
            Sign::Confirmed => "本人が受信を確認",
            Sign::Unknown => "宛先不明",
            Sign::NoDomain => "ドメインなし",
            Sign::Full => "容量超過",
            Sign::Filtered => "受信拒否",
            Sign::Suspended => "一時的に受信できない",
            Sign::Unwritable => "アドレスの書き方を拒否",
        }
    }

    /// What an outcome says; `None` where it tells of the carrier, the network or us and not of the address.
    fn of(outcome: &MailOutcome) -> Option<Sign> {
        match (outcome.end, outcome.cause.as_deref()) {
            (MailEnd::Accepted, _) => Some(Sign::Accepted),
            (MailEnd::Cancelled | MailEnd::Unknown, _) => None,
            (_, Some("unknown-user")) => Some(Sign::Unknown),
            (_, Some("no-mail")) => Some(Sign::NoDomain),
            (_, Some("mailbox-full")) => Some(Sign::Full),
            (_, Some("filtered")) => Some(Sign::Filtered),
            (_, Some("suspended")) => Some(Sign::Suspended),
            (_, Some("syntax" | "smtp-utf8")) => Some(Sign::Unwritable),
            _ => None,
        }
    }
}

/// What a mail was sent for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Occasion {
    /// A dispatch.
    Dispatch(DispatchId),
    /// A round of probes.
    Probe(ProbeId),
}

/// A sign and its date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// What was seen.
    pub sign: Sign,
    /// When.
    pub at: Timestamp,
}

/// What a mail told of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Whose.
    pub person: PersonId,
    /// Which of the person's addresses.
    pub place: u8,
    /// What.
    pub evidence: Evidence,
}

/// The verdict on one address at present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressHealth {
    /// The verdict.
    pub state: HealthState,
    /// What it rests on; `None` for an address that no mail has told of.
    pub evidence: Option<Evidence>,
    /// When the person last confirmed a mail to it.
    pub confirmed: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Trouble {
    occasion: Occasion,
    evidence: Evidence,
}

/// All that was seen of one address since it last worked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Past {
    good: Option<Evidence>,
    confirmed: Option<Timestamp>,
    troubles: Vec<Trouble>,
}

/// The health of every address: by person and place, so that another address starts anew.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Health {
    pasts: BTreeMap<(PersonId, u8), Past>,
    carriers: Carriers,
}

impl Health {
    /// What these outcomes tell of addresses and of their domains; `domain` tells that of an address. It is worked out
    /// when it is decided and written down: later, when somebody was erased, nobody could tell the domain any more.
    pub(crate) fn observe<'a>(
        &self,
        outcomes: &[MailOutcome],
        domain: impl Fn(PersonId, u8) -> Option<&'a str>,
    ) -> (Vec<Seen>, Vec<(String, Answers)>) {
        let mut seen = Vec::new();
        let mut domains: BTreeMap<&str, Answers> = BTreeMap::new();
        for outcome in outcomes {
            let (person, place) = (outcome.person, outcome.place);
            let Some(sign) = Sign::of(outcome) else { continue };
            seen.push(Seen { person, place, evidence: Evidence { sign, at: outcome.at } });
            if let Some(domain) = domain(person, place) {
                let worked = self.pasts.get(&(person, place)).is_some_and(|past| past.good.is_some());
                domains.entry(domain).or_default().add(Answers::of(worked, sign == Sign::Unknown));
            }
        }
        (seen, domains.into_iter().map(|(domain, answers)| (domain.to_owned(), answers)).collect())
    }

    /// Takes in what mails of one occasion told; whose verdicts may have changed.
    pub(crate) fn observed(
        &mut self,
        occasion: Occasion,
        seen: &[Seen],
        answers: &[(String, Answers)],
    ) -> BTreeSet<PersonId> {
        let mut changed = BTreeSet::new();
        for Seen { person, place, evidence } in seen {
            let past = self.pasts.entry((*person, *place)).or_default();
            // What worked before and works again is the usual thing.
            if evidence.sign != Sign::Accepted || !past.is_clean() {
                changed.insert(*person);
            }
            match evidence.sign {
                Sign::Accepted => past.worked(*evidence),
                _ => past.failed(Trouble { occasion, evidence: *evidence }),
            }
        }
        let mut turned = false;
        for (domain, answers) in answers {
            let before = self.carriers.is_suspect(occasion, domain);
            self.carriers.answered(occasion, domain, *answers);
            turned |= self.carriers.is_suspect(occasion, domain) != before;
        }
        if turned {
            // What was refused on that occasion counts again, or no more.
            let is_of_it = |past: &Past| past.troubles.iter().any(|trouble| trouble.occasion == occasion);
            changed.extend(self.pasts.iter().filter(|(_, past)| is_of_it(past)).map(|((person, _), _)| *person));
        }
        changed
    }

    /// Forgets an erased person's addresses.
    pub(crate) fn erase(&mut self, person: PersonId) {
        self.pasts.retain(|(whose, _), _| *whose != person);
    }

    /// Takes in that the person confirmed a mail to the address.
    pub(crate) fn confirmed(&mut self, person: PersonId, place: u8, at: Timestamp) {
        let past = self.pasts.entry((person, place)).or_default();
        past.worked(Evidence { sign: Sign::Confirmed, at });
        past.confirmed = Some(at);
    }

    /// The present verdict; `domain` is that of the address.
    pub(crate) fn of(&self, person: PersonId, place: u8, domain: &str) -> AddressHealth {
        let none = AddressHealth { state: HealthState::Unverified, evidence: None, confirmed: None };
        let Some(past) = self.pasts.get(&(person, place)) else { return none };
        past.verdict(|occasion| self.carriers.is_suspect(occasion, domain))
    }
}

impl Past {
    /// Whether the last thing seen of it was good.
    fn is_clean(&self) -> bool {
        self.good.is_some() && self.troubles.is_empty()
    }

    fn worked(&mut self, evidence: Evidence) {
        self.good = Some(evidence);
        // A report can come before the record that the carrier had taken the mail.
        self.troubles.retain(|trouble| trouble.evidence.at > evidence.at);
    }

    /// Several outcomes of one occasion are one trouble: the last word counts.
    fn failed(&mut self, trouble: Trouble) {
        self.troubles.retain(|known| known.occasion != trouble.occasion);
        self.troubles.truncate(TROUBLES_KEPT - 1);
        self.troubles.push(trouble);
    }

    fn verdict(&self, is_suspect: impl Fn(Occasion) -> bool) -> AddressHealth {
        let unknown = |trouble: &&Trouble| matches!(trouble.evidence.sign, Sign::Unknown | Sign::NoDomain);
        let counts = |trouble: &&Trouble| !unknown(trouble) || !is_suspect(trouble.occasion);
        let troubles: Vec<&Trouble> = self.troubles.iter().filter(counts).collect();
        let strikes: Vec<Timestamp> = troubles.iter().copied().filter(unknown).map(|it| it.evidence.at).collect();
        let spread = strikes.iter().max().zip(strikes.iter().min()).map(|(last, first)| last.duration_since(*first));
        let is_invalid = strikes.len() >= STRIKES && spread.is_some_and(|spread| spread >= STRIKES_SPREAD);
        let last = troubles.last().map(|trouble| trouble.evidence);
        let state = match last.map(|evidence| evidence.sign) {
            None if self.good.is_some() => HealthState::Good,
            None => HealthState::Unverified,
            Some(_) if is_invalid => HealthState::Invalid,
            Some(Sign::Full) => HealthState::Full,
            Some(Sign::Filtered) => HealthState::Filtered,
            Some(_) => HealthState::Doubtful,
        };
        AddressHealth { state, evidence: last.or(self.good), confirmed: self.confirmed }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERSON: PersonId = PersonId(1);

    fn day(day: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * day)
    }

    fn outcome(person: u32, cause: &str, at: Timestamp) -> MailOutcome {
        let end = if cause.is_empty() { MailEnd::Accepted } else { MailEnd::Bounced };
        MailOutcome {
            person: PersonId(person),
            place: 1,
            round: 0,
            end,
            cause: Some(cause.into()),
            carrier: "docomo".into(),
            at,
        }
    }

    /// All mails of one occasion, to one domain.
    fn settle(health: &mut Health, occasion: Occasion, outcomes: &[MailOutcome]) {
        let (seen, answers) = health.observe(outcomes, |_, _| Some("docomo.ne.jp"));
        health.observed(occasion, &seen, &answers);
    }

    /// The verdict after one mail a dispatch, each with its day and its cause; an empty one was accepted.
    fn after(mails: &[(i64, &str)]) -> AddressHealth {
        let mut health = Health::default();
        for (number, (at, cause)) in (1..).zip(mails) {
            let occasion = Occasion::Dispatch(DispatchId(number));
            settle(&mut health, occasion, &[outcome(PERSON.0, cause, day(*at))]);
        }
        health.of(PERSON, 1, "docomo.ne.jp")
    }

    #[test]
    fn req_a25_one_unknown_user_does_not_condemn_and_three_over_days_do() {
        let unknown = "unknown-user";
        assert_eq!(after(&[]).state, HealthState::Unverified);
        assert_eq!(after(&[(1, unknown)]).state, HealthState::Doubtful);
        assert_eq!(after(&[(1, unknown), (1, unknown), (1, unknown)]).state, HealthState::Doubtful, "in one night");
        assert_eq!(after(&[(1, unknown), (2, unknown), (4, unknown)]).state, HealthState::Invalid);
        let evidence = Evidence { sign: Sign::Unknown, at: day(4) };
        assert_eq!(after(&[(1, unknown), (2, unknown), (4, unknown)]).evidence, Some(evidence));
    }

    #[test]
    fn a_report_that_is_faster_than_the_record_of_its_mail_is_not_cleared_by_it() {
        let mut health = Health::default();
        let occasion = Occasion::Probe(ProbeId(1));
        settle(&mut health, occasion, &[outcome(PERSON.0, "unknown-user", day(2))]);
        settle(&mut health, occasion, &[outcome(PERSON.0, "", day(1))]);
        assert_eq!(health.of(PERSON, 1, "docomo.ne.jp").state, HealthState::Doubtful);
    }

    #[test]
    fn a_success_clears_everything() {
        let unknown = "unknown-user";
        let mails = [(1, unknown), (2, unknown), (4, unknown), (5, "")];
        assert_eq!(after(&mails).state, HealthState::Good);
        assert_eq!(after(&[mails.as_slice(), &[(6, unknown)]].concat()).state, HealthState::Doubtful, "it begins anew");
    }

    #[test]
    fn what_carriers_say_of_mailboxes_keeps_them_and_what_they_say_of_us_says_nothing() {
        let many = |cause: &'static str| -> Vec<(i64, &str)> { (1..9).map(|at| (at, cause)).collect() };
        assert_eq!(after(&many("mailbox-full")).state, HealthState::Full);
        assert_eq!(after(&many("filtered")).state, HealthState::Filtered);
        assert_eq!(after(&many("suspended")).state, HealthState::Doubtful);
        for ours in ["busy", "blocked", "policy", "network", "timed-out", "tls", "dns", "unrecognised"] {
            assert_eq!(after(&many(ours)).state, HealthState::Unverified, "{ours}");
        }
    }

    #[test]
    fn a_carrier_that_suddenly_knows_few_of_those_it_knew_condemns_nobody() {
        let mut health = Health::default();
        let night = |number| Occasion::Dispatch(DispatchId(number));
        let all = |cause: &dyn Fn(u32) -> &'static str, at| -> Vec<MailOutcome> {
            (1..=100).map(|person| outcome(person, cause(person), day(at))).collect()
        };
        settle(&mut health, night(1), &all(&|_| "", 0));
        for number in 2..=4 {
            let refused = |person| if person <= 60 { "unknown-user" } else { "" };
            settle(&mut health, night(number), &all(&refused, i64::from(number) * 3));
        }
        assert_eq!(health.of(PERSON, 1, "docomo.ne.jp").state, HealthState::Good, "refused in nights of trouble");
        for number in 5..=7 {
            let refused = |person| if person == 1 { "unknown-user" } else { "" };
            settle(&mut health, night(number), &all(&refused, i64::from(number) * 3));
        }
        assert_eq!(health.of(PERSON, 1, "docomo.ne.jp").state, HealthState::Invalid, "refused alone");
    }

    #[test]
    fn a_confirmed_mail_is_better_than_an_accepted_one() {
        let mut health = Health::default();
        settle(&mut health, Occasion::Probe(ProbeId(1)), &[outcome(1, "unknown-user", day(1))]);
        health.confirmed(PERSON, 1, day(2));
        let verdict = health.of(PERSON, 1, "au.com");
        assert_eq!((verdict.state, verdict.confirmed), (HealthState::Good, Some(day(2))));
        assert_eq!(verdict.evidence.map(|it| it.sign), Some(Sign::Confirmed));
    }
}
