//! Telegrams that wait because the journal cannot be reached: what the rules would do about them is told at once, by mail and at the
//! console of this node.

use std::sync::{Arc, PoisonError, RwLock};

use hikyaku_bulletin::{Bulletin, Fate};
use hikyaku_dispatch::{Desk, Foreseen, Foresight, State};
use jiff::Timestamp;

use super::alerts::Alerts;

/// What waits now, for the pages that show it. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Board(Arc<RwLock<Vec<Foreseen>>>);

impl Board {
    /// What is on it.
    pub fn read(&self) -> Vec<Foreseen> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn write(&self, foreseen: &[Foreseen]) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = foreseen.to_vec();
    }
}

/// Tells of what waits.
pub struct Lookout {
    desk: Desk,
    alerts: Alerts,
    board: Board,
    /// While something waits.
    foresight: Option<Foresight>,
}

impl Lookout {
    /// What waits for the journal of this desk is mailed as alarms, and written on the board.
    pub fn new(desk: Desk, alerts: Alerts, board: Board) -> Self {
        Lookout { desk, alerts, board, foresight: None }
    }

    /// Takes a bulletin that waits, in the order in which they came.
    pub async fn tell(&mut self, bulletin: &Bulletin, fate: Fate, times: (Timestamp, Timestamp)) {
        let desk = &self.desk;
        let foresight = self.foresight.get_or_insert_with(|| Foresight::new(desk.read(State::clone)));
        let told = foresight.hear(bulletin, fate, times, times.0);
        self.board.write(foresight.foreseen());
        for one in told {
            self.alerts.raise(&one.alarm(desk.node())).await;
        }
    }

    /// The journal takes what waited.
    pub fn end(&mut self) {
        let Some(foresight) = self.foresight.take() else { return };
        self.board.write(&[]);
        for one in foresight.foreseen() {
            self.alerts.end(&one.alarm(self.desk.node()).key);
        }
    }
}

impl Drop for Lookout {
    fn drop(&mut self) {
        self.end();
    }
}
