//! Tokens as a provider makes them, and as somebody makes them who wants in.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

/// How a token is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    Es256,
    Rs256,
    /// Not at all.
    None,
    /// With the public key as the secret of an HMAC.
    Hs256WithThePublicKey,
    /// With a key that nobody knows, under the name of a known one.
    Stranger,
    /// With a key that nobody knows, under a name of its own.
    UnknownKey,
}

/// The provider's keys.
pub struct Mint {
    point: EcdsaKeyPair,
    rsa: RsaKeyPair,
    name: String,
}

pub fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// PKCE's challenge of a verifier.
pub fn challenge(verifier: &str) -> String {
    text(digest(&SHA256, verifier.as_bytes()).as_ref())
}

fn pair() -> EcdsaKeyPair {
    EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap()
}

impl Mint {
    pub fn new() -> Self {
        let point = pair();
        let name = text(&digest(&SHA256, point.public_key().as_ref()).as_ref()[..6]);
        Self { point, rsa: RsaKeyPair::generate(KeySize::Rsa2048).unwrap(), name }
    }

    pub fn keys(&self) -> Value {
        let public = self.point.public_key().as_ref();
        let (modulus, exponent) = (self.rsa.public_key().modulus(), self.rsa.public_key().exponent());
        let number = |it: &[u8]| text(it);
        json!({"keys": [
            {"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": format!("e-{}", self.name),
             "x": text(&public[1..33]), "y": text(&public[33..])},
            {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": format!("r-{}", self.name),
             "n": number(modulus.big_endian_without_leading_zero()),
             "e": number(exponent.big_endian_without_leading_zero())},
            {"kty": "RSA", "alg": "RSA-OAEP", "use": "enc", "kid": "for-something-else", "n": "AQAB", "e": "AQAB"},
        ]})
    }

    pub fn sign(&self, style: Style, claims: &Value) -> String {
        let (algorithm, kid) = match style {
            Style::Es256 | Style::Stranger => ("ES256", format!("e-{}", self.name)),
            Style::Rs256 => ("RS256", format!("r-{}", self.name)),
            Style::None => ("none", format!("e-{}", self.name)),
            Style::Hs256WithThePublicKey => ("HS256", format!("e-{}", self.name)),
            Style::UnknownKey => ("ES256", "nobody-knows".to_owned()),
        };
        let head = json!({"alg": algorithm, "kid": kid, "typ": "JWT"});
        let message = format!("{}.{}", text(head.to_string().as_bytes()), text(claims.to_string().as_bytes()));
        let by = |pair: &EcdsaKeyPair| pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap().as_ref().to_vec();
        let signature = match style {
            Style::Es256 => by(&self.point),
            Style::Stranger | Style::UnknownKey => by(&pair()),
            Style::Rs256 => {
                let mut signature = vec![0; self.rsa.public_modulus_len()];
                self.rsa.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature).unwrap();
                signature
            }
            Style::None => Vec::new(),
            Style::Hs256WithThePublicKey => {
                let secret = hmac::Key::new(hmac::HMAC_SHA256, self.point.public_key().as_ref());
                hmac::sign(&secret, message.as_bytes()).as_ref().to_vec()
            }
        };
        format!("{message}.{}", text(&signature))
    }
}
