//! TLSA records (RFC 6698) as SMTP uses them (RFC 7672): which are usable, and which certificate one stands for.

use aws_lc_rs::digest::{SHA256, SHA512, digest};
use serde::{Deserialize, Serialize};

/// One TLSA record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Tlsa {
    /// 2: an authority in the host's chain (DANE-TA). 3: the host's own certificate (DANE-EE).
    pub usage: u8,
    /// 0: the whole certificate. 1: its public key.
    pub selector: u8,
    /// 0: the thing itself. 1: its SHA-256. 2: its SHA-512.
    pub matching: u8,
    /// The thing or its digest.
    pub data: Vec<u8>,
}

impl Tlsa {
    /// Usage of a record for an authority in the host's chain.
    pub const AUTHORITY: u8 = 2;
    /// Usage of a record for the host's own certificate.
    pub const HOST: u8 = 3;

    /// Whether SMTP can go by the record. Usages 0 and 1 lean on roots that nobody agrees on between mail servers
    /// (RFC 7672 §3.1.3).
    #[must_use]
    pub fn is_usable(&self) -> bool {
        let length = match self.matching {
            0 => !self.data.is_empty(),
            1 => self.data.len() == 32,
            2 => self.data.len() == 64,
            _ => false,
        };
        matches!(self.usage, Self::AUTHORITY | Self::HOST) && self.selector <= 1 && length
    }

    /// Whether the record stands for a certificate, given in DER together with its SubjectPublicKeyInfo.
    #[must_use]
    pub fn stands_for(&self, certificate: &[u8], spki: &[u8]) -> bool {
        let selected = match self.selector {
            0 => certificate,
            1 => spki,
            _ => return false,
        };
        match self.matching {
            0 => self.data == selected,
            1 => self.data == digest(&SHA256, selected).as_ref(),
            2 => self.data == digest(&SHA512, selected).as_ref(),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_stands_for_a_certificate_or_a_key_whole_or_as_a_digest() {
        let (certificate, spki) = (b"certificate".as_slice(), b"key".as_slice());
        for (selector, thing) in [(0, certificate), (1, spki)] {
            let digests =
                [thing.to_vec(), digest(&SHA256, thing).as_ref().to_vec(), digest(&SHA512, thing).as_ref().to_vec()];
            for (matching, data) in (0..).zip(digests) {
                for usage in [Tlsa::AUTHORITY, Tlsa::HOST] {
                    let record = Tlsa { usage, selector, matching, data: data.clone() };
                    assert!(record.is_usable() && record.stands_for(certificate, spki), "{record:?}");
                    assert!(!record.stands_for(b"other", b"other"), "{record:?}");
                    let crossed = Tlsa { selector: 1 - selector, ..record };
                    assert!(!crossed.stands_for(certificate, spki), "{crossed:?}");
                }
            }
        }
    }

    #[test]
    fn records_that_smtp_cannot_go_by_are_unusable() {
        let good = Tlsa { usage: 3, selector: 1, matching: 1, data: vec![0; 32] };
        for record in [
            Tlsa { usage: 0, ..good.clone() },
            Tlsa { usage: 1, ..good.clone() },
            Tlsa { usage: 255, ..good.clone() },
            Tlsa { selector: 2, ..good.clone() },
            Tlsa { matching: 3, ..good.clone() },
            Tlsa { data: vec![0; 31], ..good.clone() },
            Tlsa { matching: 2, ..good.clone() },
            Tlsa { matching: 0, data: vec![], ..good.clone() },
        ] {
            assert!(!record.is_usable(), "{record:?}");
        }
        assert!(good.is_usable());
    }
}
