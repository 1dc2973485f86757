//! The second factor: one-time codes of an authenticator (RFC 6238), and recovery codes for when it is lost.

use aws_lc_rs::{constant_time::verify_slices_are_equal, digest};
use hikyaku_dispatch::{Proof, RECOVERY_CODES, SecondFactor};
use jiff::Timestamp;
use qrcodegen::{QrCode, QrCodeEcc};
use totp_rs::{Builder, Secret, Totp};

use crate::error::Error;

/// Digits of a recovery code: letters and digits that do not look alike, 50 bits.
const RECOVERY_CHARS: usize = 10;
const ALPHABET: &[u8; 32] = b"ABCDEFGHJKMNPQRSTUVWXYZ234567899";
/// The quiet zone around a QR code, in modules (ISO/IEC 18004).
const QUIET: i32 = 4;

/// A factor that is being set up: what the authenticator needs, and recovery codes to be shown once.
#[derive(Clone)]
pub(crate) struct Offer {
    secret: Vec<u8>,
    pub(crate) recovery: Vec<String>,
}

impl Offer {
    pub(crate) fn new() -> Result<Self, Error> {
        let mut secret = vec![0; 20];
        getrandom::fill(&mut secret).map_err(|_| Error::NoRandomness)?;
        let recovery: Result<Vec<String>, Error> = (0..RECOVERY_CODES).map(|_| recovery_code()).collect();
        Ok(Self { secret, recovery: recovery? })
    }

    /// The key as it is typed by hand, in groups of four.
    pub(crate) fn key(&self) -> String {
        let key = Secret::from(self.secret.as_slice()).to_base32();
        let letters: Vec<char> = key.chars().collect();
        letters.chunks(4).map(String::from_iter).collect::<Vec<_>>().join(" ")
    }

    /// The key as a QR code, an SVG.
    pub(crate) fn picture(&self, issuer: &str, login: &str) -> String {
        let key = Secret::from(self.secret.as_slice()).to_base32();
        let (issuer, login) = (percent(issuer), percent(login));
        qr(&format!("otpauth://totp/{issuer}:{login}?secret={key}&issuer={issuer}"), "認証アプリで読み取るQRコード")
    }

    /// The step of a code that the new authenticator showed.
    pub(crate) fn check(&self, code: &str, now: Timestamp) -> Option<u64> {
        step(&self.secret, code, now)
    }

    /// What is kept of it.
    pub(crate) fn factor(&self) -> SecondFactor {
        let recovery = self.recovery.iter().map(|code| fingerprint(code)).collect();
        SecondFactor { secret: self.secret.clone(), recovery }
    }
}

/// A second factor with its recovery codes, for an account whose owner has no authenticator at hand: trials and demos.
///
/// # Errors
/// [`Error::NoRandomness`].
pub fn make_factor() -> Result<(SecondFactor, Vec<String>), Error> {
    let offer = Offer::new()?;
    Ok((offer.factor(), offer.recovery))
}

/// What a typed code proves; `None` if nothing.
pub(crate) fn prove(factor: &SecondFactor, typed: &str, now: Timestamp) -> Option<Proof> {
    let typed: String = typed.chars().filter(|c| !c.is_whitespace() && *c != '-').map(half_width).collect();
    if let Some(step) = step(&factor.secret, &typed, now) {
        return Some(Proof::Code { step });
    }
    let given = fingerprint(&typed);
    let place = factor.recovery.iter().position(|kept| verify_slices_are_equal(kept, &given).is_ok())?;
    Some(Proof::Recovery { place: u8::try_from(place).ok()? })
}

/// Text as a QR code, an SVG with a text alternative.
pub(crate) fn qr(text: &str, spoken: &str) -> String {
    let Ok(code) = QrCode::encode_text(text, QrCodeEcc::Medium) else { return String::new() };
    let side = code.size() + 2 * QUIET;
    let mut path = String::new();
    for y in 0..code.size() {
        let mut x = 0;
        while x < code.size() {
            let run = (x..code.size()).take_while(|x| code.get_module(*x, y)).count();
            let run = i32::try_from(run).unwrap_or_default();
            if run > 0 {
                path.push_str(&format!("M{} {}.5h{run}", x + QUIET, y + QUIET));
            }
            x += run + 1;
        }
    }
    format!(
        "<svg class=\"qr\" width=\"224\" height=\"224\" viewBox=\"0 0 {side} {side}\" role=\"img\" aria-label=\"{spoken}\" shape-rendering=\"crispEdges\">\
         <rect width=\"{side}\" height=\"{side}\" fill=\"#fff\"/><path stroke=\"#000\" d=\"{path}\"/></svg>"
    )
}

fn totp(secret: &[u8]) -> Option<Totp> {
    Builder::new().with_secret(secret).build().ok()
}

/// The step in which the authenticator shows this code: now, or one step before or after for clocks that differ.
fn step(secret: &[u8], code: &str, now: Timestamp) -> Option<u64> {
    totp(secret)?.check(code, u64::try_from(now.as_second()).ok()?)
}

fn recovery_code() -> Result<String, Error> {
    let mut bytes = [0_u8; RECOVERY_CHARS];
    getrandom::fill(&mut bytes).map_err(|_| Error::NoRandomness)?;
    let letters: Vec<char> = bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect();
    let (head, tail) = letters.split_at(RECOVERY_CHARS / 2);
    Ok(format!("{}-{}", String::from_iter(head), String::from_iter(tail)))
}

fn fingerprint(code: &str) -> [u8; 32] {
    let plain: String = code.to_uppercase().chars().filter(|c| c.is_ascii_alphanumeric()).collect();
    let mut kept = [0; 32];
    kept.copy_from_slice(digest::digest(&digest::SHA256, plain.as_bytes()).as_ref());
    kept
}

/// Japanese keyboards often type digits in full width.
fn half_width(c: char) -> char {
    match c {
        '０'..='９' => char::from_u32(u32::from(c) - u32::from('０') + u32::from('0')).unwrap_or(c),
        _ => c,
    }
}

/// Percent-encodes all but letters and digits (RFC 3986 §2.1).
fn percent(text: &str) -> String {
    let encode = |byte: u8| {
        if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    text.bytes().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn req_s03_codes_are_those_of_rfc_6238_and_good_for_one_step_around_now() {
        // RFC 6238 appendix B: at 59 s the eight digits are 94287082, of which six are shown.
        let factor = SecondFactor { secret: b"12345678901234567890".to_vec(), recovery: Vec::new() };
        let at = |second| Timestamp::from_second(second).unwrap();
        assert_eq!(prove(&factor, "287082", at(59)), Some(Proof::Code { step: 1 }));
        assert_eq!(prove(&factor, "２８７ ０８２", at(89)), Some(Proof::Code { step: 1 }));
        assert_eq!(prove(&factor, "287082", at(121)), None);
    }

    #[test]
    fn a_recovery_code_is_known_by_its_place_however_it_is_typed() {
        let offer = Offer::new().unwrap();
        let typed = offer.recovery[3].to_lowercase().replace('-', " ");
        let proof = prove(&offer.factor(), &typed, Timestamp::UNIX_EPOCH);
        assert_eq!(proof, Some(Proof::Recovery { place: 3 }));
        assert_eq!(prove(&offer.factor(), "AAAAA-AAAAA", Timestamp::UNIX_EPOCH), None);
        assert_eq!(prove(&offer.factor(), "", Timestamp::UNIX_EPOCH), None);
    }
}
