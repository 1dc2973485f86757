//! The watch over the primary while a server runs: what stands is told, and [`super::guard`] is obeyed.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::PostgresJournal;
use super::guard::{Deed, Guard};
use super::line::{Failure, Line, answered};
use super::replication::{self, Concern, Replication};
use crate::journal::JournalError;

/// How often the standbys are looked at.
const LOOK: Duration = Duration::from_secs(1);
/// After so many looks all servers are asked anew, whether another one has taken the place of this one.
const ALL_LOOKS: u64 = 10;

impl PostgresJournal {
    /// What the server says of its settings and standbys, now.
    ///
    /// # Errors
    /// [`JournalError::Storage`] if there is none.
    pub async fn replication(&self) -> Result<Replication, JournalError> {
        let asked = ask(&self.0.reading).await;
        asked.map_err(|(Failure::Passing(problem) | Failure::Lasting(problem))| self.0.site.wrong(problem))
    }

    /// Looks every second and shows in `told` what stands against it then. With `standbys`, which is what
    /// `synchronous_standby_names` is to be, a standby that was away for `patience` is waited for no longer until it is
    /// back. Runs until it is dropped; several nodes may do this at the same time.
    pub async fn watch(&self, standbys: Option<&str>, patience: Duration, told: &watch::Sender<Vec<Concern>>) {
        let start = Instant::now();
        let mut guard = standbys.map(|wanted| (wanted, Guard::new(wanted, patience)));
        let line = Line::new(&self.0.site);
        for number in 1_u64.. {
            let looked = look(&line, guard.as_mut(), start.elapsed()).await;
            if looked.is_err() || number % ALL_LOOKS == 0 {
                line.hang_up().await;
            }
            let unreachable =
                |(Failure::Passing(problem) | Failure::Lasting(problem))| vec![Concern::Unreachable(problem)];
            told.send_replace(looked.unwrap_or_else(unreachable));
            sleep(LOOK).await;
        }
    }
}

async fn ask(line: &Line) -> Result<Replication, Failure> {
    let client = line.client().await?;
    replication::ask(&client, line.site.rivals()).await
}

async fn look(line: &Line, guard: Option<&mut (&str, Guard)>, now: Duration) -> Result<Vec<Concern>, Failure> {
    let found = ask(line).await?;
    let mut concerns = found.concerns();
    let Some((wanted, guard)) = guard else { return Ok(concerns) };
    let deed = guard.look(&found, now);
    if deed != Deed::Nothing
        && let Err(Failure::Passing(problem) | Failure::Lasting(problem)) = act(line, deed, wanted).await
    {
        concerns.push(Concern::Powerless(problem));
    }
    Ok(concerns)
}

/// Asks all servers anew first: a primary whose place was taken meanwhile must go on waiting.
async fn act(line: &Line, deed: Deed, wanted: &str) -> Result<(), Failure> {
    line.hang_up().await;
    let found = ask(line).await?;
    let names = match deed {
        Deed::Degrade if found.is_waiting() => "",
        Deed::Restore if found.standby_names.is_empty() => wanted,
        _ => return Ok(()),
    };
    let quoted = names.replace('\'', "''");
    let client = line.client().await?;
    answered(client.batch_execute(&format!("ALTER SYSTEM SET synchronous_standby_names = '{quoted}'"))).await?;
    answered(client.batch_execute("SELECT pg_reload_conf()")).await
}
