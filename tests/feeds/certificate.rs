//! Telegrams that are pushed under TLS by sources that prove themselves with a certificate.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use hikyaku_feeds::edge::{Proof, PushEndpoint, PushSettings, PushSource, PushTls, Settings, Watcher};
use hikyaku_feeds::samples::DEMO_VXSE51;
use hikyaku_mock::{MockAuthority, MockIdentity};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::stand::next;

fn files(folder: &Path, authority: &MockAuthority) -> PushTls {
    let server = authority.identity("localhost").unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    PushTls {
        certificates: write("server.pem", &server.certificate_pem),
        key: write("server.key", &server.key_pem),
        clients: Some(write("clients.pem", authority.pem())),
    }
}

/// Pushes with this certificate, or none; the status, or why there is none.
async fn push(
    addr: SocketAddr,
    authority: &MockAuthority,
    identity: Option<&MockIdentity>,
) -> Result<StatusCode, String> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let builder = builder.with_root_certificates(roots);
    let config = match identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let chain = vec![CertificateDer::from_pem_slice(identity.certificate_pem.as_bytes()).unwrap()];
            let key = PrivateKeyDer::from_pem_slice(identity.key_pem.as_bytes()).unwrap();
            builder.with_client_auth_cert(chain, key).unwrap()
        }
    };
    let told = |e: &dyn std::fmt::Display| e.to_string();
    let stream = TcpStream::connect(addr).await.map_err(|e| told(&e))?;
    let name = ServerName::try_from("localhost").unwrap();
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.map_err(|e| told(&e))?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|e| told(&e))?;
    tokio::spawn(connection);
    let body = Full::new(Bytes::from_static(DEMO_VXSE51));
    let request = Request::post("/push/ministry").header("Host", "localhost").body(body).unwrap();
    Ok(sender.send_request(request).await.map_err(|e| told(&e))?.status())
}

#[tokio::test]
async fn a_source_proves_itself_with_its_own_certificate_and_no_other_does() {
    let folder = tempfile::tempdir().unwrap();
    let authority = MockAuthority::new().unwrap();
    let [ministry, neighbour] = ["ministry", "neighbour"].map(|name| authority.identity(name).unwrap());
    let stranger = MockAuthority::new().unwrap().identity("ministry").unwrap();
    let own: String =
        digest(&SHA256, &ministry.certificate_der).as_ref().iter().map(|byte| format!("{byte:02X}")).collect();
    let mut watcher = Watcher::start(Settings::default()).unwrap();
    let settings = PushSettings {
        sources: vec![PushSource { name: "ministry".into(), proof: Proof::Certificate(vec![own]) }],
        tls: Some(files(folder.path(), &authority)),
        ..PushSettings::default()
    };
    let any: SocketAddr = (Ipv4Addr::LOCALHOST, 0).into();
    let endpoint = PushEndpoint::listen(any, settings, watcher.intake()).await.unwrap();
    let addr = endpoint.addr;
    assert_eq!(push(addr, &authority, None).await, Ok(StatusCode::FORBIDDEN));
    assert_eq!(push(addr, &authority, Some(&neighbour)).await, Ok(StatusCode::FORBIDDEN));
    assert!(push(addr, &authority, Some(&stranger)).await.is_err(), "of another authority");
    let pushing = push(addr, &authority, Some(&ministry));
    let taking = async { next(&mut watcher).await.taken() };
    assert_eq!(tokio::join!(pushing, taking).0, Ok(StatusCode::OK));
}
