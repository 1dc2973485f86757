//! Which keys are taken, which of them signs when, and what is said of those that are not taken.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::address::Address;
use crate::press::make::pem;
use crate::press::{DkimAlgorithm, DkimKey, KeyRing, Signing, SigningError, Unsigned};
use crate::time::{Instant, Span};

/// An RSA key of 1,024 bits that signs for nobody.
const SMALL: &str = "\
-----BEGIN PRIVATE KEY-----
MIICdgIBADANBgkqhkiG9w0BAQEFAASCAmAwggJcAgEAAoGBAK8cl/mTpEYLCnCX
Ku+jousfgLRQm/lGQRU49IiUATXqNVfba1FquKQSo5FohvQgTCA9DsRp076A7fJ5
K8DPLTd3zGvb7wkpHl32TV2mtwzE6GjS1bd+RBRBNRmCoxIlYYBhEbS5mJvDxuHZ
fe6CqeTZnHlQaC2tk1sKPrMHlsE9AgMBAAECgYAz11k+r/DwM5CRqI8zhtRSm270
8vBaKexWphfu3zJEjePg8Lqizd9/42y9PZ7GY1FmMe1PRK1FNtI6+Jh1amBOEDHK
Xu5N6J46//1PbZHjXkl0QIc0GVKvrN8MFF9HHedyfjplhQXs2+0ttYZuVTVUdvzJ
3m41YmuZTU7WZxPz2QJBANSfOGCMmmhKSKvV79Oe3/dpWiruIAoXUlqrMG7CE5CX
AE1PcIuhyp7UgzspUiyKwkbRsj7i0HljFT0YkixkegMCQQDS1ktoRRp0WegwapyT
B+gwXXu408Pi0E2wZ8AhKTpc+IR9ChL/gBgh/Z27VIiMpVPdKo75xRHUF9cPnv5y
MJO/AkEAlPf9SwAYCuvI4MQipPVSXAkvSJbQUeGnLKl2ZJOLm6mAZ6o540r3KLMi
Qugfj9+kYHP5W8AUaof2UHkPqRS4uwJAfCmtQNupR6oG3jR6vu/iIlF7Yg58Bp/L
kL6Y3C6Oa2ADjiuXopYKIEJeWIrg24slh1Lf3mHbLP9ZLJ7ik9bduwJAaU8xhGe/
RcCRm+D9hPTabBqbL34jIlylXQF7+8sW6Cf97w+94tH1qNtecN386D8nEv184NZQ
R/Tb1HaTaC4oDg==
-----END PRIVATE KEY-----
";

/// Made once: an RSA key takes a while.
pub(super) static RSA: LazyLock<String> = LazyLock::new(|| {
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    pem(der.as_ref())
});

pub(super) fn ed25519() -> String {
    let pair = aws_lc_rs::signature::Ed25519KeyPair::generate().unwrap();
    let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    pem(der.as_ref())
}

/// A key file that only its owner may read.
pub(super) fn write(folder: &Path, name: &str, content: &str) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, content).unwrap();
    permit(&path, 0o600);
    path
}

#[cfg(unix)]
fn permit(path: &Path, mode: u32) {
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
}

#[cfg(not(unix))]
fn permit(_path: &Path, _mode: u32) {}

fn at(days: u64) -> Instant {
    Instant::EPOCH + Span::from_secs(days * 86_400)
}

fn open(dkim: Vec<DkimKey>) -> Result<KeyRing, SigningError> {
    KeyRing::open(&Signing { dkim, unsigned: Unsigned::Refuse, ..Signing::default() })
}

fn refused(keys: Vec<DkimKey>) -> String {
    open(keys).map(|_| ()).unwrap_err().to_string()
}

#[test]
fn a_file_that_is_no_good_key_is_named_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let rng = aws_lc_rs::rand::SystemRandom::new();
    let p256 = &aws_lc_rs::signature::ECDSA_P256_SHA256_ASN1_SIGNING;
    let elliptic = aws_lc_rs::signature::EcdsaKeyPair::generate_pkcs8(p256, &rng).unwrap();
    let encrypted = RSA.replace("PRIVATE", "ENCRYPTED PRIVATE");
    for (name, content, says) in [
        ("small.pem", SMALL, "shorter than 2,048 bits"),
        ("elliptic.pem", &pem(elliptic.as_ref()), "another"),
        ("encrypted.pem", &encrypted, "openssl pkey"),
        ("text.pem", "hello", "BEGIN PRIVATE KEY"),
        ("cut.pem", &RSA.replacen("\n", "\nAAAA", 1), "make a new one"),
    ] {
        let error = refused(vec![DkimKey::new("example.jp", "s1", write(folder.path(), name, content))]);
        assert!(error.contains(name) && error.contains(says), "{error}");
    }
    let error = refused(vec![DkimKey::new("example.jp", "s1", folder.path().join("none.pem"))]);
    assert!(error.contains("none.pem") && error.contains("cannot be read"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_key_that_everybody_may_read_is_refused_with_the_command_that_mends_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = write(folder.path(), "open.pem", &RSA);
    permit(&file, 0o644);
    let error = refused(vec![DkimKey::new("example.jp", "s1", &file)]);
    assert!(error.contains("mode 644") && error.contains(&format!("chmod 600 {}", file.display())), "{error}");
    permit(&file, 0o640);
    assert!(open(vec![DkimKey::new("example.jp", "s1", &file)]).is_ok());
}

#[test]
fn keys_that_contradict_each_other_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = write(folder.path(), "a.pem", &RSA);
    let key = DkimKey::new("Example.JP", "s1", &file);
    let twice = refused(vec![key.clone(), DkimKey::new("example.jp", "s1", &file)]);
    assert!(twice.contains("example.jp has two keys with the selector s1"), "{twice}");
    let ended = refused(vec![DkimKey { from: at(20), until: at(10), ..key.clone() }]);
    assert!(ended.contains("1970-01-11") && ended.contains("1970-01-21"), "{ended}");
    for selector in ["", "a b", "s1;d=evil", "s1\r\nBcc: x", "a..b"] {
        let error = refused(vec![DkimKey { selector: selector.into(), ..key.clone() }]);
        assert!(error.contains("selector"), "{selector:?}: {error}");
    }
    assert!(refused(vec![DkimKey { domain: "no domain".into(), ..key }]).contains("no domain"));
}

#[test]
fn the_key_that_is_valid_at_the_submission_signs_and_rsa_stands_first() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| write(folder.path(), name, content);
    let key = |selector: &str, file: &Path, from: u64, until: Instant| DkimKey {
        from: at(from),
        until,
        ..DkimKey::new("example.jp", selector, file)
    };
    let (rsa, ed) = (file("rsa.pem", &RSA), file("ed.pem", &ed25519()));
    let ring = open(vec![
        key("e1", &ed, 15, at(40)),
        key("r3", &rsa, 30, Instant::NEVER),
        key("r1", &rsa, 10, at(25)),
        key("r2", &rsa, 20, at(30)),
    ])
    .unwrap();
    let signs = |domain: &str, day: u64| -> Vec<String> {
        ring.valid(domain, at(day)).map(|signer| signer.selector().to_string()).collect()
    };
    assert!(signs("example.jp", 9).is_empty());
    assert_eq!(signs("example.jp", 10), ["r1"]);
    assert_eq!(signs("example.jp", 15), ["r1", "e1"]);
    assert_eq!(signs("example.jp", 22), ["r2", "e1"], "the later key takes over before the earlier ends");
    assert_eq!(signs("example.jp", 30), ["r3", "e1"]);
    assert_eq!(signs("example.jp", 40), ["r3"]);
    assert!(signs("sub.example.jp", 30).is_empty(), "strict alignment");
}

#[test]
fn a_change_of_keys_is_announced_before_it_comes() {
    let folder = tempfile::tempdir().unwrap();
    let rsa = write(folder.path(), "rsa.pem", &RSA);
    let key = |selector: &str, from: u64, until: u64| DkimKey {
        from: at(from),
        until: at(until),
        ..DkimKey::new("example.jp", selector, &rsa)
    };
    let ring = open(vec![key("r1", 0, 100), key("r2", 90, 200)]).unwrap();
    assert!(ring.notices(at(50)).is_empty());
    let notices = ring.notices(at(80)).join("\n");
    assert!(notices.contains("r2") && notices.contains("r2._domainkey.example.jp"), "{notices}");
    assert!(!notices.contains("no key follows"), "r2 follows r1: {notices}");
    let notices = ring.notices(at(190)).join("\n");
    assert!(notices.contains("r2 ends at 1970-07-20") && notices.contains("no key follows"), "{notices}");
}

#[test]
fn a_sender_without_a_key_is_refused_or_sent_unsigned_as_configured() {
    let folder = tempfile::tempdir().unwrap();
    let dkim = vec![DkimKey::new("example.jp", "s1", write(folder.path(), "rsa.pem", &RSA))];
    let (own, other) = (Address::parse("anpi@example.jp").unwrap(), Address::parse("anpi@other.jp").unwrap());
    let ring = open(dkim.clone()).unwrap();
    assert_eq!(ring.check(&own, at(1)), Ok(()));
    let error = ring.check(&other, at(1)).unwrap_err();
    assert!(error.to_string().contains("other.jp at 1970-01-02"), "{error}");
    let ring = KeyRing::open(&Signing { dkim, ..Signing::default() }).unwrap();
    assert_eq!(ring.check(&other, at(1)), Ok(()));
}

#[test]
fn a_key_that_was_made_is_used_and_never_written_over() {
    let folder = tempfile::tempdir().unwrap();
    for (name, algorithm) in [("rsa.pem", DkimAlgorithm::Rsa), ("ed.pem", DkimAlgorithm::Ed25519)] {
        let key = DkimKey::new("example.jp", "s1", folder.path().join(name));
        key.make(algorithm).unwrap();
        let ring = open(vec![key.clone()]).unwrap();
        assert_eq!(ring.valid("example.jp", at(1)).map(|signer| signer.algorithm()).collect::<Vec<_>>(), [algorithm]);
        assert!(key.make(algorithm).unwrap_err().to_string().contains(name));
    }
    let nowhere = DkimKey::new("no domain", "s1", folder.path().join("none.pem"));
    assert!(nowhere.make(DkimAlgorithm::Ed25519).is_err() && !nowhere.file.exists());
}

#[cfg(not(feature = "smime"))]
#[test]
fn a_certificate_in_a_program_without_smime_is_refused_with_what_is_missing() {
    let smime = vec![crate::press::SmimeKey { certificate: "c.pem".into(), key: "k.pem".into() }];
    let error = KeyRing::open(&Signing { smime, ..Signing::default() }).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("c.pem") && error.contains("--features smime"), "{error}");
}

#[test]
fn a_record_for_the_name_service_holds_the_public_part() {
    let folder = tempfile::tempdir().unwrap();
    for (name, content, kind, bytes) in [("rsa.pem", RSA.clone(), "rsa", 294), ("ed.pem", ed25519(), "ed25519", 32)] {
        let key = DkimKey::new("example.jp", "s1", write(folder.path(), name, &content));
        let (at, record) = key.record().unwrap();
        assert_eq!(at, "s1._domainkey.example.jp");
        let public = record.strip_prefix(&format!("v=DKIM1; k={kind}; p=")).unwrap();
        assert_eq!(STANDARD.decode(public).unwrap().len(), bytes, "{record}");
    }
}
