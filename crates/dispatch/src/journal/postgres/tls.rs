//! TLS to the database: the certificate must be valid for the server's name (requirement S24).

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::address::Encryption;

/// What connects with TLS; `None` if there is to be none.
///
/// # Errors
/// One line that names the file and what to mend.
pub(super) fn connector(encryption: &Encryption) -> Result<Option<MakeRustlsConnect>, String> {
    let Encryption::Verified { roots, own } = encryption else { return Ok(None) };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|e| e.to_string())?;
    let builder = match roots {
        None => builder.with_platform_verifier().map_err(|e| format!("the system's certificates: {e}"))?,
        Some(path) => builder.with_root_certificates(roots_in(path)?),
    };
    let config = match own {
        None => builder.with_no_client_auth(),
        Some((chain, key)) => {
            let private = PrivateKeyDer::from_pem_file(key).map_err(|e| format!("{}: {e}", key.display()))?;
            let chosen = builder.with_client_auth_cert(certificates(chain)?, private);
            chosen.map_err(|e| format!("{}: {e}", chain.display()))?
        }
    };
    Ok(Some(MakeRustlsConnect::new(config)))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let certificates = read.map_err(|e| format!("{}: {e}", path.display()))?;
    if certificates.is_empty() {
        return Err(format!("{}: there is no certificate in it: give a PEM file", path.display()));
    }
    Ok(certificates)
}

fn roots_in(path: &Path) -> Result<RootCertStore, String> {
    let mut store = RootCertStore::empty();
    for certificate in certificates(path)? {
        store.add(certificate).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    Ok(store)
}
