//! The MTA-STS policies of domains: found, fetched, kept across restarts and renewed (RFC 8461 §3.3, §5).

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::proto::rr::{RData, RecordType};
use serde::{Deserialize, Serialize};

use super::{Keep, fetch};
use crate::clock::Clock;
use crate::config::Dial;
use crate::time::{Instant, Span};
use crate::trust::{StsPolicy, record_id};
use crate::wire::Tls;

/// Longest wait for the TXT record; the MX records are asked for meanwhile.
const RECORD_WAIT: Duration = Duration::from_secs(3);
/// Longest wait for a policy: the domain's mail waits with it.
const FETCH_WAIT: Duration = Duration::from_secs(5);
/// After a fetch that failed, none is tried for so long (RFC 8461 §3.3 suggests five minutes).
const FETCH_AGAIN: Span = Span::from_secs(300);
/// A policy is renewed after this time at the latest, so that it seldom ends while its host is out of order.
const RENEW: Span = Span::from_secs(24 * 3600);
/// What the names of kept policies begin with.
const PREFIX: &str = "sts/";
/// Version of the kept form.
const VERSION: u8 = 1;

/// A policy as it was fetched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Fetched {
    id: String,
    policy: StsPolicy,
    at: Instant,
}

impl Fetched {
    fn holds(&self, now: Instant) -> bool {
        now < self.at + self.policy.max_age
    }

    /// Whether it is time to fetch it again, the id being the same.
    fn is_old(&self, now: Instant) -> bool {
        now >= self.at + (self.policy.max_age / 2).min(RENEW)
    }

    fn encode(&self) -> Option<Vec<u8>> {
        postcard::to_extend(self, vec![VERSION]).ok()
    }

    fn decode(bytes: &[u8]) -> Option<Fetched> {
        match bytes.split_first() {
            Some((&VERSION, rest)) => postcard::from_bytes(rest).ok(),
            _ => None,
        }
    }
}

#[derive(Debug, Default)]
struct Domain {
    fetched: Option<Fetched>,
    not_before: Instant,
}

/// The policies that are known.
pub(super) struct Sts {
    dial: Dial,
    port: u16,
    tls: Arc<Tls>,
    clock: Clock,
    keep: OnceLock<Keep>,
    domains: Mutex<HashMap<String, Domain>>,
}

impl Sts {
    pub(super) fn new((dial, port): (Dial, u16), tls: Arc<Tls>, clock: Clock) -> Sts {
        Sts { dial, port, tls, clock, keep: OnceLock::new(), domains: Mutex::default() }
    }

    pub(super) fn remember(&self, kept: &BTreeMap<String, Vec<u8>>, keep: Keep) {
        let mut domains = self.domains();
        for (name, bytes) in kept.range(PREFIX.to_string()..) {
            let Some(domain) = name.strip_prefix(PREFIX) else { break };
            if let Some(fetched) = Fetched::decode(bytes).filter(|fetched| fetched.holds(self.clock.now())) {
                domains.insert(domain.to_string(), Domain { fetched: Some(fetched), not_before: Instant::EPOCH });
            }
        }
        // Asked for once, when the engine opens.
        let _ = self.keep.set(keep);
    }

    fn domains(&self) -> MutexGuard<'_, HashMap<String, Domain>> {
        self.domains.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The policy of a domain that holds now. One that was fetched holds for its `max_age`, whatever the name service
    /// says meanwhile: who can take the TXT record away must not take the policy away.
    pub(super) async fn policy(&self, domain: &str, dns: &TokioResolver) -> Option<StsPolicy> {
        let id = self.id(domain, dns).await;
        let now = self.clock.now();
        let (known, not_before) = {
            let domains = self.domains();
            let state = domains.get(domain);
            let known = state.and_then(|state| state.fetched.clone()).filter(|fetched| fetched.holds(now));
            (known, state.map_or(Instant::EPOCH, |state| state.not_before))
        };
        let current = known.as_ref().is_some_and(|known| Some(&known.id) == id.as_ref() && !known.is_old(now));
        let Some(id) = id.filter(|_| !current && not_before <= now) else { return known.map(|known| known.policy) };
        let fetching = fetch::text(domain, dns, &self.tls, self.dial, self.port);
        let text = tokio::time::timeout(FETCH_WAIT, fetching).await;
        let text = text.unwrap_or_else(|_| Err(format!("no answer within {} s", FETCH_WAIT.as_secs())));
        match text.and_then(|text| StsPolicy::parse(&text)) {
            Ok(policy) => {
                let fetched = Fetched { id, policy: policy.clone(), at: self.clock.now() };
                if let (Some(keep), Some(bytes)) = (self.keep.get(), fetched.encode()) {
                    keep(format!("{PREFIX}{domain}"), bytes);
                }
                let state = Domain { fetched: Some(fetched), not_before: Instant::EPOCH };
                self.domains().insert(domain.to_string(), state);
                Some(policy)
            }
            Err(problem) => {
                // Without a policy that holds the domain is as one that has none (RFC 8461 §5.1).
                tracing::warn!(domain, problem, known = known.is_some(), "an MTA-STS policy could not be fetched");
                self.domains().entry(domain.to_string()).or_default().not_before = now + FETCH_AGAIN;
                known.map(|known| known.policy)
            }
        }
    }

    /// The id that the domain's TXT record gives, if there is one and it can be had in time.
    async fn id(&self, domain: &str, dns: &TokioResolver) -> Option<String> {
        let name = format!("_mta-sts.{domain}.");
        // Who asks wants to know anew: it is asked when the route is, and that is when a new id counts.
        dns.clear_lookup_cache(name.as_str(), RecordType::TXT);
        let lookup = dns.txt_lookup(name);
        let found = tokio::time::timeout(RECORD_WAIT, lookup).await.ok()?.ok()?;
        let texts = found.answers().iter().filter_map(|answer| match &answer.data {
            // A record's parts are put together without anything between them (RFC 7208 §3.3, RFC 8461 §3.1).
            RData::TXT(txt) => Some(txt.txt_data.iter().map(|part| String::from_utf8_lossy(part)).collect()),
            _ => None,
        });
        record_id(&texts.collect::<Vec<String>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::StsMode;

    fn fetched(max_age: u64) -> Fetched {
        let policy = StsPolicy { mode: StsMode::Enforce, mx: vec!["a.b".into()], max_age: Span::from_secs(max_age) };
        Fetched { id: "1".into(), policy, at: Instant::from_micros(0) }
    }

    #[test]
    fn a_policy_holds_for_its_age_and_is_renewed_at_half_of_it_or_daily() {
        let at = |secs| Instant::EPOCH + Span::from_secs(secs);
        let short = fetched(1_000);
        assert!(short.holds(at(999)) && !short.holds(at(1_000)));
        assert!(!short.is_old(at(499)) && short.is_old(at(500)));
        let long = fetched(31_557_600);
        assert!(!long.is_old(at(86_399)) && long.is_old(at(86_400)) && long.holds(at(31_000_000)));
    }

    #[test]
    fn a_kept_policy_is_read_again_and_one_of_a_later_version_is_not() {
        let bytes = fetched(9).encode().unwrap();
        assert_eq!(bytes[0], 1, "the version");
        assert_eq!(Fetched::decode(&bytes), Some(fetched(9)));
        let later = [&[2], &bytes[1..]].concat();
        assert_eq!((Fetched::decode(&later), Fetched::decode(&[])), (None, None));
    }
}
