//! What is configured to sign, and the files it lies in.

use std::fs;
use std::path::{Path, PathBuf};

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mail_auth::common::crypto::{DkimKey as Secret, Ed25519Key, RsaKey};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use thiserror::Error;

use super::dkim::Algorithm;
use crate::address::Address;
use crate::time::Instant;

/// A key that signs the mails of one domain (DKIM, RFC 6376; Ed25519 by RFC 8463).
///
/// A batch is signed with the key that is valid when it is submitted, and so are all retries of its mails. The record of a
/// key stays in the DNS until the last of its mails has been read by the carriers: some weeks after `until`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DkimKey {
    /// The domain of `From` that it signs for; becomes `d=`. Sub-domains have keys of their own, so that strict alignment
    /// (RFC 7489 §3.1.1) holds.
    pub domain: String,
    /// The selector: its record is at `SELECTOR._domainkey.DOMAIN`.
    pub selector: String,
    /// PEM file with an RSA key of at least 2,048 bits (PKCS#8 or PKCS#1) or an Ed25519 key (PKCS#8), without passphrase.
    pub file: PathBuf,
    /// Batches that are submitted from then on are signed with it, in place of the key before it of the same kind.
    pub from: Instant,
    /// Batches that are submitted from then on are not signed with it any more.
    pub until: Instant,
}

impl DkimKey {
    /// A key that signs from the beginning and for ever.
    #[must_use]
    pub fn new(domain: impl Into<String>, selector: impl Into<String>, file: impl Into<PathBuf>) -> Self {
        let (domain, selector, file) = (domain.into(), selector.into(), file.into());
        DkimKey { domain, selector, file, from: Instant::EPOCH, until: Instant::NEVER }
    }

    /// Where its record is.
    pub(super) fn name(&self) -> Result<String, SigningError> {
        check_selector(&self.selector)?;
        Ok(format!("{}._domainkey.{}", self.selector, domain_of(&self.domain)?))
    }

    /// The name and the text of the record that publishes it (RFC 6376 §3.6.1), as one string.
    ///
    /// # Errors
    /// [`SigningError`] if the file holds no such key.
    pub fn record(&self) -> Result<(String, String), SigningError> {
        let (_, algorithm, public) = read_key(&self.file)?;
        Ok((self.name()?, format!("v=DKIM1; k={}; p={}", algorithm.key_type(), STANDARD.encode(public))))
    }
}

/// What happens to a batch whose sender's domain has no key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unsigned {
    /// It is sent without a signature, and a warning is logged.
    #[default]
    Send,
    /// It is not taken; and with such a batch in the queue the engine does not open.
    Refuse,
}

/// A certificate of an organisation and its key (S/MIME, RFC 8551; needs the feature `smime`). It signs mails from the
/// addresses that the certificate names, if they are submitted while it is valid; of several, the one that became valid
/// last. With a P-256 key a retry differs in its signatures and in nothing else, for ECDSA has chance in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmimeKey {
    /// PEM file with the certificate first and, behind it, those that lead to a trusted root.
    pub certificate: PathBuf,
    /// PEM file with its RSA key of at least 2,048 bits or its P-256 key (PKCS#8 or the older forms), without passphrase.
    pub key: PathBuf,
}

/// What signs the mails.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signing {
    /// DKIM keys: of one domain any number, with overlapping dates. Of those that are valid, the latest RSA key and the
    /// latest Ed25519 key sign.
    pub dkim: Vec<DkimKey>,
    /// What happens where no key is valid.
    pub unsigned: Unsigned,
    /// Certificates: the part of the mail that is read is signed with S/MIME before DKIM signs the whole.
    pub smime: Vec<SmimeKey>,
}

/// Why mails cannot be signed as configured.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SigningError {
    /// A file.
    #[error("{file}: {problem}")]
    File {
        /// Which file.
        file: String,
        /// What is wrong and what to do.
        problem: String,
    },
    /// The keys do not fit each other.
    #[error("signing: {0}")]
    Keys(String),
    /// No key is valid for a sender, and the policy refuses to send unsigned.
    #[error(
        "no DKIM key is valid for {domain} at {at}: add one to the signing configuration, or let it send unsigned mails"
    )]
    NoKey {
        /// The sender's domain.
        domain: String,
        /// When the batch was submitted.
        at: String,
    },
    /// A certificate names the sender and none is valid, and the policy refuses to send unsigned.
    #[error("no certificate for {domain} is valid at {at}: renew it, or let it send unsigned mails")]
    NoCertificate {
        /// The sender's domain.
        domain: String,
        /// When the batch was submitted.
        at: String,
    },
}

/// The domain in the form in which addresses have it.
pub(super) fn domain_of(domain: &str) -> Result<String, SigningError> {
    let address = Address::parse(&format!("x@{domain}"));
    let address = address.map_err(|e| SigningError::Keys(format!("the domain \"{domain}\": {e}")))?;
    Ok(address.domain().to_string())
}

/// RFC 6376 §3.1: labels of a domain name. It goes into a header.
pub(super) fn check_selector(selector: &str) -> Result<(), SigningError> {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    if selector.split('.').all(is_label) {
        return Ok(());
    }
    Err(SigningError::Keys(format!("the selector \"{selector}\": letters, digits, hyphens and dots make a selector")))
}

pub(super) fn wrong(file: &Path, problem: impl Into<String>) -> SigningError {
    SigningError::File { file: file.display().to_string(), problem: problem.into() }
}

/// The bytes of a file that holds a secret, if only those may read it who should.
pub(super) fn read_secret(file: &Path) -> Result<Vec<u8>, SigningError> {
    let unread = |e: std::io::Error| wrong(file, format!("the key cannot be read: {e}"));
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(file).map_err(unread)?.permissions());
        if mode & 0o007 != 0 {
            let mode = mode & 0o777;
            let problem =
                format!("everybody on this machine may use this key (mode {mode:o}): chmod 600 {}", file.display());
            return Err(wrong(file, problem));
        }
    }
    fs::read(file).map_err(unread)
}

/// A secret key with what kind it is and its public part as a DKIM record has it.
pub(super) fn read_key(file: &Path) -> Result<(Secret, Algorithm, Vec<u8>), SigningError> {
    let pem = read_secret(file)?;
    let der = private_key(file, &pem)?;
    let rsa = match &der {
        PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
        PrivateKeyDer::Pkcs8(der) => {
            // The form of RFC 8410 without the public part, as OpenSSL writes it, is whole too.
            if let Ok(pair) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der.secret_pkcs8_der()) {
                let key = Ed25519Key::from_pkcs8_maybe_unchecked_der(der.secret_pkcs8_der());
                let key = key.map_err(|e| wrong(file, format!("an Ed25519 key that cannot be used: {e}")))?;
                return Ok((key.into(), Algorithm::Ed25519, pair.public_key().as_ref().to_vec()));
            }
            RsaKeyPair::from_pkcs8(der.secret_pkcs8_der())
        }
        _ => return Err(wrong(file, "DKIM knows RSA and Ed25519 keys only, and this is another: make a new one")),
    };
    let rsa = rsa.map_err(|rejected| match rejected.to_string().as_str() {
        "TooSmall" => {
            wrong(file, "the RSA key is shorter than 2,048 bits, and carriers do not trust it: make a new one")
        }
        "WrongAlgorithm" => wrong(file, "DKIM knows RSA and Ed25519 keys only, and this is another: make a new one"),
        other => wrong(file, format!("this is no RSA key that can be used ({other}): make a new one")),
    })?;
    let public =
        rsa.public_key().as_der().map_err(|_| wrong(file, "the RSA key has no public part: make a new one"))?;
    let public: &[u8] = public.as_ref();
    let public = public.to_vec();
    let key = RsaKey::from_key_der(der).map_err(|e| wrong(file, format!("an RSA key that cannot be used: {e}")))?;
    Ok((key.into(), Algorithm::Rsa, public))
}

/// The private key in a PEM file.
pub(super) fn private_key(file: &Path, pem: &[u8]) -> Result<PrivateKeyDer<'static>, SigningError> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|_| {
        if pem.windows(9).any(|word| word == b"ENCRYPTED") {
            wrong(file, "the key has a passphrase: write it without one (openssl pkey -in FILE -out NEW)")
        } else {
            wrong(file, "it holds no private key in PEM (-----BEGIN PRIVATE KEY-----)")
        }
    })
}
