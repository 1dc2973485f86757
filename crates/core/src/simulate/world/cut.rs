//! A network that is cut: nothing passes until it is mended, and then everything does, for TCP repeats what was lost.

use super::{Happening, World};
use crate::event::Route;
use crate::time::Span;

impl World<'_> {
    pub(super) fn cut(&mut self, span: Span) {
        self.cut_until = self.cut_until.max(self.now + span);
    }

    fn is_cut(&self) -> bool {
        self.now < self.cut_until
    }

    /// What happens now; what the network carries waits for its end if it is cut.
    pub(super) fn carried(&mut self, happening: Happening) -> Option<Happening> {
        let by_network = matches!(
            happening,
            Happening::Connects(_)
                | Happening::Connected(_)
                | Happening::ToServer(..)
                | Happening::Encrypted(_)
                | Happening::ClientGone(_)
                | Happening::ToClient(..)
                | Happening::ServerGone(_)
                | Happening::HandsShaken(..)
        );
        if by_network && self.is_cut() {
            self.at(self.cut_until, happening);
            return None;
        }
        Some(happening)
    }

    /// What is known of a domain's route when the name service is asked now.
    pub(super) fn asked(&self, route: Route) -> Route {
        if self.is_cut() { Route::Failed("no answer".into()) } else { route }
    }
}
