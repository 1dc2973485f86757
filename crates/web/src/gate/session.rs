//! Sessions: a random name in a cookie, an account, and two limits of time. They live in memory: after a restart everybody logs in again.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hikyaku_dispatch::AccountId;
use jiff::{SignedDuration, Timestamp};

use super::factor::Offer;
use crate::error::Error;

/// Most sessions of one account; the oldest leave.
const PER_ACCOUNT_MAX: usize = 10;
/// Most sessions at all, far above the 500 administrators of requirement P08.
const ALL_MAX: usize = 20_000;

/// How long sessions last.
#[derive(Clone, Copy, Debug)]
pub struct SessionLimits {
    /// Without a visit.
    pub idle: SignedDuration,
    /// In all.
    pub absolute: SignedDuration,
    /// How long a proof is fresh enough for dangerous acts.
    pub fresh: SignedDuration,
}

impl Default for SessionLimits {
    /// An hour without a visit, twelve hours in all, ten minutes for dangerous acts.
    fn default() -> Self {
        Self {
            idle: SignedDuration::from_mins(60),
            absolute: SignedDuration::from_hours(12),
            fresh: SignedDuration::from_mins(10),
        }
    }
}

/// One session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) account: AccountId,
    /// From where it was opened.
    pub(crate) source: String,
    /// When it was opened.
    pub(crate) began: Timestamp,
    /// The last visit.
    pub(crate) seen: Timestamp,
    /// When password and code were last shown, or what stands in for them.
    pub(crate) proved: Timestamp,
}

type Name = [u8; 32];

/// All sessions of this node.
pub(crate) struct Sessions {
    limits: SessionLimits,
    table: Mutex<HashMap<Name, Session>>,
    /// Second factors that are being set up, by session.
    offers: Mutex<HashMap<Name, Offer>>,
}

impl Sessions {
    pub(crate) fn new(limits: SessionLimits) -> Self {
        Self { limits, table: Mutex::default(), offers: Mutex::default() }
    }

    /// Opens a session whose owner showed password and code just now.
    pub(crate) fn open(&self, account: AccountId, source: &str, now: Timestamp) -> Result<String, Error> {
        self.open_proved(account, source, now, now)
    }

    /// Opens a session under a new name, which is returned for the cookie; its owner was last asked who it is at `proved`.
    pub(crate) fn open_proved(
        &self,
        account: AccountId,
        source: &str,
        proved: Timestamp,
        now: Timestamp,
    ) -> Result<String, Error> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|_| Error::NoRandomness)?;
        let token = URL_SAFE_NO_PAD.encode(bytes);
        let session = Session { account, source: source.to_owned(), began: now, seen: now, proved };
        let mut table = self.lock();
        if table.len() >= ALL_MAX {
            table.retain(|_, session| self.limits.holds(session, now));
        }
        let mut own: Vec<(Name, Timestamp)> =
            table.iter().filter(|(_, it)| it.account == account).map(|(name, it)| (*name, it.seen)).collect();
        own.sort_by_key(|(_, seen)| *seen);
        let over = (own.len() + 1).saturating_sub(PER_ACCOUNT_MAX);
        own.iter().take(over).for_each(|(name, _)| drop(table.remove(name)));
        table.insert(name_of(&token), session);
        Ok(token)
    }

    /// The session of a cookie, if its time is not over. A `visit` is one that a person made, not a page by itself.
    pub(crate) fn find(&self, token: &str, now: Timestamp, visit: bool) -> Option<Session> {
        let mut table = self.lock();
        let name = name_of(token);
        let session = table.get_mut(&name)?;
        if !self.limits.holds(session, now) {
            table.remove(&name);
            return None;
        }
        if visit {
            session.seen = now;
        }
        Some(session.clone())
    }

    /// Whether the owner showed password and code a moment ago.
    pub(crate) fn is_fresh(&self, session: &Session, now: Timestamp) -> bool {
        now.duration_since(session.proved) < self.limits.fresh
    }

    /// The second factor that is being set up in a session.
    pub(crate) fn offer(&self, token: &str) -> Option<Offer> {
        self.offers.lock().unwrap_or_else(PoisonError::into_inner).get(&name_of(token)).cloned()
    }

    /// [`Sessions::offer`], or a new one.
    pub(crate) fn offer_or_new(&self, token: &str) -> Result<Offer, Error> {
        if let Some(offer) = self.offer(token) {
            return Ok(offer);
        }
        let offer = Offer::new()?;
        let alive: Vec<Name> = self.lock().keys().copied().collect();
        let mut offers = self.offers.lock().unwrap_or_else(PoisonError::into_inner);
        offers.retain(|name, _| alive.contains(name));
        offers.insert(name_of(token), offer.clone());
        Ok(offer)
    }

    /// Ends the session of a cookie.
    pub(crate) fn end(&self, token: &str) {
        self.lock().remove(&name_of(token));
        self.offers.lock().unwrap_or_else(PoisonError::into_inner).remove(&name_of(token));
    }

    /// The sessions of an account that hold at `now` and began at `since` or later, the oldest first.
    pub(crate) fn of(&self, account: AccountId, since: Timestamp, now: Timestamp) -> Vec<Session> {
        let table = self.lock();
        let own = table.values().filter(|it| it.account == account && it.began >= since && self.limits.holds(it, now));
        let mut own: Vec<Session> = own.cloned().collect();
        own.sort_by_key(|session| session.began);
        own
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Name, Session>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SessionLimits {
    fn holds(&self, session: &Session, now: Timestamp) -> bool {
        now.duration_since(session.seen) < self.idle && now.duration_since(session.began) < self.absolute
    }
}

/// What is kept instead of the cookie's value, so that a memory dump opens no session.
fn name_of(token: &str) -> Name {
    let mut name = [0; 32];
    name.copy_from_slice(digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHO: AccountId = AccountId(1);

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + minute * 60).unwrap()
    }

    #[test]
    fn req_s03_a_session_ends_an_hour_after_the_last_visit() {
        let sessions = Sessions::new(SessionLimits::default());
        let token = sessions.open(WHO, "a", at(0)).unwrap();
        assert!(sessions.find(&token, at(50), true).is_some());
        assert!(sessions.find(&token, at(100), false).is_some());
        assert!(sessions.find(&token, at(110), true).is_none(), "a page's own requests are no visits");
    }

    #[test]
    fn req_s03_a_session_ends_after_twelve_hours_however_busy() {
        let sessions = Sessions::new(SessionLimits::default());
        let token = sessions.open(WHO, "a", at(0)).unwrap();
        for minute in (0..720).step_by(30) {
            assert!(sessions.find(&token, at(minute), true).is_some(), "{minute}");
        }
        assert!(sessions.find(&token, at(720), true).is_none());
    }

    #[test]
    fn an_account_has_ten_sessions_at_most_and_a_made_up_name_opens_none() {
        let sessions = Sessions::new(SessionLimits::default());
        let tokens: Vec<String> = (0..12).map(|minute| sessions.open(WHO, "a", at(minute)).unwrap()).collect();
        let alive = tokens.iter().filter(|token| sessions.find(token, at(12), false).is_some()).count();
        assert_eq!(alive, PER_ACCOUNT_MAX);
        assert!(sessions.find(&tokens[0], at(12), false).is_none());
        assert!(sessions.find("made-up", at(0), false).is_none());
    }
}
