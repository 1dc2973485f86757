//! What an S/MIME signature leaves as it was, and which certificates are taken. OpenSSL verifies it in tests/acceptance.

use std::path::Path;

use super::keys::write;
use super::signed::{chunk, mail_of, split, verify};
use super::{head, recipient, text};
use crate::address::{Address, AddressStyle};
use crate::event::BatchHead;
use crate::press::{DkimAlgorithm, DkimKey, KeyRing, Signing, SigningError, SmimeKey, Unsigned, letter, render};
use crate::time::Instant;

const RSA: [&str; 2] = [include_str!("certificates/rsa.crt"), include_str!("certificates/rsa.key")];
const P256: [&str; 2] = [include_str!("certificates/p256.crt"), include_str!("certificates/p256.key")];
const NOBODY: &str = include_str!("certificates/nobody.crt");

fn pair(folder: &Path, [certificate, key]: [&str; 2]) -> SmimeKey {
    SmimeKey { certificate: write(folder, "own.crt", certificate), key: write(folder, "own.key", key) }
}

fn open(pair: SmimeKey, dkim: Vec<DkimKey>) -> Result<KeyRing, SigningError> {
    KeyRing::open(&Signing { smime: vec![pair], dkim, unsigned: Unsigned::Refuse })
}

/// Submitted while the certificates are valid: in 2027.
fn batch(text: &str) -> BatchHead {
    BatchHead { submitted: Instant::from_micros(1_800_000_000_000_000), ..head(text) }
}

fn content(ring: &KeyRing, head: BatchHead) -> Vec<u8> {
    let chunk = chunk(head, recipient("a..b@docomo.ne.jp"));
    let (letter, _) = letter(ring, &chunk, mail_of(&chunk), AddressStyle::Quoted).unwrap();
    letter.content
}

#[test]
fn the_unsigned_mail_is_the_first_part_of_the_signed_one_and_dkim_covers_the_whole() {
    for (files, is_without_chance) in [(RSA, true), (P256, false)] {
        let folder = tempfile::tempdir().unwrap();
        let dkim = DkimKey::new("example.go.jp", "ed", folder.path().join("ed.pem"));
        dkim.make(DkimAlgorithm::Ed25519).unwrap();
        let records = [dkim.record().unwrap()].into();
        let ring = open(pair(folder.path(), files), vec![dkim]).unwrap();
        let words = "{name} さん\n.地震です。\n";
        let signed = content(&ring, batch(words));
        assert_eq!(signed == content(&ring, batch(words)), is_without_chance);
        let signed = text(&signed).strip_suffix(".\r\n").unwrap().to_string();
        assert_eq!(verify(signed.as_bytes(), &records).unwrap(), ["ed25519-sha256"]);
        let (plain, plain_body) = split(&render(&batch(words), &recipient("a..b@docomo.ne.jp")));
        let (headers, body) = split(signed.as_bytes());
        let (of_part, of_mail): (Vec<_>, Vec<_>) =
            plain.into_iter().partition(|(name, _)| name.starts_with("Content-"));
        for header in of_mail {
            assert_eq!(headers.iter().filter(|other| **other == header).count(), 1, "{header:?}");
        }
        let types: Vec<_> = headers.iter().filter(|(name, _)| name.starts_with("Content-")).collect();
        assert_eq!(types.len(), 1, "{types:?}");
        let boundary = types[0].1.split('"').rev().nth(1).unwrap();
        let parts: Vec<String> = text(&body).split(&format!("--{boundary}")).map(str::to_string).collect();
        let [_, part, signature, end] = &parts[..] else { panic!("{parts:?}") };
        let expected: String = of_part.iter().map(|(name, value)| format!("{name}:{value}\r\n")).collect();
        assert_eq!(*part, format!("\r\n{expected}\r\n{}\r\n", text(&plain_body)));
        assert!(signature.contains("smime.p7s") && end == "--\r\n", "{parts:?}");
    }
}

#[test]
fn a_certificate_signs_for_the_senders_it_names_while_it_is_valid() {
    let folder = tempfile::tempdir().unwrap();
    let ring = open(pair(folder.path(), RSA), Vec::new()).unwrap();
    let (then, before) = (batch("x").submitted, Instant::from_micros(1_600_000_000_000_000));
    let named = |address: &str, at: Instant| ring.certified(&Address::parse(address).unwrap(), at).is_some();
    assert!(named("anpi@example.go.jp", then));
    assert!(!named("other@example.go.jp", then));
    assert!(!named("anpi@example.go.jp", before));
    let error = ring.check(&Address::parse("anpi@example.go.jp").unwrap(), before).unwrap_err().to_string();
    assert!(error.contains("no certificate") && error.contains("2020-09-13"), "{error}");
}

#[test]
fn a_pair_that_does_not_belong_together_or_names_nobody_is_refused_by_file() {
    let folder = tempfile::tempdir().unwrap();
    for (files, says) in [
        ([RSA[0], P256[1]], "does not belong to the certificate"),
        ([P256[0], RSA[1]], "does not belong to the certificate"),
        ([NOBODY, RSA[1]], "names no mail address"),
        ([RSA[1], RSA[1]], "BEGIN CERTIFICATE"),
        ([RSA[0], "x"], "BEGIN PRIVATE KEY"),
    ] {
        let error = open(pair(folder.path(), files), Vec::new()).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("own.") && error.contains(says), "{error}");
    }
}
