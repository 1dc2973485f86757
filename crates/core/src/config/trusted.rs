//! Whom a carrier's row pins: keys as they are written, authorities from a file.

use std::path::Path;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::trust::{Pin, Trusted};

/// What a row pins.
///
/// # Errors
/// A text that shows how a pin is written, or names the file that cannot be used.
pub(super) fn trusted(pins: &[String], ca: Option<&Path>) -> Result<Trusted, String> {
    let pins = pins.iter().map(|pin| Pin::parse(pin)).collect::<Result<_, _>>()?;
    let roots = ca.map(certificates).transpose()?.unwrap_or_default();
    Ok(Trusted { pins, roots: roots.into_iter().map(|root| root.to_vec()).collect() })
}

/// The certificates in a PEM file.
///
/// # Errors
/// A text that names the file and what is wrong with it.
pub(crate) fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let unusable = |e| format!("{}: cannot be used as a list of certificates in PEM: {e}", file.display());
    let found =
        CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>).map_err(unusable)?;
    if found.is_empty() {
        return Err(format!("{}: holds no certificate in PEM", file.display()));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carrier::Carrier;
    use crate::config::{Carriers, TableError};
    use crate::policy::TlsPolicy;
    use crate::trust::TlsVersion;

    fn limits(rest: &str) -> Result<Carriers, TableError> {
        let row = "[[carrier]]\nname = \"own\"\ndomains = [\"own.example\"]\nsource = \"a test\"\n";
        Carriers::parse(&format!("[default]\n{row}limits = {{ {rest} }}\n"), crate::config::carriers::REPLIES)
    }

    #[test]
    fn what_is_pinned_for_a_carrier_is_read_from_its_row() {
        let pin = Pin::of(b"key");
        let carriers = limits(&format!("tls = \"pinned\", pins = [\"{pin}\"], tls_min = \"1.3\"")).unwrap();
        let policy = carriers.policy(&Carrier::new("own"));
        assert_eq!((policy.tls, policy.tls_min), (TlsPolicy::Pinned, TlsVersion::V1_3));
        assert_eq!(*policy.trusted, Trusted { pins: vec![pin], roots: Vec::new() });
    }

    #[test]
    fn a_carrier_that_is_pinned_to_nothing_readable_is_refused_with_the_remedy() {
        for (rest, words) in [
            ("tls = \"pinned\"", ["own", "`pins`"]),
            ("tls = \"pinned\", pins = [\"sha256/AAAA\"]", ["own", "openssl"]),
            ("tls = \"pinned\", ca = \"missing.pem\"", ["own", "missing.pem"]),
        ] {
            let told = limits(rest).unwrap_err().to_string();
            assert!(words.iter().all(|word| told.contains(word)), "{told}");
        }
    }
}
