//! A template filled in for one recipient, as a mail that any reader understands.

use aws_lc_rs::digest::{SHA256, digest};
use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use mail_builder::MessageBuilder;
use mail_builder::headers::raw::Raw;
use memchr::memchr_iter;

use crate::address::{Address, AddressStyle};
use crate::event::BatchHead;
use crate::message::Recipient;
use crate::time::Instant;

/// The mail as it is read by its recipient: headers and body, CRLF line ends, no dot-stuffing.
#[must_use]
pub fn render(head: &BatchHead, recipient: &Recipient) -> Vec<u8> {
    let template = &head.template;
    let fields = &recipient.fields;
    let from = &template.from;
    let mut message = MessageBuilder::new()
        .from((from.name.clone(), from.address.wire(AddressStyle::Quoted)))
        .to(recipient.address.wire(AddressStyle::Quoted))
        .subject(template.subject.fill(fields))
        .message_id(message_id(head, recipient))
        .header("Date", Raw::new(date(head.submitted)))
        // RFC 3834: no vacation message in answer to an emergency.
        .header("Auto-Submitted", Raw::new("auto-generated"))
        .text_body(lines(template.text.fill(fields)));
    // It was validated when the batch was submitted; a legacy local part is quoted here too.
    let reply_to = template.reply_to.as_ref().map(|reply_to| Address::parse(&reply_to.fill(fields)));
    if let Some(Ok(reply_to)) = reply_to {
        message = message.reply_to(reply_to.wire(AddressStyle::Quoted));
    }
    let mut out = Vec::with_capacity(2048);
    message.serialize(&mut out);
    out
}

/// Line ends as mail has them, which templates mostly have already, and no blank lines at the end: mail-auth 0.13 hashes
/// those of spaces wrongly in relaxed bodies (fixed in its 0.15, which needs a later Rust).
fn lines(text: String) -> String {
    let bytes = text.as_bytes();
    let bare = memchr_iter(b'\n', bytes).any(|at| at == 0 || bytes[at - 1] != b'\r');
    let mut text = if bare { text.replace("\r\n", "\n").replace('\n', "\r\n") } else { text };
    let kept = text.trim_end_matches([' ', '\t', '\r', '\n']).len();
    let ended = text[kept..].contains('\n');
    text.truncate(kept);
    if ended && kept > 0 {
        text.push_str("\r\n");
    }
    text
}

/// The same for every attempt at a mail, without telling who it is for.
pub(super) fn message_id(head: &BatchHead, recipient: &Recipient) -> String {
    let mut seed = Vec::with_capacity(head.key.len() + recipient.id.len() + 1);
    seed.extend_from_slice(head.key.as_bytes());
    seed.push(0);
    seed.extend_from_slice(recipient.id.as_bytes());
    let hash = digest(&SHA256, &seed);
    let digit = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble & 15)]);
    let hex: String = hash.as_ref()[..16].iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect();
    format!("{hex}@{}", head.template.from.address.domain())
}

/// RFC 5322 §3.3 in Japan's time, as its readers expect.
fn date(at: Instant) -> String {
    rfc2822::to_string(&in_japan(at)).unwrap_or_else(|_| String::from("Thu, 1 Jan 1970 09:00:00 +0900"))
}

/// An instant for people to read.
pub(super) fn moment(at: Instant) -> String {
    in_japan(at).strftime("%F %R %:z").to_string()
}

fn in_japan(at: Instant) -> Zoned {
    let seconds = i64::try_from(at.as_micros() / 1_000_000).unwrap_or(0);
    let timestamp = Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH);
    timestamp.to_zoned(TimeZone::fixed(jiff::tz::offset(9)))
}
