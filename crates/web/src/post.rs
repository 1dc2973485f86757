//! Mails to one person from the pages: confirmations and tests, few a minute for each.

use hikyaku_core::Engine;
use hikyaku_dispatch::{Desk, Letter, OwnLinks, PersonId, Sender, batch_of_letter, batch_of_own_links};
use jiff::Timestamp;

use crate::gate::rate::Rate;

/// Letters that one person can ask for in a minute.
const LETTERS_PER_MINUTE: u32 = 3;

/// The way from the pages to the engine.
pub(crate) struct Post {
    engine: Engine,
    sender: Sender,
    /// What stands before the paths of the responder pages, such as `https://anpi.example.go.jp/`.
    site: String,
    rate: Rate<PersonId>,
}

impl std::fmt::Debug for Post {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Post").field("site", &self.site).finish_non_exhaustive()
    }
}

impl Post {
    pub(crate) fn new(engine: Engine, sender: Sender, site: String) -> Self {
        // A link writes to any address that is typed.
        Self { engine, sender, site, rate: Rate::per_minute(LETTERS_PER_MINUTE).or_refused() }
    }

    /// In whose name mails go out.
    pub(crate) fn sender(&self) -> &Sender {
        &self.sender
    }

    /// Counts a wish of a person; whether it is still within the limit.
    pub(crate) fn may_write(&self, person: PersonId, now: Timestamp) -> bool {
        self.rate.take(person, now)
    }

    /// The address of a responder page.
    pub(crate) fn link(&self, page: &str, token: &str) -> String {
        format!("{}/{page}/{token}", self.site.trim_end_matches('/'))
    }

    /// Hands one letter to many people to the engine.
    pub(crate) async fn send_links(&self, desk: &Desk, letter: &OwnLinks<'_>) -> Result<(), String> {
        let batch = desk.read(|state| batch_of_own_links(state, desk.keys(), letter, &self.sender));
        self.engine.submit(batch.map_err(|e| e.to_string())?).await.map(drop).map_err(|e| e.to_string())
    }

    /// Hands a letter to the engine.
    pub(crate) async fn send(&self, desk: &Desk, letter: &Letter<'_>) -> Result<(), String> {
        let batch = batch_of_letter(letter, desk.keys(), &self.sender).map_err(|e| e.to_string())?;
        self.engine.submit(batch).await.map(drop).map_err(|e| e.to_string())
    }
}
