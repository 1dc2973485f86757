//! Texts that this system vouches for: heads of the journal that leave the machine, certificates of erasure.
//!
//! A signed text is made to be read by people and checked without hikyaku: lines `name: value` under a first line that
//! says what it is, then `-----`, the public key and an Ed25519 signature (RFC 8032) over every byte before `-----`.

use std::fmt::{self, Write as _};

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use jiff::Timestamp;
use thiserror::Error;

use crate::chain::{Hash, Head};

/// Stands behind what is signed, on a line of its own.
const MARK: &str = "-----\n";
/// What a signed head begins with.
const HEAD_KIND: &str = "hikyaku signed head 1";

/// Who signs: an Ed25519 public key, shown as 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey(pub [u8; 32]);

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl std::str::FromStr for PublicKey {
    type Err = SignedError;

    fn from_str(text: &str) -> Result<Self, SignedError> {
        unhex(text.trim()).map(PublicKey).ok_or(SignedError::Form("the key is not 64 hexadecimal digits"))
    }
}

/// What is to be signed: the first line, and the lines under it.
pub type Statement = (&'static str, Vec<(&'static str, String)>);

/// Why a signed text is not to be trusted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SignedError {
    /// It is no signed text, or not one of this kind.
    #[error("this is no signed text of hikyaku ({0}): take the file as it was written")]
    Form(&'static str),
    /// The signature does not belong to the text.
    #[error("the signature does not hold: the text was changed after it was signed")]
    Signature,
    /// Somebody else signed it.
    #[error("it was signed with key {found}, not with {expected}: ask whose key that is")]
    OtherKey {
        /// The key in the text.
        found: PublicKey,
        /// The key that was asked for.
        expected: PublicKey,
    },
}

/// A text with its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedText {
    text: String,
    key: PublicKey,
    signature: [u8; 64],
}

impl SignedText {
    /// Signs lines under a first line. A line break in a value becomes a space: it would make a line of its own.
    pub(crate) fn sign(pair: &Ed25519KeyPair, (kind, lines): &Statement) -> Self {
        let mut text = format!("{kind}\n");
        for (name, value) in lines {
            let value = value.replace(['\n', '\r'], " ");
            // Writing to a string does not fail.
            let _ = writeln!(text, "{name}: {value}");
        }
        let (mut key, mut signature) = ([0; 32], [0; 64]);
        key.copy_from_slice(pair.public_key().as_ref());
        signature.copy_from_slice(pair.sign(text.as_bytes()).as_ref());
        SignedText { text, key: PublicKey(key), signature }
    }

    /// Reads a signed text and checks its signature, and the key if one is `expected`.
    ///
    /// # Errors
    /// [`SignedError`] says what is wrong.
    pub fn read(written: &str, expected: Option<PublicKey>) -> Result<Self, SignedError> {
        // No value begins a line, so the first such line is ours.
        let end = written.find("\n-----\n").ok_or(SignedError::Form("it has no line -----"))?;
        let (text, vouching) = written.split_at(end + 1);
        let line = |name: &str| vouching.lines().find_map(|line| line.strip_prefix(name));
        let key: PublicKey = line("key: ").ok_or(SignedError::Form("it names no key"))?.parse()?;
        let signature = line("signature: ").and_then(|text| unhex(text.trim()));
        let signature: [u8; 64] = signature.ok_or(SignedError::Form("its signature is not 128 hexadecimal digits"))?;
        let public = UnparsedPublicKey::new(&ED25519, key.0);
        public.verify(text.as_bytes(), &signature).map_err(|_| SignedError::Signature)?;
        match expected.filter(|expected| *expected != key) {
            Some(expected) => Err(SignedError::OtherKey { found: key, expected }),
            None => Ok(SignedText { text: text.to_owned(), key, signature }),
        }
    }

    /// Its first line.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.text.lines().next().unwrap_or_default()
    }

    /// The value of a line.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    /// The values of all lines of one name.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.text.lines().filter_map(move |line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    /// Who signed it.
    #[must_use]
    pub fn key(&self) -> PublicKey {
        self.key
    }
}

impl fmt::Display for SignedText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{MARK}key: {}\nsignature: {}\n", self.text, self.key, hex(&self.signature))
    }
}

/// What a signed head says: the journal of this ring ended here at that moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedHead {
    /// The key ring of the journal, in hexadecimal digits.
    pub ring: String,
    /// Where the journal ended.
    pub head: Head,
    /// When.
    pub at: Timestamp,
}

impl SignedHead {
    /// What is signed of it.
    pub(crate) fn statement(&self) -> Statement {
        let Head { seq, hash } = self.head;
        let lines =
            [("ring", self.ring.clone()), ("row", seq.to_string()), ("hash", hex(&hash)), ("at", self.at.to_string())];
        (HEAD_KIND, lines.into())
    }

    /// What a signed text says, if it is a signed head.
    #[must_use]
    pub fn of(text: &SignedText) -> Option<SignedHead> {
        let ring = text.value("ring")?.to_owned();
        let head = head_from(text, "row", "hash")?;
        let at = text.value("at")?.parse().ok()?;
        (text.kind() == HEAD_KIND).then_some(SignedHead { ring, head, at })
    }
}

/// The head that two lines tell.
pub(crate) fn head_from(text: &SignedText, row: &str, hash: &str) -> Option<Head> {
    let hash: Hash = unhex(text.value(hash)?)?;
    Some(Head { seq: text.value(row)?.parse().ok()?, hash })
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Bytes from exactly as many hexadecimal digits as they need.
pub(crate) fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != N * 2 || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; N];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[at * 2..at * 2 + 2], 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> Ed25519KeyPair {
        Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap()
    }

    fn head() -> SignedHead {
        let head = Head { seq: 12, hash: [9; 32] };
        SignedHead { ring: "00ff".into(), head, at: "2026-11-21T00:00:00Z".parse().unwrap() }
    }

    fn signed() -> SignedText {
        SignedText::sign(&pair(), &head().statement())
    }

    #[test]
    fn req_s09_a_signed_head_is_read_back_from_its_text() {
        let written = signed().to_string();
        let read = SignedText::read(&written, None).unwrap();
        assert_eq!(SignedHead::of(&read), Some(head()));
        assert_eq!(SignedText::read(&written, Some(read.key())), Ok(read));
        assert!(written.starts_with("hikyaku signed head 1\nring: 00ff\nrow: 12\n"), "{written}");
    }

    #[test]
    fn req_s09_a_signed_text_changed_in_any_byte_is_refused() {
        let written = signed().to_string();
        let (key, last) = (signed().key(), written.trim_end().len());
        for at in 0..last {
            let mut changed = written.clone().into_bytes();
            // Another digit or letter, never the same one in another case.
            changed[at] = if changed[at] == b'q' { b'r' } else { b'q' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(SignedText::read(&changed, Some(key)).is_err(), "byte {at}: {changed}");
        }
    }

    #[test]
    fn whoever_signs_with_another_key_is_named() {
        let written = signed().to_string();
        let error = SignedText::read(&written, Some(PublicKey([1; 32]))).unwrap_err();
        assert!(error.to_string().contains(&signed().key().to_string()), "{error}");
    }

    #[test]
    fn a_value_cannot_make_a_line_of_its_own() {
        let signed = SignedText::sign(&pair(), &("hikyaku test 1", vec![("place", "東京\nrow: 9\n-----".into())]));
        let read = SignedText::read(&signed.to_string(), None).unwrap();
        assert_eq!((read.value("row"), read.value("place")), (None, Some("東京 row: 9 -----")));
    }
}
