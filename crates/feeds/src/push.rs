//! Proof of who pushed a telegram: an HMAC over the time, the source, the name and the bytes.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use jiff::{SignedDuration, Timestamp};

/// The least length of a key, in bytes.
const KEY_BYTES_MIN: usize = 16;

/// A key that a source and we share.
#[derive(Clone)]
pub struct SharedKey(Box<hmac::Key>);

impl SharedKey {
    /// Takes the bytes of a key; blanks and line ends around them are no part of it.
    ///
    /// # Errors
    /// A text, when the key is shorter than 16 bytes.
    pub fn new(bytes: &[u8]) -> Result<Self, String> {
        let bytes = bytes.trim_ascii();
        if bytes.len() < KEY_BYTES_MIN {
            return Err(format!(
                "the key has {} bytes: make one with at least {KEY_BYTES_MIN}, such as openssl rand -hex 32",
                bytes.len()
            ));
        }
        Ok(Self(Box::new(hmac::Key::new(hmac::HMAC_SHA256, bytes))))
    }
}

impl fmt::Debug for SharedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedKey(…)")
    }
}

/// Why a push is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The header is missing or unreadable.
    #[error("署名がないか読めません。X-Hikyaku-Signature: t=UNIX 秒,v1=16 進の HMAC-SHA256 を付けてください")]
    Unsigned,
    /// The signature was made too long ago, or is from the future.
    #[error("署名の時刻が {0} 秒ずれています。送信側と受信側の時刻同期を確認してください")]
    Time(i64),
    /// The signature fits neither this key nor these bytes.
    #[error("署名が合いません。鍵と、署名の対象（時刻.送信元.名前.本文）を確認してください")]
    Wrong,
}

/// The value of the header `X-Hikyaku-Signature` for a push: `t=1795262400,v1=…`.
///
/// What is signed is the time in seconds since 1970, the source's name, the telegram's name (which may be empty) and the bytes, with a full
/// stop between them.
#[must_use]
pub fn sign(key: &SharedKey, at: Timestamp, source: &str, name: &str, body: &[u8]) -> String {
    let mut context = hmac::Context::with_key(&key.0);
    context.update(begin(at.as_second(), source, name).as_bytes());
    context.update(body);
    let digits: String = context.sign().as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={},v1={digits}", at.as_second())
}

/// What tells whether a signature is of now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clocks {
    /// Our own clock, which may be wrong.
    pub wall: Timestamp,
    /// The clock of a server that is known to be right; `None` where none has told the time.
    pub server: Option<Timestamp>,
    /// The newest signature with which this source ever proved itself.
    pub newest: Option<Timestamp>,
}

/// Of what time a signature is that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// Of now.
    Now,
    /// Of no time that a clock of ours calls now, and yet of none before what the source sent last: one of the clocks is wrong.
    Doubtful {
        /// How far the clock that we have is ahead of the signature.
        off_s: i64,
    },
}

/// What the header of a push says, read before a byte of the body is: [`in_time`](Self::in_time) needs none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    at: i64,
    tag: Vec<u8>,
}

impl Signature {
    /// Reads the header.
    ///
    /// # Errors
    /// [`Refusal::Unsigned`].
    pub fn read(header: &str) -> Result<Self, Refusal> {
        let part = |name: &str| header.split(',').find_map(|part| part.trim().strip_prefix(name));
        let at = part("t=").and_then(|it| it.parse().ok()).ok_or(Refusal::Unsigned)?;
        let tag = part("v1=").and_then(bytes_of).ok_or(Refusal::Unsigned)?;
        Ok(Self { at, tag })
    }

    /// When it was made, by its maker's clock.
    #[must_use]
    pub fn made(&self) -> Option<Timestamp> {
        Timestamp::from_second(self.at).ok()
    }

    /// Whether it was made just now; `window` is how far the clocks of both sides may be apart.
    ///
    /// A push heard twice within the window is no harm: the same bytes are the same telegram.
    ///
    /// # Errors
    /// [`Refusal::Time`].
    pub fn in_time(&self, now: Timestamp, window: SignedDuration) -> Result<(), Refusal> {
        let off = now.as_second().saturating_sub(self.at);
        if off.unsigned_abs() > window.as_secs().unsigned_abs() { Err(Refusal::Time(off)) } else { Ok(()) }
    }

    /// Whether it counts, by all clocks: within `window` of the server's time, or of ours where no server told it; else where the source
    /// has proved itself before and this one is not older than what it sent last. A wrong clock then costs no telegram.
    ///
    /// That opens no way to replays: what was sent before is known by its bytes, and what is older than the last is refused. Where neither
    /// a server nor an earlier signature tells anything, our clock decides alone.
    ///
    /// # Errors
    /// [`Refusal::Time`].
    pub fn counts(&self, clocks: &Clocks, window: SignedDuration) -> Result<Made, Refusal> {
        let now = clocks.server.unwrap_or(clocks.wall);
        let Err(refusal) = self.in_time(now, window) else { return Ok(Made::Now) };
        let last = clocks.newest.map(|it| it.as_second().saturating_sub(window.as_secs()));
        if last.is_some_and(|last| self.at >= last) {
            return Ok(Made::Doubtful { off_s: now.as_second().saturating_sub(self.at) });
        }
        Err(refusal)
    }

    /// Whether it was made with this key, for these bytes of this source under this name.
    ///
    /// # Errors
    /// [`Refusal::Wrong`].
    pub fn fits(&self, key: &SharedKey, (source, name): (&str, &str), body: &[u8]) -> Result<(), Refusal> {
        let mut context = hmac::Context::with_key(&key.0);
        context.update(begin(self.at, source, name).as_bytes());
        context.update(body);
        let made = context.sign();
        verify_slices_are_equal(made.as_ref(), &self.tag).map_err(|_| Refusal::Wrong)
    }
}

/// What is signed before the bytes.
fn begin(at: i64, source: &str, name: &str) -> String {
    format!("{at}.{source}.{name}.")
}

fn bytes_of(digits: &str) -> Option<Vec<u8>> {
    if digits.len() != 64 || !digits.is_ascii() {
        return None;
    }
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_push_is_believed_with_its_key_its_bytes_its_source_and_near_its_time_alone() {
        let key = SharedKey::new(b"0123456789abcdef").unwrap();
        let at: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        let header = sign(&key, at, "jalert", "a.xml", b"<a/>");
        let window = SignedDuration::from_mins(5);
        let judged = |key: &SharedKey, source, name, body: &[u8], later: i64| {
            let signature = Signature::read(&header)?;
            signature.in_time(at + SignedDuration::from_secs(later), window)?;
            signature.fits(key, (source, name), body)
        };
        assert_eq!(judged(&key, "jalert", "a.xml", b"<a/>", 299), Ok(()));
        assert_eq!(judged(&key, "jalert", "a.xml", b"<b/>", 0), Err(Refusal::Wrong));
        assert_eq!(judged(&key, "lalert", "a.xml", b"<a/>", 0), Err(Refusal::Wrong));
        assert_eq!(judged(&key, "jalert", "b.xml", b"<a/>", 0), Err(Refusal::Wrong));
        assert_eq!(judged(&key, "jalert", "a.xml", b"<a/>", 301), Err(Refusal::Time(301)));
        assert_eq!(judged(&key, "jalert", "a.xml", b"<a/>", -301), Err(Refusal::Time(-301)));
        let other = SharedKey::new(b"another key of 16").unwrap();
        assert_eq!(judged(&other, "jalert", "a.xml", b"<a/>", 0), Err(Refusal::Wrong));
    }

    #[test]
    fn a_wrong_clock_costs_no_new_telegram_and_lets_no_old_one_in() {
        let key = SharedKey::new(b"0123456789abcdef").unwrap();
        let noon: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        let minutes = |it: i64| noon + SignedDuration::from_mins(it);
        let counts = |made: i64, wall: i64, server: Option<i64>, newest: Option<i64>| {
            let signature = Signature::read(&sign(&key, minutes(made), "jalert", "a.xml", b"<a/>")).unwrap();
            let clocks = Clocks { wall: minutes(wall), server: server.map(minutes), newest: newest.map(minutes) };
            signature.counts(&clocks, SignedDuration::from_mins(5))
        };
        assert_eq!(counts(0, 60, Some(1), None), Ok(Made::Now), "a server tells the time");
        assert_eq!(counts(0, 60, None, Some(-10)), Ok(Made::Doubtful { off_s: 3_600 }), "it sent ten minutes before");
        assert_eq!(counts(0, -60, None, Some(-10)), Ok(Made::Doubtful { off_s: -3_600 }));
        assert_eq!(counts(0, 60, None, Some(6)), Err(Refusal::Time(3_600)), "older than what it sent last");
        assert_eq!(counts(0, 60, None, None), Err(Refusal::Time(3_600)), "nothing is known");
        assert_eq!(
            counts(0, 0, Some(60), Some(-10)),
            Ok(Made::Doubtful { off_s: 3_600 }),
            "the source's clock is wrong"
        );
        assert_eq!(counts(0, 0, None, Some(600)), Ok(Made::Now), "a source whose clock was fast once");
    }

    #[test]
    fn a_header_that_cannot_be_read_and_a_short_key_are_refused_and_no_key_is_shown() {
        let key = SharedKey::new(b"0123456789abcdef\n").unwrap();
        for header in ["", "t=1", "v1=00", "t=1,v1=zz", "t=x,v1=00", &format!("t=1,v1={}", "é".repeat(32))] {
            assert_eq!(Signature::read(header), Err(Refusal::Unsigned), "{header}");
        }
        assert!(SharedKey::new(b"short").is_err());
        assert!(!format!("{key:?}").contains("0123"));
    }
}
