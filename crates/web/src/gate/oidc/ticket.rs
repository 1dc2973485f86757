//! What a browser carries through a log-in: a ticket in a cookie, known by our own seal, good for a few minutes and once.
//!
//! `state`, `nonce` and PKCE's verifier are drawn from the ticket with the key that seals it: they belong to this browser and this
//! log-in, nothing is kept for whoever never comes back, and who reads the cookie knows none of them.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest;
use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hikyaku_dispatch::AccountId;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// How long somebody may take at the provider, and then to find the code.
pub(crate) const LIFE: SignedDuration = SignedDuration::from_mins(10);
/// The longest way back that is carried, in bytes.
const NEXT_BYTES_MAX: usize = 512;

/// What a log-in is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Purpose {
    /// To come in.
    LogIn,
    /// Somebody who is in shows again who it is.
    Prove(AccountId),
}

/// How far a log-in is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Progress {
    /// The provider is asked.
    Begun,
    /// The provider vouched for somebody; a code is asked for.
    Vouched {
        account: AccountId,
        /// When the provider asked who it is, as far as it says.
        asked: Option<Timestamp>,
    },
}

/// One log-in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ticket {
    chance: [u8; 16],
    /// When it was made.
    pub(crate) made: Timestamp,
    pub(crate) purpose: Purpose,
    pub(crate) progress: Progress,
    /// Where to go afterwards, on this site.
    pub(crate) next: String,
}

/// What is drawn from a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Marks {
    pub(super) state: String,
    pub(super) nonce: String,
    /// PKCE's secret (RFC 7636 §4.1).
    pub(super) verifier: String,
    /// What of it is shown beforehand.
    pub(super) challenge: String,
}

/// Makes tickets, and knows its own again.
pub(crate) struct Tickets {
    key: hmac::Key,
    /// Those that were used, until they are over.
    used: Mutex<HashMap<[u8; 16], Timestamp>>,
}

impl Tickets {
    /// With a key of this run's own.
    pub(super) fn new() -> Result<Self, Error> {
        let mut key = [0_u8; 32];
        getrandom::fill(&mut key).map_err(|_| Error::NoRandomness)?;
        Ok(Self { key: hmac::Key::new(hmac::HMAC_SHA256, &key), used: Mutex::default() })
    }

    /// A new ticket; a way back that is too long leads to the first page.
    pub(crate) fn make(
        &self,
        purpose: Purpose,
        progress: Progress,
        next: &str,
        now: Timestamp,
    ) -> Result<Ticket, Error> {
        let mut chance = [0; 16];
        getrandom::fill(&mut chance).map_err(|_| Error::NoRandomness)?;
        let next = if next.len() > NEXT_BYTES_MAX { "/" } else { next };
        Ok(Ticket { chance, made: now, purpose, progress, next: next.to_owned() })
    }

    /// A ticket as it stands in the cookie.
    pub(crate) fn seal(&self, ticket: &Ticket) -> String {
        let text = written(ticket);
        let seal = hmac::sign(&self.key, &labelled("ticket", &text));
        format!("{}.{}", URL_SAFE_NO_PAD.encode(text), URL_SAFE_NO_PAD.encode(seal.as_ref()))
    }

    /// The ticket of a cookie, if it is one of ours and not over; it may be used already.
    pub(crate) fn open(&self, cookie: &str, now: Timestamp) -> Option<Ticket> {
        let (text, seal) = cookie.split_once('.')?;
        let [text, seal] = [text, seal].map(|part| URL_SAFE_NO_PAD.decode(part));
        let (text, seal) = (text.ok()?, seal.ok()?);
        hmac::verify(&self.key, &labelled("ticket", &text), &seal).ok()?;
        let ticket: Ticket = serde_json::from_slice(&text).ok()?;
        is_alive(ticket.made, now).then_some(ticket)
    }

    /// Uses a ticket up; `false` if it was used before.
    pub(crate) fn take(&self, ticket: &Ticket, now: Timestamp) -> bool {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.retain(|_, made| is_alive(*made, now));
        used.insert(ticket.chance, ticket.made).is_none()
    }

    /// Whether what a browser brings back is the `state` of its own ticket.
    pub(crate) fn is_answer(&self, ticket: &Ticket, state: &str) -> bool {
        verify_slices_are_equal(self.marks(ticket).state.as_bytes(), state.as_bytes()).is_ok()
    }

    pub(super) fn marks(&self, ticket: &Ticket) -> Marks {
        let text = written(ticket);
        let drawn = |label| URL_SAFE_NO_PAD.encode(hmac::sign(&self.key, &labelled(label, &text)).as_ref());
        let verifier = drawn("verifier");
        let challenge = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()).as_ref());
        Marks { state: drawn("state"), nonce: drawn("nonce"), verifier, challenge }
    }
}

fn is_alive(made: Timestamp, now: Timestamp) -> bool {
    now.duration_since(made) <= LIFE
}

fn written(ticket: &Ticket) -> Vec<u8> {
    // A ticket has nothing in it that cannot be written.
    serde_json::to_vec(ticket).unwrap_or_default()
}

/// What a seal or a mark is over; no label holds a zero, so that none runs on into the text.
fn labelled(label: &str, text: &[u8]) -> Vec<u8> {
    [label.as_bytes(), &[0], text].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + second).unwrap()
    }

    fn begun(tickets: &Tickets, next: &str) -> Ticket {
        tickets.make(Purpose::LogIn, Progress::Begun, next, at(0)).unwrap()
    }

    #[test]
    fn req_s03_a_ticket_is_known_for_ten_minutes_by_whoever_made_it_and_used_once() {
        let (ours, others) = (Tickets::new().unwrap(), Tickets::new().unwrap());
        let ticket = begun(&ours, "/accounts");
        let cookie = ours.seal(&ticket);
        assert_eq!(ours.open(&cookie, at(600)), Some(ticket.clone()));
        assert_eq!(ours.open(&cookie, at(601)), None);
        assert_eq!(others.open(&cookie, at(1)), None);
        assert!(ours.take(&ticket, at(1)) && !ours.take(&ticket, at(2)));
        let vouched = Progress::Vouched { account: AccountId(1), asked: None };
        let forged = Ticket { progress: vouched, ..ticket };
        let (_, seal) = cookie.split_once('.').unwrap();
        let forged = format!("{}.{seal}", URL_SAFE_NO_PAD.encode(written(&forged)));
        for wrong in ["", ".", "a.b", &cookie[1..], &cookie[..cookie.len() - 2], &forged] {
            assert_eq!(ours.open(wrong, at(1)), None, "{wrong}");
        }
        assert_eq!(begun(&ours, &format!("/{}", "a".repeat(NEXT_BYTES_MAX))).next, "/");
    }

    #[test]
    fn req_s03_state_nonce_and_verifier_belong_to_one_log_in_and_are_not_in_the_cookie() {
        let tickets = Tickets::new().unwrap();
        let (one, other) = (begun(&tickets, "/"), begun(&tickets, "/"));
        let (marks, others) = (tickets.marks(&one), tickets.marks(&other));
        assert_eq!(marks, tickets.marks(&one));
        let all = [&marks.state, &marks.nonce, &marks.verifier, &others.state, &others.nonce, &others.verifier];
        for (at, mark) in all.iter().enumerate() {
            assert_eq!(mark.len(), 43, "RFC 7636 asks for 43 characters or more");
            assert!(!all[..at].contains(mark) && !tickets.seal(&one).contains(mark.as_str()));
        }
        assert!(tickets.is_answer(&one, &marks.state));
        for wrong in ["", &others.state, &marks.nonce] {
            assert!(!tickets.is_answer(&one, wrong));
        }
        // RFC 7636, appendix B, by the same way.
        let known = digest::digest(&digest::SHA256, b"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(URL_SAFE_NO_PAD.encode(known.as_ref()), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }
}
