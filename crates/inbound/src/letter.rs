//! A mail as far as it is of interest: some headers, the text, the fields of a delivery report.

use encoding_rs::{ISO_2022_JP, SHIFT_JIS};
use mail_parser::{Address, Message, MessageParser, MessagePart, MimeHeaders as _, PartType};

/// A mail that passed more servers than this runs in a circle; RFC 5321 §6.3 allows a hundred, real ways have a dozen.
pub const HOPS_MAX: usize = 50;
/// Most bytes of a mail's text that are looked at.
const TEXT_BYTES_MAX: usize = 60_000;
/// A mail may hold mails that hold mails; whoever takes them apart goes as deep as they do, so that there is an end to it.
const NESTED_MAX: usize = 100;
/// With these words a mail begins within a mail.
const NESTING: [&[u8]; 3] = [b"rfc822", b"digest", b"global"];
/// Most groups of a report that are looked at; ours have one recipient each.
const GROUPS_MAX: usize = 20;

/// What was read of a mail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Letter {
    /// The address in `From`; empty without one.
    pub from: String,
    /// The address in `Reply-To`; empty without one.
    pub reply_to: String,
    /// The subject, decoded.
    pub subject: String,
    /// The text, decoded; of a report what people are told.
    pub text: String,
    /// Whether a program wrote it by itself: an answering machine, a list, a report (RFC 3834).
    pub is_automatic: bool,
    /// How many servers it passed.
    pub hops: usize,
    pub(crate) message_id: String,
    pub(crate) received: String,
    pub(crate) spasign: String,
    pub(crate) groups: Vec<Group>,
}

/// The fields of one group of a delivery report, in their order (RFC 3464 §2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Group(Vec<(String, String)>);

impl Group {
    /// The value of a field, without its type (`rfc822;`, `dns;`, `smtp;`); the name is in small letters.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(field, _)| field == name)?;
        Some(value.split_once(';').map_or(value.as_str(), |(_, value)| value).trim())
    }
}

impl Letter {
    /// Reads a mail; whatever it holds, this ends and gives something. `is_from_nobody` says that the envelope had no sender.
    #[must_use]
    pub fn read(content: &[u8], is_from_nobody: bool) -> Letter {
        let Some(message) = parsed(shallow(content)) else {
            return Letter { text: decoded_by_form(content), is_automatic: is_from_nobody, ..Letter::default() };
        };
        let raw = |name: &str| message.header_raw(name.to_owned()).unwrap_or_default().trim().to_ascii_lowercase();
        let received: Vec<&str> =
            message.headers_raw().filter(|(name, _)| name.eq_ignore_ascii_case("received")).map(|(_, it)| it).collect();
        Letter {
            from: first(message.from()),
            reply_to: first(message.reply_to()),
            subject: subject(&message),
            text: text(&message),
            is_automatic: is_from_nobody || is_automatic(&raw),
            hops: received.len(),
            message_id: raw("Message-ID"),
            received: received.join("\n").to_ascii_lowercase(),
            spasign: raw("X-SPASIGN"),
            groups: groups(&message),
        }
    }
}

/// What the parser makes of it, if anything. It comes from anybody: a mail at which the parser panics (0.11 asserts in debug builds
/// that each part has its boundary) costs nothing but its own parts.
fn parsed(content: &[u8]) -> Option<Message<'_>> {
    std::panic::catch_unwind(|| MessageParser::default().parse(content)).ok().flatten()
}

/// As much of a mail as holds no more mails than that within each other.
fn shallow(content: &[u8]) -> &[u8] {
    let small = content.to_ascii_lowercase();
    let begins = NESTING.iter().filter_map(|word| memchr::memmem::find_iter(&small, word).nth(NESTED_MAX));
    begins.min().map_or(content, |at| &content[..at])
}

/// Whether headers say that no person wrote it: RFC 3834 §5, and what answering machines and lists say besides.
fn is_automatic(raw: &impl Fn(&str) -> String) -> bool {
    let submitted = raw("Auto-Submitted");
    let precedence = raw("Precedence");
    let says = |name: &str| !raw(name).is_empty();
    !(submitted.is_empty() || submitted == "no")
        || matches!(precedence.as_str(), "bulk" | "junk" | "list" | "auto_reply")
        || ["X-Autoreply", "X-Autorespond", "X-Auto-Response-Suppress", "List-Id", "X-Loop"].iter().any(|it| says(it))
        || matches!(raw("Return-Path").as_str(), "<>")
        || raw("Content-Type").contains("multipart/report")
}

fn first(addresses: Option<&Address<'_>>) -> String {
    addresses.and_then(Address::first).and_then(|it| it.address()).unwrap_or_default().to_owned()
}

fn subject(message: &Message<'_>) -> String {
    let read = message.subject().unwrap_or_default();
    // Not encoded as it should be: the bytes themselves are ISO-2022-JP or Shift_JIS.
    let is_raw = read.contains('\u{1b}') || read.contains('\u{fffd}');
    match message.header_raw("Subject") {
        Some(raw) if is_raw => decoded_by_form(raw.trim().as_bytes()),
        _ => read.to_owned(),
    }
}

/// The text parts that belong to the mail itself, one after the other.
fn text(message: &Message<'_>) -> String {
    let mut all = String::new();
    for (at, part) in message.text_bodies().enumerate() {
        if all.len() >= TEXT_BYTES_MAX {
            break;
        }
        let text = message.body_text(at).unwrap_or_default();
        let is_raw =
            text.contains('\u{1b}') || (text.contains('\u{fffd}') && part.content_transfer_encoding().is_none());
        all.push_str(&if is_raw { decoded_by_form(raw_body(message, part)) } else { text.into_owned() });
        all.push('\n');
    }
    all.truncate(all.floor_char_boundary(TEXT_BYTES_MAX));
    all
}

fn raw_body<'x>(message: &'x Message<'_>, part: &MessagePart<'_>) -> &'x [u8] {
    let range = part.raw_body_offset() as usize..part.raw_end_offset() as usize;
    message.raw_message().get(range).unwrap_or_default()
}

/// Text whose charset nobody named, or named wrongly: old Japanese systems send ISO-2022-JP or Shift_JIS so.
fn decoded_by_form(bytes: &[u8]) -> String {
    if bytes.contains(&0x1b) {
        return ISO_2022_JP.decode_without_bom_handling(bytes).0.into_owned();
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => SHIFT_JIS.decode_without_bom_handling(bytes).0.into_owned(),
    }
}

/// The fields of every `message/delivery-status` part.
fn groups(message: &Message<'_>) -> Vec<Group> {
    let is_status = |part: &&MessagePart<'_>| {
        part.content_type().is_some_and(|it| {
            let is = |kind: &str, sub: &str| {
                it.ctype().eq_ignore_ascii_case(kind) && it.subtype().is_some_and(|it| it.eq_ignore_ascii_case(sub))
            };
            is("message", "delivery-status") || is("message", "global-delivery-status")
        })
    };
    let parts = message.parts.iter().filter(is_status);
    parts.flat_map(|part| fields(&String::from_utf8_lossy(bytes(part)))).take(GROUPS_MAX).collect()
}

fn bytes<'a>(part: &'a MessagePart<'_>) -> &'a [u8] {
    match &part.body {
        PartType::Text(text) | PartType::Html(text) => text.as_bytes(),
        PartType::Binary(bytes) | PartType::InlineBinary(bytes) => bytes,
        PartType::Message(message) => message.raw_message(),
        PartType::Multipart(_) => &[],
    }
}

fn fields(text: &str) -> Vec<Group> {
    let mut groups = vec![Group::default()];
    for line in text.lines() {
        let Some(group) = groups.last_mut() else { break };
        if line.trim().is_empty() {
            if !group.0.is_empty() {
                groups.push(Group::default());
            }
        } else if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = group.0.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            group.0.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
        if groups.len() > GROUPS_MAX {
            break;
        }
    }
    groups
}
