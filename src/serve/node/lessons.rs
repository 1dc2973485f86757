//! Tells the other nodes what this one's engine has learned of carriers, and its engine what theirs have.

use std::time::Duration;

use hikyaku_core::Engine;
use hikyaku_dispatch::{PostgresJournal, ToldLessons, counting};
use tokio::time::{sleep, timeout};

/// How often at most it is told and asked.
const LOOK: Duration = Duration::from_secs(5);
/// How long a start waits for what others have learned.
const PATIENCE: Duration = Duration::from_secs(3);

/// What it works with.
pub struct Lessons {
    journal: PostgresJournal,
    name: String,
    engine: Engine,
    told: ToldLessons,
}

impl Lessons {
    /// Of the node of this name and its engine.
    pub fn new(journal: PostgresJournal, name: String, engine: Engine) -> Self {
        Lessons { journal, name, engine, told: ToldLessons::default() }
    }

    /// Has the engine begin with what others have learned, if that can be had soon: without, it learns by itself.
    pub async fn begin(&self) {
        match timeout(PATIENCE, self.hear()).await {
            Ok(Ok(())) => {}
            Ok(Err(problem)) => tracing::warn!(problem, "what other nodes have learned of carriers is not known yet"),
            Err(_) => tracing::warn!("what other nodes have learned of carriers is not known yet"),
        }
    }

    /// Works until it is dropped.
    pub async fn run(mut self) {
        loop {
            sleep(LOOK).await;
            let exchanged = async {
                self.tell().await?;
                self.hear().await
            };
            if let Err(problem) = exchanged.await {
                // It is about speed alone, and others say when the database is silent.
                tracing::debug!(problem, "what is learned of carriers cannot be exchanged just now");
            }
        }
    }

    async fn tell(&mut self) -> Result<(), String> {
        let seen = self.engine.snapshot().await.map_err(|e| e.to_string())?;
        let due = self.told.due(seen.learned);
        self.journal.tell_lessons(&self.name, &due, seen.at).await.map_err(|e| e.to_string())?;
        self.told.note(due);
        Ok(())
    }

    async fn hear(&self) -> Result<(), String> {
        let told = self.journal.lessons(self.engine.now()).await.map_err(|e| e.to_string())?;
        self.engine.learn(counting(&self.name, told)).map_err(|e| e.to_string())
    }
}
