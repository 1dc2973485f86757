//! What a connection must show before a mail is sent over it, and how it was: policies, pins, MTA-STS, DANE.

mod dane;
mod pins;
mod sts;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use dane::Tlsa;
pub use pins::{Pin, Trusted};
pub use sts::{StsMode, StsPolicy, record_id};

/// Whether a conversation is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TlsPolicy {
    /// Never, whatever the domain publishes.
    Never,
    /// If the server offers it, whatever its certificate (RFC 7435); more where the domain publishes more (MTA-STS, DANE).
    #[default]
    Opportunistic,
    /// Only with a certificate that a trusted root vouches for, in the host's name; TLSA records take a root's place.
    Required,
    /// Only with a certificate of this carrier's own list ([`Trusted`]), whatever the domain publishes.
    Pinned,
}

/// The oldest version of TLS that is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TlsVersion {
    /// TLS 1.2 (RFC 5246) and newer; nothing older is ever spoken (RFC 8996).
    #[default]
    #[serde(rename = "1.2")]
    V1_2,
    /// TLS 1.3 (RFC 8446).
    #[serde(rename = "1.3")]
    V1_3,
}

/// How a conversation was encrypted, and who vouched for the host.
///
/// The order is the stored form: new ones go to the end. The first two are what `false` and `true` were in older records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Encryption {
    /// In clear.
    #[default]
    None,
    /// Encrypted; nobody vouched for the host.
    Unverified,
    /// A trusted root vouched for the host, as the carrier's policy requires.
    Verified,
    /// The host showed what is pinned for its carrier.
    Pinned,
    /// A trusted root vouched for the host, as the domain's MTA-STS policy demands.
    Sts,
    /// The host's TLSA records, signed with DNSSEC, vouched for it.
    Dane,
}

impl Encryption {
    /// Whether nobody on the way could read along.
    #[must_use]
    pub fn is_encrypted(self) -> bool {
        self != Encryption::None
    }
}

/// What is published about one host of a domain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Published {
    /// Nothing.
    #[default]
    Nothing,
    /// The domain's MTA-STS policy is enforced and names the host.
    Sts,
    /// The domain's MTA-STS policy is being tested: nothing is stopped, but what it would stop is told.
    StsTesting {
        /// Whether the policy names the host.
        named: bool,
    },
    /// The host has TLSA records that DNSSEC proves; those of no usable kind are left out.
    Dane {
        /// The usable ones.
        records: Vec<Tlsa>,
        /// The domain whose mail goes there, a second name that the host may show (RFC 7672 §3.2.2).
        domain: String,
    },
    /// The host must not be spoken with, for this reason.
    Barred(String),
}

/// What a connection to one host must show, from the carrier's policy and what is published.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Demand {
    /// No encryption.
    Never,
    /// Encryption if the server offers it, whoever it is.
    #[default]
    Any,
    /// The same; tells where an enforced policy would have stopped the mail.
    Watched {
        /// Whether the tested policy names the host.
        named: bool,
    },
    /// A certificate that a trusted root vouches for, in the host's name, as the carrier's policy asks.
    Verified,
    /// The same, as the domain's policy asks.
    Sts,
    /// A certificate that the carrier's list vouches for.
    Pinned(Arc<Trusted>),
    /// A certificate that one of these records vouches for; without any, encryption by whomever (RFC 7672 §2.2).
    Dane {
        /// The usable records.
        records: Vec<Tlsa>,
        /// The second name that the host may show.
        domain: String,
    },
    /// The host must not be spoken with, for this reason.
    Barred(String),
}

impl Demand {
    /// What follows from the carrier's policy and from what is published.
    ///
    /// The operator's own word goes first: who never encrypts or pins knows the carrier better than any name server. Then
    /// DANE, which MTA-STS must not overrule (RFC 8461 §2); then MTA-STS.
    #[must_use]
    pub fn of(policy: TlsPolicy, trusted: &Arc<Trusted>, published: &Published) -> Demand {
        match (policy, published) {
            (TlsPolicy::Never, _) => Demand::Never,
            (TlsPolicy::Pinned, _) => Demand::Pinned(trusted.clone()),
            (_, Published::Barred(why)) => Demand::Barred(why.clone()),
            (TlsPolicy::Required, Published::Dane { records, .. }) if records.is_empty() => Demand::Verified,
            (_, Published::Dane { records, domain }) => {
                Demand::Dane { records: records.clone(), domain: domain.clone() }
            }
            (_, Published::Sts) => Demand::Sts,
            (TlsPolicy::Required, _) => Demand::Verified,
            (TlsPolicy::Opportunistic, Published::StsTesting { named }) => Demand::Watched { named: *named },
            (TlsPolicy::Opportunistic, Published::Nothing) => Demand::Any,
        }
    }

    /// Whether STARTTLS is used where it is offered.
    #[must_use]
    pub fn may_encrypt(&self) -> bool {
        *self != Demand::Never
    }

    /// Whether no mail may leave in clear.
    #[must_use]
    pub fn must_encrypt(&self) -> bool {
        !matches!(self, Demand::Never | Demand::Any | Demand::Watched { .. })
    }

    /// The same towards a host at which TLS failed a moment ago: in clear where that is allowed.
    #[must_use]
    pub fn after_failure(self) -> Demand {
        if self.must_encrypt() { self } else { Demand::Never }
    }

    /// How a connection that met the demand was encrypted.
    #[must_use]
    pub fn met(&self) -> Encryption {
        match self {
            Demand::Never => Encryption::None,
            Demand::Verified => Encryption::Verified,
            Demand::Sts => Encryption::Sts,
            Demand::Pinned(_) => Encryption::Pinned,
            Demand::Dane { records, .. } if !records.is_empty() => Encryption::Dane,
            Demand::Any | Demand::Watched { .. } | Demand::Dane { .. } | Demand::Barred(_) => Encryption::Unverified,
        }
    }

    /// Who asks for it and what to do if it cannot be had, to stand behind the reason of a failure.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Demand::Never | Demand::Any | Demand::Watched { .. } => "",
            Demand::Verified => {
                "the carrier's policy is tls = \"required\"; if its host has a private authority, add that to the roots"
            }
            Demand::Pinned(_) => {
                "the carrier's policy is tls = \"pinned\"; ask the carrier whether its key changed, then renew `pins` or `ca`"
            }
            Demand::Sts => {
                "the domain's MTA-STS policy is in mode enforce (RFC 8461); its postmaster must mend the host's certificate"
            }
            Demand::Dane { .. } => {
                "the host has TLSA records (DANE, RFC 7672); its postmaster must mend them or its certificate"
            }
            Demand::Barred(_) => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tlsa() -> Tlsa {
        Tlsa { usage: 3, selector: 1, matching: 1, data: vec![7; 32] }
    }

    fn demand(policy: TlsPolicy, published: &Published) -> Demand {
        Demand::of(policy, &Arc::default(), published)
    }

    #[test]
    fn what_is_published_raises_what_the_policy_asks_and_never_lowers_it() {
        use TlsPolicy::*;
        let dane = |records: &[Tlsa]| Published::Dane { records: records.to_vec(), domain: "d.example".into() };
        let testing = Published::StsTesting { named: true };
        for (policy, published, must, met) in [
            (Never, Published::Sts, false, Encryption::None),
            (Opportunistic, Published::Nothing, false, Encryption::Unverified),
            (Opportunistic, testing.clone(), false, Encryption::Unverified),
            (Opportunistic, Published::Sts, true, Encryption::Sts),
            (Opportunistic, dane(&[tlsa()]), true, Encryption::Dane),
            (Opportunistic, dane(&[]), true, Encryption::Unverified),
            (Required, Published::Nothing, true, Encryption::Verified),
            (Required, testing, true, Encryption::Verified),
            (Required, Published::Sts, true, Encryption::Sts),
            (Required, dane(&[tlsa()]), true, Encryption::Dane),
            (Required, dane(&[]), true, Encryption::Verified),
            (Pinned, Published::Nothing, true, Encryption::Pinned),
            (Pinned, dane(&[tlsa()]), true, Encryption::Pinned),
        ] {
            let demand = demand(policy, &published);
            assert_eq!((demand.must_encrypt(), demand.met()), (must, met), "{policy:?} {published:?}");
            let after = demand.clone().after_failure();
            assert_eq!(after.may_encrypt(), must, "{policy:?} {published:?} after a failure");
        }
    }

    #[test]
    fn a_host_that_is_barred_is_barred_under_every_policy_that_heeds_what_is_published() {
        let barred = Published::Barred("no".into());
        for policy in [TlsPolicy::Opportunistic, TlsPolicy::Required] {
            assert_eq!(demand(policy, &barred), Demand::Barred("no".into()));
        }
        assert_eq!(demand(TlsPolicy::Never, &barred), Demand::Never);
        assert_eq!(demand(TlsPolicy::Pinned, &barred), Demand::Pinned(Arc::default()));
    }

    #[test]
    fn records_of_the_time_when_encryption_was_a_yes_or_no_are_still_read() {
        for (old, now) in [(false, Encryption::None), (true, Encryption::Unverified)] {
            let stored = postcard::to_allocvec(&old).unwrap();
            assert_eq!(postcard::from_bytes::<Encryption>(&stored).unwrap(), now);
        }
    }
}
