//! A dispatch (一斉配信): one question to many people, where its mails stand, and its count.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::class::Class;
use crate::few::Few;
use crate::followup::FollowUp;
use crate::gravity::Gravity;
use crate::id::{AccountId, DispatchId, IncidentId, PersonId, RuleId};
use crate::mail::{MailTemplate, Mode};
use crate::measure::Measure;
use crate::pack::pack_map;
use crate::question::Question;
use crate::round::Round;
use crate::rule::Aim;
use crate::tally::{Belonging, Book};
use crate::timeline::{Origin, Timeline};

/// How long a dispatch can be answered, in days.
pub const OPEN_DAYS: i64 = 30;

/// What the last part of the key of a dispatch begins with that tells one person of a message.
pub(crate) const MESSAGE_KEY: &str = "連絡";

/// One person of a dispatch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Who.
    pub person: PersonId,
    /// How bad it is for the person, if that is known.
    pub gravity: Option<Gravity>,
    /// The places of the person's addresses, in the person's order: as many mails, unless they are tried one after the other.
    pub places: Few<u8>,
}

/// What an event says of a new dispatch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DispatchRecord {
    /// Its number.
    pub dispatch: DispatchId,
    /// Its own name, unique in the journal: the same thing is not sent twice by accident.
    pub key: String,
    /// The incident that its answers belong to.
    pub incident: IncidentId,
    /// The rule that opened it; `None` if a person did.
    pub rule: Option<RuleId>,
    /// The telegram that it follows from; `None` for what a person composed.
    pub cause: Option<Cause>,
    /// What it is for.
    pub aim: Aim,
    /// Who decided that it is sent.
    pub decided: Decided,
    /// How urgent it is, and when it should be over.
    pub class: Class,
    /// What follows if nobody answers.
    pub follow_up: FollowUp,
    /// Whether it is meant in earnest.
    pub mode: Mode,
    /// What the mail calls the incident.
    pub title: String,
    /// What the mail tells of it, a line each.
    pub facts: Vec<String>,
    /// The mail.
    pub template: MailTemplate,
    /// The question.
    pub question: Question,
    /// What went before.
    pub origin: Origin,
    /// When it was opened.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub opened: Timestamp,
    /// From when on it cannot be answered any more.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub expires: Timestamp,
    /// Who is asked.
    pub asked: Vec<Asked>,
}

/// The telegram that a dispatch follows from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// Its identity at its source.
    pub source: String,
    /// The series it belongs to.
    pub series: Vec<String>,
    /// Its place within the series, as in [`crate::Judgement::slot`].
    pub slot: String,
}

impl Cause {
    /// Whether both telegrams are of one series.
    pub(crate) fn is_of_series(&self, series: &[String]) -> bool {
        self.series.iter().any(|key| series.contains(key))
    }
}

/// Who decided that a dispatch is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Decided {
    /// A rule that sends at once, or what follows from an earlier dispatch.
    Rule,
    /// Whoever composed it.
    Composed,
    /// An approver.
    Approved(PersonId),
    /// A duty operator in the approvers' place.
    Proxy(PersonId),
    /// Nobody in time.
    Unattended,
    /// Whoever stands in for an approver.
    Deputy {
        /// For which approver.
        of: PersonId,
        /// With which account.
        account: AccountId,
    },
    /// A duty operator's account that belongs to an office, in the approvers' place.
    Office(AccountId),
}

/// `代行送信`
impl std::fmt::Display for Decided {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Decided::Rule => "自動送信",
            Decided::Composed => "手動送信",
            Decided::Approved(_) => "承認済み",
            Decided::Deputy { .. } => "代行者が承認",
            Decided::Proxy(_) | Decided::Office(_) => "代行送信",
            Decided::Unattended => "人の判断なし",
        })
    }
}

/// How one mail ended at the delivery engine. Accepted (受付済) is not reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum MailEnd {
    /// A carrier took it.
    Accepted,
    /// A carrier refused it for good.
    Bounced,
    /// Its time ran out.
    Expired,
    /// It was cancelled before it was taken.
    Cancelled,
    /// The carrier may have it or not.
    Unknown,
}

/// The end of one mail, as an event says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailOutcome {
    /// To whom.
    pub person: PersonId,
    /// To which of the person's addresses, counted from 1.
    pub place: u8,
    /// Of which round; 0 is the first mails.
    pub round: u8,
    /// Which carrier answers for the address, as the engine names it.
    pub carrier: String,
    /// How it ended.
    pub end: MailEnd,
    /// Why, unless it was accepted: the engine's word, such as `unknown-user`.
    pub cause: Option<String>,
    /// When.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub at: Timestamp,
}

/// The mails of a dispatch by how they ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Taken by a carrier.
    pub accepted: u32,
    /// Refused for good.
    pub bounced: u32,
    /// Out of time.
    pub expired: u32,
    /// Cancelled.
    pub cancelled: u32,
    /// In doubt and not sent again.
    pub unknown: u32,
}

impl Delivery {
    fn count(&mut self, end: MailEnd) -> &mut u32 {
        match end {
            MailEnd::Accepted => &mut self.accepted,
            MailEnd::Bounced => &mut self.bounced,
            MailEnd::Expired => &mut self.expired,
            MailEnd::Cancelled => &mut self.cancelled,
            MailEnd::Unknown => &mut self.unknown,
        }
    }
}

/// Where a person stands in a dispatch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Response {
    /// Answered.
    Answered,
    /// The page was fetched, and no answer came: still unanswered.
    Fetched,
    /// No answer, and a mail that was accepted or is on its way.
    Unanswered,
    /// No address, or none that took a mail.
    Unreachable,
}

/// A dispatch and all that became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dispatch {
    record: DispatchRecord,
    timeline: Timeline,
    rounds: Vec<Round>,
    queued: BTreeSet<u8>,
    cancelled: Option<Timestamp>,
    /// When somebody ended it.
    closed: Option<Timestamp>,
    unreached: Option<(Timestamp, Vec<PersonId>)>,
    /// When the system behind the other channels took that list.
    list_taken: Option<Timestamp>,
    /// Of whom the managers were told, and when last.
    told: (Option<Timestamp>, BTreeSet<PersonId>),
    measures: Vec<Measure>,
    fetched: BTreeSet<PersonId>,
    ends: BTreeMap<(u8, PersonId, u8), MailEnd>,
    delivery: Delivery,
    pub(crate) book: Book,
}

impl Dispatch {
    /// A dispatch from its event; `belongs` tells each person's groups, with all above them, and regions.
    pub(crate) fn open(record: DispatchRecord, belongs: impl Fn(PersonId) -> Belonging) -> Self {
        let book =
            Book::open(record.asked.iter().map(|asked| (asked.person, record.first_places(asked).len())), belongs);
        let timeline = Timeline::new(record.origin, record.opened);
        Dispatch {
            record,
            timeline,
            rounds: Vec::new(),
            queued: BTreeSet::new(),
            cancelled: None,
            closed: None,
            unreached: None,
            list_taken: None,
            told: (None, BTreeSet::new()),
            measures: Vec::new(),
            fetched: BTreeSet::new(),
            ends: BTreeMap::new(),
            delivery: Delivery::default(),
            book,
        }
    }

    /// Its number.
    #[must_use]
    pub fn id(&self) -> DispatchId {
        self.record.dispatch
    }

    /// All that was fixed when it was opened.
    #[must_use]
    pub fn record(&self) -> &DispatchRecord {
        &self.record
    }

    /// Its instants.
    #[must_use]
    pub fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// Further mails after the first ones: round 1 stands first.
    #[must_use]
    pub fn rounds(&self) -> &[Round] {
        &self.rounds
    }

    /// Its mails by how they ended, those of all rounds.
    #[must_use]
    pub fn delivery(&self) -> Delivery {
        self.delivery
    }

    /// Whoever stands on the list for other channels, and since when.
    #[must_use]
    pub fn unreached(&self) -> Option<(Timestamp, &[PersonId])> {
        self.unreached.as_ref().map(|(at, people)| (*at, people.as_slice()))
    }

    /// When the system behind the other channels took that list.
    #[must_use]
    pub fn list_taken(&self) -> Option<Timestamp> {
        self.list_taken
    }

    /// Of whom the managers were told, and when last.
    pub(crate) fn told(&self) -> (Option<Timestamp>, &BTreeSet<PersonId>) {
        (self.told.0, &self.told.1)
    }

    /// Whoever had a mail refused for good.
    pub(crate) fn bounced(&self) -> BTreeSet<PersonId> {
        let bounced = self.ends.iter().filter(|(_, end)| **end == MailEnd::Bounced);
        bounced.map(|((_, person, _), _)| *person).collect()
    }

    /// What is done so that it is not late again.
    #[must_use]
    pub fn measures(&self) -> &[Measure] {
        &self.measures
    }

    /// How the first mail to a person's address ended, if it did; `place` counts from 1.
    #[must_use]
    pub fn mail_end(&self, person: PersonId, place: u8) -> Option<MailEnd> {
        self.mail_end_in(0, person, place)
    }

    /// How the mail of a round to a person's address ended, if it did.
    #[must_use]
    pub fn mail_end_in(&self, round: u8, person: PersonId, place: u8) -> Option<MailEnd> {
        self.ends.get(&(round, person, place)).copied()
    }

    /// Whether an address of a person has failed for good in any round.
    pub(crate) fn has_failed(&self, person: PersonId, place: u8) -> bool {
        self.has_ended(person, place, MailEnd::Bounced)
    }

    /// Whether a mail to an address of a person ended so in any round.
    pub(crate) fn has_ended(&self, person: PersonId, place: u8, end: MailEnd) -> bool {
        (0..=self.rounds.len()).any(|round| {
            let round = u8::try_from(round).unwrap_or(u8::MAX);
            self.mail_end_in(round, person, place) == Some(end)
        })
    }

    /// Whoever is asked by it.
    pub fn asked(&self) -> impl Iterator<Item = PersonId> {
        self.record.asked.iter().map(|asked| asked.person)
    }

    /// Whether the person is asked by it.
    #[must_use]
    pub fn is_asked(&self, person: PersonId) -> bool {
        self.book.is_asked(person)
    }

    /// Whether the person answered since it was opened.
    #[must_use]
    pub fn has_answered(&self, person: PersonId) -> bool {
        self.book.has_answered(person)
    }

    /// Whether the person's page was fetched: by the person, or by a program that scans mail. Never a sign of life.
    #[must_use]
    pub fn was_fetched(&self, person: PersonId) -> bool {
        self.fetched.contains(&person)
    }

    /// Where a person stands.
    #[must_use]
    pub fn response(&self, person: PersonId) -> Response {
        if self.has_answered(person) {
            return Response::Answered;
        }
        if self.fetched.contains(&person) {
            return Response::Fetched;
        }
        // Nobody can be reached without a mail that was accepted or is on its way.
        let is_lost = |end| matches!(end, Some(MailEnd::Bounced | MailEnd::Expired | MailEnd::Cancelled));
        let mut mails = self.mails_to(person);
        let reachable = mails.any(|(round, place)| !is_lost(self.mail_end_in(round, person, place)));
        if reachable { Response::Unanswered } else { Response::Unreachable }
    }

    /// All mails to a person: round, and place of the address.
    fn mails_to(&self, person: PersonId) -> impl Iterator<Item = (u8, u8)> {
        let listed = self.book.listed(person).and_then(|place| self.record.asked.get(place));
        let first = listed.into_iter().flat_map(|asked| self.record.first_places(asked)).map(|place| (0, *place));
        let rounds = (1_u8..).zip(&self.rounds);
        let further = rounds.flat_map(move |(number, round)| {
            let own = round.mails.iter().filter(move |(to, _)| *to == person);
            own.map(move |(_, place)| (number, *place))
        });
        first.chain(further)
    }

    /// First mails that were not refused for good.
    pub(crate) fn reachable_mails(&self) -> usize {
        let bounced = self.ends.iter().filter(|((round, ..), end)| *round == 0 && **end == MailEnd::Bounced).count();
        self.book.mails().saturating_sub(bounced)
    }

    /// Whether it can still be answered at `now`.
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        now < self.record.expires && self.closed.is_none_or(|at| now < at)
    }

    /// Whether nothing more of it is sent.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.is_some()
    }

    /// Whether somebody ended it.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.closed.is_some()
    }

    /// Whether the engine has a round durably.
    #[must_use]
    pub fn is_queued(&self, round: u8) -> bool {
        self.queued.contains(&round)
    }

    /// The mails of a round: to whom, and to which address of theirs.
    #[must_use]
    pub fn mails(&self, round: u8) -> Vec<(PersonId, u8)> {
        if let Some(further) = round.checked_sub(1) {
            return self.rounds.get(usize::from(further)).map(|round| round.mails.clone()).unwrap_or_default();
        }
        let first = self.record.asked.iter().map(|asked| (asked.person, self.record.first_places(asked)));
        first.flat_map(|(person, places)| places.iter().map(move |place| (person, *place))).collect()
    }

    /// Whether the engine may not have a round whole, or has mails of it whose end is not known.
    #[must_use]
    pub fn has_open_mails(&self, round: u8) -> bool {
        let is_open = |(person, place): &(PersonId, u8)| self.mail_end_in(round, *person, *place).is_none();
        !self.is_queued(round) || self.mails(round).iter().any(is_open)
    }

    pub(crate) fn mark_queued(&mut self, round: u8, at: Timestamp) {
        self.queued.insert(round);
        if round == 0 {
            self.timeline.queued.get_or_insert(at);
        }
    }

    pub(crate) fn open_round(&mut self, round: Round) {
        self.rounds.push(round);
    }

    pub(crate) fn cancel(&mut self, at: Timestamp) {
        self.cancelled.get_or_insert(at);
    }

    pub(crate) fn close(&mut self, at: Timestamp) {
        self.closed.get_or_insert(at);
        self.cancel(at);
    }

    pub(crate) fn list_unreached(&mut self, people: &[PersonId], at: Timestamp) {
        self.unreached = Some((at, people.to_vec()));
    }

    pub(crate) fn take_list(&mut self, at: Timestamp) {
        self.list_taken.get_or_insert(at);
    }

    pub(crate) fn tell_managers(&mut self, people: &[PersonId], at: Timestamp) {
        self.told.0 = Some(at);
        self.told.1.extend(people);
    }

    pub(crate) fn note(&mut self, measure: Measure) {
        self.measures.push(measure);
    }

    pub(crate) fn note_fetched(&mut self, people: &[PersonId]) {
        self.fetched.extend(people);
    }

    /// Gives back the room that it needed to grow: most of what happens to a dispatch has happened when the next one is opened.
    pub(crate) fn pack(&mut self) {
        pack_map(&mut self.ends);
        self.timeline.pack();
        self.book.pack();
    }

    pub(crate) fn settle(&mut self, outcome: &MailOutcome) {
        if let Some(before) = self.ends.insert((outcome.round, outcome.person, outcome.place), outcome.end) {
            *self.delivery.count(before) -= 1;
        }
        *self.delivery.count(outcome.end) += 1;
        if outcome.end == MailEnd::Accepted {
            self.book.accepted(outcome.person, &outcome.carrier);
            if outcome.round == 0 {
                self.timeline.accepted(&outcome.carrier, outcome.at);
            }
        }
    }
}

impl DispatchRecord {
    /// Whether it only tells one person that somebody has left a message on the answer page.
    #[must_use]
    pub fn is_message(&self) -> bool {
        let last = self.key.rsplit('/').next().unwrap_or_default();
        self.aim == Aim::Notice && last.starts_with(MESSAGE_KEY)
    }

    /// The addresses of a person that the first mails go to: all, or only the first where they are tried one by one.
    pub(crate) fn first_places<'a>(&self, asked: &'a Asked) -> &'a [u8] {
        let most = if self.follow_up.next_address_minutes == 0 { asked.places.len() } else { 1 };
        &asked.places[..asked.places.len().min(most)]
    }
}
