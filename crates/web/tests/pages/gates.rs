//! Who gets as far as a page at all: allow-lists, and the certificate that the server shows (requirements S02, S16).

use std::path::Path;
use std::sync::Arc;

use crate::stage::Stage;
use hikyaku_web::{Door, TlsFiles};
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const LOCAL: ([u8; 4], u16) = ([127, 0, 0, 1], 0);
const ASKED: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

async fn said(mut stream: impl AsyncReadExt + AsyncWriteExt + Unpin) -> String {
    let mut said = Vec::new();
    // Whoever is not let in finds the connection closed at once.
    let _ = stream.write_all(ASKED).await;
    let _ = stream.read_to_end(&mut said).await;
    String::from_utf8(said).unwrap()
}

#[tokio::test]
async fn req_s16_a_connection_from_outside_the_allow_list_is_closed_without_a_word() {
    let stage = Stage::with_people(1).await;
    for (network, opens) in [("127.0.0.0/8", true), ("10.0.0.0/8", false)] {
        let door = Door::bind(LOCAL.into()).await.unwrap().allow(vec![network.parse().unwrap()]);
        let at = door.address().unwrap();
        tokio::spawn(hikyaku_web::serve(door, stage.pages(), std::future::pending()));
        let answer = said(TcpStream::connect(at).await.unwrap()).await;
        assert_eq!(answer.starts_with("HTTP/1.1 200"), opens, "{network}: {answer}");
        assert!(opens || answer.is_empty(), "{answer}");
    }
}

/// A new certificate for localhost, written where the server reads it; what a client must trust.
fn issue(folder: &Path) -> CertificateDer<'static> {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    std::fs::write(folder.join("chain.pem"), made.cert.pem()).unwrap();
    std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    CertificateDer::from_pem_slice(made.cert.pem().as_bytes()).unwrap()
}

/// What a client that trusts nothing but this certificate is told; `None` where the server shows another.
async fn over_tls(at: std::net::SocketAddr, trusted: &CertificateDer<'static>) -> Option<String> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let stream = TcpStream::connect(at).await.unwrap();
    let stream = connector.connect(ServerName::try_from("localhost").unwrap(), stream).await.ok()?;
    Some(said(stream).await)
}

#[tokio::test]
async fn req_s02_a_certificate_is_read_again_without_a_restart_and_a_wrong_one_leaves_the_old_in_force() {
    let (stage, folder) = (Stage::with_people(1).await, tempfile::tempdir().unwrap());
    let first = issue(folder.path());
    let files = TlsFiles::read(folder.path().join("chain.pem"), folder.path().join("key.pem")).unwrap();
    let door = Door::bind(LOCAL.into()).await.unwrap().with_tls(&files);
    let at = door.address().unwrap();
    tokio::spawn(hikyaku_web::serve(door, stage.pages(), std::future::pending()));
    assert!(over_tls(at, &first).await.unwrap().starts_with("HTTP/1.1 200"));
    let second = issue(folder.path());
    files.reload().unwrap();
    assert!(over_tls(at, &second).await.unwrap().starts_with("HTTP/1.1 200"));
    assert_eq!(over_tls(at, &first).await, None, "the old certificate is not shown any more");
    std::fs::write(folder.path().join("key.pem"), "no key").unwrap();
    assert!(files.reload().unwrap_err().to_string().contains("key.pem"), "it names the file");
    assert!(over_tls(at, &second).await.is_some());
}
