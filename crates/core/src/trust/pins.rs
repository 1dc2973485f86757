//! What is pinned for a carrier: keys, and authorities of its own.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The SHA-256 of a SubjectPublicKeyInfo (RFC 7469 §2.4), written `sha256/` and 44 characters of base64.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pin(pub [u8; 32]);

impl Pin {
    /// Reads a pin.
    ///
    /// # Errors
    /// A text that shows how one is written and made.
    pub fn parse(text: &str) -> Result<Pin, String> {
        let digest = text.strip_prefix("sha256/").and_then(|rest| STANDARD.decode(rest).ok());
        let digest = digest.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        digest.map(Pin).ok_or_else(|| {
            format!(
                "pin \"{text}\": write \"sha256/\" and the base64 of the key's SHA-256, as `openssl x509 -pubkey -noout | \
                 openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64` prints it"
            )
        })
    }

    /// The pin of a SubjectPublicKeyInfo in DER.
    #[must_use]
    pub fn of(spki: &[u8]) -> Pin {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, spki);
        let mut pin = [0; 32];
        pin.copy_from_slice(digest.as_ref());
        Pin(pin)
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256/{}", STANDARD.encode(self.0))
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Whom a carrier with `tls = "pinned"` trusts. Where both lists hold something, a host must satisfy both.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Trusted {
    /// Keys: the host's certificate must hold one of them, whatever else it says and whoever signed it.
    pub pins: Vec<Pin>,
    /// Authorities, certificates in DER: one of them must vouch for the host's certificate, in the host's name.
    pub roots: Vec<Vec<u8>>,
}

impl Trusted {
    /// Whether nothing is trusted, so that no connection can be made.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pins.is_empty() && self.roots.is_empty()
    }

    /// Whether a key in DER is pinned.
    #[must_use]
    pub fn has_key(&self, spki: &[u8]) -> bool {
        self.pins.contains(&Pin::of(spki))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_read_as_it_is_written() {
        let pin = Pin::of(b"key");
        assert_eq!(Pin::parse(&pin.to_string()), Ok(pin));
        // printf key | openssl dgst -sha256 -binary | base64
        assert_eq!(pin.to_string(), "sha256/LHDhK3oGRvkiefQnx7OOczTY5Tic/xZ6HcMOc/gmtoM=");
    }

    #[test]
    fn what_is_no_pin_is_told_how_to_write_one() {
        for text in ["", "sha256/", "sha1/AAAA", "sha256/AAAA", "LHDhK3oGRvki"] {
            let told = Pin::parse(text).unwrap_err();
            assert!(told.contains("openssl") && told.contains(text), "{told}");
        }
    }
}
