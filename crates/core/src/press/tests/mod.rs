//! What every rendered mail holds.

mod keys;
mod signed;
#[cfg(feature = "smime")]
mod smime;

use super::render::message_id;
use super::*;
use crate::event::BatchHead;
use crate::message::{BatchId, KeyId, Mailbox, Recipient, Template, TemplateText, Urgency};
use crate::time::Instant;
use proptest::prelude::*;

fn head(text: &str) -> BatchHead {
    let from =
        Mailbox { name: "経済産業省 安否確認".into(), address: Address::parse("anpi@example.go.jp").unwrap() };
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
fn blank_lines_at_the_end_of_a_text_are_not_sent() {
    for (written, sent) in [
        ("a\n", "a\r\n"),
        ("a", "a"),
        ("a\n \t\n\n  \n", "a\r\n"),
        ("a\n  ", "a\r\n"),
        ("a\nb  \n", "a\r\nb\r\n"),
        (" \n\n", ""),
        ("", ""),
    ] {
        let mail = text(&render(&head(written), &recipient("x@y.jp")));
        assert_eq!(mail.split_once("\r\n\r\n").unwrap().1, sent, "{written:?}");
    }
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
        let wire = text(&stuff(Vec::new(), mail.as_bytes()));
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
