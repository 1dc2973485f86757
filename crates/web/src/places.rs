//! How many answers and pages are in progress at once: answers first, pages only while those leave room (S12).

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::turns::Turns;

/// Answers in progress at once: at the usual pace, each may take a tenth of a second.
const ANSWERS_MAX: usize = 512;
/// Pages of the console in progress at once.
const PAGES_MAX: usize = 64;
/// Pages wait as soon as answers hold more places than this.
const ANSWERS_CALM: usize = ANSWERS_MAX / 4;
/// Posts that wait to be sent again at once: each holds its connection open, of which there is an end.
const PAUSES_MAX: usize = 2_048;
/// Answers that begin in a second, where nothing is said. Two cores can take more than twice as many; then nothing would be
/// left to tell the rest that they must come again, and they would meet silence. All of 11,500 people are through in three seconds.
pub const ANSWERS_PER_SECOND: u32 = 4_000;

/// The places that responder pages and console share.
#[derive(Debug)]
pub(crate) struct Places {
    posts: Turns,
    questions: Turns,
    answers: Semaphore,
    pages: Semaphore,
    pauses: Semaphore,
}

/// What a responder wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Something is to be recorded.
    Record,
    /// A page is to be shown.
    Show,
}

impl Default for Places {
    fn default() -> Self {
        Self::at(ANSWERS_PER_SECOND)
    }
}

impl Places {
    /// With so many answers in a second, and as many questions shown beside them.
    pub(crate) fn at(answers_per_second: u32) -> Self {
        let [answers, pages, pauses] = [ANSWERS_MAX, PAGES_MAX, PAUSES_MAX].map(Semaphore::new);
        let [posts, questions] = [Turns::per_second(answers_per_second), Turns::per_second(answers_per_second)];
        Self { posts, questions, answers, pages, pauses }
    }

    /// A place for a responder, if one comes free soon: who has no turn within a moment is told so at once.
    pub(crate) async fn for_responder(&self, wanted: Wanted) -> Option<SemaphorePermit<'_>> {
        let turns = match wanted {
            Wanted::Record => &self.posts,
            Wanted::Show => &self.questions,
        };
        let wait = turns.take(tokio::time::Instant::now())?;
        if wait > Duration::ZERO {
            tokio::time::sleep(wait).await;
        }
        self.answers.try_acquire().ok()
    }

    /// A place for a page, if there is one and answers leave room: none while a responder was turned away a moment ago.
    pub(crate) fn for_page(&self) -> Option<SemaphorePermit<'_>> {
        let now = tokio::time::Instant::now();
        if self.posts.are_short(now) || self.questions.are_short(now) {
            return None;
        }
        let taken = ANSWERS_MAX - self.answers.available_permits();
        self.pages.try_acquire().ok().filter(|_| taken <= ANSWERS_CALM)
    }

    /// A place to wait for being sent again, if there is one.
    pub(crate) fn for_pause(&self) -> Option<SemaphorePermit<'_>> {
        self.pauses.try_acquire().ok()
    }

    /// Takes all places for answers.
    pub(crate) fn fill(places: &Arc<Self>) -> Rush {
        let held = places.answers.available_permits();
        places.answers.forget_permits(held);
        Rush { places: Arc::clone(places), held }
    }
}

/// Places that are held; given back when it is dropped.
pub(crate) struct Rush {
    places: Arc<Places>,
    held: usize,
}

impl Drop for Rush {
    fn drop(&mut self) {
        self.places.answers.add_permits(self.held);
    }
}
