//! Challenges that a device signs: known by our own seal, good for a few minutes, for one purpose and once.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};

use crate::error::Error;

/// How long somebody may take to find the device.
const LIFE: SignedDuration = SignedDuration::from_mins(5);
/// Bytes of chance, of the instant, and of the seal.
const CHANCE: usize = 16;
const INSTANT: usize = 8;
const SEAL: usize = 32;

/// Makes challenges, and knows its own again.
pub(crate) struct Challenges {
    key: hmac::Key,
    /// Those that were used, until they are over.
    used: Mutex<HashMap<Vec<u8>, Timestamp>>,
}

impl Challenges {
    /// With a key of this run's own.
    pub(crate) fn new() -> Result<Self, Error> {
        let mut key = [0_u8; 32];
        getrandom::fill(&mut key).map_err(|_| Error::NoRandomness)?;
        Ok(Self { key: hmac::Key::new(hmac::HMAC_SHA256, &key), used: Mutex::default() })
    }

    /// A new challenge for a purpose, as it stands in a page.
    pub(crate) fn make(&self, purpose: &str, now: Timestamp) -> Result<String, Error> {
        let mut bytes = vec![0_u8; CHANCE];
        getrandom::fill(&mut bytes).map_err(|_| Error::NoRandomness)?;
        bytes.extend(now.as_second().to_be_bytes());
        let seal = hmac::sign(&self.key, &sealed(purpose, &bytes));
        bytes.extend(seal.as_ref());
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Whether this is one of ours for the purpose, not over and not used before; it is used now.
    pub(crate) fn take(&self, purpose: &str, challenge: &str, now: Timestamp) -> bool {
        let Ok(bytes) = URL_SAFE_NO_PAD.decode(challenge) else { return false };
        let Some((head, seal)) = bytes.split_at_checked(CHANCE + INSTANT).filter(|(_, seal)| seal.len() == SEAL) else {
            return false;
        };
        if hmac::verify(&self.key, &sealed(purpose, head), seal).is_err() {
            return false;
        }
        let mut instant = [0; INSTANT];
        instant.copy_from_slice(&head[CHANCE..]);
        let Ok(made) = Timestamp::from_second(i64::from_be_bytes(instant)) else { return false };
        if now.duration_since(made) > LIFE {
            return false;
        }
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.retain(|_, at| now.duration_since(*at) <= LIFE);
        used.insert(head.to_vec(), made).is_none()
    }
}

/// What the seal is over; the purpose ends where the bytes of fixed length begin.
fn sealed(purpose: &str, head: &[u8]) -> Vec<u8> {
    [purpose.as_bytes(), head].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn req_s03_a_challenge_is_good_once_for_one_purpose_and_for_five_minutes() {
        let (ours, others) = (Challenges::new().unwrap(), Challenges::new().unwrap());
        let at = |second: i64| Timestamp::from_second(1_700_000_000 + second).unwrap();
        let challenge = ours.make("log-in", at(0)).unwrap();
        assert!(!ours.take("prove a1", &challenge, at(1)), "made for something else");
        assert!(!others.take("log-in", &challenge, at(1)), "made by somebody else");
        assert!(ours.take("log-in", &challenge, at(1)));
        assert!(!ours.take("log-in", &challenge, at(2)), "used");
        let late = ours.make("log-in", at(0)).unwrap();
        assert!(!ours.take("log-in", &late, at(301)));
        for forged in ["", "AAAA", "not base64!", &late[1..]] {
            assert!(!ours.take("log-in", forged, at(1)), "{forged}");
        }
    }
}
