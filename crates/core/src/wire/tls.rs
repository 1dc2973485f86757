//! How a connection is encrypted: one connector for each kind of policy.

use std::sync::{Arc, OnceLock};

use tokio_rustls::TlsConnector;

use super::verify::AnyCertificate;
use crate::policy::TlsPolicy;

/// One connector for each kind of policy, so that TLS sessions are resumed.
pub struct Tls {
    opportunistic: TlsConnector,
    /// Made when first needed: reading the system's roots takes tens of milliseconds.
    verified: OnceLock<TlsConnector>,
}

impl Tls {
    /// The connectors.
    ///
    /// # Errors
    /// A text that says why no TLS can be had.
    pub fn new() -> Result<Tls, String> {
        Ok(Tls { opportunistic: opportunistic_tls()?, verified: OnceLock::new() })
    }

    /// The connector of a policy.
    pub fn for_policy(&self, policy: TlsPolicy) -> TlsConnector {
        if policy != TlsPolicy::Required {
            return self.opportunistic.clone();
        }
        let verified = self.verified.get_or_init(|| {
            verified_tls().unwrap_or_else(|error| {
                tracing::error!(%error, "no roots of trust: hosts that must show a certificate are not spoken with");
                tls_trusting_nobody()
            })
        });
        verified.clone()
    }
}

/// TLS for a policy that encrypts where it can, whatever the certificate (RFC 7435).
///
/// # Errors
/// A text that says why no TLS can be had.
fn opportunistic_tls() -> Result<TlsConnector, String> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|e| format!("TLS: {e}"))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// TLS for a policy that requires a certificate which verifies: mail-send's own, with the system's trusted roots.
///
/// # Errors
/// A text that says why no TLS can be had.
fn verified_tls() -> Result<TlsConnector, String> {
    let builder = mail_send::SmtpClientBuilder::new("localhost", 25).map_err(|e| format!("TLS: {e}"))?;
    Ok(builder.tls_connector)
}

/// TLS in which no certificate verifies.
fn tls_trusting_nobody() -> TlsConnector {
    let roots = rustls::RootCertStore::empty();
    TlsConnector::from(Arc::new(rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()))
}
