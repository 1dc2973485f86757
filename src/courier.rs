//! The courier between journal and engine: what is decided is submitted, what became of each mail is recorded.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::Duration;

use hikyaku_core::errors::{BatchError, StoreError};
use hikyaku_core::{Batch, BatchId, Engine, Error as EngineError, Receipt, Record};
use hikyaku_dispatch::{
    AccountId, Alarm, BatchOf, Command, Desk, Dispatch, DispatchCommand, DispatchEvent, DispatchId, Error, Event,
    ProbeId, Sender, State, Tenure, batch_for, decide, detours, going_on, is_accepted, outcomes, partition_of,
    probe_outcomes, reset_letters, resets, tries_addresses,
};
use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use crate::marks::Marks;

mod apart;
mod brakes;
mod copies;
mod probes;
mod queue;
mod work;

use brakes::Brakes;
use copies::Copies;
pub use work::{OnShift, Work};

/// How often it is looked whether there is a new dispatch.
const LOOK: Duration = Duration::from_millis(100);
/// How often it is asked what is due by itself: calls to approvers, defaults, schedules, reminders.
const DUE: Duration = Duration::from_secs(1);
/// How often it is looked whether keys of people are missing.
const KEYS: Duration = Duration::from_secs(60);
/// How long to wait after the engine or the journal could not do it.
const PAUSE: Duration = Duration::from_secs(2);
/// Between two times that outcomes are recorded: the queue tells of them hundreds of times a second, and each time is a commit that
/// other nodes have to follow and to wait for.
const FOLD: Duration = Duration::from_millis(50);
/// Recipients of a batch that are left out because the engine does not take them.
const LEFT_OUT_MAX: usize = 20;
/// Records folded into the journal at once.
const RECORDS_MAX: usize = 5_000;

/// Carries dispatches to the engine and outcomes back.
pub struct Courier {
    engine: Engine,
    desk: Desk,
    sender: Sender,
    /// What may be sent from here, and the batches of it.
    work: Work,
    /// What the engine was given, or needs not be given, in this run.
    submitted: HashSet<(BatchOf, Option<Tenure>)>,
    /// The rights under which the state is known to hold what others did before.
    begun: HashSet<Option<Tenure>>,
    /// Batches of probes.
    probes: HashMap<BatchId, ProbeId>,
    /// Rounds of probes that were given to some node before.
    elsewhere: HashSet<ProbeId>,
    /// Batches that the engine was told to stop.
    cancelled: HashSet<BatchId>,
    /// Rounds that the engine does not take as they are: they wait for the next start, and nothing waits for them.
    unsendable: HashSet<(BatchOf, Option<Tenure>)>,
    /// Resets whose owners were told.
    told: HashSet<(AccountId, Timestamp)>,
    /// What the engine was told about carriers.
    brakes: Brakes,
    /// Mails that carriers took from here and from another node.
    copies: Copies,
    /// What was done once, and by whichever node; without, only this one is asked.
    marks: Option<Marks>,
    /// Where alarms go.
    alarms: Option<mpsc::UnboundedSender<Alarm>>,
    /// Whether it is known of which round each batch is that the engine had at the start: a record of none would be passed over.
    knows_queue: bool,
    /// The last record that is in the journal.
    cursor: u64,
}

impl Courier {
    /// A courier that has carried nothing yet.
    pub fn new(engine: Engine, desk: Desk, sender: Sender) -> Self {
        Self {
            engine,
            desk,
            sender,
            work: Work::alone(),
            submitted: HashSet::new(),
            begun: HashSet::new(),
            probes: HashMap::new(),
            elsewhere: HashSet::new(),
            cancelled: HashSet::new(),
            unsendable: HashSet::new(),
            told: HashSet::new(),
            brakes: Brakes::default(),
            copies: Copies::new(),
            marks: None,
            alarms: None,
            knows_queue: false,
            cursor: 0,
        }
    }

    /// The same, which says what administrators must know.
    pub fn telling(self, alarms: mpsc::UnboundedSender<Alarm>) -> Self {
        Self { alarms: Some(alarms), ..self }
    }

    /// The same, which does not do again what another node noted as done.
    pub fn noting(self, marks: Marks) -> Self {
        Self { marks: Some(marks).filter(Marks::are_shared), ..self }
    }

    /// The same, which sends only what this node may send.
    pub fn among(self, work: Work) -> Self {
        Self { work, ..self }
    }

    /// Works until `stop`; then what the engine knows already is recorded once more.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut recorded = self.engine.recorded();
        let mut look = tokio::time::interval(LOOK);
        let mut minute_hand = tokio::time::interval(DUE);
        let mut keys = tokio::time::interval(KEYS);
        let mut folds_from = Instant::now();
        self.look_for_keys();
        // Before anything is sent.
        self.keep_brakes();
        let mut problem = None;
        loop {
            if let Some(problem) = problem.take() {
                tracing::error!(%problem, "dispatches wait for the engine or the journal");
                tokio::time::sleep(PAUSE).await;
            }
            tokio::select! {
                () = told(&mut stop) => break,
                _ = look.tick() => problem = self.look(Timestamp::now()).await.err(),
                _ = minute_hand.tick() => problem = self.keep_time().await.err(),
                _ = keys.tick() => self.look_for_keys(),
                changed = async { sleep_until(folds_from).await; recorded.changed().await } => {
                    if changed.is_err() {
                        break;
                    }
                    folds_from = Instant::now() + FOLD;
                    problem = self.fold().await.err();
                }
            }
        }
        if let Err(problem) = self.fold().await {
            tracing::error!(%problem, "outcomes will be recorded at the next start");
        }
    }

    /// Submits what is new; first it is learned what the engine has.
    async fn look(&mut self, now: Timestamp) -> Result<(), String> {
        let learned = self.learn(now).await;
        self.submit_new(now).await.and(learned)
    }

    /// Looks whether this node can read everybody. Where there are others, keys come from them: nothing of that is told here.
    fn look_for_keys(&self) {
        let missing = self.desk.read(State::without_keys).len();
        self.work.set_keys_missing(missing > 0);
        if missing > 0 && self.work.is_alone() {
            self.tell(Alarm::keys_missing("このサーバー", missing, Timestamp::now()));
        }
    }

    /// Stops and slows carriers as somebody decided at this node or another.
    fn keep_brakes(&mut self) {
        let wanted = self.desk.read(|state| state.brakes().clone());
        if let Err(problem) = self.brakes.keep(&wanted, self.work.nodes(), &self.engine) {
            tracing::error!(%problem, "carriers are not held as it was decided");
        }
    }

    /// Does what is due by itself, and stops what was taken back.
    async fn keep_time(&mut self) -> Result<(), String> {
        let now = Timestamp::now();
        self.keep_brakes();
        self.hand_on().await?;
        let is_over =
            |state: &State, (dispatch, _): BatchOf| state.dispatch(dispatch).is_none_or(|it| it.is_cancelled());
        let over = self.desk.read(|state| self.work.batches(|job| is_over(state, job.of)));
        for batch in over.into_iter().filter(|batch| self.cancelled.insert(*batch)).collect::<Vec<_>>() {
            self.engine.cancel(batch).await.map_err(|e| e.to_string())?;
        }
        self.rejoin().await?;
        self.go_round(now).await?;
        if !self.work.has_duties() {
            return Ok(());
        }
        for command in self.desk.read(|state| state.due(now)) {
            self.follow(command, now).await?;
        }
        self.submit_probes(now).await?;
        self.tell_owners(now).await
    }

    /// Sees what was given up to its end: as soon as nothing of a batch is under way and what became of it is in the journal, it
    /// is forgotten, and another node may have the partition.
    async fn hand_on(&mut self) -> Result<(), String> {
        if !self.knows_queue {
            return Ok(());
        }
        let mut ended = Vec::new();
        for batch in self.work.batches(|job| job.given_up) {
            // The second time it waits for whatever the queue has to write before it.
            self.engine.cancel(batch).await.map_err(|e| e.to_string())?;
            let forecast = self.engine.forecast(batch).await.map_err(|e| e.to_string())?;
            if forecast.lanes.iter().all(|lane| lane.waiting == 0) {
                self.engine.cancel(batch).await.map_err(|e| e.to_string())?;
                ended.push(batch);
            }
        }
        if !ended.is_empty() {
            self.fold().await?;
            ended.into_iter().for_each(|batch| self.work.forget(batch));
        }
        if let Some(copies) = self.copies.settled() {
            self.tell(Alarm::copies(copies, Timestamp::now()));
        }
        Ok(())
    }

    /// Carries out what is due. What is refused is no longer due, and keeps nothing else from being done.
    async fn follow(&self, command: impl Into<Command>, now: Timestamp) -> Result<(), String> {
        let command = command.into();
        let not_started = self.desk.read(|state| not_started(state, &command, now));
        match self.desk.command(command, now).await {
            Ok(events) => {
                let is_open = |event: &Event| matches!(event, Event::Dispatch(DispatchEvent::Opened(_)));
                if !events.is_empty() && !events.iter().any(is_open) {
                    not_started.into_iter().for_each(|alarm| self.tell(alarm));
                }
                Ok(())
            }
            Err(Error::Refused(refusal)) => {
                tracing::error!(%refusal, "what the courier asked for is refused");
                Ok(())
            }
            Err(error) => Err(error.to_string()),
        }
    }

    /// Tries the next address of those whose present one lies behind a carrier that blocks us.
    async fn go_round(&self, now: Timestamp) -> Result<(), String> {
        if !self.desk.read(|state| tries_addresses(state, now)) {
            return Ok(());
        }
        let blocked = self.engine.snapshot().await.map_err(|e| e.to_string())?.blocked;
        if blocked.is_empty() {
            return Ok(());
        }
        let blocked: HashSet<String> = blocked.into_iter().collect();
        for mut command in self.desk.read(|state| detours(state, |domain| blocked.contains(domain), now)) {
            if let DispatchCommand::TryNextAddress { people, .. } = &mut command {
                // To others another node sends, which may not be blocked.
                people.retain(|person| self.work.sends_to(partition_of(*person)));
                if people.is_empty() {
                    continue;
                }
            }
            self.follow(command, now).await?;
        }
        Ok(())
    }

    /// Tells the owners of accounts that somebody else has reset.
    async fn tell_owners(&mut self, now: Timestamp) -> Result<(), String> {
        for reset in self.desk.read(|state| resets(state, now)) {
            if self.told.contains(&reset) {
                continue;
            }
            let letters = self.desk.read(|state| reset_letters(state, self.desk.keys(), reset, &self.sender));
            match letters {
                Ok(letters) => {
                    for letter in letters {
                        self.engine.submit(letter).await.map_err(|e| e.to_string())?;
                    }
                }
                Err(problem) => tracing::error!(%problem, "the owner of an account that was reset cannot be told"),
            }
            self.told.insert(reset);
        }
        Ok(())
    }

    fn tell(&self, alarm: Alarm) {
        if let Some(alarms) = &self.alarms {
            // Whoever hears them is gone only when the program ends.
            let _ = alarms.send(alarm);
        } else {
            tracing::error!(key = %alarm.key, title = %alarm.title, text = alarm.text.replace('\n', " "), "an alarm");
        }
    }

    /// Submits what this node is to send and its engine was not given in this run; one that the engine does not take keeps back
    /// none of the others.
    async fn submit_new(&mut self, now: Timestamp) -> Result<(), String> {
        self.submit_apart(now).await?;
        let tenures = self.work.tenures();
        if tenures.iter().any(|tenure| !self.begun.contains(tenure)) {
            // What the node before this one wrote is not to be sent again.
            self.desk.up_to_date().await.map_err(|e| e.to_string())?;
            self.begun = tenures.iter().copied().collect();
        }
        let rounds = self.desk.read(|state| going_on(state, now));
        for tenure in tenures.iter().copied() {
            let new = |round: &&BatchOf| {
                !self.submitted.contains(&(**round, tenure)) && !self.unsendable.contains(&(**round, tenure))
            };
            for round in rounds.iter().filter(new).copied().collect::<Vec<_>>() {
                self.submit(round, tenure).await?;
            }
        }
        self.work.learned();
        if let Some(takeover) = self.work.taken_over(&tenures) {
            let nodes: BTreeSet<&str> = takeover.from.values().map(String::as_str).collect();
            let nodes = nodes.into_iter().collect::<Vec<_>>().join("、");
            self.tell(Alarm::taken_over(&nodes, takeover.from.len(), takeover.mails, now));
        }
        Ok(())
    }

    /// Submits the part of a round that a tenure is about; one that the engine knows gives its receipt once more and sends nothing
    /// new. A round without any mail is done at once.
    async fn submit(&mut self, round: BatchOf, tenure: Option<Tenure>) -> Result<(), String> {
        let (dispatch, number) = round;
        let has_open_mails = |state: &State| state.dispatch(dispatch).is_some_and(|it| it.has_open_mails(number));
        if !self.desk.read(has_open_mails) {
            self.submitted.insert((round, tenure));
            return Ok(());
        }
        // Lost since the tenures were looked at: another node has it, or is about to.
        let Some(_under_way) = self.work.begin(tenure) else { return Ok(()) };
        let batch = self.desk.read(|state| batch_for(state, self.desk.keys(), round, tenure, &self.sender));
        if let Ok(Some(batch)) = &batch
            && self.desk.read(|state| state.dispatch(dispatch).is_some_and(|it| it.is_queued(number)))
        {
            self.work.sent_anew(tenure, batch.recipients.len());
        }
        let taken = match batch {
            Ok(None) => return Ok(()),
            Ok(Some(batch)) => self.hand_over(round, tenure, batch).await?,
            Err(problem) => Err(problem),
        };
        match taken {
            Ok(receipt) => receipt.into_iter().for_each(|receipt| self.work.note(receipt.batch, round, tenure)),
            Err(problem) => {
                self.unsendable.insert((round, tenure));
                self.tell_of(dispatch, |it| Alarm::unsendable(it, number, &problem.to_string()));
                return Ok(());
            }
        }
        // What is sent apart is said to be queued when every node has its part of it.
        let is_queued =
            |state: &State| state.is_apart(dispatch) || state.dispatch(dispatch).is_none_or(|it| it.is_queued(number));
        if !self.desk.read(is_queued) {
            let queued = DispatchCommand::MarkQueued { dispatch, round: number };
            self.desk.command(queued, Timestamp::now()).await.map_err(|e| format!("{dispatch}: {e}"))?;
        }
        self.submitted.insert((round, tenure));
        Ok(())
    }

    /// Gives the engine a batch, without the recipients that it refuses; no receipt if nobody is left. The inner error is about
    /// the batch, which will not be taken as it is; the outer one about the engine, which may take it later.
    async fn hand_over(
        &self,
        (dispatch, round): BatchOf,
        tenure: Option<Tenure>,
        mut batch: Batch,
    ) -> Result<Result<Option<Receipt>, BatchError>, String> {
        let mut left_out = Vec::new();
        // A partition may have one recipient only, of whom nothing follows for the others.
        let fewest = usize::from(tenure.is_none());
        while let Err(BatchError::Recipient { id, problem }) = batch.validate() {
            let place = batch.recipients.iter().rposition(|recipient| recipient.id == id);
            let Some(place) = place.filter(|_| batch.recipients.len() > fewest && left_out.len() < LEFT_OUT_MAX) else {
                // It is not about single ones.
                return Ok(Err(BatchError::Recipient { id, problem }));
            };
            batch.recipients.remove(place);
            left_out.push((id, problem));
        }
        for (id, problem) in left_out {
            self.tell_of(dispatch, |it| Alarm::left_out(it, round, &id, &problem));
        }
        if batch.recipients.is_empty() {
            return Ok(Ok(None));
        }
        match self.engine.submit(batch).await {
            Ok(receipt) => Ok(Ok(Some(receipt))),
            Err(EngineError::Store(StoreError::Batch(problem))) => Ok(Err(problem)),
            Err(other) => Err(format!("{dispatch}: {other}")),
        }
    }

    fn tell_of(&self, dispatch: DispatchId, alarm: impl FnOnce(&Dispatch) -> Alarm) {
        self.desk.read(|state| state.dispatch(dispatch).map(alarm)).into_iter().for_each(|alarm| self.tell(alarm));
    }

    /// Counts the mails among these that another node has recorded already: whoever lost a lease had sent them, or has it now.
    async fn count_copies(&mut self, records: &[(u64, Record)]) -> Result<(), String> {
        if !records.iter().any(|(_, record)| self.work.may_be_copied(record.batch)) {
            return Ok(());
        }
        self.desk.up_to_date().await.map_err(|e| e.to_string())?;
        let is_recorded = |record: &Record| {
            let job = self.work.job(record.batch);
            job.is_some_and(|job| self.desk.read(|state| is_accepted(state, job.of, &record.recipient)))
        };
        self.copies.look(records, is_recorded);
        Ok(())
    }

    /// Folds what settled since the last time into the journal.
    async fn fold(&mut self) -> Result<(), String> {
        if !self.knows_queue {
            return Ok(());
        }
        loop {
            let records = self.engine.records(self.cursor, RECORDS_MAX).await.map_err(|e| e.to_string())?;
            let Some(last) = records.last().map(|(number, _)| *number) else {
                self.copies.read(0, RECORDS_MAX);
                return Ok(());
            };
            self.count_copies(&records).await?;
            self.copies.read(records.len(), RECORDS_MAX);
            let mut records: Vec<Record> = records.into_iter().map(|(_, record)| record).collect();
            // What was stopped here because it was given up is sent by another node, unless nobody is to send it.
            let goes_on = |state: &State, record: &Record| {
                let given_up = self.work.job(record.batch).filter(|job| job.given_up);
                given_up.and_then(|job| state.dispatch(job.of.0)).is_some_and(|it| !it.is_cancelled())
            };
            let is_end = |state: &State, it: &Record| !self.is_stopped(it) || !goes_on(state, it);
            self.desk.read(|state| records.retain(|record| is_end(state, record)));
            // Outcomes of what was forgotten meanwhile are refused; those of others must not wait for them.
            for command in outcomes(&records, |batch| self.work.job(batch).map(|job| job.of)) {
                self.follow(command, Timestamp::now()).await?;
            }
            for command in probe_outcomes(&records, |batch| self.probes.get(&batch).copied()) {
                self.follow(command, Timestamp::now()).await?;
            }
            self.cursor = last;
        }
    }
}

/// Resolves once it is time to stop.
pub async fn told(stop: &mut watch::Receiver<bool>) {
    // An error means that whoever would tell it is gone, which is the same.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// The alarm about what this command is to start and what cannot be sent.
fn not_started(state: &State, command: &Command, now: Timestamp) -> Option<Alarm> {
    let Command::Dispatch(DispatchCommand::Start { key }) = command else { return None };
    let (at, draft) = state.scheduled(key)?;
    let open = DispatchCommand::Open { draft: Box::new(draft.clone()) };
    let why = decide(state, &open.into(), now).err()?;
    Some(Alarm::not_started(key, &draft.title, at, &why))
}

#[cfg(test)]
mod tests;
