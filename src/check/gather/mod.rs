//! Gathering the facts: every question to the outside is asked here and in the rooms beside this.

mod call;
mod certificate;
mod identity;
mod machine;
mod names;
mod old_tls;
mod page;
mod sntp;

use hikyaku_core::Config;
use hikyaku_dispatch::Concern;
use jiff::Timestamp;

use super::facts::{Clock, Facts};
use super::rules;
use crate::journal::home::Database;
use crate::settings::Settings;

#[cfg(test)]
pub use certificate::of_files;
pub use identity::identity;
#[cfg(test)]
pub use machine::{disk, secrets};
pub use names::{addresses, name_service, names};
pub use sntp::ahead_ms;

/// Everything that the rules want to know; carriers are called only if `calls` says so.
///
/// # Errors
/// One line about what keeps anything from being asked.
pub async fn facts(settings: &Settings, config: &Config, calls: bool) -> Result<Facts, String> {
    let now = Timestamp::now();
    let identity = identity::identity(settings, config, now)?;
    let dns = names::name_service(&config.dns)?;
    let (database, of_database) = database(settings).await;
    let (names, certificate, sources, reference) = tokio::join!(
        names::names(&identity, &dns),
        certificate::certificate(settings, &identity.web, now),
        page::sources(settings),
        clock(settings),
    );
    let rehearsal = settings.drill.as_ref().map(|drill| drill.rehearsal());
    let (rules, undrilled) = match rules::read(&settings.data, rehearsal.as_ref()).await {
        Ok(read) => (Ok(read.complaints), read.undrilled),
        Err(problem) => (Err(problem), Vec::new()),
    };
    Ok(Facts {
        sts_policy: page::sts_policy(&identity.return_path, &names).await,
        calls: if calls { call::carriers(config, &dns).await } else { Vec::new() },
        identity,
        names,
        certificate,
        clocks: reference.into_iter().chain(of_database).collect(),
        zone: machine::zone(),
        disk: machine::disk(&settings.data, settings.check.disk_free_bytes()),
        secrets: machine::secrets(settings),
        sources,
        database,
        rules,
        undrilled,
    })
}

async fn clock(settings: &Settings) -> Option<Clock> {
    let server = settings.check.time_server()?;
    Some(Clock { ahead_ms: sntp::ahead_ms(&server).await, reference: server })
}

/// What stands against the database, and its clock.
async fn database(settings: &Settings) -> (Vec<Concern>, Option<Clock>) {
    let unreachable = |problem: String| (vec![Concern::Unreachable(problem)], None);
    let database = match Database::of(&settings.data) {
        Ok(Some(database)) => database,
        Ok(None) => return (Vec::new(), None),
        Err(problem) => return unreachable(problem),
    };
    let journal = match database.open(&settings.data).await {
        Ok(journal) => journal,
        Err(problem) => return unreachable(problem),
    };
    let concerns = match journal.replication().await {
        Ok(replication) => replication.concerns(),
        Err(problem) => vec![Concern::Unreachable(problem.to_string())],
    };
    let before = Timestamp::now();
    let theirs = journal.clock().await;
    // Halfway between question and answer; the way there and back is as long as it was.
    let ours = before.as_millisecond().midpoint(Timestamp::now().as_millisecond());
    let ahead_ms = theirs.map(|theirs| ours - theirs.as_millisecond()).map_err(|e| e.to_string());
    (concerns, Some(Clock { reference: journal.place().to_owned(), ahead_ms }))
}
