//! Certificates of every quality, made at start: valid, self-signed, expired, in another name.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, SHA512, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hickory_proto::rr::rdata::TLSA;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, PublicKeyData, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;

use crate::error::Error;
use crate::profile::TlsaProfile;
use crate::settings::Tls;

/// A name that no host has.
const OTHER_NAME: &str = "another.host.invalid";

/// A certificate and its key, as TLSA records and pins see them, in DER.
#[derive(Clone)]
struct Shown {
    certificate: Vec<u8>,
    spki: Vec<u8>,
}

/// The mock's own certificate authority.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    shown: Shown,
}

/// What one name can show, one for each quality.
pub(crate) struct Certificates {
    pub(crate) valid: Arc<CertifiedKey>,
    pub(crate) self_signed: Arc<CertifiedKey>,
    pub(crate) expired: Arc<CertifiedKey>,
    pub(crate) wrong_name: Arc<CertifiedKey>,
    shown: Shown,
}

/// What one host can show.
#[derive(Clone)]
pub(crate) struct HostTls {
    valid: Arc<ServerConfig>,
    self_signed: Arc<ServerConfig>,
    expired: Arc<ServerConfig>,
    wrong_name: Arc<ServerConfig>,
    shown: Shown,
}

impl HostTls {
    /// How to shake hands; not at all for some.
    pub(crate) fn config(&self, quality: Tls) -> Option<Arc<ServerConfig>> {
        match quality {
            Tls::None | Tls::Broken => None,
            Tls::Valid | Tls::Injected => Some(self.valid.clone()),
            Tls::SelfSigned => Some(self.self_signed.clone()),
            Tls::Expired => Some(self.expired.clone()),
            Tls::WrongName => Some(self.wrong_name.clone()),
        }
    }

    /// The pin of the host's key: `sha256/` and the base64 of the SHA-256 of its SubjectPublicKeyInfo.
    pub(crate) fn pin(&self) -> String {
        format!("sha256/{}", STANDARD.encode(digest(&SHA256, &self.shown.spki)))
    }
}

impl Authority {
    pub(crate) fn new() -> Result<Self, Error> {
        let failed = |error: rcgen::Error| failure("the certificate authority", &error);
        let mut params = CertificateParams::new(Vec::new()).map_err(failed)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, "hikyaku mock authority");
        let key = KeyPair::generate().map_err(failed)?;
        let certificate = params.self_signed(&key).map_err(failed)?;
        let shown = Shown { certificate: certificate.der().to_vec(), spki: key.subject_public_key_info() };
        Ok(Self { pem: certificate.pem(), shown, issuer: Issuer::new(params, key) })
    }

    /// The authority's certificate in PEM.
    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    /// Makes the certificates of one name, all with the same key; those that the authority signed are shown with its own.
    pub(crate) fn certificates(&self, name: &str) -> Result<Certificates, Error> {
        let failed = |error: rcgen::Error| failure(name, &error);
        let key = KeyPair::generate().map_err(failed)?;
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let private = any_supported_type(&private).map_err(|error| failure(name, &error))?;
        let chain = |leaf: &rcgen::Certificate, signed: bool| {
            let mut chain = vec![leaf.der().clone()];
            chain.extend(signed.then(|| CertificateDer::from(self.shown.certificate.clone())));
            Arc::new(CertifiedKey::new(chain, private.clone()))
        };
        let params = |name: &str| {
            let mut params = CertificateParams::new(vec![name.to_owned()]).map_err(failed)?;
            params.distinguished_name.push(DnType::CommonName, name);
            Ok::<_, Error>(params)
        };
        let mut own = params(name)?;
        let valid = own.signed_by(&key, &self.issuer).map_err(failed)?;
        let self_signed = own.self_signed(&key).map_err(failed)?;
        let wrong_name = params(OTHER_NAME)?.signed_by(&key, &self.issuer).map_err(failed)?;
        own.not_before = date_time_ymd(2019, 1, 1);
        own.not_after = date_time_ymd(2020, 1, 1);
        let expired = own.signed_by(&key, &self.issuer).map_err(failed)?;
        Ok(Certificates {
            shown: Shown { certificate: valid.der().to_vec(), spki: key.subject_public_key_info() },
            valid: chain(&valid, true),
            self_signed: chain(&self_signed, false),
            expired: chain(&expired, true),
            wrong_name: chain(&wrong_name, true),
        })
    }

    /// Makes what one host shows.
    pub(crate) fn certify(&self, host: &str) -> Result<HostTls, Error> {
        let made = self.certificates(host)?;
        let config = |shown: Arc<CertifiedKey>| {
            let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
            let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
            let builder = builder.map_err(|error| failure(host, &error))?.with_no_client_auth();
            Ok::<_, Error>(Arc::new(builder.with_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(shown)))))
        };
        Ok(HostTls {
            valid: config(made.valid)?,
            self_signed: config(made.self_signed)?,
            expired: config(made.expired)?,
            wrong_name: config(made.wrong_name)?,
            shown: made.shown,
        })
    }

    /// The TLSA records of a host.
    pub(crate) fn tlsa_records(&self, host: &HostTls, records: &[TlsaProfile]) -> Vec<TLSA> {
        let record =
            |r: &TlsaProfile| TLSA::new(r.usage.into(), r.selector.into(), r.matching.into(), self.tlsa_data(host, r));
        records.iter().map(record).collect()
    }

    fn tlsa_data(&self, host: &HostTls, record: &TlsaProfile) -> Vec<u8> {
        let shown = if record.usage == 2 { &self.shown } else { &host.shown };
        let thing = if record.selector == 0 { &shown.certificate } else { &shown.spki };
        let mut data = match record.matching {
            1 => digest(&SHA256, thing).as_ref().to_vec(),
            2 => digest(&SHA512, thing).as_ref().to_vec(),
            _ => thing.clone(),
        };
        if let (true, Some(last)) = (record.wrong, data.last_mut()) {
            *last ^= 1;
        }
        data
    }
}

fn failure(host: &str, error: &impl std::fmt::Display) -> Error {
    Error::Certificate { host: host.to_owned(), message: error.to_string() }
}
