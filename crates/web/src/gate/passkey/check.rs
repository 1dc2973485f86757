//! What a device said, checked: registration (WebAuthn Level 2 §7.1) and proof (§7.2). Pure.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use serde::Deserialize;

use super::party::RelyingParty;

/// Flags of the authenticator's data (§6.1): the user was there, was verified, and a key follows.
const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const KEY_FOLLOWS: u8 = 0x40;
/// Bytes before the key: hash of the domain, flags, counter.
const HEAD: usize = 37;
/// Bytes of the device's model, which says nothing without an attestation.
const MODEL: usize = 16;
/// Longest name of a credential (§7.1 step 17 of Level 3).
const CREDENTIAL_MAX: usize = 1_023;
/// A key of ES256 in the canonical encoding that §6.5.1 demands: a map of five entries, EC2, ES256, P-256, x and y
/// (RFC 8152 §13.1.1). The encoding is unique, so that no reader of CBOR is needed.
const KEY_BEGINS: [u8; 10] = [0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20];
const THEN_Y: [u8; 3] = [0x22, 0x58, 0x20];
/// Bytes of a coordinate.
const COORDINATE: usize = 32;

/// Why what a device said is not believed; for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Untrue {
    /// No client data, or of another ceremony.
    #[error("the client data is none, or of another ceremony")]
    ClientData,
    /// Said on another page than ours.
    #[error("said on another page than ours")]
    Origin,
    /// Too short, or for another site.
    #[error("the authenticator's data is none, or for another site")]
    Authenticator,
    /// The device did not ask its user.
    #[error("the device did not verify its user")]
    User,
    /// No key that we know how to check.
    #[error("there is no key of ES256")]
    Key,
    /// Not signed with the key.
    #[error("the signature is not right")]
    Signature,
}

/// What is said of a ceremony (§5.8.1).
#[derive(Deserialize)]
struct ClientData {
    #[serde(rename = "type")]
    ceremony: String,
    challenge: String,
    origin: String,
    #[serde(rename = "crossOrigin", default)]
    cross_origin: bool,
}

/// A key that a device made.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Made {
    /// The challenge that it answers to, as it stood in the page.
    pub(crate) challenge: String,
    pub(crate) credential: Vec<u8>,
    /// Uncompressed.
    pub(crate) point: Vec<u8>,
}

/// A proof that a device gave.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Proved {
    /// The challenge that it answers to.
    pub(crate) challenge: String,
    pub(crate) count: u32,
}

/// The key in what a device said at registration. Without an attestation nothing is signed: it is the key of whoever is logged in.
pub(crate) fn made(party: &RelyingParty, client: &[u8], authenticator: &[u8]) -> Result<Made, Untrue> {
    let challenge = challenge(party, "webauthn.create", client)?;
    let flags = head(party, authenticator)?.0;
    if flags & KEY_FOLLOWS == 0 {
        return Err(Untrue::Key);
    }
    let rest = authenticator.get(HEAD + MODEL..).ok_or(Untrue::Key)?;
    let (length, rest) = rest.split_first_chunk::<2>().ok_or(Untrue::Key)?;
    let length = usize::from(u16::from_be_bytes(*length));
    let (credential, key) = rest.split_at_checked(length).ok_or(Untrue::Key)?;
    if credential.is_empty() || length > CREDENTIAL_MAX {
        return Err(Untrue::Key);
    }
    Ok(Made { challenge, credential: credential.to_vec(), point: point(key).ok_or(Untrue::Key)? })
}

/// What a device said of its key, if it is signed with `point`.
pub(crate) fn proved(
    party: &RelyingParty,
    point: &[u8],
    client: &[u8],
    authenticator: &[u8],
    signature: &[u8],
) -> Result<Proved, Untrue> {
    let challenge = challenge(party, "webauthn.get", client)?;
    let (_, count) = head(party, authenticator)?;
    let signed = [authenticator, digest(&SHA256, client).as_ref()].concat();
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point);
    key.verify(&signed, signature).map_err(|_| Untrue::Signature)?;
    Ok(Proved { challenge, count })
}

fn challenge(party: &RelyingParty, ceremony: &str, client: &[u8]) -> Result<String, Untrue> {
    let said: ClientData = serde_json::from_slice(client).map_err(|_| Untrue::ClientData)?;
    if said.ceremony != ceremony {
        return Err(Untrue::ClientData);
    }
    if said.origin != party.origin || said.cross_origin {
        return Err(Untrue::Origin);
    }
    Ok(said.challenge)
}

/// Flags and counter of the authenticator's data for our domain, of a user who was there and was verified.
fn head(party: &RelyingParty, authenticator: &[u8]) -> Result<(u8, u32), Untrue> {
    let (domain, rest) = authenticator.split_at_checked(32).ok_or(Untrue::Authenticator)?;
    let own = digest(&SHA256, party.domain.as_bytes());
    verify_slices_are_equal(domain, own.as_ref()).map_err(|_| Untrue::Authenticator)?;
    let (&flags, rest) = rest.split_first().ok_or(Untrue::Authenticator)?;
    let count = rest.first_chunk::<4>().ok_or(Untrue::Authenticator)?;
    if flags & PRESENT == 0 || flags & VERIFIED == 0 {
        return Err(Untrue::User);
    }
    Ok((flags, u32::from_be_bytes(*count)))
}

/// The point of a key of ES256; extensions may follow it.
fn point(key: &[u8]) -> Option<Vec<u8>> {
    let (x, rest) = key.strip_prefix(&KEY_BEGINS)?.split_at_checked(COORDINATE)?;
    let y = rest.strip_prefix(&THEN_Y)?.get(..COORDINATE)?;
    Some([&[4], x, y].concat())
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};

    use super::*;

    fn party() -> RelyingParty {
        RelyingParty::at("https://console.example.go.jp").unwrap()
    }

    fn client(ceremony: &str, origin: &str, more: &str) -> Vec<u8> {
        format!(r#"{{"type":"{ceremony}","challenge":"abc","origin":"{origin}"{more}}}"#).into_bytes()
    }

    fn authenticator(domain: &str, flags: u8, count: u32, key: &[u8]) -> Vec<u8> {
        [digest(&SHA256, domain.as_bytes()).as_ref(), &[flags], &count.to_be_bytes(), key].concat()
    }

    fn key_pair() -> EcdsaKeyPair {
        EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap()
    }

    fn sign(pair: &EcdsaKeyPair, authenticator: &[u8], client: &[u8]) -> Vec<u8> {
        let signed = [authenticator, digest(&SHA256, client).as_ref()].concat();
        pair.sign(&SystemRandom::new(), &signed).unwrap().as_ref().to_vec()
    }

    const HERE: &str = "https://console.example.go.jp";

    #[test]
    fn req_s03_a_proof_is_believed_only_as_it_was_signed_for_this_site_by_a_verified_user() {
        let (pair, other) = (key_pair(), key_pair());
        let ours = authenticator("console.example.go.jp", 0x05, 7, &[]);
        let told = |client: &[u8], authenticator: &[u8]| {
            proved(&party(), pair.public_key().as_ref(), client, authenticator, &sign(&pair, authenticator, client))
        };
        let said = client("webauthn.get", HERE, r#","crossOrigin":false"#);
        assert_eq!(told(&said, &ours), Ok(Proved { challenge: "abc".into(), count: 7 }));
        assert_eq!(told(&client("webauthn.create", HERE, ""), &ours), Err(Untrue::ClientData));
        assert_eq!(told(b"{}", &ours), Err(Untrue::ClientData));
        for origin in ["https://console.example.go.jp.evil.example", "http://console.example.go.jp", "null"] {
            assert_eq!(told(&client("webauthn.get", origin, ""), &ours), Err(Untrue::Origin), "{origin}");
        }
        assert_eq!(told(&client("webauthn.get", HERE, r#","crossOrigin":true"#), &ours), Err(Untrue::Origin));
        assert_eq!(told(&said, &authenticator("evil.example", 0x05, 7, &[])), Err(Untrue::Authenticator));
        assert_eq!(told(&said, &ours[..36]), Err(Untrue::Authenticator));
        for flags in [0x00, 0x01, 0x04] {
            assert_eq!(
                told(&said, &authenticator("console.example.go.jp", flags, 7, &[])),
                Err(Untrue::User),
                "{flags}"
            );
        }
        let foreign = proved(&party(), pair.public_key().as_ref(), &said, &ours, &sign(&other, &ours, &said));
        assert_eq!(foreign, Err(Untrue::Signature));
        let mut counted = ours.clone();
        counted[36] = 8;
        let tampered = proved(&party(), pair.public_key().as_ref(), &said, &counted, &sign(&pair, &ours, &said));
        assert_eq!(tampered, Err(Untrue::Signature), "a counter that was turned");
    }

    #[test]
    fn req_s03_a_new_key_is_taken_out_of_what_the_device_said_and_nothing_shorter_or_other_is() {
        let pair = key_pair();
        let public = pair.public_key().as_ref();
        let cose = [&KEY_BEGINS[..], &public[1..33], &THEN_Y, &public[33..]].concat();
        let key = [&[0; MODEL][..], &4_u16.to_be_bytes(), b"name", &cose].concat();
        let said = client("webauthn.create", HERE, "");
        let whole = authenticator("console.example.go.jp", 0x45, 0, &key);
        let expected = Made { challenge: "abc".into(), credential: b"name".to_vec(), point: public.to_vec() };
        assert_eq!(made(&party(), &said, &whole), Ok(expected));
        for length in HEAD..whole.len() {
            assert_eq!(made(&party(), &said, &whole[..length]), Err(Untrue::Key), "{length}");
        }
        let without = authenticator("console.example.go.jp", 0x05, 0, &key);
        assert_eq!(made(&party(), &said, &without), Err(Untrue::Key));
        let mut rsa = whole.clone();
        rsa[HEAD + MODEL + 2 + 4 + 2] = 0x03;
        assert_eq!(made(&party(), &said, &rsa), Err(Untrue::Key), "another kind of key");
    }
}
