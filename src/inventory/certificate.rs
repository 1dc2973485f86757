//! Until when a certificate is valid: the one date that is read out of it, and nothing else of it is believed here.

use base64::Engine as _;
use jiff::Timestamp;

/// The end of the first certificate of a PEM file: that of the server, for the chain follows it.
pub fn valid_until(pem: &str) -> Option<Timestamp> {
    let begun = pem.split_once("-----BEGIN CERTIFICATE-----")?.1;
    let body: String = begun.split_once("-----END CERTIFICATE-----")?.0.split_whitespace().collect();
    let der = base64::engine::general_purpose::STANDARD.decode(body).ok()?;
    // RFC 5280 §4.1: Certificate → TBSCertificate → validity → notAfter.
    let mut certificate = Fields(Fields(&der).next()?.1);
    let mut to_sign = Fields(certificate.next()?.1);
    let (tag, _) = to_sign.next()?;
    // The version stands first where it is not 1, then the serial number.
    if tag == VERSION {
        to_sign.next()?;
    }
    let (_algorithm, _issuer) = (to_sign.next()?, to_sign.next()?);
    let mut validity = Fields(to_sign.next()?.1);
    let _not_before = validity.next()?;
    let (tag, text) = validity.next()?;
    instant(tag, std::str::from_utf8(text).ok()?)
}

const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// The fields of a DER value one after the other: tag and content.
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (&[tag, first], rest) = self.0.split_first_chunk::<2>()?;
        let (length, rest) = match first {
            short @ 0..0x80 => (usize::from(short), rest),
            long => {
                let (bytes, rest) = rest.split_at_checked(usize::from(long & 0x7f))?;
                let more = |sum: usize, byte: &u8| sum.checked_mul(256)?.checked_add(usize::from(*byte));
                (bytes.iter().try_fold(0, more)?, rest)
            }
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, content))
    }
}

/// `YYMMDDHHMMSSZ` until 2049, `YYYYMMDDHHMMSSZ` after (RFC 5280 §4.1.2.5).
fn instant(tag: u8, text: &str) -> Option<Timestamp> {
    let text = match tag {
        UTC_TIME if text.get(..2)? < "50" => format!("20{text}"),
        UTC_TIME => format!("19{text}"),
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    jiff::fmt::strtime::parse("%Y%m%d%H%M%S", text.strip_suffix('Z')?)
        .ok()?
        .to_datetime()
        .ok()?
        .in_tz("UTC")
        .ok()
        .map(|at| at.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A certificate of the mock's host, valid until 2031-02-03 04:05:06 UTC.
    const PEM: &str = include_str!("certificate.pem");

    #[test]
    fn the_end_of_a_certificate_is_read_and_what_is_none_is_nothing() {
        assert_eq!(valid_until(PEM), "2031-02-03T04:05:06Z".parse().ok());
        for broken in ["", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", &PEM[..PEM.len() / 2]] {
            assert_eq!(valid_until(broken), None);
        }
        assert_eq!(instant(GENERALIZED_TIME, "20510101000000Z"), "2051-01-01T00:00:00Z".parse().ok());
    }
}
