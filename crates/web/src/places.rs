//! How many answers and pages are in progress at once: answers first, pages only while those leave room (S12).

use std::sync::Arc;

use tokio::sync::{Semaphore, SemaphorePermit};

/// Answers in progress at once: at two thousand a second, an eighth of a second's worth.
const ANSWERS_MAX: usize = 256;
/// Pages of the console in progress at once.
const PAGES_MAX: usize = 64;
/// Pages wait as soon as answers hold more places than this.
const ANSWERS_CALM: usize = ANSWERS_MAX / 2;

/// Posts that wait to be sent again at once: each holds its connection open, of which there is an end.
const PAUSES_MAX: usize = 2_048;

/// The places that responder pages and console share.
#[derive(Debug)]
pub(crate) struct Places {
    answers: Semaphore,
    pages: Semaphore,
    pauses: Semaphore,
}

impl Default for Places {
    fn default() -> Self {
        let [answers, pages, pauses] = [ANSWERS_MAX, PAGES_MAX, PAUSES_MAX].map(Semaphore::new);
        Self { answers, pages, pauses }
    }
}

impl Places {
    /// A place for an answer, if there is one.
    pub(crate) fn for_answer(&self) -> Option<SemaphorePermit<'_>> {
        self.answers.try_acquire().ok()
    }

    /// A place for a page, if there is one and answers leave room.
    pub(crate) fn for_page(&self) -> Option<SemaphorePermit<'_>> {
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
