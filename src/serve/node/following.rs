//! A node whose desk does not follow the journal any more knows neither what is to be sent nor what others have sent: it gives
//! everything up and says so.

use std::time::Duration;

use hikyaku_dispatch::{Alarm, Desk};
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::time::sleep;

use crate::courier::Work;

/// How often it is looked.
const LOOK: Duration = Duration::from_millis(500);

/// Works until it is dropped.
pub async fn run(node: &str, desk: &Desk, work: &Work, alarms: &mpsc::UnboundedSender<Alarm>) {
    loop {
        let why = desk.standstill();
        if work.stands_still() && why.is_none() {
            tracing::warn!("this node follows the journal again");
        }
        if work.set_standstill(why.clone())
            && let Some(why) = why
        {
            // Whoever hears it is gone only when the program ends.
            let _ = alarms.send(Alarm::standstill(node, &why, Timestamp::now()));
        }
        sleep(LOOK).await;
    }
}
