//! The provider's public keys (RFC 7517), and whether one of them signed something.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::Value;

use super::claims::Untrue;
use super::signed::{Algorithm, Signed};

/// Most keys that are kept of one provider.
const KEYS_MAX: usize = 64;
/// Bytes of each coordinate of a point of P-256.
const COORDINATE: usize = 32;

/// One public key.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Key {
    id: Option<String>,
    material: Material,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Material {
    /// Modulus and exponent, without zeros before them.
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
    /// A point of P-256, uncompressed (SEC 1 §2.3.3).
    Point(Vec<u8>),
}

/// The keys of a provider that are of use here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct KeySet(Vec<Key>);

/// One key as it is written; what another kind of key has besides is not looked at.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Written {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    r#use: Option<String>,
    crv: String,
    n: String,
    e: String,
    x: String,
    y: String,
}

/// Reads a set of keys; those of other kinds and for other uses are left out, for a set may hold them.
///
/// # Errors
/// It is no set, or none of its keys is of use.
pub(super) fn read(document: &[u8]) -> Result<KeySet, &'static str> {
    let value: Value = serde_json::from_slice(document).map_err(|_| "its keys are no JSON")?;
    let keys = value["keys"].as_array().ok_or("its keys are no set of keys")?;
    let useful: Vec<Key> = keys.iter().take(KEYS_MAX).filter_map(|key| useful(key.clone())).collect();
    if useful.is_empty() { Err("none of its keys is for RS256 or ES256") } else { Ok(KeySet(useful)) }
}

fn useful(key: Value) -> Option<Key> {
    let written: Written = serde_json::from_value(key).ok()?;
    if written.r#use.as_deref().is_some_and(|it| it != "sig") {
        return None;
    }
    let number = |text: &str| {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        (zeros < bytes.len()).then(|| bytes[zeros..].to_vec())
    };
    let coordinate = |text: &str| URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| bytes.len() == COORDINATE);
    let material = match (written.kty.as_str(), written.crv.as_str()) {
        ("RSA", _) => Material::Rsa { modulus: number(&written.n)?, exponent: number(&written.e)? },
        ("EC", "P-256") => Material::Point([vec![4], coordinate(&written.x)?, coordinate(&written.y)?].concat()),
        _ => return None,
    };
    let key = Key { id: written.kid, material };
    let fits = written.alg.is_none_or(|name| Algorithm::named(&name) == Some(key.algorithm()));
    fits.then_some(key)
}

impl KeySet {
    /// Whether the key that a token names is here, or the only one that it can mean.
    pub(super) fn knows(&self, signed: &Signed<'_>) -> bool {
        self.find(signed).is_some()
    }

    /// Whether the key that a token names signed it.
    ///
    /// # Errors
    /// [`Untrue::Key`], [`Untrue::Signature`].
    pub(super) fn verify(&self, signed: &Signed<'_>) -> Result<(), Untrue> {
        let key = self.find(signed).ok_or(Untrue::Key)?;
        let verified = match &key.material {
            Material::Rsa { modulus, exponent } => RsaPublicKeyComponents { n: modulus, e: exponent }.verify(
                &RSA_PKCS1_2048_8192_SHA256,
                signed.message,
                &signed.signature,
            ),
            Material::Point(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(signed.message, &signed.signature)
            }
        };
        verified.map_err(|_| Untrue::Signature)
    }

    /// The kind of key decides how it is used, never the token alone.
    fn find(&self, signed: &Signed<'_>) -> Option<&Key> {
        let mut fit = self.0.iter().filter(|key| key.algorithm() == signed.algorithm);
        match &signed.key {
            Some(id) => fit.find(|key| key.id.as_ref() == Some(id)),
            None => fit.next().filter(|_| fit.next().is_none()),
        }
    }
}

impl Key {
    fn algorithm(&self) -> Algorithm {
        match self.material {
            Material::Rsa { .. } => Algorithm::Rs256,
            Material::Point(_) => Algorithm::Es256,
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
    };
    use serde_json::json;

    use super::*;
    use crate::gate::oidc::signed;

    fn text(bytes: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn unsigned(algorithm: &str, key: Option<&str>) -> String {
        let head = match key {
            Some(key) => json!({"alg": algorithm, "kid": key}),
            None => json!({"alg": algorithm}),
        };
        format!("{}.{}", text(head.to_string().as_bytes()), text(b"{}"))
    }

    fn set(keys: &Value) -> Result<KeySet, &'static str> {
        read(json!({ "keys": keys }).to_string().as_bytes())
    }

    #[test]
    fn req_s03_a_signature_of_either_kind_is_believed_by_the_key_that_made_it_and_no_other() {
        let point = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let rsa = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let public = point.public_key().as_ref().to_vec();
        let (modulus, exponent) = (rsa.public_key().modulus(), rsa.public_key().exponent());
        // With a zero before it, as some write it.
        let modulus = [&[0], modulus.big_endian_without_leading_zero()].concat();
        let exponent = text(exponent.big_endian_without_leading_zero());
        let ec = json!({"kty": "EC", "crv": "P-256", "kid": "e", "x": text(&public[1..33]), "y": text(&public[33..])});
        let both =
            set(&json!([ec, {"kty": "RSA", "kid": "r", "n": text(&modulus), "e": exponent, "use": "sig"}])).unwrap();

        let by_point = |message: &str| {
            let signature = point.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
            format!("{message}.{}", text(signature.as_ref()))
        };
        let by_rsa = |message: &str| {
            let mut signature = vec![0; rsa.public_modulus_len()];
            rsa.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature).unwrap();
            format!("{message}.{}", text(&signature))
        };
        let judged = |token: &str| both.verify(&signed::open(token).unwrap());
        for key in [Some("e"), None] {
            assert_eq!(judged(&by_point(&unsigned("ES256", key))), Ok(()), "{key:?}");
        }
        assert_eq!(judged(&by_rsa(&unsigned("RS256", Some("r")))), Ok(()));
        // The token says which key; the key says what kind of signature.
        assert_eq!(judged(&by_rsa(&unsigned("RS256", Some("e")))), Err(Untrue::Key));
        assert_eq!(judged(&by_point(&unsigned("ES256", Some("new")))), Err(Untrue::Key));
        assert_eq!(judged(&by_rsa(&unsigned("ES256", Some("e")))), Err(Untrue::Signature));
        let good = by_point(&unsigned("ES256", Some("e")));
        let (_, signature) = good.rsplit_once('.').unwrap();
        let changed = format!("{}.{}.{signature}", good.split_once('.').unwrap().0, text(b"{\"sub\":\"x\"}"));
        assert_eq!(judged(&changed), Err(Untrue::Signature));
    }

    #[test]
    fn keys_of_other_kinds_and_uses_are_left_out_and_a_set_without_any_other_is_none() {
        let point = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let public = point.public_key().as_ref().to_vec();
        let key = |change: Value| {
            let mut key =
                json!({"kty": "EC", "crv": "P-256", "kid": "e", "x": text(&public[1..33]), "y": text(&public[33..])});
            for (name, value) in change.as_object().unwrap() {
                key[name] = value.clone();
            }
            key
        };
        let others = [
            json!({"use": "enc"}),
            json!({"alg": "ES384"}),
            json!({"alg": "RS256"}),
            json!({"crv": "P-384"}),
            json!({"kty": "oct", "k": "AAAA"}),
            json!({"x": "AAAA"}),
            json!({"kid": 7}),
        ];
        for change in &others {
            assert!(set(&json!([key(change.clone())])).is_err(), "{change}");
        }
        let mut all: Vec<Value> = others.into_iter().map(key).collect();
        all.push(key(json!({"alg": "ES256"})));
        assert_eq!(set(&json!(all)).unwrap().0.len(), 1);
        for wrong in ["", "{}", "[]", "{\"keys\":{}}", "{\"keys\":[]}"] {
            assert!(read(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_token_that_names_no_key_means_the_only_one_there_is() {
        let pair = || EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap().public_key().as_ref().to_vec();
        let key = |id: &str, public: Vec<u8>| json!({"kty": "EC", "crv": "P-256", "kid": id, "x": text(&public[1..33]), "y": text(&public[33..])});
        let token = format!("{}.{}", unsigned("ES256", None), text(b"sign"));
        let signed = signed::open(&token).unwrap();
        assert!(set(&json!([key("a", pair())])).unwrap().knows(&signed));
        assert!(!set(&json!([key("a", pair()), key("b", pair())])).unwrap().knows(&signed));
    }
}
