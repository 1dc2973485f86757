//! S/MIME signatures (RFC 8551): the mail's own part and a detached CMS signature (RFC 5652) in a multipart/signed.
//!
//! The formats are RustCrypto's, the signatures aws-lc-rs's. With an RSA key the same mail gives the same bytes; ECDSA has
//! chance in it, so that with a P-256 key a retry differs in its signatures and in nothing else.

use std::fs;

use aws_lc_rs::digest::{Digest, SHA256, digest};
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cms::cert::{CertificateChoices, IssuerAndSerialNumber};
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{
    CertificateSet, EncapsulatedContentInfo, SignedAttributes, SignedData, SignerIdentifier, SignerInfo, SignerInfos,
};
use mail_auth::common::headers::HeaderStream;
use rustls::pki_types::PrivateKeyDer;
use x509_cert::Certificate;
use x509_cert::attr::Attribute;
use x509_cert::der::asn1::{Any, Ia5StringRef, Null, ObjectIdentifier, OctetString, SetOfVec, UtcTime};
use x509_cert::der::{Encode, Tag, Tagged};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::spki::AlgorithmIdentifierOwned;

use super::headers::Headers;
use super::keys::{SigningError, SmimeKey, private_key, read_secret, wrong};
use crate::address::Address;
use crate::time::{Instant, Span};

/// RFC 5652 §4, §5.1, §11; RFC 3370 §3.2; RFC 5754 §2, §3.3; RFC 5280 §4.1.2.6.
const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const SIGNING_TIME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.5");
const SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const ECDSA_SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const EMAIL_ADDRESS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.1");
/// Characters in a line of base64 (RFC 2045 §6.8).
const LINE: usize = 76;

enum Secret {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
}

/// One certificate with its key.
pub(super) struct Certified {
    name: String,
    secret: Secret,
    chain: Vec<Certificate>,
    addresses: Vec<String>,
    from: Instant,
    until: Instant,
}

impl Certified {
    /// Reads both files.
    ///
    /// # Errors
    /// [`SigningError`] names the file and what to do.
    pub(super) fn open(files: &SmimeKey) -> Result<Self, SigningError> {
        let file = &files.certificate;
        let pem = fs::read(file).map_err(|e| wrong(file, format!("the certificate cannot be read: {e}")))?;
        let chain = Certificate::load_pem_chain(&pem).unwrap_or_default();
        let none = || wrong(file, "it holds no certificate in PEM (-----BEGIN CERTIFICATE-----)");
        let certificate = &chain.first().ok_or_else(none)?.tbs_certificate;
        let addresses = addresses(certificate);
        if addresses.is_empty() {
            return Err(wrong(file, "the certificate names no mail address: ask for one that names the sender's"));
        }
        let secret = read_key(files)?;
        let public = match &secret {
            Secret::Rsa(pair) => pair.public_key().as_der(),
            Secret::P256(pair) => pair.public_key().as_der(),
        };
        let public: PublicKeyX509Der<'_> = public.map_err(|_| wrong(&files.key, "the key has no public part"))?;
        if certificate.subject_public_key_info.to_der().ok().as_deref() != Some(public.as_ref()) {
            let problem = format!("this key does not belong to the certificate {}: give the pair", file.display());
            return Err(wrong(&files.key, problem));
        }
        let instant = |time: x509_cert::time::Time| Instant::EPOCH + time.to_unix_duration();
        let (from, until) = (instant(certificate.validity.not_before), instant(certificate.validity.not_after));
        // A file that holds a certificate twice is a common mistake and harms nobody.
        let mut all = Vec::with_capacity(chain.len());
        for certificate in chain {
            if !all.contains(&certificate) {
                all.push(certificate);
            }
        }
        let chain = all;
        let certified = Certified { name: file.display().to_string(), secret, addresses, from, until, chain };
        // Whatever is wrong with the pair shows now and not at each mail.
        certified
            .sign(b"From: a@example.com\r\n\r\n", from)
            .map_err(|e| wrong(file, format!("nothing can be signed with it ({e}): give another pair")))?;
        Ok(certified)
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn from(&self) -> Instant {
        self.from
    }

    pub(super) fn until(&self) -> Instant {
        self.until
    }

    /// Whether it names this sender.
    pub(super) fn names(&self, sender: &Address) -> bool {
        let sender = format!("{}@{}", sender.local(), sender.domain());
        self.addresses.iter().any(|address| address.eq_ignore_ascii_case(&sender))
    }

    pub(super) fn is_valid(&self, at: Instant) -> bool {
        self.from <= at && at <= self.until
    }

    /// The mail as a multipart/signed: its MIME headers and its body become the first part, unchanged.
    ///
    /// # Errors
    /// What the formats or the cryptographic library say.
    pub(super) fn sign(&self, mail: &[u8], submitted: Instant) -> Result<Vec<u8>, String> {
        let (mut out, mut part) = (Vec::with_capacity(2 * mail.len() + 6_000), Vec::with_capacity(mail.len()));
        let mut headers = Headers::of(mail);
        for (name, value) in headers.by_ref() {
            let is_of_the_part = name.to_ascii_lowercase().starts_with(b"content-");
            let to = if is_of_the_part { &mut part } else { &mut out };
            for piece in [name, b":", value] {
                to.extend_from_slice(piece);
            }
        }
        part.extend_from_slice(b"\r\n");
        part.extend_from_slice(headers.body());
        let hash = digest(&SHA256, &part);
        let signature = self.signature(&hash, submitted).map_err(|e| e.to_string())?;
        // No part holds its own hash.
        let boundary: String = hash.as_ref()[..16].iter().map(|byte| format!("{byte:02x}")).collect();
        let head = format!(
            "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\";\r\n micalg=sha-256; \
             boundary=\"{boundary}\"\r\n\r\n--{boundary}\r\n"
        );
        out.extend_from_slice(head.as_bytes());
        out.extend_from_slice(&part);
        let head = format!(
            "\r\n--{boundary}\r\nContent-Type: application/pkcs7-signature; name=\"smime.p7s\"\r\n\
             Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=\"smime.p7s\"\r\n\r\n"
        );
        out.extend_from_slice(head.as_bytes());
        for line in STANDARD.encode(signature).as_bytes().chunks(LINE) {
            out.extend_from_slice(line);
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        Ok(out)
    }

    /// The detached signature in DER.
    fn signature(&self, hash: &Digest, submitted: Instant) -> x509_cert::der::Result<Vec<u8>> {
        let attributes = signed_attributes(hash, submitted)?;
        let signed = attributes.to_der()?;
        let failed = |_| x509_cert::der::Error::from(x509_cert::der::ErrorKind::Failed);
        let rng = SystemRandom::new();
        let (algorithm, signature) = match &self.secret {
            Secret::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &rng, &signed, &mut signature).map_err(failed)?;
                (AlgorithmIdentifierOwned { oid: RSA, parameters: Some(Any::from(Null)) }, signature)
            }
            Secret::P256(pair) => {
                let signature = pair.sign(&rng, &signed).map_err(failed)?.as_ref().to_vec();
                (AlgorithmIdentifierOwned { oid: ECDSA_SHA_256, parameters: None }, signature)
            }
        };
        let own = &self.chain[0].tbs_certificate;
        let sha_256 = AlgorithmIdentifierOwned { oid: SHA_256, parameters: None };
        let signer = SignerInfo {
            version: CmsVersion::V1,
            sid: SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
                issuer: own.issuer.clone(),
                serial_number: own.serial_number.clone(),
            }),
            digest_alg: sha_256.clone(),
            signed_attrs: Some(attributes),
            signature_algorithm: algorithm,
            signature: OctetString::new(signature)?,
            unsigned_attrs: None,
        };
        let certificates: Vec<_> = self.chain.iter().cloned().map(CertificateChoices::Certificate).collect();
        let data = SignedData {
            version: CmsVersion::V1,
            digest_algorithms: SetOfVec::try_from(vec![sha_256])?,
            encap_content_info: EncapsulatedContentInfo { econtent_type: DATA, econtent: None },
            certificates: Some(CertificateSet(SetOfVec::try_from(certificates)?)),
            crls: None,
            signer_infos: SignerInfos(SetOfVec::try_from(vec![signer])?),
        };
        ContentInfo { content_type: SIGNED_DATA, content: Any::encode_from(&data)? }.to_der()
    }
}

/// What is signed beside the part's hash: that it is a mail's content, and when (RFC 5652 §11; UTCTime until 2049).
fn signed_attributes(hash: &Digest, submitted: Instant) -> x509_cert::der::Result<SignedAttributes> {
    let seconds = Span::from_secs(submitted.as_micros() / 1_000_000);
    let attribute = |oid, value: Any| -> x509_cert::der::Result<Attribute> {
        Ok(Attribute { oid, values: SetOfVec::try_from(vec![value])? })
    };
    SetOfVec::try_from(vec![
        attribute(CONTENT_TYPE, Any::from(DATA))?,
        attribute(SIGNING_TIME, Any::encode_from(&UtcTime::from_unix_duration(seconds)?)?)?,
        attribute(MESSAGE_DIGEST, Any::encode_from(&OctetString::new(hash.as_ref())?)?)?,
    ])
}

fn read_key(files: &SmimeKey) -> Result<Secret, SigningError> {
    let file = &files.key;
    let der = private_key(file, &read_secret(file)?)?;
    let elliptic = match &der {
        PrivateKeyDer::Sec1(der) => {
            EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_ASN1_SIGNING, der.secret_sec1_der()).ok()
        }
        PrivateKeyDer::Pkcs8(der) => {
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, der.secret_pkcs8_der()).ok()
        }
        _ => None,
    };
    if let Some(pair) = elliptic {
        return Ok(Secret::P256(pair));
    }
    let rsa = match &der {
        PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
        PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
        _ => {
            return Err(wrong(file, "this is neither an RSA nor a P-256 key: ask for a certificate with one of these"));
        }
    };
    rsa.map(Secret::Rsa).map_err(|rejected| {
        wrong(file, format!("neither an RSA key of at least 2,048 bits nor a P-256 key that can be used ({rejected})"))
    })
}

/// The addresses that a certificate names: RFC 8550 §3, the older place in the subject included.
fn addresses(certificate: &x509_cert::TbsCertificate) -> Vec<String> {
    let mut addresses = Vec::new();
    if let Ok(Some((_, SubjectAltName(names)))) = certificate.get::<SubjectAltName>() {
        addresses.extend(names.iter().filter_map(|name| match name {
            GeneralName::Rfc822Name(address) => Some(address.to_string()),
            _ => None,
        }));
    }
    for attribute in certificate.subject.0.iter().flat_map(|set| set.0.iter()) {
        if attribute.oid == EMAIL_ADDRESS && attribute.value.tag() == Tag::Ia5String {
            let address = Ia5StringRef::try_from(&attribute.value);
            addresses.extend(address.map(|address| address.to_string()));
        }
    }
    addresses
}
