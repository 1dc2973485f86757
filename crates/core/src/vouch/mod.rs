//! What domains publish about the encryption of their hosts: MTA-STS policies and TLSA records, looked up and joined.

mod dane;
mod fetch;
mod sts;

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::{ResolverBuilder, TokioResolver};

use crate::clock::Clock;
use crate::config::{Config, Dane};
use crate::event::HostRoute;
use crate::trust::{Published, StsMode, StsPolicy};
use crate::wire::Tls;

/// Keeps something under a name across restarts.
pub type Keep = Box<dyn Fn(String, Vec<u8>) + Send + Sync>;

/// Looks up what is published.
pub struct Vouch {
    sts: Option<sts::Sts>,
    dane: Option<dane::Signed>,
    /// Domains of which something was ever published.
    own: Mutex<HashSet<String>>,
}

/// What a domain publishes about its hosts.
#[derive(Debug, Default, PartialEq)]
pub struct About {
    /// For each host in the order in which they were given.
    pub hosts: Vec<Published>,
    /// Whether the domain must not share its sessions with other domains of the same hosts, who may ask for less. Stays so
    /// while the engine runs, so that its mails need not move when a policy comes or goes.
    pub own_site: bool,
}

impl Vouch {
    /// Looks up as the configuration says. `signed` makes the resolver that validates DNSSEC, if there is to be one.
    ///
    /// # Errors
    /// A text that says what cannot be used.
    pub fn new(
        config: &Config,
        tls: Arc<Tls>,
        clock: Clock,
        signed: impl FnOnce() -> Result<ResolverBuilder<TokioRuntimeProvider>, String>,
    ) -> Result<Vouch, String> {
        let dane = match config.dane {
            Dane::Off => None,
            Dane::WhenSecure => Some(dane::Signed::new(signed()?, config.trust_anchors.as_deref())?),
        };
        let sts = config.mta_sts.then(|| sts::Sts::new((config.dial, config.https_port), tls, clock));
        Ok(Vouch { sts, dane, own: Mutex::default() })
    }

    /// Takes what was kept before, and keeps what is learned from now on.
    pub fn remember(&self, kept: &BTreeMap<String, Vec<u8>>, keep: Keep) {
        if let Some(sts) = &self.sts {
            sts.remember(kept, keep);
        }
    }

    /// What is published about a domain's hosts, which listen on `port`.
    ///
    /// # Errors
    /// A text that says why it is not known where the domain's mail may go.
    pub async fn about(&self, domain: &str, hosts: &[&str], port: u16, dns: &TokioResolver) -> Result<About, String> {
        let policy = async {
            match &self.sts {
                Some(sts) => sts.policy(domain, dns).await,
                None => None,
            }
        };
        let records = async {
            match &self.dane {
                Some(dane) => dane.published(domain, hosts, port).await,
                None => Ok(vec![Published::Nothing; hosts.len()]),
            }
        };
        let (policy, records) = tokio::join!(policy, records);
        let joined = records?.into_iter().zip(hosts).map(|(record, host)| match record {
            Published::Nothing => policy.as_ref().map_or(Published::Nothing, |p| by_policy(p, domain, host)),
            // MTA-STS must not overrule DANE (RFC 8461 §2).
            record => record,
        });
        let hosts: Vec<Published> = joined.collect();
        let now = policy.is_some() || hosts.iter().any(|published| *published != Published::Nothing);
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        if now {
            own.insert(domain.to_string());
        }
        Ok(About { hosts, own_site: own.contains(domain) })
    }
}

/// Leaves hosts out that must not be spoken with, as long as there is another one. Says whether there is none.
pub fn leave_out_barred(hosts: &mut Vec<HostRoute>) -> bool {
    let open = |host: &HostRoute| !matches!(host.published, Published::Barred(_));
    let closed = !hosts.iter().any(open);
    if !closed {
        hosts.retain(open);
    }
    closed
}

fn by_policy(policy: &StsPolicy, domain: &str, host: &str) -> Published {
    let named = policy.names(host);
    match policy.mode {
        StsMode::None => Published::Nothing,
        StsMode::Testing => Published::StsTesting { named },
        StsMode::Enforce if named => Published::Sts,
        StsMode::Enforce => Published::Barred(format!(
            "{host} is not among the `mx` of {domain}'s MTA-STS policy, which is in mode enforce (RFC 8461): the \
             domain's postmaster must mend its policy or its MX records"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Span;

    fn route(name: &str, published: Published) -> HostRoute {
        HostRoute { name: name.into(), preference: 0, addrs: Vec::new(), published }
    }

    #[test]
    fn a_host_that_the_policy_does_not_name_is_left_out_where_another_one_is_named() {
        let policy = |mode| StsPolicy { mode, mx: vec!["a.example".into()], max_age: Span::from_secs(9) };
        let of = |mode, host| by_policy(&policy(mode), "d.example", host);
        assert_eq!(of(StsMode::Enforce, "a.example"), Published::Sts);
        assert!(matches!(of(StsMode::Enforce, "b.example"), Published::Barred(why) if why.contains("d.example")));
        assert_eq!(of(StsMode::Testing, "b.example"), Published::StsTesting { named: false });
        assert_eq!(of(StsMode::None, "b.example"), Published::Nothing);
        let routes = |hosts: &[&'static str]| -> Vec<HostRoute> {
            hosts.iter().map(|host| route(host, of(StsMode::Enforce, host))).collect()
        };
        let mut mixed = routes(&["b.example", "a.example"]);
        assert!(!leave_out_barred(&mut mixed) && mixed.len() == 1 && mixed[0].name == "a.example");
        let mut none = routes(&["b.example", "c.example"]);
        assert!(leave_out_barred(&mut none) && none.len() == 2);
    }
}
