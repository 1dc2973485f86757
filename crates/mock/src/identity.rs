//! Certificates with their keys in PEM, for whoever needs files: servers and clients under one authority.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};

use crate::error::Error;

/// A certificate authority that gives out identities.
pub struct MockAuthority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// A certificate and its key.
#[derive(Debug, Clone)]
pub struct MockIdentity {
    /// The certificate, in PEM.
    pub certificate_pem: String,
    /// The certificate, in DER.
    pub certificate_der: Vec<u8>,
    /// The key, in PEM (PKCS #8).
    pub key_pem: String,
}

impl MockAuthority {
    /// An authority of its own.
    ///
    /// # Errors
    /// When no key can be made.
    pub fn new() -> Result<Self, Error> {
        let failed = |error: rcgen::Error| failure("the authority", &error);
        let mut params = CertificateParams::new(Vec::new()).map_err(failed)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, "hikyaku mock authority for endpoints");
        let key = KeyPair::generate().map_err(failed)?;
        let pem = params.self_signed(&key).map_err(failed)?.pem();
        Ok(Self { issuer: Issuer::new(params, key), pem })
    }

    /// The authority's certificate, in PEM.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// A certificate in a name, for a server or a client.
    ///
    /// # Errors
    /// When no key can be made.
    pub fn identity(&self, name: &str) -> Result<MockIdentity, Error> {
        let failed = |error: rcgen::Error| failure(name, &error);
        let mut params = CertificateParams::new(vec![name.to_owned()]).map_err(failed)?;
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().map_err(failed)?;
        let certificate = params.signed_by(&key, &self.issuer).map_err(failed)?;
        Ok(MockIdentity {
            certificate_pem: certificate.pem(),
            certificate_der: certificate.der().to_vec(),
            key_pem: key.serialize_pem(),
        })
    }
}

fn failure(host: &str, error: &rcgen::Error) -> Error {
    Error::Certificate { host: host.to_owned(), message: error.to_string() }
}
