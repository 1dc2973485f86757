//! The present: a fold over the events of the journal, one part for each room, and what can be read from it.

mod access;
mod account;
mod answers;
mod dispatches;
mod health;
mod incidents;
mod people;
mod retention;
mod travel;

pub use account::{Accounts, KEY_HOURS};

use std::collections::{BTreeMap, BTreeSet};

use hikyaku_bulletin::{RegionCode, Stations};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::access::{Actor, Holder};
use crate::answer::{Answer, AnswerRecord};
use crate::apart::{Apart, GAP};
use crate::brake::Brake;
use crate::chain::{Hash, digest_of};
use crate::dispatch::{Dispatch, DispatchRecord};
use crate::draft::DispatchDraft;
use crate::event::{AnswerEvent, DispatchEvent, Event, JournalEvent, PeopleEvent, RetentionEvent};
use crate::group::Groups;
use crate::health::{AddressHealth, AddressReport, HealthState, Probe};
use crate::id::{DispatchId, GroupId, IncidentId, PersonId, ProbeId, RuleId, TableId};
use crate::incident::Incident;
use crate::judgement::Judgement;
use crate::keys::RingId;
use crate::person::{MailAddress, People, Person, Side};
use crate::proposal::Waiting;
use crate::rule::{Aim, Rule, Table};
use crate::shared::Shared;
use crate::tally::{GroupRow, Share, Tally};
use crate::thread::Said;
use crate::travel::Register;

pub use access::{Access, Request};
pub use people::Plans;

type DispatchesById = BTreeMap<DispatchId, Shared<Dispatch>>;
type IncidentsById = BTreeMap<IncidentId, Shared<Incident>>;

/// Everything that is known now. Equal journals fold to equal states.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    ring: Option<RingId>,
    directory: people::Directory,
    access: access::Access,
    pub(crate) incidents: incidents::Incidents,
    pub(crate) dispatches: dispatches::Dispatches,
    pub(crate) answers: answers::Answers,
    travel: travel::Travel,
    retention: retention::Retention,
    accounts: account::Accounts,
    pub(crate) health: health::Addresses,
}

impl State {
    /// Takes one event in that is in no journal: as [`State::apply_row`], but what it says in free text is not found again.
    pub fn apply(&mut self, event: &Event) {
        self.apply_row(event, 0);
    }

    /// Takes one event in, which this row of the journal has. Pure; an event about something that is not there changes
    /// nothing.
    pub fn apply_row(&mut self, event: &Event, row: u64) {
        match event {
            Event::Journal(JournalEvent::Begun { ring }) => self.ring = Some(*ring),
            Event::People(event) => {
                self.directory.apply(event);
                if let PeopleEvent::PersonSet(record) = event {
                    self.recount(record.person);
                }
            }
            Event::Access(event) => self.access.apply(event),
            Event::Judging(event) => self.incidents.apply(event),
            Event::Dispatch(event) => {
                if let DispatchEvent::Opened(record) = event {
                    self.answers.drop_old(record.opened);
                    let before = self.taken_back(record);
                    self.incidents.asked(record, &before);
                }
                self.dispatches.apply(event, |person| self.directory.belonging(person));
                if let DispatchEvent::Opened(record) = event
                    && let Some(dispatch) = self.dispatches.by_id.get(&record.dispatch)
                {
                    self.health.tally.open(record.dispatch, dispatch.book.people());
                }
            }
            Event::Answer(event) => {
                self.answers.apply(event, row);
                match event {
                    AnswerEvent::Given(record) => self.answered(record, row),
                    AnswerEvent::Fetched { dispatch, people } => self.dispatches.fetched(*dispatch, people),
                    AnswerEvent::SelfReported(_) | AnswerEvent::Said(_) => {}
                }
            }
            Event::Travel(event) => self.travel.apply(event),
            Event::Retention(event) => {
                self.forget(event);
                self.retention.apply(event);
            }
            Event::Account(event) => self.accounts.apply(event),
            Event::Health(event) => self.health.apply(event).into_iter().for_each(|person| self.recount(person)),
        }
    }

    fn forget(&mut self, event: &RetentionEvent) {
        match event {
            RetentionEvent::PersonErased { person, .. } => {
                self.directory.erase(*person);
                self.incidents.erase(*person);
                self.travel.register.erase(*person);
                self.health.health.erase(*person);
                self.answers.erase(*person);
                self.recount(*person);
            }
            RetentionEvent::HandedOver { .. } | RetentionEvent::RosterExported { .. } => {}
            RetentionEvent::BulletinsForgotten { before } => self.incidents.forget_bulletins(*before),
            RetentionEvent::IncidentForgotten { incident, dispatches } => {
                self.incidents.forget(*incident);
                self.answers.forget(*incident);
                self.dispatches.forget(dispatches);
                self.health.tally.forget(dispatches);
            }
        }
    }

    /// When the mails left that a notice takes back: those of its incident that followed from the series of its telegram.
    fn taken_back(&self, record: &DispatchRecord) -> BTreeSet<Timestamp> {
        let (Aim::Notice, Some(cause)) = (record.aim, &record.cause) else { return BTreeSet::new() };
        self.incident(record.incident).map_or_else(BTreeSet::new, |it| self.opened_from(it, &cause.series))
    }

    /// When the dispatches of an incident were opened that followed from telegrams of these series.
    pub(crate) fn opened_from(&self, incident: &Incident, series: &[String]) -> BTreeSet<Timestamp> {
        let records = incident.dispatches.iter().filter_map(|id| self.dispatch(*id)).map(Dispatch::record);
        let of_series = |it: &&DispatchRecord| it.cause.as_ref().is_some_and(|it| it.is_of_series(series));
        records.filter(of_series).map(|it| it.opened).collect()
    }

    fn answered(&mut self, record: &AnswerRecord, row: u64) {
        self.incidents.answered(record, row);
        if let Some(incident) = self.incidents.by_id.get(&record.incident) {
            for dispatch in self.dispatches.answered(record, &incident.dispatches) {
                self.health.tally.answered(dispatch, record.person);
            }
        }
    }

    /// Keeps the tallies by health true, after what is known of a person or of an address of that one changed.
    fn recount(&mut self, person: PersonId) {
        let known = self.directory.people.find(person);
        let addresses = known.into_iter().flat_map(|known| known.addresses().iter().map(move |it| (known, it)));
        let verdicts = addresses.map(|(known, address)| self.address_health(known, address).state);
        let best = verdicts.min_by_key(|verdict| verdict.rank());
        let dispatches = self.dispatches.by_id.values();
        let asked_by = || {
            let asking = dispatches.filter(|it| it.is_asked(person));
            asking.map(|it| (it.id(), it.has_answered(person)))
        };
        self.health.tally.set(person, best, asked_by);
    }
}

/// Reading.
impl State {
    /// The key ring that the journal belongs to; `None` before its first event.
    #[must_use]
    pub fn ring(&self) -> Option<RingId> {
        self.ring
    }

    /// The accounts of the console.
    #[must_use]
    pub fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// Roles, deputies, and what two must agree to.
    #[must_use]
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// Whether a person was erased, or is to be as soon as the key is gone.
    #[must_use]
    pub fn is_erased(&self, person: PersonId) -> bool {
        self.retention.erased.contains(&person)
    }

    /// SHA-256 of everything that is known: equal for equal journals, on every node and however it was opened.
    ///
    /// # Errors
    /// None in practice: whatever is known has a stored form.
    pub fn digest(&self) -> Result<Hash, postcard::Error> {
        let bytes = postcard::to_stdvec(self)?;
        Ok(digest_of(&bytes))
    }

    /// Everybody.
    #[must_use]
    pub fn people(&self) -> &People {
        &self.directory.people
    }

    /// The tree of groups.
    #[must_use]
    pub fn groups(&self) -> &Groups {
        &self.directory.groups
    }

    /// What is planned for days to come.
    #[must_use]
    pub fn plans(&self) -> &Plans {
        &self.directory.plans
    }

    /// When the last whole roster of a side was taken.
    #[must_use]
    pub fn roster_taken(&self, side: Side) -> Option<Timestamp> {
        self.directory.taken.get(&side).copied()
    }

    /// Everything but dispatches and incidents, and these: a snapshot is written part by part.
    pub(crate) fn in_parts(&self) -> (State, DispatchesById, IncidentsById) {
        // What is large is shared with this state, so that the copy is a small one.
        let mut rest = self.clone();
        let (dispatches, incidents) = (&mut rest.dispatches.by_id, &mut rest.incidents.by_id);
        let (dispatches, incidents) = (std::mem::take(dispatches), std::mem::take(incidents));
        (rest, dispatches, incidents)
    }

    /// Puts a dispatch of [`State::in_parts`] back.
    pub(crate) fn put_dispatch(&mut self, mut dispatch: Dispatch) {
        dispatch.pack();
        let dispatch = Shared::new(dispatch);
        self.dispatches.by_id.insert(dispatch.id(), dispatch);
    }

    /// Puts an incident of [`State::in_parts`] back.
    pub(crate) fn put_incident(&mut self, mut incident: Incident) {
        incident.pack();
        let incident = Shared::new(incident);
        self.incidents.by_id.insert(incident.id, incident);
    }

    /// A copy that knows people and groups only.
    pub(crate) fn people_alone(&self) -> State {
        State { directory: self.directory.clone(), ..State::default() }
    }

    /// The verdict on an address of a person.
    #[must_use]
    pub fn address_health(&self, person: &Person, address: &MailAddress) -> AddressHealth {
        self.health.health.of(person.id, address.place, address.domain())
    }

    /// Registration and health of the addresses of these people (requirements A24, A25).
    #[must_use]
    pub fn address_report<'a>(&self, people: impl Iterator<Item = &'a Person>) -> AddressReport {
        AddressReport::of(people, |person, address| self.address_health(person, address))
    }

    /// A round of probes by number.
    #[must_use]
    pub fn probe(&self, id: ProbeId) -> Option<&Probe> {
        self.health.probes.by_id.get(&id)
    }

    /// The travel register.
    #[must_use]
    pub fn travel(&self) -> &Register {
        &self.travel.register
    }

    /// Where those of one half who are abroad now are; the domestic half has no register.
    pub(crate) fn abroad(&self, side: Side, now: Timestamp) -> BTreeMap<PersonId, Vec<RegionCode>> {
        if side == Side::Overseas { self.travel().regions(now) } else { BTreeMap::new() }
    }

    /// The rules in the order of their numbers.
    #[must_use]
    pub fn rules(&self) -> &BTreeMap<RuleId, Rule> {
        &self.incidents.rules
    }

    /// A table of targets by number.
    #[must_use]
    pub fn table(&self, id: TableId) -> Option<&Table> {
        self.incidents.tables.get(&id)
    }

    /// After how many minutes the managers are told of those who do not answer; 0 for never.
    #[must_use]
    pub fn escalation(&self, rule: Option<RuleId>) -> u32 {
        self.incidents.escalation.get(&rule).copied().unwrap_or_default()
    }

    /// The people who are responsible for a person: the managers of the nearest group above that has any, for each of the
    /// person's groups; nobody is their own.
    #[must_use]
    pub fn managers_of(&self, person: PersonId) -> BTreeSet<PersonId> {
        let groups = self.people().find(person).map(|person| person.groups.as_slice()).unwrap_or_default();
        let nearest = |group: &GroupId| {
            let above = std::iter::successors(Some(*group), |group| self.groups().find(*group)?.parent);
            above.map(|group| self.managing(group, person)).find(|managers| !managers.is_empty())
        };
        groups.iter().filter_map(nearest).flatten().collect()
    }

    fn managing(&self, group: GroupId, not: PersonId) -> Vec<PersonId> {
        let person = |holder| match holder {
            Holder::Person(person) => Some(person),
            Holder::Account(account) => self.accounts.find(account)?.person,
        };
        let managers = self.access.managers(group).filter_map(person);
        managers.filter(|id| *id != not && self.people().find(*id).is_some_and(Person::is_reachable)).collect()
    }

    /// The tables of targets in the order of their numbers.
    pub fn tables(&self) -> impl Iterator<Item = &Table> {
        self.incidents.tables.values()
    }

    /// What waits for approval, oldest first.
    pub fn waiting(&self) -> impl Iterator<Item = &Waiting> {
        self.incidents.waiting.values()
    }

    /// The record of every bulletin, oldest first.
    #[must_use]
    pub fn judgements(&self) -> &[Judgement] {
        &self.incidents.judgements
    }

    /// How many stations measured what a bulletin says, where it names them; `source` as in [`Judgement::source`].
    #[must_use]
    pub fn stations(&self, source: &str) -> Option<&Stations> {
        self.incidents.stations.get(source)
    }

    /// All incidents, oldest first.
    pub fn incidents(&self) -> impl DoubleEndedIterator<Item = &Incident> {
        self.incidents.by_id.values().map(|it| &**it)
    }

    /// An incident by number.
    #[must_use]
    pub fn incident(&self, id: IncidentId) -> Option<&Incident> {
        self.incidents.by_id.get(&id).map(|it| &**it)
    }

    /// All dispatches, oldest first.
    pub fn dispatches(&self) -> impl DoubleEndedIterator<Item = &Dispatch> {
        self.dispatches.by_id.values().map(|it| &**it)
    }

    /// The dispatches that can still be answered at `now`, those first that end first.
    pub fn open_dispatches(&self, now: Timestamp) -> impl DoubleEndedIterator<Item = &Dispatch> {
        self.dispatches.open_at(now).filter_map(|id| self.dispatch(id))
    }

    /// A dispatch by number.
    #[must_use]
    pub fn dispatch(&self, id: DispatchId) -> Option<&Dispatch> {
        self.dispatches.by_id.get(&id).map(|it| &**it)
    }

    /// The half of the system whose people a dispatch asks: it never asks people of both.
    #[must_use]
    pub fn side_of(&self, record: &DispatchRecord) -> Side {
        let first = record.asked.first().and_then(|asked| self.people().find(asked.person));
        first.map(|person| person.side).unwrap_or_default()
    }

    /// The halves whose people an incident concerns: those that were mailed about it, or would be by what waits for approval.
    pub(crate) fn sides_of(&self, incident: &Incident) -> BTreeSet<Side> {
        let sent = incident.dispatches.iter().filter_map(|id| self.dispatch(*id)).map(Dispatch::record);
        let drafts = self.waiting().map(|waiting| &waiting.proposal.draft).filter(|it| it.incident == incident.id);
        sent.chain(drafts).map(|record| self.side_of(record)).collect()
    }

    /// The halves whose people these mails, such as probes, went to.
    #[must_use]
    pub fn sides_of_mails(&self, mails: &[(PersonId, u8)]) -> BTreeSet<Side> {
        mails.iter().filter_map(|(person, _)| self.people().find(*person)).map(|person| person.side).collect()
    }

    /// The dispatch that was opened last.
    #[must_use]
    pub fn latest_dispatch(&self) -> Option<&Dispatch> {
        self.dispatches.by_id.values().next_back().map(|it| &**it)
    }

    /// The dispatch that was sent under a key.
    #[must_use]
    pub fn dispatch_named(&self, key: &str) -> Option<&Dispatch> {
        self.dispatch(self.dispatches.of_key(key)?)
    }

    /// What is to be sent under a key, and when.
    #[must_use]
    pub fn scheduled(&self, key: &str) -> Option<(Timestamp, &DispatchDraft)> {
        self.dispatches.scheduled.get(key).map(|(at, draft)| (*at, draft))
    }

    /// What is known of a dispatch that one node sent without the journal.
    #[must_use]
    pub fn apart(&self, id: DispatchId) -> Option<&Apart> {
        self.dispatches.apart.get(&id)
    }

    /// Whether one node alone sends a dispatch: it was sent without the journal, and is not every node's again.
    #[must_use]
    pub fn is_apart(&self, id: DispatchId) -> bool {
        self.apart(id).is_some_and(|apart| !apart.rejoined)
    }

    /// What this node alone sends, oldest first.
    #[must_use]
    pub fn apart_from(&self, node: &str) -> Vec<DispatchId> {
        let own = self.dispatches.apart.iter().filter(|(_, apart)| apart.node == node && !apart.rejoined);
        own.map(|(id, _)| *id).collect()
    }

    /// Whether a number is one of those that a node gives while it is cut off, and none that is known here.
    pub(crate) fn may_come(&self, id: DispatchId) -> bool {
        self.dispatch(id).is_none() && id.0 >= self.dispatches.next_id().0.saturating_add(GAP)
    }

    /// Carriers for which something holds beside their table, by name.
    #[must_use]
    pub fn brakes(&self) -> &BTreeMap<String, Brake> {
        &self.dispatches.brakes
    }

    /// Who stopped sending to a carrier, and when; `None` while it is not stopped, or where that is not known.
    #[must_use]
    pub fn stopped(&self, carrier: &str) -> Option<(Actor, Timestamp)> {
        self.dispatches.stopped.get(carrier).copied()
    }

    /// The count of a dispatch; empty for one that does not exist.
    #[must_use]
    pub fn tally(&self, id: DispatchId) -> Tally {
        let dispatch = self.dispatch(id);
        dispatch.map(|it| it.book.read(&it.record().question, self.groups())).unwrap_or_default()
    }

    /// [`State::tally`] without groups, regions and carriers: costs the same however large the organisation is.
    #[must_use]
    pub fn total(&self, id: DispatchId) -> Tally {
        self.dispatch(id).map(|it| it.book.total(&it.record().question)).unwrap_or_default()
    }

    /// How many people of a dispatch answered, by the best verdict on any of their addresses as it is now; `None` for those
    /// without an address.
    #[must_use]
    pub fn tally_by_health(&self, id: DispatchId) -> BTreeMap<Option<HealthState>, Share> {
        self.health.tally.of(id)
    }

    /// The count of one group and everything below it; `None` if the dispatch asks nobody there.
    #[must_use]
    pub fn tally_of(&self, id: DispatchId, group: GroupId) -> Option<GroupRow> {
        let (dispatch, found) = (self.dispatch(id)?, self.groups().find(group)?);
        let above = std::iter::successors(found.parent, |above| self.groups().find(*above)?.parent);
        dispatch.book.row(&dispatch.record().question, found, above.count())
    }

    /// A person's present answer in the incident of a dispatch.
    #[must_use]
    pub fn last_answer(&self, dispatch: DispatchId, person: PersonId) -> Option<&Answer> {
        self.incidents.of_dispatch(dispatch)?.answers(person).last()
    }

    /// What was said about a person's answer in an incident and in those merged into it.
    pub(crate) fn thread(&self, incident: IncidentId, person: PersonId) -> impl Iterator<Item = &Said> {
        let merged = self.incidents().filter(move |it| it.merged_into == Some(incident)).map(|it| it.id);
        merged.chain([incident]).flat_map(move |id| self.answers.thread(id, person))
    }

    /// The incident of a dispatch, wherever merging and splitting have put it.
    #[must_use]
    pub fn incident_of(&self, dispatch: DispatchId) -> Option<&Incident> {
        self.incidents.of_dispatch(dispatch)
    }
}
