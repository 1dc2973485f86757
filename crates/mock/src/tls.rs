//! Certificates of every quality, made at start: valid, self-signed, expired.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::error::Error;
use crate::settings::Tls;

/// The mock's own certificate authority.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// What one host can show, one for each quality.
#[derive(Clone)]
pub(crate) struct HostTls {
    valid: Arc<ServerConfig>,
    self_signed: Arc<ServerConfig>,
    expired: Arc<ServerConfig>,
}

impl HostTls {
    pub(crate) fn config(&self, quality: Tls) -> Option<Arc<ServerConfig>> {
        match quality {
            Tls::None => None,
            Tls::Valid => Some(self.valid.clone()),
            Tls::SelfSigned => Some(self.self_signed.clone()),
            Tls::Expired => Some(self.expired.clone()),
        }
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
        Ok(Self { pem: certificate.pem(), issuer: Issuer::new(params, key) })
    }

    /// The authority's certificate in PEM.
    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    /// Makes the certificates of one host.
    pub(crate) fn certify(&self, host: &str) -> Result<HostTls, Error> {
        let failed = |error: rcgen::Error| failure(host, &error);
        let key = KeyPair::generate().map_err(failed)?;
        let mut params = CertificateParams::new(vec![host.to_owned()]).map_err(failed)?;
        params.distinguished_name.push(DnType::CommonName, host);
        let valid = params.signed_by(&key, &self.issuer).map_err(failed)?;
        let self_signed = params.self_signed(&key).map_err(failed)?;
        params.not_before = date_time_ymd(2019, 1, 1);
        params.not_after = date_time_ymd(2020, 1, 1);
        let expired = params.signed_by(&key, &self.issuer).map_err(failed)?;
        let config = |certificate: rcgen::Certificate| {
            let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
            let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
            ServerConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .and_then(|builder| {
                    builder.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key)
                })
                .map(Arc::new)
                .map_err(|error| failure(host, &error))
        };
        Ok(HostTls { valid: config(valid)?, self_signed: config(self_signed)?, expired: config(expired)? })
    }
}

fn failure(host: &str, error: &impl std::fmt::Display) -> Error {
    Error::Certificate { host: host.to_owned(), message: error.to_string() }
}
