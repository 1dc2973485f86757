//! Brings the keys of new people and accounts, and new link keys, from the node that made them to this one, and this one's to the
//! others.

use std::collections::BTreeSet;
use std::time::Duration;

use hikyaku_dispatch::{Alarm, Desk, JournalError, KeyQuestion, Keys, PersonId, PostgresJournal, State};
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use crate::courier::Work;

/// How often it is looked whether keys are missing, here or at another node.
const LOOK: Duration = Duration::from_secs(1);
/// A question without an answer is asked anew after so long.
const AGAIN: Duration = Duration::from_secs(10);
/// Under this name it is noted which is the newest link key of any node.
const LINK_KEY: &str = "link-key";
/// Administrators are told when keys did not come for so long.
const PATIENCE: Duration = Duration::from_secs(30);

/// What it works with.
pub struct Exchange {
    pub journal: PostgresJournal,
    pub name: String,
    pub desk: Desk,
    pub work: Work,
    /// Where alarms go.
    pub alarms: mpsc::UnboundedSender<Alarm>,
}

/// A question that waits for its answer.
struct Asked {
    question: KeyQuestion,
    at: Instant,
}

impl Exchange {
    /// Works until it is dropped.
    pub async fn run(self) {
        let (mut asked, mut since) = (None, None::<Instant>);
        // A question of a run before this one: nothing opens its answers any more.
        let mut is_left = true;
        let mut compared = None::<Instant>;
        loop {
            let missing = self.desk.read(State::without_keys);
            self.work.set_keys_missing(!missing.is_empty());
            let lacks = |keys: &Keys| !missing.is_empty() || keys.lacks_link_keys();
            let step = async {
                if compared.is_none_or(|at| at.elapsed() >= AGAIN) {
                    self.compare_link_keys().await?;
                    compared = Some(Instant::now());
                }
                let lacks = lacks(self.desk.keys());
                if !lacks && (is_left || asked.is_some()) {
                    self.journal.end_question(&self.name).await?;
                    (asked, is_left) = (None, false);
                }
                if lacks {
                    self.fetch(&missing, &mut asked).await?;
                }
                self.give(&missing).await
            };
            if let Err(problem) = step.await {
                tracing::warn!(%problem, "keys cannot be exchanged with the other nodes just now");
            }
            since = lacks(self.desk.keys()).then(|| since.unwrap_or_else(Instant::now));
            if since.is_some_and(|since| since.elapsed() >= PATIENCE) {
                let (place, now) = (format!("ノード {} ", self.name), Timestamp::now());
                let alarm = match missing.len() {
                    0 => Alarm::link_key_missing(&place, now),
                    owners => Alarm::keys_missing(&place, owners, now),
                };
                // Whoever hears it is gone only when the program ends.
                let _ = self.alarms.send(alarm);
            }
            sleep(LOOK).await;
        }
    }

    /// Tells the others of the link key of this node, and learns of theirs.
    async fn compare_link_keys(&self) -> Result<(), JournalError> {
        let newest = self.journal.mark(LINK_KEY).await?.and_then(|it| it.parse().ok()).unwrap_or(0);
        let own = self.desk.keys().link_key();
        if own > newest {
            self.journal.set_mark(LINK_KEY, &own.to_string()).await?;
        }
        self.desk.keys().note_link_key(newest);
        Ok(())
    }

    /// Asks for what is missing, and takes what was answered.
    async fn fetch(&self, missing: &[PersonId], asked: &mut Option<Asked>) -> Result<(), JournalError> {
        if let Some(Asked { question, .. }) = &*asked {
            let keys = self.desk.keys();
            let mut count = 0;
            for given in self.journal.key_answers(&self.name).await?.iter().filter_map(|it| keys.given(question, it)) {
                count += self.desk.adopt(given).await.unwrap_or_else(|problem| {
                    tracing::error!(%problem, "keys from another node cannot be kept");
                    0
                });
            }
            if count > 0 {
                tracing::info!(count, "keys came from another node");
                self.work.begin_anew();
            }
            if count > 0 || (missing.is_empty() && !keys.lacks_link_keys()) {
                self.journal.end_question(&self.name).await?;
                *asked = None;
                return Ok(());
            }
        }
        if asked.as_ref().is_none_or(|it| it.at.elapsed() >= AGAIN)
            && let Ok(question) = self.desk.keys().ask(missing)
        {
            self.journal.ask_for_keys(&self.name, question.text()).await?;
            *asked = Some(Asked { question, at: Instant::now() });
        }
        Ok(())
    }

    /// Answers what others ask, with the keys that open something here.
    async fn give(&self, missing: &[PersonId]) -> Result<(), JournalError> {
        for (node, question) in self.journal.key_questions(&self.name).await? {
            let missing: BTreeSet<PersonId> = missing.iter().copied().collect();
            let may = |owner| !missing.contains(&owner) && !self.desk.read(|state| state.is_erased(owner));
            match self.desk.keys().answer(&question, may) {
                // Nothing is an answer too, so that this one is not looked at again.
                Ok(answer) => {
                    let answer = answer.unwrap_or_default();
                    self.journal.give_keys((&self.name, &node), &question, &answer).await?;
                }
                Err(problem) => tracing::error!(%problem, node, "keys cannot be given to another node"),
            }
        }
        Ok(())
    }
}
