//! Everything, encrypted to somebody's public key, unreadable to whoever operates the system (requirement S20).
//!
//! A sealed file is the line `hikyaku hand-over 1`, 32 bytes of HPKE's encapsulated key, then parts of `length (4,
//! big-endian) | ciphertext`: HPKE (RFC 9180), base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM, with the
//! first line as info and `more` or `last` as the additional data of each part. The parts together are the JSON Lines of
//! [`super::export`] with personal data in clear.

use std::io::{Read, Write};

use aws_lc_rs::digest::{Context, SHA256};
use jiff::Timestamp;
use rustls::crypto::aws_lc_rs::hpke::DH_KEM_X25519_HKDF_SHA256_AES_256 as SUITE;
use rustls::crypto::hpke::{EncapsulatedSecret, Hpke as _, HpkePrivateKey, HpkePublicKey, HpkeSealer};

use super::CustodyError;
use super::export::{Shown, line};
use crate::access::Guarded;
use crate::certificate::hand_over_receipt;
use crate::command::RetentionCommand;
use crate::decide::agreed;
use crate::desk::Desk;
use crate::signed::SignedText;

const KIND: &[u8] = b"hikyaku hand-over 1\n";
/// Clear bytes in a part.
const PART_BYTES: usize = 64 << 10;
/// Bytes of a part, with its tag, that a reader accepts.
const SEALED_PART_BYTES_MAX: usize = PART_BYTES + 16;

/// A key pair for a hand-over: X25519, public and private.
pub struct HandOverKeys {
    /// For whoever operates the system.
    pub public: [u8; 32],
    /// For the organisation alone.
    pub private: [u8; 32],
}

impl HandOverKeys {
    /// A pair that nobody had before.
    ///
    /// # Errors
    /// [`CustodyError::Sealed`] if the machine gives no randomness.
    pub fn generate() -> Result<Self, CustodyError> {
        let none = CustodyError::Sealed("the system makes no key: check the machine");
        let Ok((public, private)) = SUITE.generate_key_pair() else { return Err(none) };
        match (public.0.as_slice().try_into(), private.secret_bytes().try_into()) {
            (Ok(public), Ok(private)) => Ok(HandOverKeys { public, private }),
            _ => Err(none),
        }
    }
}

/// Writes everything, sealed for `recipient`, if two people agreed to it; the journal notes it first. The receipt names
/// the file's digest.
///
/// # Errors
/// [`CustodyError::Refused`] if they did not; any other if it cannot be read or written.
pub async fn hand_over(
    desk: &Desk,
    recipient: [u8; 32],
    now: Timestamp,
    out: &mut (dyn Write + Send),
) -> Result<SignedText, CustodyError> {
    desk.command(RetentionCommand::HandOver { recipient }, now).await?;
    let by = desk.read(|state| agreed(state, Guarded::HandOver, now)).map_err(crate::command::Refusal::from)?;
    let end = desk.journal().head().await?;
    let mut sealing = Sealing::new(recipient, out)?;
    let mut seq = 0;
    while seq < end.seq {
        let rows = desk.journal().read_from(seq + 1).await?;
        for row in rows.iter().take_while(|row| row.seq <= end.seq) {
            seq = row.seq;
            sealing.add(format!("{}\n", line(row, desk.keys(), Shown::Clear)?).as_bytes())?;
        }
        if rows.is_empty() {
            break;
        }
    }
    let digest = sealing.end()?;
    let receipt = hand_over_receipt(desk.keys().ring_id(), now, by, &recipient, &digest, end);
    Ok(desk.keys().sign(&receipt)?)
}

/// Opens a sealed file with the organisation's private key and writes the JSON Lines that are in it.
///
/// # Errors
/// [`CustodyError::Sealed`] if it is not for this key, was changed, or is cut short.
pub fn open_hand_over(private: [u8; 32], sealed: &mut dyn Read, out: &mut dyn Write) -> Result<(), CustodyError> {
    let foreign = CustodyError::Sealed("this is no hand-over of hikyaku: give the file as it was written");
    let (mut kind, mut encapsulated) = ([0; KIND.len()], [0; 32]);
    sealed.read_exact(&mut kind)?;
    sealed.read_exact(&mut encapsulated)?;
    if kind != KIND {
        return Err(foreign);
    }
    let key = HpkePrivateKey::from(private.to_vec());
    let opener = SUITE.setup_opener(&EncapsulatedSecret(encapsulated.to_vec()), KIND, &key);
    let mut opener = opener.map_err(|_| CustodyError::Sealed("the private key cannot be used: give the right file"))?;
    loop {
        let mut length = [0; 4];
        let cut = CustodyError::Sealed("the file is cut short: copy it again");
        sealed.read_exact(&mut length).map_err(|_| cut)?;
        let length = u32::from_be_bytes(length) as usize;
        if length > SEALED_PART_BYTES_MAX {
            return Err(CustodyError::Sealed("a part of the file is too long: copy it again"));
        }
        let mut part = vec![0; length];
        sealed.read_exact(&mut part).map_err(|_| CustodyError::Sealed("the file is cut short: copy it again"))?;
        // The last part says so; one that is neither was changed, or is for another key.
        if let Ok(plain) = opener.open(b"more", &part) {
            out.write_all(&plain)?;
            continue;
        }
        let plain = opener.open(b"last", &part);
        let changed = "the file was changed, or is sealed for another key: give the right pair";
        out.write_all(&plain.map_err(|_| CustodyError::Sealed(changed))?)?;
        return Ok(out.flush()?);
    }
}

struct Sealing<'a> {
    sealer: Box<dyn HpkeSealer>,
    waiting: Vec<u8>,
    digest: Context,
    out: &'a mut (dyn Write + Send),
}

impl<'a> Sealing<'a> {
    fn new(recipient: [u8; 32], out: &'a mut (dyn Write + Send)) -> Result<Self, CustodyError> {
        let sealer = SUITE.setup_sealer(KIND, &HpkePublicKey(recipient.to_vec()));
        let wrong = |_| CustodyError::Sealed("the public key cannot be used: give 64 hexadecimal digits of X25519");
        let (encapsulated, sealer) = sealer.map_err(wrong)?;
        let mut sealing = Sealing { sealer, waiting: Vec::new(), digest: Context::new(&SHA256), out };
        sealing.write(KIND)?;
        sealing.write(&encapsulated.0)?;
        Ok(sealing)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), CustodyError> {
        self.digest.update(bytes);
        Ok(self.out.write_all(bytes)?)
    }

    fn add(&mut self, bytes: &[u8]) -> Result<(), CustodyError> {
        self.waiting.extend_from_slice(bytes);
        while self.waiting.len() > PART_BYTES {
            let rest = self.waiting.split_off(PART_BYTES);
            let part = std::mem::replace(&mut self.waiting, rest);
            self.seal(b"more", &part)?;
        }
        Ok(())
    }

    fn seal(&mut self, place: &[u8], plain: &[u8]) -> Result<(), CustodyError> {
        let wrong = |_| CustodyError::Sealed("a part cannot be sealed: check the machine");
        let part = self.sealer.seal(place, plain).map_err(wrong)?;
        let length = u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes();
        self.write(&length)?;
        self.write(&part)
    }

    /// Writes the last part and returns the digest of the whole file.
    fn end(mut self) -> Result<Vec<u8>, CustodyError> {
        let last = std::mem::take(&mut self.waiting);
        self.seal(b"last", &last)?;
        self.out.flush()?;
        Ok(self.digest.finish().as_ref().to_vec())
    }
}
