//! What the engine has from a run before this one: of which round each batch is.

use hikyaku_core::{Batch, Receipt};
use hikyaku_dispatch::{BatchOf, Tenure, apart_from, batch_for, going_on, withdrawn};
use jiff::Timestamp;

use super::Courier;

impl Courier {
    /// Learns the batches that the engine had at the start, whatever became of their rounds: those of what was cancelled just before
    /// a crash are stopped like others then. What the engine does not know is not given to it.
    pub(super) async fn learn(&mut self, now: Timestamp) -> Result<(), String> {
        if self.knows_queue {
            return Ok(());
        }
        let (rounds, apart) = self.desk.read(|state| {
            let mut rounds = withdrawn(state, now);
            let is_open =
                |(dispatch, number): &BatchOf| state.dispatch(*dispatch).is_some_and(|it| it.has_open_mails(*number));
            rounds.extend(going_on(state, now).into_iter().filter(is_open));
            (rounds, self.desk.node().map_or_else(Vec::new, |node| apart_from(state, node, now)))
        });
        for tenure in self.work.tenures() {
            for round in &rounds {
                self.recall(*round, tenure).await?;
            }
        }
        for round in apart {
            self.recall(round, None).await?;
        }
        self.recall_probes(now).await?;
        self.knows_queue = true;
        Ok(())
    }

    async fn recall(&self, round: BatchOf, tenure: Option<Tenure>) -> Result<(), String> {
        let batch = self.desk.read(|state| batch_for(state, self.desk.keys(), round, tenure, &self.sender));
        let Ok(Some(batch)) = batch else { return Ok(()) };
        if let Some(receipt) = self.known(batch).await? {
            self.work.note(receipt.batch, round, tenure);
        }
        Ok(())
    }

    /// The receipt of a batch that the engine has; nothing is given to it.
    pub(super) async fn known(&self, batch: Batch) -> Result<Option<Receipt>, String> {
        let submission = self.engine.begin(Batch { recipients: Vec::new(), ..batch }).await;
        let submission = submission.map_err(|e| e.to_string())?;
        if !submission.is_known() {
            return Ok(None);
        }
        submission.finish().await.map(Some).map_err(|e| e.to_string())
    }
}
