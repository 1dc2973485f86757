//! Rounds of probes on their way to the engine: each is given to one node only, whichever has the duties then.

use std::collections::HashSet;

use hikyaku_core::Batch;
use hikyaku_dispatch::{ProbeId, open_probes, probe_batch};
use jiff::Timestamp;

use super::Courier;

impl Courier {
    /// Submits the rounds of probes that this run has not submitted.
    pub(super) async fn submit_probes(&mut self, now: Timestamp) -> Result<(), String> {
        let known: HashSet<ProbeId> = self.probes.values().chain(&self.elsewhere).copied().collect();
        for probe in self.desk.read(|state| open_probes(state, now)) {
            if !known.contains(&probe) {
                self.submit_probe(probe).await?;
            }
        }
        Ok(())
    }

    /// Learns the rounds of probes that the engine had at the start.
    pub(super) async fn recall_probes(&mut self, now: Timestamp) -> Result<(), String> {
        for probe in self.desk.read(|state| open_probes(state, now)) {
            if let Some(batch) = self.batch(probe)?
                && let Some(receipt) = self.known(batch).await?
            {
                self.probes.insert(receipt.batch, probe);
            }
        }
        Ok(())
    }

    /// The mails of a round of probes, if there are any.
    fn batch(&self, probe: ProbeId) -> Result<Option<Batch>, String> {
        let site = self.sender.link_base.strip_suffix("a/").unwrap_or(&self.sender.link_base);
        let batch = self.desk.read(|state| probe_batch(state, self.desk.keys(), probe, &self.sender, site));
        Ok(batch.map_err(|e| format!("{probe}: {e}"))?.filter(|it| !it.recipients.is_empty()))
    }

    /// Submits a round of probes; one that the engine knows sends nothing new, and one that another node was given sends nothing.
    async fn submit_probe(&mut self, probe: ProbeId) -> Result<(), String> {
        let Some(batch) = self.batch(probe)? else { return Ok(()) };
        let mark = self.marks.as_ref().map(|marks| marks.mark(&format!("probes/{}", batch.key)));
        if let Some(mark) = &mark
            && mark.read().await?.is_some()
        {
            if let Some(receipt) = self.known(batch).await? {
                self.probes.insert(receipt.batch, probe);
            }
            self.elsewhere.insert(probe);
            return Ok(());
        }
        let receipt = self.engine.submit(batch).await.map_err(|e| format!("{probe}: {e}"))?;
        self.probes.insert(receipt.batch, probe);
        if let Some(mark) = mark
            && let Err(problem) = mark.write("submitted").await
        {
            tracing::error!(problem, %probe, "this round may be sent once more if another node takes the duties over");
        }
        Ok(())
    }
}
