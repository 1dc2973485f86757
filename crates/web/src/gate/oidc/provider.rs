//! The provider as it is reached: what it said of itself and its keys, kept for an hour, asked again where a key is new.

use std::sync::Arc;
use std::time::Duration;

use hikyaku_dispatch::AccountId;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::sync::Mutex;

use super::claims::{self, Expected, Vouched};
use super::discovery::{self, Endpoints};
use super::errand::{ERRAND_BYTES_MAX, Errand};
use super::keys::{self, KeySet};
use super::request;
use super::settings::OidcSettings;
use super::signed;
use super::ticket::{Progress, Purpose, Ticket, Tickets};
use super::trouble::Trouble;
use crate::error::Error;
use crate::gate::rate::Rate;

/// How long what a provider says of itself holds.
const KEPT: SignedDuration = SignedDuration::from_hours(1);
/// How long a provider that did not answer is left alone: longer than it takes to find out, so that of many who wait each is told
/// at once.
const SILENT: SignedDuration = SignedDuration::from_secs(30);
/// How often at most its keys are asked for because a token names one that is not known.
const KEYS_EVERY: SignedDuration = SignedDuration::from_secs(60);
/// How long one question may take, whoever carries it.
const PATIENCE: Duration = Duration::from_secs(12);
/// The longest code that is exchanged, in bytes.
const CODE_BYTES_MAX: usize = 4 * 1024;
/// Codes that may be typed for one account in a minute, beside the provider's word.
const CODES_PER_MINUTE: u32 = 10;

/// The provider, and the log-ins that are under way.
pub(crate) struct Provider {
    settings: OidcSettings,
    tickets: Tickets,
    codes: Rate<AccountId>,
    memory: Mutex<Memory>,
}

#[derive(Default)]
struct Memory {
    known: Option<Known>,
    failed: Option<Timestamp>,
}

#[derive(Clone)]
struct Known {
    endpoints: Arc<Endpoints>,
    keys: Arc<KeySet>,
    read: Timestamp,
    keys_asked: Timestamp,
}

/// A log-in that begins: where the browser goes, and what it carries.
pub(crate) struct Beginning {
    pub(crate) address: String,
    pub(crate) cookie: String,
}

impl Provider {
    /// Nothing is asked yet.
    ///
    /// # Errors
    /// [`Error::NoRandomness`].
    pub(crate) fn new(settings: OidcSettings) -> Result<Self, Error> {
        // What is not counted could be guessed.
        let codes = Rate::per_minute(CODES_PER_MINUTE).or_refused();
        Ok(Self { settings, tickets: Tickets::new()?, codes, memory: Mutex::default() })
    }

    pub(crate) fn settings(&self) -> &OidcSettings {
        &self.settings
    }

    pub(crate) fn tickets(&self) -> &Tickets {
        &self.tickets
    }

    pub(crate) fn codes(&self) -> &Rate<AccountId> {
        &self.codes
    }

    /// Begins a log-in; whoever proves again who it is is asked anew by the provider.
    pub(crate) async fn begin(&self, purpose: Purpose, next: &str, now: Timestamp) -> Result<Beginning, Trouble> {
        let known = self.known(now).await?;
        let ticket = self.tickets.make(purpose, Progress::Begun, next, now).map_err(|_| Trouble::Unreachable)?;
        let again = matches!(purpose, Purpose::Prove(_));
        let address = request::authorization(&known.endpoints, &self.settings, &self.tickets.marks(&ticket), again);
        Ok(Beginning { address, cookie: self.tickets.seal(&ticket) })
    }

    /// Exchanges the code of a log-in for the provider's word.
    pub(crate) async fn finish(&self, ticket: &Ticket, code: &str, now: Timestamp) -> Result<Vouched, Trouble> {
        if code.is_empty() || code.len() > CODE_BYTES_MAX {
            return Err(Trouble::NotBegunHere);
        }
        let known = self.known(now).await?;
        let marks = self.tickets.marks(ticket);
        let (status, body) = self.run(request::exchange(&known.endpoints, &self.settings, &marks, code)).await?;
        if status != 200 {
            tracing::warn!(status, "the OpenID provider did not exchange a code");
            // 4xx is about this code or about us; anything else is trouble of its own.
            return Err(if (400..500).contains(&status) { Trouble::Declined } else { Trouble::Unreachable });
        }
        let answer: Value = serde_json::from_slice(&body).map_err(|_| Trouble::Untrue(claims::Untrue::Form))?;
        let token = answer["id_token"].as_str().ok_or(Trouble::Untrue(claims::Untrue::Form))?;
        let asked_since = matches!(ticket.purpose, Purpose::Prove(_)).then_some(ticket.made);
        self.believe(token, &marks.nonce, asked_since, &known, now).await.inspect_err(|trouble| {
            tracing::warn!(?trouble, "a token of the OpenID provider is not believed");
        })
    }

    async fn believe(
        &self,
        token: &str,
        nonce: &str,
        asked_since: Option<Timestamp>,
        known: &Known,
        now: Timestamp,
    ) -> Result<Vouched, Trouble> {
        let signed = signed::open(token)?;
        if known.keys.knows(&signed) {
            known.keys.verify(&signed)?;
        } else {
            self.newer_keys(now).await?.verify(&signed)?;
        }
        Ok(claims::judge(&signed.payload, &Expected { settings: &self.settings, nonce, asked_since, now })?)
    }

    async fn known(&self, now: Timestamp) -> Result<Known, Trouble> {
        let mut memory = self.memory.lock().await;
        if let Some(known) = memory.known.as_ref().filter(|known| is_within(known.read, KEPT, now)) {
            return Ok(known.clone());
        }
        if memory.failed.is_some_and(|at| is_within(at, SILENT, now)) {
            return Err(Trouble::Unreachable);
        }
        match self.learn(now).await {
            Ok(known) => {
                *memory = Memory { known: Some(known.clone()), failed: None };
                Ok(known)
            }
            Err(trouble) => {
                memory.failed = Some(now);
                Err(trouble)
            }
        }
    }

    async fn learn(&self, now: Timestamp) -> Result<Known, Trouble> {
        let document = self.fetch(&discovery::address_of(&self.settings.issuer)).await?;
        let endpoints = discovery::endpoints(&document, &self.settings.issuer).map_err(unfit)?;
        let keys = self.read_keys(&endpoints).await?;
        Ok(Known { endpoints: Arc::new(endpoints), keys: Arc::new(keys), read: now, keys_asked: now })
    }

    /// The keys as they are now, at most once a minute: what a stranger invents must not become questions to the provider.
    async fn newer_keys(&self, now: Timestamp) -> Result<Arc<KeySet>, Trouble> {
        let mut memory = self.memory.lock().await;
        let known = memory.known.as_mut().ok_or(Trouble::Unreachable)?;
        if !is_within(known.keys_asked, KEYS_EVERY, now) {
            known.keys_asked = now;
            known.keys = Arc::new(self.read_keys(&known.endpoints).await?);
        }
        Ok(Arc::clone(&known.keys))
    }

    async fn read_keys(&self, endpoints: &Endpoints) -> Result<KeySet, Trouble> {
        keys::read(&self.fetch(&endpoints.keys).await?).map_err(unfit)
    }

    async fn fetch(&self, url: &str) -> Result<Vec<u8>, Trouble> {
        let (status, body) = self.run(Errand { url: url.to_owned(), form: None, authorization: None }).await?;
        if status == 200 { Ok(body) } else { Err(silent(&format!("{url} answered {status}"))) }
    }

    async fn run(&self, errand: Errand) -> Result<(u16, Vec<u8>), Trouble> {
        let url = errand.url.clone();
        let answer = tokio::time::timeout(PATIENCE, self.settings.errands.run(errand)).await;
        let answer = answer.unwrap_or_else(|_| Err("no answer in time".to_owned()));
        match answer {
            Ok((_, body)) if body.len() > ERRAND_BYTES_MAX => Err(silent(&format!("{url}: too long an answer"))),
            Ok(answer) => Ok(answer),
            Err(problem) => Err(silent(&format!("{url}: {problem}"))),
        }
    }
}

/// Whether less than `span` lies between two times, whichever is earlier: requests take their time before they wait for each other.
fn is_within(at: Timestamp, span: SignedDuration, now: Timestamp) -> bool {
    now.duration_since(at).abs() < span
}

fn silent(problem: &str) -> Trouble {
    tracing::warn!(%problem, "the OpenID provider does not answer as one; people log in with passwords");
    Trouble::Unreachable
}

fn unfit(why: &'static str) -> Trouble {
    tracing::error!(why, "what the OpenID provider says of itself is not believed: check [console.oidc]");
    Trouble::Unreachable
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::gate::oidc::settings::tests::agreed;
    use crate::gate::oidc::{Errands, Reported};

    /// Answers what a test says, or never; counts how often it is asked.
    #[derive(Debug, Default)]
    struct Odd {
        asked: AtomicU32,
        answer: Option<Vec<u8>>,
    }

    impl Errands for Odd {
        fn run(&self, _: Errand) -> Reported<'_> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            match self.answer.clone() {
                Some(answer) => Box::pin(async { Ok((200, answer)) }),
                None => Box::pin(std::future::pending()),
            }
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + second).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn req_s03_a_provider_that_never_answers_keeps_nobody_waiting_and_is_left_alone_for_a_while() {
        let odd = Arc::new(Odd::default());
        let provider = Provider::new(OidcSettings { errands: odd.clone(), ..agreed() }).unwrap();
        let begin = |second| provider.begin(Purpose::LogIn, "/", at(second));
        let (one, other) = tokio::join!(begin(0), begin(5));
        assert_eq!((one.err(), other.err()), (Some(Trouble::Unreachable), Some(Trouble::Unreachable)));
        assert_eq!(odd.asked.load(Ordering::Relaxed), 1, "who waited behind it is told at once");
        assert!(begin(29).await.is_err());
        assert_eq!(odd.asked.load(Ordering::Relaxed), 1);
        assert!(begin(30).await.is_err());
        assert_eq!(odd.asked.load(Ordering::Relaxed), 2, "asked again after half a minute");
    }

    #[tokio::test]
    async fn req_s03_an_answer_without_end_is_none() {
        for answer in [vec![b' '; ERRAND_BYTES_MAX + 1], b"<html>".to_vec()] {
            let odd = Odd { answer: Some(answer), ..Odd::default() };
            let provider = Provider::new(OidcSettings { errands: Arc::new(odd), ..agreed() }).unwrap();
            assert_eq!(provider.begin(Purpose::LogIn, "/", at(0)).await.err(), Some(Trouble::Unreachable));
        }
    }
}
