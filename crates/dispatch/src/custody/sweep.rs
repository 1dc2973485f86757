//! Daily: what is due is forgotten, and rows that speak of nothing that is still known lose their content.

use std::collections::{BTreeSet, HashSet};

use jiff::Timestamp;

use super::CustodyError;
use crate::command::RetentionCommand;
use crate::desk::Desk;
use crate::event::{Event, Subject};
use crate::fold;
use crate::retention::Schedule;
use crate::state::State;

/// What a sweep did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Swept {
    /// What was forgotten, as logged in the journal.
    pub forgotten: Vec<Event>,
    /// Rows that lost their content.
    pub dropped: u64,
}

/// Forgets what `schedule` says is due at `now` and drops the contents of its rows (requirement S18). What an interrupted
/// sweep left is done by the next one.
///
/// # Errors
/// [`CustodyError`]; nothing is half forgotten, contents may still be there.
pub async fn sweep(desk: &Desk, schedule: &Schedule, now: Timestamp) -> Result<Swept, CustodyError> {
    let command = RetentionCommand::Forget { schedule: *schedule };
    let forgotten = desk.command(command, now).await?;
    // What is written after this moment may speak of what this node does not know yet, such as an incident that begins now.
    let end = desk.journal().head().await?.seq;
    desk.up_to_date().await?;
    let known = desk.read(Known::of);
    let mut gone = BTreeSet::new();
    let mut next = 1;
    while next <= end {
        let rows = desk.journal().read_from(next).await?;
        let Some(last) = rows.last() else { break };
        next = last.seq + 1;
        for row in rows.iter().take_while(|row| row.seq <= end) {
            let Some(entry) = fold::open(row, desk.keys())? else { continue };
            if entry.event.subject().is_some_and(|subject| !known.has(subject)) {
                gone.insert(row.seq);
            }
        }
    }
    let dropped = gone.len() as u64;
    if dropped > 0 {
        desk.journal().drop_contents(gone).await?;
    }
    Ok(Swept { forgotten, dropped })
}

/// What rows may speak of.
struct Known {
    incidents: HashSet<u32>,
    dispatches: HashSet<u32>,
    bulletins: HashSet<(String, Timestamp)>,
}

impl Known {
    fn of(state: &State) -> Self {
        let bulletins = state.judgements().iter().map(|judgement| (judgement.source.clone(), judgement.judged));
        Known {
            incidents: state.incidents().map(|incident| incident.id.0).collect(),
            dispatches: state.dispatches().map(|dispatch| dispatch.id().0).collect(),
            bulletins: bulletins.collect(),
        }
    }

    fn has(&self, subject: Subject<'_>) -> bool {
        match subject {
            Subject::Incident(id) => self.incidents.contains(&id.0),
            Subject::Dispatch(id) => self.dispatches.contains(&id.0),
            Subject::Bulletin { source, judged } => self.bulletins.contains(&(source.to_owned(), judged)),
        }
    }
}
