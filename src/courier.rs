//! The courier between journal and engine: what is decided is submitted, what became of each mail is recorded.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use hikyaku_core::{BatchId, Engine, Record};
use hikyaku_dispatch::{
    BatchOf, Desk, DispatchCommand, ProbeId, Sender, State, batch_for, open_probes, outcomes, probe_batch,
    probe_outcomes, unfinished, unqueued,
};
use jiff::Timestamp;
use tokio::sync::watch;

/// How often it is looked whether there is a new dispatch.
const LOOK: Duration = Duration::from_millis(100);
/// How often it is asked what is due by itself: calls to approvers, defaults, schedules, reminders.
const DUE: Duration = Duration::from_secs(1);
/// How long to wait after the engine or the journal could not do it.
const PAUSE: Duration = Duration::from_secs(2);
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
            cursor: 0,
        }
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
            self.desk.command(command, now).await.map_err(|e| e.to_string())?;
        }
        let is_over =
            |state: &State, (dispatch, _): &BatchOf| state.dispatch(*dispatch).is_none_or(|it| it.is_cancelled());
        let over: Vec<BatchId> = self
            .desk
            .read(|state| self.batches.iter().filter(|(_, of)| is_over(state, of)).map(|(batch, _)| *batch).collect());
        for batch in over.into_iter().filter(|batch| self.cancelled.insert(*batch)).collect::<Vec<_>>() {
            self.engine.cancel(batch).await.map_err(|e| e.to_string())?;
        }
        self.submit_probes(now).await
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

    async fn submit_all(&mut self, rounds: Vec<BatchOf>) -> Result<(), String> {
        for round in rounds {
            self.submit(round).await?;
        }
        Ok(())
    }

    /// Submits a round of a dispatch; one that the engine knows gives its receipt once more and sends nothing new. A round
    /// without any mail is done at once.
    async fn submit(&mut self, (dispatch, round): BatchOf) -> Result<(), String> {
        let batch = self.desk.read(|state| batch_for(state, self.desk.keys(), (dispatch, round), &self.sender));
        let Some(batch) = batch.map_err(|e| format!("{dispatch}: {e}"))? else { return Ok(()) };
        if !batch.recipients.is_empty() {
            let receipt = self.engine.submit(batch).await.map_err(|e| format!("{dispatch}: {e}"))?;
            self.batches.insert(receipt.batch, (dispatch, round));
        }
        let queued = DispatchCommand::MarkQueued { dispatch, round };
        self.desk.command(queued, Timestamp::now()).await.map(drop).map_err(|e| format!("{dispatch}: {e}"))
    }

    /// Folds what settled since the last time into the journal.
    async fn fold(&mut self) -> Result<(), String> {
        loop {
            let records = self.engine.records(self.cursor, RECORDS_MAX).await.map_err(|e| e.to_string())?;
            let Some(last) = records.last().map(|(number, _)| *number) else { return Ok(()) };
            let records: Vec<Record> = records.into_iter().map(|(_, record)| record).collect();
            for command in outcomes(&records, |batch| self.batches.get(&batch).copied()) {
                self.desk.command(command, Timestamp::now()).await.map_err(|e| e.to_string())?;
            }
            for command in probe_outcomes(&records, |batch| self.probes.get(&batch).copied()) {
                self.desk.command(command, Timestamp::now()).await.map_err(|e| e.to_string())?;
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

/// Those of them that can still be answered.
fn still_open(state: &State, mut rounds: Vec<BatchOf>, now: Timestamp) -> Vec<BatchOf> {
    rounds.retain(|(dispatch, _)| state.dispatch(*dispatch).is_some_and(|it| it.is_open(now)));
    rounds
}
