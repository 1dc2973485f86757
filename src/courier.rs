//! The courier between journal and engine: what is decided is submitted, what became of each mail is recorded.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use hikyaku_core::errors::{BatchError, StoreError};
use hikyaku_core::{Batch, BatchId, Engine, Error as EngineError, Receipt, Record};
use hikyaku_dispatch::{
    AccountId, Alarm, BatchOf, Command, Desk, Dispatch, DispatchCommand, DispatchEvent, DispatchId, Error, Event,
    ProbeId, Sender, State, batch_for, decide, detours, open_probes, outcomes, probe_batch, probe_outcomes,
    reset_letters, resets, tries_addresses, unfinished, unqueued, withdrawn,
};
use jiff::Timestamp;
use tokio::sync::{mpsc, watch};

/// How often it is looked whether there is a new dispatch.
const LOOK: Duration = Duration::from_millis(100);
/// How often it is asked what is due by itself: calls to approvers, defaults, schedules, reminders.
const DUE: Duration = Duration::from_secs(1);
/// How long to wait after the engine or the journal could not do it.
const PAUSE: Duration = Duration::from_secs(2);
/// Recipients of a batch that are left out because the engine does not take them.
const LEFT_OUT_MAX: usize = 20;
/// Records folded into the journal at once.
const RECORDS_MAX: usize = 5_000;

/// Carries dispatches to the engine and outcomes back.
pub struct Courier {
    engine: Engine,
    desk: Desk,
    sender: Sender,
    batches: HashMap<BatchId, BatchOf>,
    /// Batches of probes.
    probes: HashMap<BatchId, ProbeId>,
    /// Batches that the engine was told to stop.
    cancelled: HashSet<BatchId>,
    /// Rounds that the engine does not take as they are: they wait for the next start, and nothing waits for them.
    unsendable: HashSet<BatchOf>,
    /// Resets whose owners were told.
    told: HashSet<(AccountId, Timestamp)>,
    /// Where alarms go.
    alarms: Option<mpsc::UnboundedSender<Alarm>>,
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
            batches: HashMap::new(),
            probes: HashMap::new(),
            cancelled: HashSet::new(),
            unsendable: HashSet::new(),
            told: HashSet::new(),
            alarms: None,
            cursor: 0,
        }
    }

    /// The same, which says what administrators must know.
    pub fn telling(self, alarms: mpsc::UnboundedSender<Alarm>) -> Self {
        Self { alarms: Some(alarms), ..self }
    }

    /// Works until `stop`; then what the engine knows already is recorded once more.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut recorded = self.engine.recorded();
        let mut look = tokio::time::interval(LOOK);
        let mut minute_hand = tokio::time::interval(DUE);
        let unfinished = self.desk.read(|state| still_open(state, unfinished(state), Timestamp::now()));
        let mut problem = self.submit_all(unfinished).await.err();
        // Before any outcome is folded, or those of probes would belong to nothing.
        problem = problem.or(self.submit_probes(Timestamp::now()).await.err());
        problem = problem.or(self.recall_withdrawn(Timestamp::now()).await.err());
        loop {
            if let Some(problem) = problem.take() {
                tracing::error!(%problem, "dispatches wait for the engine or the journal");
                tokio::time::sleep(PAUSE).await;
            }
            tokio::select! {
                () = told(&mut stop) => break,
                _ = look.tick() => {
                    let new = self.desk.read(|state| still_open(state, unqueued(state), Timestamp::now()));
                    problem = self.submit_all(new).await.err();
                }
                _ = minute_hand.tick() => problem = self.keep_time().await.err(),
                changed = recorded.changed() => {
                    if changed.is_err() {
                        break;
                    }
                    problem = self.fold().await.err();
                }
            }
        }
        if let Err(problem) = self.fold().await {
            tracing::error!(%problem, "outcomes will be recorded at the next start");
        }
    }

    /// Does what is due by itself, and stops what was taken back.
    async fn keep_time(&mut self) -> Result<(), String> {
        let now = Timestamp::now();
        for command in self.desk.read(|state| state.due(now)) {
            self.follow(command, now).await?;
        }
        self.go_round(now).await?;
        let is_over =
            |state: &State, (dispatch, _): &BatchOf| state.dispatch(*dispatch).is_none_or(|it| it.is_cancelled());
        let over: Vec<BatchId> = self
            .desk
            .read(|state| self.batches.iter().filter(|(_, of)| is_over(state, of)).map(|(batch, _)| *batch).collect());
        for batch in over.into_iter().filter(|batch| self.cancelled.insert(*batch)).collect::<Vec<_>>() {
            self.engine.cancel(batch).await.map_err(|e| e.to_string())?;
        }
        self.submit_probes(now).await?;
        self.tell_owners(now).await
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
        for command in self.desk.read(|state| detours(state, |domain| blocked.contains(domain), now)) {
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
            tracing::error!("{}\n{}", alarm.title, alarm.text);
        }
    }

    /// Submits the rounds of probes that this run has not submitted.
    async fn submit_probes(&mut self, now: Timestamp) -> Result<(), String> {
        let known: HashSet<ProbeId> = self.probes.values().copied().collect();
        for probe in self.desk.read(|state| open_probes(state, now)) {
            if !known.contains(&probe) {
                self.submit_probe(probe).await?;
            }
        }
        Ok(())
    }

    /// Submits a round of probes; one that the engine knows sends nothing new.
    async fn submit_probe(&mut self, probe: ProbeId) -> Result<(), String> {
        let site = self.sender.link_base.strip_suffix("a/").unwrap_or(&self.sender.link_base);
        let batch = self.desk.read(|state| probe_batch(state, self.desk.keys(), probe, &self.sender, site));
        let Some(batch) = batch.map_err(|e| format!("{probe}: {e}"))?.filter(|it| !it.recipients.is_empty()) else {
            return Ok(());
        };
        let receipt = self.engine.submit(batch).await.map_err(|e| format!("{probe}: {e}"))?;
        self.probes.insert(receipt.batch, probe);
        Ok(())
    }

    /// Submits these rounds; one that the engine does not take keeps back none of the others.
    async fn submit_all(&mut self, rounds: Vec<BatchOf>) -> Result<(), String> {
        for round in rounds.into_iter().filter(|round| !self.unsendable.contains(round)).collect::<Vec<_>>() {
            self.submit(round).await?;
        }
        Ok(())
    }

    /// Submits a round of a dispatch; one that the engine knows gives its receipt once more and sends nothing new. A round
    /// without any mail is done at once.
    async fn submit(&mut self, (dispatch, round): BatchOf) -> Result<(), String> {
        let batch = self.desk.read(|state| batch_for(state, self.desk.keys(), (dispatch, round), &self.sender));
        let taken = match batch {
            Ok(None) => return Ok(()),
            Ok(Some(batch)) => self.hand_over((dispatch, round), batch).await?,
            Err(problem) => Err(problem),
        };
        match taken {
            Ok(receipt) => self.batches.extend(receipt.map(|receipt| (receipt.batch, (dispatch, round)))),
            Err(problem) => {
                self.unsendable.insert((dispatch, round));
                self.tell_of(dispatch, |it| Alarm::unsendable(it, round, &problem.to_string()));
                return Ok(());
            }
        }
        let queued = DispatchCommand::MarkQueued { dispatch, round };
        self.desk.command(queued, Timestamp::now()).await.map(drop).map_err(|e| format!("{dispatch}: {e}"))
    }

    /// Gives the engine a batch, without the recipients that it refuses; no receipt if nobody is left. The inner error is about
    /// the batch, which will not be taken as it is; the outer one about the engine, which may take it later.
    async fn hand_over(
        &self,
        (dispatch, round): BatchOf,
        mut batch: Batch,
    ) -> Result<Result<Option<Receipt>, BatchError>, String> {
        let mut left_out = Vec::new();
        while let Err(BatchError::Recipient { id, problem }) = batch.validate() {
            let place = batch.recipients.iter().rposition(|recipient| recipient.id == id);
            let Some(place) = place.filter(|_| batch.recipients.len() > 1 && left_out.len() < LEFT_OUT_MAX) else {
                // It is not about single ones.
                return Ok(Err(BatchError::Recipient { id, problem }));
            };
            batch.recipients.remove(place);
            left_out.push((id, problem));
        }
        if batch.recipients.is_empty() {
            return Ok(Ok(None));
        }
        for (id, problem) in left_out {
            self.tell_of(dispatch, |it| Alarm::left_out(it, round, &id, &problem));
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

    /// Learns the batches of what was cancelled while the engine may still have mails of it, such as after a crash between the
    /// two; they are stopped like others then. What the engine does not know is not given to it.
    async fn recall_withdrawn(&mut self, now: Timestamp) -> Result<(), String> {
        for round in self.desk.read(|state| withdrawn(state, now)) {
            let batch = self.desk.read(|state| batch_for(state, self.desk.keys(), round, &self.sender));
            let Ok(Some(batch)) = batch else { continue };
            let submission = self.engine.begin(Batch { recipients: Vec::new(), ..batch }).await;
            let submission = submission.map_err(|e| e.to_string())?;
            if submission.is_known() {
                let receipt = submission.finish().await.map_err(|e| e.to_string())?;
                self.batches.insert(receipt.batch, round);
            }
        }
        Ok(())
    }

    /// Folds what settled since the last time into the journal.
    async fn fold(&mut self) -> Result<(), String> {
        loop {
            let records = self.engine.records(self.cursor, RECORDS_MAX).await.map_err(|e| e.to_string())?;
            let Some(last) = records.last().map(|(number, _)| *number) else { return Ok(()) };
            let records: Vec<Record> = records.into_iter().map(|(_, record)| record).collect();
            // Outcomes of what was forgotten meanwhile are refused; those of others must not wait for them.
            for command in outcomes(&records, |batch| self.batches.get(&batch).copied()) {
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

/// Those of them that can still be answered.
fn still_open(state: &State, mut rounds: Vec<BatchOf>, now: Timestamp) -> Vec<BatchOf> {
    rounds.retain(|(dispatch, _)| state.dispatch(*dispatch).is_some_and(|it| it.is_open(now)));
    rounds
}

#[cfg(test)]
mod tests;
