//! When the standby is gone, commits must go on: after some seconds the primary is told to wait for nobody, and to wait
//! again as soon as the standby has followed for a while.
//!
//! Until the standby is back a commit is on one site only, which is an alarm. Whoever promotes the standby meanwhile loses
//! what was committed since: it is promoted only when the primary is known to be gone.

use std::time::Duration;

use super::replication::{Replication, Standby};

/// What is to be done with the primary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// Nothing.
    Nothing,
    /// Wait for nobody.
    Degrade,
    /// Wait for the standbys again.
    Restore,
}

/// What the watch over a primary remembers.
#[derive(Debug)]
pub(super) struct Guard {
    /// What `synchronous_standby_names` is to be.
    wanted: String,
    patience: Duration,
    /// Since when it is not as it should be, or could be better.
    since: Option<(Deed, Duration)>,
}

impl Guard {
    pub(super) fn new(wanted: &str, patience: Duration) -> Self {
        Guard { wanted: wanted.to_owned(), patience, since: None }
    }

    /// What to do about what was found at `now`, on a clock that only runs forward.
    pub(super) fn look(&mut self, replication: &Replication, now: Duration) -> Deed {
        let deed = self.due(replication);
        let since = match self.since {
            Some((before, since)) if before == deed => since,
            _ => now,
        };
        self.since = Some((deed, since));
        if now.saturating_sub(since) >= self.patience { deed } else { Deed::Nothing }
    }

    fn due(&self, replication: &Replication) -> Deed {
        let follows = |standby: &Standby| standby.state == "streaming" && self.names(&standby.name);
        if replication.is_waiting() {
            Deed::Degrade
        } else if replication.standby_names.is_empty() && replication.standbys.iter().any(follows) {
            Deed::Restore
        } else {
            Deed::Nothing
        }
    }

    /// Whether the setting names this standby.
    fn names(&self, standby: &str) -> bool {
        let is_part = |c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '*'));
        self.wanted.split(is_part).any(|word| word == standby || word == "*")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(5);

    fn replication(names: &str, state: &str) -> Replication {
        let osaka = Standby {
            name: "osaka".into(),
            state: state.into(),
            is_synchronous: !names.is_empty(),
            is_encrypted: true,
        };
        let standbys = if state.is_empty() { Vec::new() } else { vec![osaka] };
        Replication { standby_names: names.into(), standbys, ..Replication::default() }
    }

    fn deeds(seconds: &[(u64, &str, &str)]) -> Vec<Deed> {
        let mut guard = Guard::new("FIRST 1 (tokyo, osaka)", PATIENCE);
        let look =
            |(at, names, state): &(u64, &str, &str)| guard.look(&replication(names, state), Duration::from_secs(*at));
        seconds.iter().map(look).collect()
    }

    #[test]
    fn req_r01_a_standby_that_stays_away_is_waited_for_no_longer() {
        let names = "FIRST 1 (tokyo, osaka)";
        let looks = [(0, names, "streaming"), (1, names, ""), (5, names, ""), (6, names, "")];
        assert_eq!(deeds(&looks), [Deed::Nothing, Deed::Nothing, Deed::Nothing, Deed::Degrade]);
    }

    #[test]
    fn a_hiccup_changes_nothing() {
        let names = "FIRST 1 (tokyo, osaka)";
        let looks = [(0, names, ""), (4, names, "streaming"), (5, names, ""), (9, names, "")];
        assert!(deeds(&looks).iter().all(|deed| *deed == Deed::Nothing));
    }

    #[test]
    fn a_standby_that_has_followed_for_a_while_is_waited_for_again() {
        let looks = [(0, "", "catchup"), (9, "", "streaming"), (13, "", "streaming"), (14, "", "streaming")];
        assert_eq!(deeds(&looks), [Deed::Nothing, Deed::Nothing, Deed::Nothing, Deed::Restore]);
    }

    #[test]
    fn a_standby_that_the_setting_does_not_name_is_not_waited_for() {
        let mut guard = Guard::new("tokyo, osaka2", PATIENCE);
        for second in 0..60 {
            assert_eq!(guard.look(&replication("", "streaming"), Duration::from_secs(second)), Deed::Nothing);
        }
    }
}
