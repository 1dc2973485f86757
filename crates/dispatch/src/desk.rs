//! The desk: the async shell around journal and state, through which everything happens and is read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};

use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot, watch};

use crate::access::Actor;
use crate::answer::Answer;
use crate::apart::{self, PutAside};
use crate::appender::{Appender, Gift, Wish};
use crate::command::Command;
use crate::envelope;
use crate::error::Error;
use crate::event::{Entry, Event};
use crate::fold;
use crate::id::{DispatchId, IncidentId, PersonId};
use crate::journal::Journal;
use crate::journal::outbox::Outbox;
use crate::keys::{GivenKeys, Keys};
use crate::link::{self, AnswerView, Claim, LinkRefusal, LinkView};
use crate::personal::{self, PersonalView};
use crate::question::Question;
use crate::snapshot::SnapshotFile;
use crate::standstill::Standstill;
use crate::state::State;
use crate::thread::{Said, Spoken};
use crate::timeline::whole_micros;
use crate::words::Words;

/// Most commands waiting for their turn; further ones wait at the door.
const WAITING_COMMANDS_MAX: usize = 4_096;

/// Journal and state of one node; clones share them. The last clone that goes ends the work in the background.
#[derive(Clone)]
pub struct Desk {
    state: Arc<RwLock<State>>,
    keys: Keys,
    journal: Arc<dyn Journal>,
    wishes: mpsc::Sender<Wish>,
    gifts: mpsc::Sender<Gift>,
    reached: watch::Receiver<u64>,
    /// Whether something is shown that is not in the journal.
    cut: watch::Receiver<bool>,
    /// How many emergency dispatches wait.
    urgent: watch::Sender<usize>,
    /// What this node sent and cannot record.
    aside: watch::Receiver<Vec<PutAside>>,
    /// Why what others append is not followed any more.
    stands: watch::Receiver<Option<Standstill>>,
    /// The name of this node, if it has an outbox.
    node: Option<Arc<str>>,
}

/// Counts an emergency dispatch for as long as it waits.
struct Urgent(watch::Sender<usize>);

impl Urgent {
    fn new(count: &watch::Sender<usize>) -> Self {
        count.send_modify(|waiting| *waiting += 1);
        Urgent(count.clone())
    }
}

impl Drop for Urgent {
    fn drop(&mut self) {
        self.0.send_modify(|waiting| *waiting -= 1);
    }
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").field("keys", &self.keys).finish_non_exhaustive()
    }
}

impl Desk {
    /// Reads and checks the whole journal and starts taking commands. Needs a tokio runtime with time.
    ///
    /// # Errors
    /// [`Error`]: the journal cannot be read, was changed, or belongs to other keys.
    pub async fn open(journal: Arc<dyn Journal>, keys: Keys) -> Result<Desk, Error> {
        Self::open_from(journal, keys, None).await
    }

    /// [`Desk::open`], faster if there is a snapshot; one is written from time to time.
    ///
    /// # Errors
    /// As [`Desk::open`].
    pub async fn open_from(
        journal: Arc<dyn Journal>,
        keys: Keys,
        snapshot: Option<SnapshotFile>,
    ) -> Result<Desk, Error> {
        Self::open_with(journal, keys, snapshot, None).await
    }

    /// [`Desk::open_from`], which sends emergency dispatches also while the journal cannot be reached: they are kept in the outbox and
    /// shown (see [`State::apart`]), and recorded as soon as it can. What a run before this one kept is recorded first.
    ///
    /// # Errors
    /// As [`Desk::open`].
    pub async fn open_with(
        journal: Arc<dyn Journal>,
        keys: Keys,
        snapshot: Option<SnapshotFile>,
        outbox: Option<Outbox>,
    ) -> Result<Desk, Error> {
        let node = outbox.as_ref().map(|outbox| Arc::from(outbox.node()));
        let state = Arc::new(RwLock::new(State::default()));
        let appender = Appender::open(Arc::clone(&journal), keys.clone(), Arc::clone(&state), snapshot).await?;
        let appender = appender.with_outbox(outbox).await?;
        let (wishes, inbox) = mpsc::channel(WAITING_COMMANDS_MAX);
        let (gifts, given) = mpsc::channel(1);
        let (reached, cut, urgent) = (appender.reached(), appender.cut(), appender.urgent());
        let (aside, stands) = (appender.aside(), appender.standstill());
        tokio::spawn(appender.run(inbox, given));
        Ok(Desk { state, keys, journal, wishes, gifts, reached, cut, urgent, aside, stands, node })
    }

    /// Carries a command out; it is durable when this returns. What comes within 5 ms goes into one append.
    ///
    /// # Errors
    /// [`Error::Refused`] if it is not to happen, any other [`Error`] if the desk could not do its work.
    pub async fn command(&self, command: impl Into<Command>, now: Timestamp) -> Result<Vec<Event>, Error> {
        self.command_as(Actor::System, command, now).await
    }

    /// [`Desk::command`] on somebody's behalf, within that one's rights; the journal names the actor.
    ///
    /// # Errors
    /// As [`Desk::command`]; [`crate::Refusal::NotAllowed`] where the rights end.
    pub async fn command_as(
        &self,
        actor: Actor,
        command: impl Into<Command>,
        now: Timestamp,
    ) -> Result<Vec<Event>, Error> {
        let (done, result) = oneshot::channel();
        let wish = Wish { actor, command: command.into(), now: whole_micros(now), done };
        let is_urgent = apart::emergency(actor, &wish.command, wish.now).is_some();
        let _urgent = is_urgent.then(|| Urgent::new(&self.urgent));
        self.wishes.send(wish).await.map_err(|_| Error::Closed)?;
        result.await.map_err(|_| Error::Closed)?
    }

    /// Takes keys that another node gave, as far as they are missing here (see [`State::without_keys`]), and says how many those were.
    /// When it returns, what they open is shown; for as long as it takes to read the journal once, commands wait.
    ///
    /// # Errors
    /// [`Error`]: the key file cannot be written, or the journal cannot be read.
    pub async fn adopt(&self, keys: GivenKeys) -> Result<usize, Error> {
        let (done, result) = oneshot::channel();
        self.gifts.send(Gift { keys, done }).await.map_err(|_| Error::Closed)?;
        result.await.map_err(|_| Error::Closed)?
    }

    /// The name under which this node sends emergency dispatches without the journal; `None` if it does not.
    #[must_use]
    pub fn node(&self) -> Option<&str> {
        self.node.as_deref()
    }

    /// What this node sent without the journal and can never record as it is, for as long as its files are there.
    #[must_use]
    pub fn put_aside(&self) -> Vec<PutAside> {
        self.aside.borrow().iter().filter(|it| it.file.exists()).cloned().collect()
    }

    /// Why this node does not follow its journal any more, for as long as it does not: it must send nothing, for it does not know what
    /// other nodes do.
    #[must_use]
    pub fn standstill(&self) -> Option<Standstill> {
        self.stands.borrow().clone()
    }

    /// Waits until everything is shown that is written by now, by whichever node.
    ///
    /// # Errors
    /// [`Error`]: the journal does not say where it ends, or this node cannot follow it so far.
    pub async fn up_to_date(&self) -> Result<(), Error> {
        let end = tokio::select! {
            biased;
            () = self.is_cut_off() => return Err(Error::CutOff),
            head = self.journal.head() => head?.seq,
        };
        let (mut reached, mut stands) = (self.reached.clone(), self.stands.clone());
        tokio::select! {
            biased;
            stands = stands.wait_for(Option::is_some) => match stands.ok().and_then(|why| why.clone()) {
                Some(why) => Err(Error::Standstill(why)),
                None => Err(Error::Closed),
            },
            reached = reached.wait_for(|reached| *reached >= end) => reached.map(drop).map_err(|_| Error::Closed),
        }
    }

    /// A link that a node made which knows more than this one is not unknown: another node opens it.
    fn known_elsewhere<T>(&self, opened: Result<T, LinkRefusal>) -> Result<T, LinkRefusal> {
        let stands = self.stands.borrow().is_some();
        opened.map_err(
            |refusal| if stands && refusal == LinkRefusal::Unknown { LinkRefusal::Unreadable } else { refusal },
        )
    }

    /// Resolves once something is shown that is not in the journal.
    async fn is_cut_off(&self) {
        // The sender lives with whoever carries commands out; without that one nothing is shown any more.
        let _ = self.cut.clone().wait_for(|is_cut| *is_cut).await;
    }

    /// Reads the present. Short work only: writing waits for it.
    pub fn read<R>(&self, f: impl FnOnce(&State) -> R) -> R {
        f(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What the owner of an answer link sees. Changes nothing: mail scanners open links too.
    ///
    /// # Errors
    /// [`LinkRefusal`] says why not and what to do next.
    pub async fn open_link(&self, token: &str, now: Timestamp) -> Result<LinkView, LinkRefusal> {
        let claim = link::read(&self.keys, token)?;
        let mut view = self.known_elsewhere(self.read(|state| view(state, claim, now)))?;
        let written = view.version.as_ref().filter(|answer| answer.has_words());
        if let (Some(shown), Some(answer)) = (&mut view.last_answer, written) {
            let words = self.words(std::slice::from_ref(answer)).await.map_err(|_| LinkRefusal::Unreadable)?;
            let words = words.into_iter().next().unwrap_or_default();
            (shown.comment, shown.details) = (words.comment, words.details);
        }
        Ok(view)
    }

    /// Which dispatch an answer link is of, and whose it is, if it opens.
    ///
    /// # Errors
    /// As [`Desk::open_link`].
    pub fn link_of(&self, token: &str, now: Timestamp) -> Result<(DispatchId, PersonId), LinkRefusal> {
        let claim = link::read(&self.keys, token)?;
        self.known_elsewhere(self.read(|state| view(state, claim, now))).map(|view| (view.dispatch, view.person))
    }

    /// What was written in these answers, in their order: read from the journal.
    ///
    /// # Errors
    /// [`Error`]: the journal cannot be read.
    pub async fn words(&self, answers: &[Answer]) -> Result<Vec<Words>, Error> {
        let mut read = self.words_in(answers.iter().filter_map(Answer::row).collect()).await?;
        let of = |answer: &Answer| answer.row().and_then(|row| read.remove(&row)).unwrap_or_default();
        Ok(answers.iter().map(of).collect())
    }

    /// What was said about a person's answer in an incident and in those merged into it, read from the journal.
    ///
    /// # Errors
    /// [`Error`]: the journal cannot be read.
    pub async fn thread(&self, incident: IncidentId, person: PersonId) -> Result<Vec<Spoken>, Error> {
        let said: Vec<Said> = self.read(|state| state.thread(incident, person).copied().collect());
        let mut read = self.words_in(said.iter().map(|said| said.row).collect()).await?;
        let spoken = |said: &Said| {
            let text = read.remove(&said.row).unwrap_or_default().comment;
            Spoken { speaker: said.speaker, text, at: said.at }
        };
        Ok(said.iter().map(spoken).collect())
    }

    /// The free text of these rows; nothing of a row whose time is over.
    async fn words_in(&self, rows: BTreeSet<u64>) -> Result<BTreeMap<u64, Words>, Error> {
        if rows.is_empty() {
            return Ok(BTreeMap::new());
        }
        let rows = self.journal.read_rows(rows).await?;
        let mut words = BTreeMap::new();
        for row in &rows {
            if let Some(Entry { event: Event::Answer(event), .. }) = fold::open(row, &self.keys)? {
                words.insert(row.seq, event.words());
            }
        }
        Ok(words)
    }

    /// Whose answer link this is, by its MAC alone: nothing is looked up, and it may open nothing any more. `None` for what we did
    /// not make.
    #[must_use]
    pub fn whose_link(&self, token: &str) -> Option<(DispatchId, PersonId)> {
        link::read(&self.keys, token).ok().map(|claim| (claim.dispatch, claim.person))
    }

    /// Whose personal page this is, as [`Desk::whose_link`].
    #[must_use]
    pub fn whose_page(&self, token: &str) -> Option<PersonId> {
        link::read_personal(&self.keys, token).ok().map(|claim| claim.person)
    }

    /// The token of a person's link for a dispatch.
    #[must_use]
    pub fn link_token(&self, dispatch: DispatchId, person: PersonId) -> String {
        self.read(|state| token(state, &self.keys, dispatch, person))
    }

    /// Whether mail to this token of a reply is an answer to something of ours, by its MAC alone.
    #[must_use]
    pub fn is_reply(&self, token: &str) -> bool {
        envelope::read_reply(&self.keys, token).is_some()
    }

    /// What a reply by mail answers, and whose it is.
    ///
    /// # Errors
    /// As [`Desk::open_link`].
    pub fn open_reply(&self, token: &str, now: Timestamp) -> Result<(DispatchId, PersonId, Question), LinkRefusal> {
        let claim = envelope::read_reply(&self.keys, token).ok_or(LinkRefusal::Forged)?;
        let opened = self.known_elsewhere(self.read(|state| view(state, claim, now)));
        opened.map(|view| (view.dispatch, view.person, view.question))
    }

    /// What the owner of a personal page sees. Changes nothing.
    ///
    /// # Errors
    /// As [`Desk::open_link`].
    pub fn open_personal(&self, token: &str, now: Timestamp) -> Result<PersonalView, LinkRefusal> {
        self.read(|state| personal::view(state, &self.keys, token, now))
    }

    /// The token of a person's own page.
    #[must_use]
    pub fn personal_token(&self, person: PersonId) -> String {
        self.read(|state| personal::token(state, &self.keys, person))
    }

    /// Whose address a token confirms, and which. Changes nothing.
    ///
    /// # Errors
    /// As [`Desk::open_link`].
    pub fn open_address(&self, token: &str, now: Timestamp) -> Result<(PersonId, String), LinkRefusal> {
        self.read(|state| personal::confirmed(state, &self.keys, token, now))
    }

    /// The token by which an address of a person's is confirmed until then.
    #[must_use]
    pub fn address_token(&self, person: PersonId, address: &str, until: Timestamp) -> String {
        self.read(|state| personal::address_token(state, &self.keys, person, address, until))
    }

    /// [`crate::read_entries`] of its journal.
    ///
    /// # Errors
    /// [`Error`]: the journal cannot be read, or belongs to other keys.
    pub async fn written(&self, from: u64) -> Result<Vec<(u64, Option<Entry>)>, Error> {
        fold::read_entries(&*self.journal, &self.keys, from).await
    }

    /// What happened after the row `after`, opened as far as keys exist, each with its row, and the last row that was read; waits until
    /// there is one, and all of them are shown.
    ///
    /// # Errors
    /// [`Error`]: the journal cannot be read.
    pub async fn happened_after(&self, after: u64) -> Result<(u64, Vec<(u64, Entry)>), Error> {
        let rows = self.journal.tail(after + 1).await?;
        let last = rows.last().map_or(after, |row| row.seq);
        // What they speak of is to be found in the present.
        self.reached.clone().wait_for(|reached| *reached >= last).await.map_err(|_| Error::Closed)?;
        let opened = rows.iter().map(|row| Ok(fold::open(row, &self.keys)?.map(|entry| (row.seq, entry))));
        let entries: Result<Vec<Option<(u64, Entry)>>, Error> = opened.collect();
        Ok((last, entries?.into_iter().flatten().collect()))
    }

    /// The journal of this desk.
    #[must_use]
    pub fn journal(&self) -> &dyn Journal {
        &*self.journal
    }

    /// The keys of this desk.
    #[must_use]
    pub fn keys(&self) -> &Keys {
        &self.keys
    }
}

/// The token of a person's present link.
pub(crate) fn token(state: &State, keys: &Keys, dispatch: DispatchId, person: PersonId) -> String {
    let counter = state.people().find(person).map_or(0, |person| person.links_from);
    link::write(keys, Claim { dispatch, person, counter })
}

/// What the owner of a link sees, without what was written.
fn view(state: &State, claim: Claim, now: Timestamp) -> Result<LinkView, LinkRefusal> {
    let dispatch = state.dispatch(claim.dispatch).filter(|dispatch| dispatch.is_asked(claim.person));
    // A node that was cut off may have sent it, and record it soon.
    let none = if state.may_come(claim.dispatch) { LinkRefusal::Unreadable } else { LinkRefusal::Unknown };
    let dispatch = dispatch.ok_or(none)?;
    let record = dispatch.record();
    let person = state.people().find(claim.person).ok_or(LinkRefusal::Unknown)?;
    let incident = state.incident_of(claim.dispatch).ok_or(LinkRefusal::Unknown)?;
    if state.lacks_key_of(person) {
        return Err(LinkRefusal::Unreadable);
    }
    if claim.counter < person.links_from || person.personal.is_none() {
        return Err(LinkRefusal::Revoked);
    }
    if !dispatch.is_open(now) {
        return Err(LinkRefusal::Expired);
    }
    let last = incident.answers(claim.person).last();
    Ok(LinkView {
        dispatch: claim.dispatch,
        person: claim.person,
        person_name: person.name().to_owned(),
        title: incident.summary.title.clone(),
        facts: incident.facts(),
        mode: record.mode,
        question: record.question.clone(),
        last_answer: last.and_then(|answer| AnswerView::new(answer, &record.question)),
        version: last.cloned(),
    })
}
