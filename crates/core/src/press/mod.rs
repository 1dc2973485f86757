//! Rendering and signing: a template and a recipient become the bytes of one mail, ahead of its departure.

mod coming;
mod dkim;
mod headers;
mod keys;
mod make;
mod pool;
mod render;
mod ring;
#[cfg(feature = "smime")]
mod smime;
mod table;

use std::collections::HashMap;
use std::sync::Arc;

use memchr::memchr_iter;
use tokio::sync::oneshot;

use crate::address::{Address, AddressStyle};
use crate::event::Chunk;
use crate::message::MailId;
use crate::queue::ChunkId;
use crate::session::Letter;

pub use coming::Coming;
pub use dkim::Algorithm as DkimAlgorithm;
pub use keys::{DkimKey, Signing, SigningError, SmimeKey, Unsigned};
use pool::Pool;
use render::moment;
pub use render::render;
pub use ring::KeyRing;

/// Why there is no letter.
#[derive(Debug)]
pub enum Spoilt {
    /// Its recipient has settled, or the key of its personal data was erased.
    Gone,
    /// It could not be signed.
    Unsigned(String),
}

/// A letter with the address it goes to, or why there is none.
pub type Page = Result<(Letter, Address), Spoilt>;

/// A letter that is ordered.
#[derive(Debug)]
pub enum Draft {
    /// Nothing signs: rendering it takes microseconds and is left to whoever sends it.
    Plain(Arc<Chunk>, AddressStyle),
    /// It is being rendered and signed, or is ready.
    Coming(oneshot::Receiver<Page>),
}

/// Prepares the letters of mails that are on their way to the wire.
pub struct Press {
    pool: Option<Pool>,
    /// Begun when the attempt went to the disk, and not asked for yet: at most what the engine may have unsettled.
    begun: HashMap<MailId, oneshot::Receiver<Page>>,
}

impl Press {
    /// A press that signs with these keys; without keys it needs no threads.
    ///
    /// # Errors
    /// The system's, if it gives no threads.
    pub fn start(keys: Arc<KeyRing>) -> std::io::Result<Press> {
        let pool = if keys.is_empty() { None } else { Some(Pool::start(keys)?) };
        Ok(Press { pool, begun: HashMap::new() })
    }

    /// Begins a letter that will be asked for once its attempt is durable.
    pub fn prepare(&mut self, mail: MailId, chunk: Arc<Chunk>, style: AddressStyle) {
        if let Some(pool) = &self.pool {
            self.begun.insert(mail, pool.add(mail, chunk, style));
        }
    }

    /// The letter, begun before or now.
    pub fn draft(&mut self, mail: MailId, chunk: Arc<Chunk>, style: AddressStyle) -> Draft {
        match (&self.pool, self.begun.remove(&mail)) {
            (Some(_), Some(begun)) => Draft::Coming(begun),
            (Some(pool), None) => Draft::Coming(pool.add(mail, chunk, style)),
            (None, _) => Draft::Plain(chunk, style),
        }
    }

    /// The mail is not sent after all.
    pub fn forget(&mut self, mail: MailId) {
        self.begun.remove(&mail);
    }
}

/// Renders one mail of a loaded chunk and signs it with the keys that are valid for it.
///
/// Date, Message-ID and signatures depend only on the batch and the recipient, so that a retry is the same mail.
///
/// # Errors
/// [`Spoilt`] says why there is none.
pub fn letter(keys: &KeyRing, chunk: &Chunk, mail: MailId, style: AddressStyle) -> Page {
    let recipient = chunk.recipients.get(usize::from(ChunkId::place(mail))).and_then(Option::as_ref);
    let recipient = recipient.ok_or(Spoilt::Gone)?;
    let (head, template) = (&chunk.head, &chunk.head.template);
    // Validated when the batch was submitted.
    let return_path = Address::parse(&template.return_path.fill(&recipient.fields)).map_err(|_| Spoilt::Gone)?;
    let rendered = render(head, recipient);
    #[cfg(feature = "smime")]
    let rendered = match keys.certified(&template.from.address, head.submitted) {
        Some(certified) => certified.sign(&rendered, head.submitted).map_err(Spoilt::Unsigned)?,
        None => rendered,
    };
    let mut signatures = Vec::new();
    for signer in keys.valid(template.from.address.domain(), head.submitted) {
        signer.sign(&rendered, head.submitted, &mut signatures).map_err(Spoilt::Unsigned)?;
    }
    let letter = Letter {
        id: mail,
        return_path: return_path.wire(AddressStyle::Quoted),
        rcpt: recipient.address.wire(style),
        recipient: recipient.id.clone(),
        needs_smtputf8: recipient.address.needs_smtputf8(),
        hurry: chunk.head.is_in_hurry(),
        content: stuff(signatures, &rendered),
    };
    Ok((letter, recipient.address.clone()))
}

/// The signatures and the mail behind them, with the dot at the start of a line doubled, and the end of the content
/// (RFC 5321 §4.5.2). No line of a signature begins with a dot.
#[must_use]
pub fn stuff(signatures: Vec<u8>, mail: &[u8]) -> Vec<u8> {
    let mut out = signatures;
    out.reserve(mail.len() + 16);
    let mut line = 0;
    for end in memchr_iter(b'\n', mail).chain([mail.len()]) {
        let stop = (end + 1).min(mail.len());
        if mail.get(line) == Some(&b'.') {
            out.push(b'.');
        }
        out.extend_from_slice(&mail[line..stop]);
        line = stop;
    }
    if !out.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b".\r\n");
    out
}

#[cfg(test)]
mod tests;
