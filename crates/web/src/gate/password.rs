//! Passwords: which ones are good enough, and their argon2id hashes, made away from the threads that serve pages.

use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use hikyaku_dispatch::PasswordHash;
use tokio::sync::Semaphore;

use crate::error::Error;

/// The least number of characters (NIST SP 800-63B-4 §3.1.1.2 asks for 15 where a password stands alone; here a code stands beside it).
pub const PASSWORD_CHARS_MIN: usize = 12;
/// The most, so that hashing is bounded.
pub const PASSWORD_CHARS_MAX: usize = 128;
/// Memory and passes of new hashes: what OWASP advises for argon2id, some 30 ms on one core.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
/// Most hashes at once; as many cores stay free for answers.
const AT_ONCE: usize = 1;
/// Characters of passwords that the system makes: none that look alike.
const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz234567899";

/// Words that are in the first lists of every guesser, or in this program's own name.
const COMMON: [&str; 12] = [
    "password", "passw0rd", "qwerty", "asdfgh", "letmein", "welcome", "admin", "hikyaku", "anpi", "bousai", "123456",
    "111111",
];

/// Why a password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weak {
    /// Too few characters.
    Short,
    /// Too many.
    Long,
    /// A word that everybody tries first, the log-in name, or few different characters.
    Guessable,
}

impl Weak {
    /// What to do about it, in Japanese.
    #[must_use]
    pub fn advice(self) -> String {
        match self {
            Self::Short => format!("{PASSWORD_CHARS_MIN}文字以上にしてください。短い文をつなげると覚えやすくなります。"),
            Self::Long => format!("{PASSWORD_CHARS_MAX}文字以内にしてください。"),
            Self::Guessable => {
                "よく使われる言葉・ログインID・同じ文字の繰り返しが多く、推測されやすいものです。別のものにしてください。".into()
            }
        }
    }
}

/// Whether a password is good enough for the account with this log-in name.
///
/// # Errors
/// [`Weak`] says why not.
pub fn check_password(password: &str, login: &str) -> Result<(), Weak> {
    let chars = password.chars().count();
    if chars < PASSWORD_CHARS_MIN {
        return Err(Weak::Short);
    }
    if chars > PASSWORD_CHARS_MAX {
        return Err(Weak::Long);
    }
    let lower = password.to_lowercase();
    let different: std::collections::BTreeSet<char> = lower.chars().collect();
    let mut rest = lower.clone();
    for word in COMMON.iter().copied().chain([login.to_lowercase().as_str()]).filter(|word| word.len() > 2) {
        rest = rest.replace(word, "");
    }
    // What stands beside a common word must be a password by itself.
    if different.len() < 6 || (rest != lower && rest.chars().count() < 8) {
        return Err(Weak::Guessable);
    }
    Ok(())
}

/// A password that the system makes for somebody else: sixteen letters and digits in groups, some 78 bits.
///
/// # Errors
/// [`Error::NoRandomness`].
pub fn make_password() -> Result<String, Error> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|_| Error::NoRandomness)?;
    let letters: Vec<char> = bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect();
    Ok(letters.chunks(4).map(String::from_iter).collect::<Vec<_>>().join("-"))
}

/// The hash of a new password. Takes some 30 ms of one core: not for a thread that serves pages.
///
/// # Errors
/// [`Error::NoRandomness`].
pub fn hash_password(password: &str) -> Result<PasswordHash, Error> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|_| Error::NoRandomness)?;
    let mut made = PasswordHash { salt, memory_kib: MEMORY_KIB, passes: PASSES, hash: [0; 32] };
    made.hash = derive(password, &made).ok_or(Error::NoRandomness)?;
    Ok(made)
}

fn derive(password: &str, with: &PasswordHash) -> Option<[u8; 32]> {
    let params = Params::new(with.memory_kib, with.passes, 1, Some(32)).ok()?;
    let mut hash = [0; 32];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon2.hash_password_into(password.as_bytes(), &with.salt, &mut hash).ok()?;
    Some(hash)
}

/// Whether a password fits a hash.
pub(crate) fn fits(password: &str, hash: &PasswordHash) -> bool {
    derive(password, hash).is_some_and(|made| verify_slices_are_equal(&made, &hash.hash).is_ok())
}

/// Hashes away from the threads that serve pages, one at a time.
#[derive(Clone, Debug)]
pub(crate) struct Hasher {
    turns: Arc<Semaphore>,
    /// What is hashed for a name that nobody has, so that it takes as long.
    nobody: PasswordHash,
}

impl Hasher {
    pub(crate) fn new() -> Self {
        let nobody = PasswordHash { salt: [0; 16], memory_kib: MEMORY_KIB, passes: PASSES, hash: [0; 32] };
        Self { turns: Arc::new(Semaphore::new(AT_ONCE)), nobody }
    }

    /// Whether the password fits; takes as long when there is no hash.
    pub(crate) async fn verify(&self, password: String, hash: Option<PasswordHash>) -> bool {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.nobody.clone());
        let fits = self.run(move || fits(&password, &hash)).await;
        known && fits.unwrap_or(false)
    }

    /// The hash of a new password.
    pub(crate) async fn hash(&self, password: String) -> Result<PasswordHash, Error> {
        self.run(move || hash_password(&password)).await.unwrap_or(Err(Error::NoRandomness))
    }

    async fn run<R: Send + 'static>(&self, f: impl FnOnce() -> R + Send + 'static) -> Option<R> {
        let turn = Arc::clone(&self.turns).acquire_owned().await.ok()?;
        let work = move || {
            // A visitor who leaves ends the waiting and not the work: the turn is over when the work is.
            let _turn = turn;
            f()
        };
        tokio::task::spawn_blocking(work).await.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn req_s03_a_password_is_stored_as_argon2id_and_only_it_fits() {
        let hash = hash_password("けさは 雨が降っていた").unwrap();
        assert!(fits("けさは 雨が降っていた", &hash));
        assert!(!fits("けさは 雨が降っていた ", &hash));
        assert_ne!(hash.hash, hash_password("けさは 雨が降っていた").unwrap().hash, "each has a salt of its own");
    }

    #[test]
    fn req_s03_passwords_that_guessers_try_first_are_refused() {
        for weak in ["short", "password1234", "aaaaaaaaaaaaaaaa", "tanaka.taro.2026", "Hikyaku-2026!"] {
            assert!(check_password(weak, "tanaka.taro").is_err(), "{weak}");
        }
        for good in ["correct horse battery", "けさは雨が降っていたので傘", "Xk8-ppf2-9wma-r3"] {
            assert_eq!(check_password(good, "tanaka.taro"), Ok(()), "{good}");
        }
        assert_eq!(check_password(&"x1y2z3".repeat(30), ""), Err(Weak::Long));
    }

    #[test]
    fn a_made_password_passes_the_rules_and_is_never_the_same() {
        let (one, other) = (make_password().unwrap(), make_password().unwrap());
        assert_ne!(one, other);
        assert_eq!(check_password(&one, "admin"), Ok(()), "{one}");
    }

    #[tokio::test]
    async fn req_s03_the_next_hash_waits_for_the_one_that_runs_also_when_its_visitor_has_left() {
        let hasher = Hasher::new();
        let (begin, begun) = tokio::sync::oneshot::channel();
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let hash = hasher.run(move || {
            begin.send(()).unwrap();
            ended.recv().unwrap();
        });
        tokio::select! {
            _ = hash => unreachable!("it waits to be told to end"),
            begun = begun => begun.unwrap(),
        }
        assert!(hasher.turns.try_acquire().is_err(), "nobody waits for the hash, and it runs all the same");
        end.send(()).unwrap();
        let next = tokio::time::timeout(std::time::Duration::from_secs(20), hasher.run(|| 1));
        assert_eq!(next.await.unwrap(), Some(1));
    }
}
