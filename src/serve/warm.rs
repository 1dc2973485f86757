//! Has the ways to the roster's domains known before they are needed: a name service that dies in a disaster then stops nobody's mail.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use hikyaku_core::Engine;
use hikyaku_dispatch::{Desk, Person, State};
use tokio::sync::watch;

use crate::courier::told;

/// For how long a domain that is new in the roster is not asked for, at most.
const PERIOD: Duration = Duration::from_secs(60);
/// Domains at most, those of the most addresses first: each is asked for again whenever its answer is about to end.
const DOMAINS_MAX: usize = 5_000;

/// Runs until told to stop. What was found outlives restarts in the engine's folder.
pub async fn run(engine: Engine, desk: Desk, mut stop: watch::Receiver<bool>) {
    let mut warm = BTreeSet::new();
    loop {
        let mut new = desk.read(domains);
        new.retain(|domain| !warm.contains(domain));
        // An error means that the engine has stopped, and that the house will.
        if !new.is_empty() && engine.warm_up(&new).is_err() {
            return;
        }
        warm.extend(new);
        tokio::select! {
            () = told(&mut stop) => return,
            () = tokio::time::sleep(PERIOD) => {}
        }
    }
}

/// The domains of those who can be mailed, of the most addresses first.
fn domains(state: &State) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for address in state.people().iter().filter(|person| person.is_reachable()).flat_map(Person::addresses) {
        *counts.entry(address.domain()).or_default() += 1;
    }
    let mut domains: Vec<_> = counts.into_iter().collect();
    domains.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    domains.into_iter().take(DOMAINS_MAX).map(|(domain, _)| domain.to_owned()).collect()
}
