//! A signed text in its compact form (RFC 7515 §7.1): taken apart here, its signature believed by a key.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;

use super::claims::Untrue;

/// The longest token that is read, in bytes.
const TOKEN_BYTES_MAX: usize = 16 * 1024;

/// How a token may be signed; anything else, `none` and shared secrets among it, has no name here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// ECDSA over P-256 with SHA-256.
    Es256,
}

impl Algorithm {
    /// That of a name (RFC 7518 §3.1).
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "RS256" => Some(Self::Rs256),
            "ES256" => Some(Self::Es256),
            _ => None,
        }
    }
}

/// A token, taken apart; nothing of it is believed yet.
#[derive(Debug)]
pub(super) struct Signed<'a> {
    pub(super) algorithm: Algorithm,
    /// Which key it names.
    pub(super) key: Option<String>,
    /// What is signed.
    pub(super) message: &'a [u8],
    pub(super) signature: Vec<u8>,
    /// What it says.
    pub(super) payload: Vec<u8>,
}

#[derive(Deserialize)]
struct Head {
    alg: String,
    kid: Option<String>,
    /// What one must understand to read it (RFC 7515 §4.1.11): nothing of it is understood here.
    crit: Option<serde_json::Value>,
}

/// Takes a token apart.
///
/// # Errors
/// [`Untrue::Form`], [`Untrue::Algorithm`].
pub(super) fn open(token: &str) -> Result<Signed<'_>, Untrue> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(Untrue::Form);
    }
    let decoded = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| Untrue::Form);
    let (message, signature) = token.rsplit_once('.').ok_or(Untrue::Form)?;
    let (head, payload) = message.split_once('.').ok_or(Untrue::Form)?;
    let head: Head = serde_json::from_slice(&decoded(head)?).map_err(|_| Untrue::Form)?;
    if head.crit.is_some() {
        return Err(Untrue::Form);
    }
    let algorithm = Algorithm::named(&head.alg).ok_or(Untrue::Algorithm)?;
    Ok(Signed {
        algorithm,
        key: head.kid,
        message: message.as_bytes(),
        signature: decoded(signature)?,
        payload: decoded(payload)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(head: &str) -> String {
        format!("{}.{}.{}", URL_SAFE_NO_PAD.encode(head), URL_SAFE_NO_PAD.encode("{}"), URL_SAFE_NO_PAD.encode("sign"))
    }

    #[test]
    fn req_s03_a_token_without_a_signature_or_with_one_that_anybody_can_make_is_not_even_read() {
        for algorithm in ["none", "None", "", "HS256", "HS512", "RS1", "RS512", "PS256", "ES256K", "EdDSA", "rs256"] {
            let told = open(&token(&format!("{{\"alg\":\"{algorithm}\"}}"))).unwrap_err();
            assert_eq!(told, Untrue::Algorithm, "{algorithm}");
        }
        let good = token("{\"alg\":\"RS256\",\"kid\":\"a\"}");
        let read = open(&good).unwrap();
        assert_eq!((read.algorithm, read.key.as_deref(), &*read.payload), (Algorithm::Rs256, Some("a"), &b"{}"[..]));
        assert_eq!(read.message, good.rsplit_once('.').unwrap().0.as_bytes());
    }

    #[test]
    fn what_is_no_token_is_refused() {
        let long = token(&format!("{{\"alg\":\"RS256\",\"kid\":\"{}\"}}", "a".repeat(TOKEN_BYTES_MAX)));
        let critical = token("{\"alg\":\"RS256\",\"crit\":[\"b64\"],\"b64\":false}");
        let four = format!("{}.AAAA", token("{\"alg\":\"RS256\"}"));
        for wrong in ["", "a", "a.b", "..", "!.!.!", &token("{}"), &token("[1]"), &long, &critical, &four] {
            assert_eq!(open(wrong).unwrap_err(), Untrue::Form, "{}", &wrong[..wrong.len().min(60)]);
        }
    }
}
