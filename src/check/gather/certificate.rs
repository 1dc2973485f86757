//! The certificate that browsers see: from the file, or from the proxy in front, judged as a browser would.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use rustls_platform_verifier::Verifier;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::old_tls::takes_old_tls;
use crate::check::facts::{Certificate, Verdict};
use crate::settings::Settings;

/// How long a proxy may take to be connected to and to show its certificate.
const PATIENCE: Duration = Duration::from_secs(10);

/// The certificate of the pages; `None` where they are served without TLS.
pub async fn certificate(settings: &Settings, host: &str, now: Timestamp) -> Option<Certificate> {
    if settings.tls.is_some() {
        return of_files(settings, host, now, Vec::new());
    }
    settings.answers.address.starts_with("https://").then_some(())?;
    let place = format!("https://{host}/");
    let shown = timeout(PATIENCE, shown(host)).await;
    let chain = shown.unwrap_or_else(|_| Err(format!("{host}: no answer within {} seconds", PATIENCE.as_secs())));
    let takes_old_tls = matches!(timeout(PATIENCE, takes_old_tls((host, 443), host)).await, Ok(Ok(true)));
    Some(Certificate { takes_old_tls, ..judged(place, chain, host, now, Vec::new()) })
}

/// The certificate of the configured file; `extra` are authorities that are believed beside the public ones.
pub fn of_files(
    settings: &Settings,
    host: &str,
    now: Timestamp,
    extra: Vec<CertificateDer<'static>>,
) -> Option<Certificate> {
    let (file, _) = settings.tls.as_ref()?.files();
    let chain = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = chain.map_err(|e| format!("{}: {e}", file.display()));
    Some(judged(file.display().to_string(), chain, host, now, extra))
}

type Chain = Result<Vec<CertificateDer<'static>>, String>;

fn judged(place: String, chain: Chain, host: &str, now: Timestamp, extra: Vec<CertificateDer<'static>>) -> Certificate {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = Verifier::new_with_extra_roots(extra, provider).map_err(|e| e.to_string());
    let at = |days: i64| match (&chain, &verifier) {
        (Ok(chain), Ok(verifier)) => verdict(verifier, chain, host, now + SignedDuration::from_hours(24 * days)),
        (Err(problem), _) | (_, Err(problem)) => Verdict::Unseen(problem.clone()),
    };
    Certificate { now: at(0), soon: at(14), later: at(30), takes_old_tls: false, place }
}

fn verdict(verifier: &Verifier, chain: &[CertificateDer<'_>], host: &str, at: Timestamp) -> Verdict {
    let Some((own, others)) = chain.split_first() else {
        return Verdict::Unseen("証明書が入っていません。".into());
    };
    let Ok(name) = ServerName::try_from(host) else { return Verdict::WrongName };
    let since = Duration::from_secs(u64::try_from(at.as_second()).unwrap_or_default());
    match verifier.verify_server_cert(own, others, &name, &[], UnixTime::since_unix_epoch(since)) {
        Ok(_) => Verdict::Good,
        Err(Error::InvalidCertificate(problem)) => match problem {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Verdict::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Verdict::NotYet,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => Verdict::WrongName,
            other => Verdict::Untrusted(other.to_string()),
        },
        Err(other) => Verdict::Untrusted(other.to_string()),
    }
}

/// What a host shows, whatever it is worth.
async fn shown(host: &str) -> Chain {
    let wrong = |e: &dyn std::fmt::Display| format!("{host}: {e}");
    let provider = Arc::new(aws_lc_rs::default_provider());
    let looker = Arc::new(Looker(Arc::clone(&provider)));
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config =
        config.map_err(|e| wrong(&e))?.dangerous().with_custom_certificate_verifier(looker).with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).map_err(|e| wrong(&e))?;
    let stream = TcpStream::connect((host, 443)).await.map_err(|e| wrong(&e))?;
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.map_err(|e| wrong(&e))?;
    let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
    Ok(chain.iter().map(|certificate| certificate.clone().into_owned()).collect())
}

/// Takes every certificate, for nothing is told to whoever shows it: it is only looked at.
#[derive(Debug)]
struct Looker(Arc<CryptoProvider>);

impl ServerCertVerifier for Looker {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
