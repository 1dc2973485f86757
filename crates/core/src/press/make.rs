//! New keys for DKIM, written so that only their owner may read them.

use std::fs::OpenOptions;
use std::io::Write;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::dkim::Algorithm;
use super::keys::{DkimKey, SigningError, wrong};

impl DkimKey {
    /// Makes the key and writes its file, which must not exist: RSA of 2,048 bits, which every carrier reads, or Ed25519.
    ///
    /// # Errors
    /// [`SigningError::File`] if the file exists or cannot be written.
    pub fn make(&self, algorithm: Algorithm) -> Result<(), SigningError> {
        // A key that could not be published is not made.
        self.name()?;
        let failed = |_| wrong(&self.file, "the key could not be made");
        let der: Pkcs8V1Der<'static> = match algorithm {
            Algorithm::Rsa => KeyPair::generate(KeySize::Rsa2048).and_then(|pair| pair.as_der()).map_err(failed)?,
            Algorithm::Ed25519 => Ed25519KeyPair::generate().and_then(|pair| pair.as_der()).map_err(failed)?,
        };
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let unwritten = |e: std::io::Error| wrong(&self.file, format!("the key cannot be written: {e}"));
        let mut file = options.open(&self.file).map_err(unwritten)?;
        file.write_all(pem(der.as_ref()).as_bytes()).and_then(|()| file.sync_all()).map_err(unwritten)
    }
}

/// RFC 7468 §10.
pub(super) fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut out = String::from("-----BEGIN PRIVATE KEY-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(64));
        out.push_str(line);
        out.push('\n');
        rest = more;
    }
    out + "-----END PRIVATE KEY-----\n"
}
