//! Who is believed to be who they say: what a certificate is held against in the handshake.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, OtherError, RootCertStore, SignatureScheme};
use thiserror::Error;

use crate::trust::{Tlsa, Trusted};

/// What a certificate is held against.
#[derive(Debug)]
pub(super) enum Rule {
    /// Nothing: opportunistic encryption hides from those who listen, it does not tell who answers (RFC 7435).
    Any,
    /// A carrier's own list, with its authorities ready for use.
    Pinned(Arc<Trusted>, RootCertStore),
    /// TLSA records, and a second name that the host may show.
    Dane(Vec<Tlsa>, String),
}

/// Judges certificates by a rule; what the handshake itself must prove is proven under every rule.
#[derive(Debug)]
pub(super) struct Judge {
    pub(super) provider: Arc<CryptoProvider>,
    pub(super) rule: Rule,
}

/// Why a certificate does not meet a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
enum Problem {
    #[error("its key is none of those that are pinned for the carrier")]
    Key,
    #[error("none of its host's TLSA records stands for the certificate")]
    Record,
}

impl From<Problem> for rustls::Error {
    fn from(problem: Problem) -> Self {
        CertificateError::Other(OtherError(Arc::new(problem))).into()
    }
}

impl Judge {
    /// Whether one of `roots` vouches for the certificate, in one of `names`.
    fn verify_chain(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        roots: &RootCertStore,
        names: &[&ServerName<'_>],
        now: UnixTime,
    ) -> Result<(), rustls::Error> {
        let parsed = ParsedCertificate::try_from(certificate)?;
        let algorithms = self.provider.signature_verification_algorithms.all;
        verify_server_cert_signed_by_trust_anchor(&parsed, roots, intermediates, now, algorithms)?;
        let mut verdict = Err(CertificateError::NotValidForName.into());
        for name in names {
            verdict = verdict.or_else(|_| verify_server_name(&parsed, name));
        }
        verdict
    }

    /// RFC 7672 §3.1: the host's own certificate counts by itself, name and dates do not matter; an authority's certificate
    /// counts as a root for the chain that the host shows.
    fn verify_dane(
        &self,
        (records, domain): (&[Tlsa], &str),
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        host: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), rustls::Error> {
        if records.is_empty() {
            return Ok(());
        }
        let key = spki(certificate)?;
        if records.iter().any(|r| r.usage == Tlsa::HOST && r.stands_for(certificate, &key)) {
            return Ok(());
        }
        let mut roots = RootCertStore::empty();
        for record in records.iter().filter(|r| r.usage == Tlsa::AUTHORITY) {
            // An authority that is published whole need not be shown. What is no certificate cannot vouch for one.
            if (record.selector, record.matching) == (0, 0) {
                let _ = roots.add(CertificateDer::from(record.data.clone()));
            }
            for shown in intermediates {
                if spki(shown).is_ok_and(|key| record.stands_for(shown, &key)) {
                    let _ = roots.add(shown.clone().into_owned());
                }
            }
        }
        if roots.is_empty() {
            return Err(Problem::Record.into());
        }
        let second = ServerName::try_from(domain).ok();
        let names: Vec<&ServerName<'_>> = [Some(host), second.as_ref()].into_iter().flatten().collect();
        self.verify_chain(certificate, intermediates, &roots, &names, now)
    }
}

/// The SubjectPublicKeyInfo of a certificate, in DER.
fn spki(certificate: &CertificateDer<'_>) -> Result<Vec<u8>, rustls::Error> {
    Ok(ParsedCertificate::try_from(certificate)?.subject_public_key_info().to_vec())
}

impl ServerCertVerifier for Judge {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match &self.rule {
            Rule::Any => {}
            Rule::Pinned(trusted, roots) => {
                if !trusted.pins.is_empty() && !trusted.has_key(&spki(end_entity)?) {
                    return Err(Problem::Key.into());
                }
                // Without a pin the authorities must vouch, also where there are none: nothing is trusted then.
                if trusted.pins.is_empty() || !trusted.roots.is_empty() {
                    self.verify_chain(end_entity, intermediates, roots, &[server_name], now)?;
                }
            }
            Rule::Dane(records, domain) => {
                self.verify_dane((records, domain), end_entity, intermediates, server_name, now)?;
            }
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
