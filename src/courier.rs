//! The courier between journal and engine: what is decided is submitted, what became of each mail is recorded.

use std::collections::HashMap;
use std::time::Duration;

use hikyaku_core::{BatchId, Engine, Record};
use hikyaku_dispatch::{Desk, DispatchCommand, DispatchId, Sender, State, batch_for, outcomes};
use jiff::Timestamp;
use tokio::sync::watch;

/// How often it is looked whether there is a new dispatch.
const LOOK: Duration = Duration::from_millis(100);
/// How long to wait after the engine or the journal could not do it.
const PAUSE: Duration = Duration::from_secs(2);
/// Records folded into the journal at once.
const RECORDS_MAX: usize = 5_000;

/// Carries dispatches to the engine and outcomes back.
pub struct Courier {
    engine: Engine,
    desk: Desk,
    sender: Sender,
    batches: HashMap<BatchId, DispatchId>,
    /// The last record that is in the journal.
    cursor: u64,
}

impl Courier {
    /// A courier that has carried nothing yet.
    pub fn new(engine: Engine, desk: Desk, sender: Sender) -> Self {
        Self { engine, desk, sender, batches: HashMap::new(), cursor: 0 }
    }

    /// Works until `stop`; then what the engine knows already is recorded once more.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut recorded = self.engine.recorded();
        let mut look = tokio::time::interval(LOOK);
        let unfinished = self.desk.read(|state| unfinished(state, Timestamp::now()));
        let mut problem = self.submit_all(unfinished).await.err();
        loop {
            if let Some(problem) = problem.take() {
                tracing::error!(%problem, "dispatches wait for the engine or the journal");
                tokio::time::sleep(PAUSE).await;
            }
            tokio::select! {
                () = told(&mut stop) => break,
                _ = look.tick() => {
                    let new = self.desk.read(|state| unqueued(state, Timestamp::now()));
                    problem = self.submit_all(new).await.err();
                }
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

    async fn submit_all(&mut self, dispatches: Vec<DispatchId>) -> Result<(), String> {
        for dispatch in dispatches {
            self.submit(dispatch).await?;
        }
        Ok(())
    }

    /// Submits a dispatch; one that the engine knows gives its receipt once more and sends nothing new.
    async fn submit(&mut self, dispatch: DispatchId) -> Result<(), String> {
        let batch = self.desk.read(|state| batch_for(state, self.desk.keys(), dispatch, &self.sender));
        let Some(batch) = batch.map_err(|e| format!("{dispatch}: {e}"))? else { return Ok(()) };
        let receipt = self.engine.submit(batch).await.map_err(|e| format!("{dispatch}: {e}"))?;
        self.batches.insert(receipt.batch, dispatch);
        let queued = DispatchCommand::MarkQueued { dispatch };
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
            self.cursor = last;
        }
    }
}

/// Resolves once it is time to stop.
pub async fn told(stop: &mut watch::Receiver<bool>) {
    // An error means that whoever would tell it is gone, which is the same.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Dispatches that the engine does not have yet.
fn unqueued(state: &State, now: Timestamp) -> Vec<DispatchId> {
    let new = state.dispatches().filter(|it| it.timeline().queued.is_none() && it.is_open(now));
    new.map(|dispatch| dispatch.id()).collect()
}

/// Dispatches with mails whose end is not recorded: after a start the engine is asked which batches they are.
fn unfinished(state: &State, now: Timestamp) -> Vec<DispatchId> {
    let open = state.dispatches().filter(|it| it.is_open(now));
    let waits = |it: &&hikyaku_dispatch::Dispatch| {
        let ended = it.delivery();
        let ended = ended.accepted + ended.bounced + ended.expired + ended.cancelled + ended.unknown;
        ended < it.record().asked.iter().map(|asked| u32::from(asked.mails)).sum()
    };
    open.filter(waits).map(|dispatch| dispatch.id()).collect()
}
