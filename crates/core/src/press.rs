//! Rendering: a template and a recipient become the bytes of one mail, just before it departs.

use aws_lc_rs::digest::{SHA256, digest};
use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;
use mail_builder::MessageBuilder;
use mail_builder::headers::raw::Raw;
use memchr::memchr_iter;

use crate::address::{Address, AddressStyle};
use crate::event::{BatchHead, Chunk};
use crate::message::{MailId, Recipient};
use crate::queue::ChunkId;
use crate::session::Letter;
use crate::time::Instant;

/// Renders one mail of a loaded chunk; `None` if its recipient is gone.
///
/// Date and Message-ID depend only on the batch and the recipient, so that a retry is the same mail.
#[must_use]
pub fn letter(chunk: &Chunk, mail: MailId, style: AddressStyle) -> Option<(Letter, Address)> {
    let recipient = chunk.recipients.get(usize::from(ChunkId::place(mail)))?.as_ref()?;
    let template = &chunk.head.template;
    // Validated when the batch was submitted.
    let return_path = Address::parse(&template.return_path.fill(&recipient.fields)).ok()?;
    let letter = Letter {
        id: mail,
        return_path: return_path.wire(AddressStyle::Quoted),
        rcpt: recipient.address.wire(style),
        needs_smtputf8: recipient.address.needs_smtputf8(),
        content: stuff(&render(&chunk.head, recipient)),
    };
    Some((letter, recipient.address.clone()))
}

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
        .text_body(crlf(template.text.fill(fields)));
    if let Some(reply_to) = &template.reply_to {
        message = message.reply_to(reply_to.fill(fields));
    }
    let mut out = Vec::with_capacity(2048);
    message.serialize(&mut out);
    out
}

/// Line ends as mail has them; templates are mostly written so already.
fn crlf(text: String) -> String {
    let bytes = text.as_bytes();
    let bare = memchr_iter(b'\n', bytes).any(|at| at == 0 || bytes[at - 1] != b'\r');
    if bare { text.replace("\r\n", "\n").replace('\n', "\r\n") } else { text }
}

/// The same for every attempt at a mail, without telling who it is for.
fn message_id(head: &BatchHead, recipient: &Recipient) -> String {
    let mut seed = Vec::with_capacity(head.key.len() + recipient.id.len() + 1);
    seed.extend_from_slice(head.key.as_bytes());
    seed.push(0);
    seed.extend_from_slice(recipient.id.as_bytes());
    let hash = digest(&SHA256, &seed);
    let hex: String = hash.as_ref()[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{hex}@{}", head.template.from.address.domain())
}

/// RFC 5322 §3.3 in Japan's time, as its readers expect.
fn date(at: Instant) -> String {
    let seconds = i64::try_from(at.as_micros() / 1_000_000).unwrap_or(0);
    let timestamp = jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let zoned = timestamp.to_zoned(TimeZone::fixed(jiff::tz::offset(9)));
    rfc2822::to_string(&zoned).unwrap_or_else(|_| String::from("Thu, 1 Jan 1970 09:00:00 +0900"))
}

/// Doubles a dot at the start of a line and ends the content (RFC 5321 §4.5.2).
#[must_use]
pub fn stuff(mail: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(mail.len() + 16);
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
mod tests {
    use super::*;
    use crate::message::{BatchId, KeyId, Mailbox, Template, TemplateText, Urgency};
    use proptest::prelude::*;

    fn head(text: &str) -> BatchHead {
        let from = Mailbox {
            name: "経済産業省 安否確認".into(),
            address: Address::parse("anpi@example.go.jp").unwrap(),
        };
        let parts = TemplateText {
            from,
            return_path: "b+{v}@example.go.jp",
            reply_to: Some("r+{v}@example.go.jp"),
            subject: "【安否確認】{name}さんの安否をお知らせください",
            text,
            fields: &["name", "v"],
        };
        BatchHead {
            id: BatchId(1),
            key: "quake-1".into(),
            template: Template::new(parts).unwrap(),
            urgency: Urgency::Safety,
            deadline: None,
            expires: None,
            submitted: Instant::from_micros(1_700_000_000_000_000),
            recipients: 1,
        }
    }

    fn recipient(address: &str) -> Recipient {
        let fields = vec!["山田 太郎".into(), "x1".into()];
        Recipient {
            id: "p1-1".into(),
            key: KeyId(0),
            address: Address::parse(address).unwrap(),
            fields,
            history: Default::default(),
        }
    }

    fn text(mail: &[u8]) -> String {
        String::from_utf8(mail.to_vec()).unwrap()
    }

    #[test]
    fn a_retry_is_the_same_mail_byte_for_byte() {
        let (head, who) = (head("{name} さん\n地震です。\n"), recipient("a..b@docomo.ne.jp"));
        let once = render(&head, &who);
        assert_eq!(once, render(&head, &who));
        let shown = text(&once);
        for header in ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Reply-To", "MIME-Version"] {
            assert_eq!(
                shown.matches(&format!("\r\n{header}: ")).count() + usize::from(shown.starts_with(header)),
                1,
                "{header} in {shown}"
            );
        }
        assert!(shown.contains("+0900"), "{shown}");
        assert!(shown.contains("To: <\"a..b\"@docomo.ne.jp>"), "{shown}");
        assert!(!shown.contains("\"=?"), "an encoded word in quotes is not decoded (RFC 2047 §5)");
    }

    #[test]
    fn two_recipients_never_share_a_message_id() {
        let head = head("x");
        let mut other = recipient("x@y.jp");
        other.id = "p1-2".into();
        assert_ne!(message_id(&head, &recipient("x@y.jp")), message_id(&head, &other));
    }

    #[test]
    fn lines_are_ended_with_crlf_even_in_a_plain_text() {
        let mail = text(&render(&head("one\ntwo\n.three"), &recipient("x@y.jp")));
        assert!(!mail.replace("\r\n", "").contains(['\r', '\n']), "{mail:?}");
        assert!(mail.contains("\r\n.three"));
    }

    proptest! {
        #[test]
        fn a_receiver_that_undoes_the_stuffing_reads_what_was_rendered(lines in prop::collection::vec("[.a\\r]{0,4}", 0..8)) {
            let mail = lines.iter().map(|l| format!("{l}\r\n")).collect::<String>();
            let wire = text(&stuff(mail.as_bytes()));
            let body = wire.strip_suffix(".\r\n").unwrap();
            let mut read = String::new();
            for line in body.split_inclusive("\r\n") {
                prop_assert_ne!(line, ".\r\n", "the end came too soon");
                read.push_str(line.strip_prefix('.').unwrap_or(line));
            }
            let expected = if mail.is_empty() { "\r\n".to_string() } else { mail };
            prop_assert_eq!(read, expected);
        }
    }
}
