//! One DKIM signature (RFC 6376) by mail-auth: which headers it covers, and when it says that it was made.

use std::ops::Range;

use aws_lc_rs::signature::{ED25519, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use mail_auth::common::crypto::{DkimKey as Secret, SigningKey};
use mail_auth::common::headers::{Writable, Writer};
use mail_auth::dkim::Signature;
use mail_auth::dkim::canonicalize::CanonicalHeaders;

use super::headers::Headers;
use crate::time::Instant;

/// What every signature covers, absent or not; `From` twice, so that nobody can add another (RFC 6376 §8.15).
const COVERED: [&str; 11] = [
    "From",
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Reply-To",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "Auto-Submitted",
];
/// Headers that begin so are covered where they are there; a list may add its own.
const LIST: &[u8] = b"list-";

/// The kinds of keys that DKIM knows, in the order in which their signatures stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// RSA with SHA-256 (RFC 6376 §3.3.1): every carrier reads it.
    Rsa,
    /// Ed25519 (RFC 8463): beside RSA, for those that read it.
    Ed25519,
}

impl Algorithm {
    /// As the record says it (`k=`).
    pub(super) fn key_type(self) -> &'static str {
        match self {
            Algorithm::Rsa => "rsa",
            Algorithm::Ed25519 => "ed25519",
        }
    }
}

/// One key with the domain it signs for and the time in which it does.
pub(super) struct Signer {
    domain: String,
    selector: String,
    secret: Secret,
    algorithm: Algorithm,
    from: Instant,
    until: Instant,
}

impl Signer {
    /// A signer of a domain with a selector, for batches that are submitted at an instant of the range.
    pub(super) fn new(domain: &str, selector: &str, secret: (Secret, Algorithm), valid: Range<Instant>) -> Self {
        let (domain, selector, (secret, algorithm)) = (domain.to_string(), selector.to_string(), secret);
        Signer { domain, selector, secret, algorithm, from: valid.start, until: valid.end }
    }

    pub(super) fn selector(&self) -> &str {
        &self.selector
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub(super) fn from(&self) -> Instant {
        self.from
    }

    pub(super) fn until(&self) -> Instant {
        self.until
    }

    pub(super) fn is_valid(&self, at: Instant) -> bool {
        self.from <= at && at < self.until
    }

    /// Whether what it signs verifies with this public key, as its record has it.
    pub(super) fn verifies(&self, public: &[u8]) -> bool {
        let probe = b"hikyaku";
        let Ok(signature) = self.secret.sign(&probe[..]) else { return false };
        let verified = match self.algorithm {
            Algorithm::Rsa => UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public).verify(probe, &signature),
            Algorithm::Ed25519 => {
                // RFC 8463 §3: what is signed is the hash.
                let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, probe);
                UnparsedPublicKey::new(&ED25519, public).verify(hash.as_ref(), &signature)
            }
        };
        verified.is_ok()
    }

    /// Writes the signature's header for a mail with CRLF line ends. The same mail gives the same header: `t=` is the
    /// batch's submission, and neither kind of signature has chance in it (RFC 8017 §8.2.1, RFC 8032 §5.1.6).
    ///
    /// # Errors
    /// What the cryptographic library says.
    pub(super) fn sign(&self, mail: &[u8], submitted: Instant, out: &mut Vec<u8>) -> Result<(), String> {
        let mut signature = Signature {
            v: 1,
            a: self.secret.algorithm(),
            d: self.domain.clone(),
            s: self.selector.clone(),
            t: submitted.as_micros() / 1_000_000,
            h: covered(mail),
            ..Signature::default()
        };
        let (_, headers, names, body) = signature.canonicalize(Headers::of(mail));
        signature.bh = self.secret.hash(body).as_ref().to_vec();
        signature.h = names;
        signature.b = self.secret.sign(Signed { headers, signature: &signature }).map_err(|e| e.to_string())?;
        signature.write(out, true);
        Ok(())
    }
}

/// What is signed: the headers that are covered, then the signature's own header without the signature.
struct Signed<'a> {
    headers: CanonicalHeaders<'a>,
    signature: &'a Signature,
}

impl Writable for Signed<'_> {
    fn write(self, writer: &mut impl Writer) {
        self.headers.write(writer);
        self.signature.write(writer, false);
    }
}

fn covered(mail: &[u8]) -> Vec<String> {
    let mut names: Vec<String> = COVERED.map(str::to_string).to_vec();
    for (name, _) in Headers::of(mail) {
        if name.get(..LIST.len()).is_some_and(|start| start.eq_ignore_ascii_case(LIST)) {
            names.push(String::from_utf8_lossy(name).into_owned());
        }
    }
    names
}
