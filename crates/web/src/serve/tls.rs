//! The server's certificate: read from PEM files, and read again without a restart [S02].

use std::{
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
};

use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use rustls::server::ServerConfig;
use tokio_rustls::TlsAcceptor;

use crate::error::Error;

/// A certificate chain and its key; clones share what was read.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    chain: PathBuf,
    key: PathBuf,
    current: Arc<RwLock<Arc<ServerConfig>>>,
}

/// What a door shows to those who knock.
#[derive(Debug)]
pub(super) struct Certificates(Arc<RwLock<Arc<ServerConfig>>>);

impl TlsFiles {
    /// Reads both files.
    ///
    /// # Errors
    /// [`Error::Certificate`] names the file and what is wrong with it.
    pub fn read(chain: PathBuf, key: PathBuf) -> Result<Self, Error> {
        let config = config(&chain, &key)?;
        Ok(Self { chain, key, current: Arc::new(RwLock::new(Arc::new(config))) })
    }

    /// Reads both files again; connections from now on see the new certificate. If they are wrong, the old one stays.
    ///
    /// # Errors
    /// [`Error::Certificate`] names the file and what is wrong with it.
    pub fn reload(&self) -> Result<(), Error> {
        let config = config(&self.chain, &self.key)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
        Ok(())
    }

    /// What begins TLS with the present certificate, for listeners of other protocols.
    #[must_use]
    pub fn acceptor(&self) -> TlsAcceptor {
        self.certificates().acceptor()
    }

    pub(super) fn certificates(&self) -> Certificates {
        Certificates(Arc::clone(&self.current))
    }
}

impl Certificates {
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

fn config(chain: &PathBuf, key: &PathBuf) -> Result<ServerConfig, Error> {
    let wrong = |path: &PathBuf, problem: String| Error::Certificate { path: path.clone(), problem };
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_file_iter(chain).and_then(Iterator::collect);
    let certificates = certificates.map_err(|e| wrong(chain, e.to_string()))?;
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|e| wrong(key, e.to_string()))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| wrong(chain, e.to_string()))?
        .with_no_client_auth()
        .with_single_cert(certificates, secret)
        .map_err(|e| wrong(chain, e.to_string()))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
