//! Follows what others append, and notes when that does not go on any more.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::{Appender, FOLLOW_AGAIN};
use crate::chain::{Head, Row};
use crate::error::Error;
use crate::journal::{Journal, JournalError};
use crate::standstill::{Standstill, is_other_past};

/// How often it is looked whether the journal still has what was seen in it.
const LOOK_BACK: Duration = Duration::from_secs(5);
/// How long that may take.
const PATIENCE: Duration = Duration::from_secs(8);

/// How following goes.
#[derive(Debug, Default)]
pub(super) struct Following {
    /// Why it does not go on, for as long as it does not.
    stands: watch::Sender<Option<Standstill>>,
    /// Failures in a row that may pass.
    failures: u32,
}

impl Following {
    fn stand(&self, why: Option<Standstill>) {
        self.stands.send_if_modified(|known| std::mem::replace(known, why.clone()) != why);
    }
}

impl Appender {
    /// Tells why following does not go on, as it changes.
    pub(crate) fn standstill(&self) -> watch::Receiver<Option<Standstill>> {
        self.following.stands.subscribe()
    }

    /// Takes what [`next`] told.
    pub(super) async fn take_next(&mut self, next: Result<Vec<Row>, Error>) {
        match next {
            Ok(rows) => match self.follow(rows).await {
                Ok(()) => self.goes_on(),
                Err(error) => {
                    self.note_failure(&error).await;
                    sleep(FOLLOW_AGAIN).await;
                }
            },
            // It has waited already.
            Err(error) => self.note_failure(&error).await,
        }
    }

    /// Notes that what others wrote is known, or that nobody wrote anything.
    pub(super) fn goes_on(&mut self) {
        self.following.failures = 0;
        self.following.stand(None);
    }

    /// Notes that following failed, which is not the silence of the journal.
    async fn note_failure(&mut self, error: &Error) {
        if self.note_certain(error).await.is_none() {
            self.following.failures = self.following.failures.saturating_add(1);
            if let Some(why) = Standstill::after(self.following.failures, error) {
                self.following.stand(Some(why));
            }
        }
    }

    /// Notes a failure if trying again cannot mend it, and says what follows from it.
    pub(super) async fn note_certain(&mut self, error: &Error) -> Option<Standstill> {
        let mut why = error.standstill()?;
        if matches!(why, Standstill::Damaged { .. }) && self.has_other_past().await {
            why = Standstill::OtherPast;
        }
        self.following.stand(Some(why.clone()));
        Some(why)
    }

    /// Whether the journal does not have the row that was followed last: then it is whole, and another one.
    async fn has_other_past(&self) -> bool {
        let head = self.place.head;
        if head == Head::default() {
            return false;
        }
        match timeout(PATIENCE, self.journal.read_from(head.seq)).await {
            Ok(Ok(rows)) => rows.first().is_none_or(|row| (row.seq, row.hash) != (head.seq, head.hash)),
            _ => false,
        }
    }
}

/// What others append after `head`, as soon as there is any; or why that cannot be known, while the journal answers. As long as it
/// does not, this waits.
pub(super) async fn next(journal: &dyn Journal, head: Head) -> Result<Vec<Row>, Error> {
    loop {
        let told = tokio::select! {
            rows = journal.tail(head.seq + 1) => rows,
            () = departs(journal, head) => Err(JournalError::OtherPast),
        };
        let error = match told {
            Ok(rows) => return Ok(rows),
            Err(error) => error,
        };
        sleep(FOLLOW_AGAIN).await;
        // Whoever has something to write hears of a journal that is silent.
        let is_silence = matches!(error, JournalError::Storage { .. }) && recorded(journal).await.is_none();
        if !is_silence {
            return Err(error.into());
        }
    }
}

/// Resolves once the journal cannot have `head` in it any more.
async fn departs(journal: &dyn Journal, head: Head) {
    loop {
        sleep(LOOK_BACK).await;
        if recorded(journal).await.is_some_and(|recorded| is_other_past(head, recorded)) {
            return;
        }
    }
}

/// Where the journal ends, if it says so soon.
async fn recorded(journal: &dyn Journal) -> Option<Head> {
    timeout(PATIENCE, journal.head()).await.ok()?.ok()
}
