//! Dispatches that this node sent without the database: to everybody, until they are in the journal and every node sends its part.

use hikyaku_core::{Record, Settlement};
use hikyaku_dispatch::{Alarm, DispatchCommand, DispatchId, State, apart_from};
use jiff::Timestamp;

use super::Courier;

impl Courier {
    /// Submits what no other node knows of, whatever leases this one has. Of the ceilings of carriers it keeps its own share.
    pub(super) async fn submit_apart(&mut self, now: Timestamp) -> Result<(), String> {
        let Some(node) = self.desk.node() else { return Ok(()) };
        for round in self.desk.read(|state| apart_from(state, node, now)) {
            if !self.submitted.contains(&(round, None)) && !self.unsendable.contains(&(round, None)) {
                self.submit(round, None).await?;
            }
        }
        Ok(())
    }

    /// Tells of what is sent apart, and gives it back to all nodes once it is in the journal: what this one has of it is stopped, what
    /// became of that is recorded, and then every node sends what is left of its part.
    pub(super) async fn rejoin(&mut self) -> Result<(), String> {
        let Some(node) = self.desk.node().map(str::to_owned) else { return Ok(()) };
        for aside in self.desk.put_aside() {
            self.tell(Alarm::put_aside(&aside, &node));
        }
        for dispatch in self.work.sent_apart() {
            // Whoever has the duties need not wait for a node that was silent again.
            if self.desk.read(|state| !state.is_apart(dispatch)) {
                self.work.give_up_apart(dispatch);
            }
        }
        let own: Vec<DispatchId> = self.desk.read(|state| state.apart_from(&node));
        for dispatch in own {
            self.desk.read(|state| alarm(state, dispatch)).into_iter().for_each(|alarm| self.tell(alarm));
            let is_recorded = |state: &State| state.apart(dispatch).is_some_and(|apart| apart.recorded.is_some());
            let of = ((dispatch, 0), None);
            // What the queue has of it must be known before it can be said to be over.
            let is_known = self.submitted.contains(&of) || self.unsendable.contains(&of);
            let is_over = |state: &State| state.dispatch(dispatch).is_none_or(|it| it.is_cancelled());
            let may_end = is_known || self.desk.read(is_over);
            if self.desk.read(is_recorded) && may_end && !self.work.give_up_apart(dispatch) {
                self.follow(DispatchCommand::Rejoin { dispatch }, Timestamp::now()).await?;
            }
        }
        Ok(())
    }

    /// Whether a mail ended because its batch was stopped. Of what was sent apart that may be one in doubt, which this node would have
    /// sent once more: it is left to whoever has it now.
    pub(super) fn is_stopped(&self, record: &Record) -> bool {
        let is_apart = || self.work.job(record.batch).is_some_and(|job| job.given_up && job.tenure.is_none());
        match record.settled {
            Some(Settlement::Cancelled) => true,
            Some(Settlement::Unknown) => record.outcome.is_none() && is_apart(),
            _ => false,
        }
    }
}

/// What administrators must know of a dispatch that was sent apart.
fn alarm(state: &State, dispatch: DispatchId) -> Option<Alarm> {
    state.dispatch(dispatch).zip(state.apart(dispatch)).and_then(|(dispatch, apart)| Alarm::sent_apart(dispatch, apart))
}
