//! Whether a host still takes TLS 1.1: asked with a greeting written by hand, for no library of ours speaks it.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, ToSocketAddrs};

/// Record type of a handshake (RFC 5246 §6.2.1); a refusal is an alert.
const HANDSHAKE: u8 = 22;
/// TLS 1.1.
const VERSION: [u8; 2] = [3, 2];
/// Suites that servers of that age know: ECDHE and RSA with AES-CBC and SHA-1.
const SUITES: [u8; 8] = [0xc0, 0x13, 0xc0, 0x14, 0x00, 0x2f, 0x00, 0x35];
/// Curves P-256 and P-384 (RFC 8422), uncompressed points.
const CURVES: [u8; 14] = [0, 10, 0, 6, 0, 4, 0, 23, 0, 24, 0, 11, 0, 2];

/// Whether it answers our greeting with one of its own.
///
/// # Errors
/// It cannot be spoken with.
pub async fn takes_old_tls(place: impl ToSocketAddrs, host: &str) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(place).await?;
    stream.write_all(&greeting(host)).await?;
    let mut head = [0; 1];
    // Some say nothing and close.
    let answered = stream.read_exact(&mut head).await.is_ok();
    Ok(answered && head[0] == HANDSHAKE)
}

/// A ClientHello (RFC 4346 §7.4.1.2) with the name of the host (RFC 6066 §3).
fn greeting(host: &str) -> Vec<u8> {
    let name = [&[0][..], &sized(host.as_bytes())].concat();
    let name = [&[0, 0][..], &sized(&sized(&name))].concat();
    let extensions = [&name[..], &CURVES, &[1, 0]].concat();
    let body = [&VERSION[..], &[7; 32], &[0], &sized(&SUITES), &[1, 0], &sized(&extensions)].concat();
    let hello = [&[1, 0][..], &sized(&body)].concat();
    [&[HANDSHAKE, 3, 1][..], &sized(&hello)].concat()
}

/// Bytes behind their length; a greeting has some hundred.
fn sized(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    [&length.to_be_bytes()[..], bytes].concat()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use hikyaku_mock::MockAuthority;
    use rustls::ServerConfig;
    use rustls::pki_types::pem::PemObject as _;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_server_of_today_refuses_and_one_that_answers_is_found() {
        let own = MockAuthority::new().unwrap().identity("anpi.example.go.jp").unwrap();
        let chain = vec![CertificateDer::from(own.certificate_der.clone())];
        let key = PrivateKeyDer::from_pem_slice(own.key_pem.as_bytes()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = Arc::new(config.with_no_client_auth().with_single_cert(chain, key).unwrap());
        let (new, old) =
            (TcpListener::bind("127.0.0.1:0").await.unwrap(), TcpListener::bind("127.0.0.1:0").await.unwrap());
        let places = (new.local_addr().unwrap(), old.local_addr().unwrap());
        tokio::spawn(async move {
            let (stream, _) = new.accept().await.unwrap();
            let refusal = tokio_rustls::TlsAcceptor::from(config).accept(stream).await.unwrap_err();
            // It read the greeting as one, and did not like its version.
            assert!(refusal.to_string().contains("peer is incompatible"), "{refusal}");
        });
        tokio::spawn(async move {
            let (mut stream, _) = old.accept().await.unwrap();
            stream.write_all(&[HANDSHAKE, 3, 2]).await.unwrap();
        });
        assert!(!takes_old_tls(places.0, "anpi.example.go.jp").await.unwrap());
        assert!(takes_old_tls(places.1, "anpi.example.go.jp").await.unwrap());
    }
}
