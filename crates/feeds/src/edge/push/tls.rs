//! The endpoint's own certificate, and whose clients' certificates it believes.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

use super::PushTls;

/// What the endpoint shows and asks for.
///
/// # Errors
/// A text that names the file.
pub(super) fn server_config(tls: &PushTls) -> Result<ServerConfig, String> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let named = |path: &Path, why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
    let chain = certificates(&tls.certificates)?;
    let key = PrivateKeyDer::from_pem_file(&tls.key).map_err(|e| named(&tls.key, &e))?;
    let builder = ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions();
    let builder = builder.map_err(|e| format!("TLS: {e}"))?;
    let builder = match &tls.clients {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let mut store = RootCertStore::empty();
            for certificate in certificates(path)? {
                store.add(certificate).map_err(|e| named(path, &e))?;
            }
            // Sources with a key show none.
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(store), provider).allow_unauthenticated();
            builder.with_client_cert_verifier(verifier.build().map_err(|e| named(path, &e))?)
        }
    };
    builder.with_single_cert(chain, key).map_err(|e| named(&tls.certificates, &e))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = read.map_err(|e| format!("{}: {e}", path.display()))?;
    if chain.is_empty() { Err(format!("{}: has no certificate", path.display())) } else { Ok(chain) }
}
