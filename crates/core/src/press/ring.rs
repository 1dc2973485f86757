//! The keys that sign: which of them for which sender and from when, all read and tried before anything is sent.

use std::collections::HashMap;

use super::dkim::{Algorithm, Signer};
use super::keys::{Signing, SigningError, Unsigned, check_selector, domain_of, read_key, wrong};
use super::moment;
#[cfg(feature = "smime")]
use super::smime::Certified;
use crate::address::Address;
use crate::time::{Instant, Span};

/// A change of keys that is this near is announced when the engine opens.
const NOTICE: Span = Span::from_secs(14 * 86_400);

/// Every key, read and tried.
#[derive(Default)]
pub struct KeyRing {
    domains: HashMap<String, Vec<Signer>>,
    unsigned: Unsigned,
    #[cfg(feature = "smime")]
    certified: Vec<Certified>,
}

impl KeyRing {
    /// Reads and tries every key.
    ///
    /// # Errors
    /// The first [`SigningError`], naming the file and what to do.
    pub fn open(signing: &Signing) -> Result<Self, SigningError> {
        #[cfg(not(feature = "smime"))]
        if let Some(pair) = signing.smime.first() {
            return Err(wrong(&pair.certificate, "S/MIME needs a program that was built with --features smime"));
        }
        let mut domains: HashMap<String, Vec<Signer>> = HashMap::new();
        for key in &signing.dkim {
            let domain = domain_of(&key.domain)?;
            check_selector(&key.selector)?;
            if key.until <= key.from {
                let (from, until) = (moment(key.from), moment(key.until));
                let problem =
                    format!("the key {} of {domain} ends at {until}, before it begins at {from}", key.selector);
                return Err(SigningError::Keys(problem));
            }
            let (secret, algorithm, public) = read_key(&key.file)?;
            let signer = Signer::new(&domain, &key.selector, (secret, algorithm), key.from..key.until);
            if !signer.verifies(&public) {
                return Err(wrong(&key.file, "its private and public parts do not match: make a new key"));
            }
            let signers = domains.entry(domain.clone()).or_default();
            if signers.iter().any(|other| other.selector() == key.selector) {
                let problem = format!("{domain} has two keys with the selector {}: its record holds one", key.selector);
                return Err(SigningError::Keys(problem));
            }
            signers.push(signer);
        }
        Ok(KeyRing {
            domains,
            unsigned: signing.unsigned,
            #[cfg(feature = "smime")]
            certified: signing.smime.iter().map(Certified::open).collect::<Result<_, _>>()?,
        })
    }

    /// Whether nothing is signed for anybody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        #[cfg(feature = "smime")]
        let certified = !self.certified.is_empty();
        #[cfg(not(feature = "smime"))]
        let certified = false;
        self.domains.is_empty() && !certified
    }

    /// The certificate that signs a mail of this sender that was submitted at this instant.
    #[cfg(feature = "smime")]
    pub(super) fn certified(&self, from: &Address, at: Instant) -> Option<&Certified> {
        let valid = self.certified.iter().filter(|certified| certified.is_valid(at) && certified.names(from));
        valid.max_by_key(|certified| certified.from())
    }

    /// What signs a mail from this domain that was submitted at this instant: RSA, then Ed25519.
    pub(super) fn valid(&self, domain: &str, at: Instant) -> impl Iterator<Item = &Signer> {
        let signers = self.domains.get(domain).map_or(&[][..], Vec::as_slice);
        [Algorithm::Rsa, Algorithm::Ed25519].into_iter().filter_map(move |algorithm| {
            let valid = signers.iter().filter(|s| s.algorithm() == algorithm && s.is_valid(at));
            valid.max_by_key(|signer| signer.from())
        })
    }

    /// Whether a batch may be sent: it is signed, or need not be.
    ///
    /// # Errors
    /// [`SigningError::NoKey`].
    pub fn check(&self, from: &Address, at: Instant) -> Result<(), SigningError> {
        #[cfg(feature = "smime")]
        self.check_certificate(from, at)?;
        let domain = from.domain();
        if self.valid(domain, at).next().is_some() {
            return Ok(());
        }
        if self.unsigned == Unsigned::Refuse {
            return Err(SigningError::NoKey { domain: domain.to_string(), at: moment(at) });
        }
        if !self.is_empty() {
            tracing::warn!(domain, "no DKIM key is valid for this sender: its mails go out unsigned");
        }
        Ok(())
    }

    #[cfg(feature = "smime")]
    fn check_certificate(&self, from: &Address, at: Instant) -> Result<(), SigningError> {
        let domain = from.domain();
        let named = self.certified.iter().any(|certified| certified.names(from));
        match (self.certified(from, at), self.unsigned) {
            (None, Unsigned::Refuse) if named => {
                Err(SigningError::NoCertificate { domain: domain.to_string(), at: moment(at) })
            }
            (None, Unsigned::Send) if named => {
                tracing::warn!(domain, "no certificate of this sender is valid: its mails go out without S/MIME");
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// What an operator should know of changes that are near: a key that begins soon, or one that ends with none after it.
    #[must_use]
    pub fn notices(&self, now: Instant) -> Vec<String> {
        let soon = now + NOTICE;
        let mut notices = Vec::new();
        for (domain, signers) in &self.domains {
            for signer in signers {
                let (selector, from, until) = (signer.selector(), signer.from(), signer.until());
                if now < from && from <= soon {
                    notices.push(format!(
                        "{domain}: the key {selector} signs from {} on; its record {selector}._domainkey.{domain} must be \
                         published before that",
                        moment(from)
                    ));
                }
                if until <= soon && signer.is_valid(now) && self.valid(domain, until).next().is_none() {
                    notices.push(format!(
                        "{domain}: the key {selector} ends at {} and no key follows it: add the next one",
                        moment(until)
                    ));
                }
            }
        }
        #[cfg(feature = "smime")]
        for certified in self.certified.iter().filter(|certified| certified.until() <= soon) {
            let (name, until) = (certified.name(), moment(certified.until()));
            notices.push(format!("{name}: the certificate ends at {until}: renew it"));
        }
        notices.sort();
        notices
    }
}
