//! What hostile mail may not do, as functions of bytes: property tests and the fuzz targets of `crates/inbound/fuzz` share them.
//!
//! Each takes any bytes and panics if a promise is broken. They are compiled for tests and with the feature `hostile`.
#![allow(
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a broken promise is a panic here, which is what is looked for"
)]

use std::sync::LazyLock;
use std::time::Duration;

use jiff::Timestamp;

use crate::{Act, Formats, FormatsError, KeptMail, Letter, Limits, Mail, Session, masked, read_answer, read_report};

/// Most bytes that are kept of a text: 2,000 characters, of which some grow by three signs in place of a local part.
const KEPT_BYTES_MAX: usize = 16_000;
/// Most bytes of a letter's text, and of the rest of its last line.
const TEXT_BYTES_MAX: usize = 60_000;
/// Limits that a few hundred bytes can reach.
const LIMITS: Limits = Limits {
    line_bytes: 64,
    mail_bytes: 500,
    kept_bytes: 200,
    recipients: 3,
    mails: 4,
    commands: 60,
    faults: 20,
    command_patience: Duration::from_secs(60),
    mail_patience: Duration::from_secs(180),
    patience: Duration::from_secs(600),
};

static FORMATS: LazyLock<Result<Formats, FormatsError>> = LazyLock::new(Formats::built_in);

/// A mail that came back: it is read to its end, always as the same; what is kept of it is bounded and shows no local part; a
/// program's mail is no answer.
pub fn returned(bytes: &[u8]) {
    let Some((first, content)) = bytes.split_first() else { return };
    let Ok(formats) = &*FORMATS else { panic!("the table of formats cannot be read") };
    let letter = Letter::read(content, first % 2 == 1);
    assert_eq!(letter, Letter::read(content, first % 2 == 1), "the same bytes are read otherwise");
    assert!(letter.text.len() <= TEXT_BYTES_MAX.max(3 * content.len()), "{} bytes of text", letter.text.len());
    assert_eq!(read_report(&letter, formats), read_report(&letter, formats));
    if let Some(reply) = read_answer(&letter) {
        assert!(!letter.is_automatic, "a program answered");
        assert!((1..=9).contains(&reply.choice) && reply.comment.len() <= letter.text.len(), "{reply:?}");
    }
    let kept = KeptMail::new(&letter, "unread", Timestamp::UNIX_EPOCH);
    assert!(kept.text.len() <= KEPT_BYTES_MAX && kept.subject.len() <= KEPT_BYTES_MAX);
    for shown in [&kept.from, &kept.subject, &kept.text] {
        for (at, _) in shown.match_indices(['@', '＠']) {
            assert!(shown[..at].ends_with("***"), "a local part is shown: {shown:?}");
        }
        assert_eq!(masked(shown), **shown, "what is masked already changes");
    }
}

/// A conversation in pieces: every line that we say is one, no limit is passed, only recipients that we know have mail, and it
/// comes to an end.
pub fn conversation(bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first() else { return };
    let mut session = Session::new("in.example.go.jp", LIMITS, first % 2 == 1);
    let mut pieces = rest.chunks(usize::from(first / 2 % 61) + 1);
    let mut mails = 0;
    // A command costs two turns, a piece one, and a mail's end one more.
    for _ in 0..4 * rest.len() + 16 {
        assert!(session.deadline() <= LIMITS.patience);
        match session.next(Duration::ZERO, is_ours) {
            Act::Say(lines) => are_replies(&lines),
            Act::Upgrade(lines) => {
                are_replies(&lines);
                session.upgraded();
            }
            Act::Close(lines) => return are_replies(&lines),
            Act::Deliver(mail) => {
                mails += 1;
                assert!(mails <= LIMITS.mails, "{mails} mails");
                is_within_limits(&mail);
                returned(&[b"\x01".as_slice(), &mail.content].concat());
                session.decided("250 2.0.0 taken", Duration::ZERO);
            }
            Act::Read => match pieces.next() {
                Some(piece) => session.push(piece),
                None => return,
            },
        }
    }
    panic!("the conversation does not come to an end");
}

fn is_ours(address: &str) -> bool {
    address.starts_with("b+")
}

fn are_replies(lines: &str) {
    assert!(lines.is_empty() || lines.ends_with("\r\n"), "{lines:?}");
    for line in lines.split_terminator("\r\n") {
        let (code, rest) = line.split_at_checked(3).unwrap_or_default();
        assert!(code.bytes().all(|byte| byte.is_ascii_digit()) && rest.starts_with([' ', '-']), "{line:?}");
        assert!(!line.contains(['\r', '\n']), "{line:?}");
    }
}

fn is_within_limits(mail: &Mail) {
    assert!(!mail.recipients.is_empty() && mail.recipients.len() <= LIMITS.recipients, "{mail:?}");
    assert!(mail.recipients.iter().all(|recipient| is_ours(recipient)), "{mail:?}");
    assert!(mail.content.len() <= LIMITS.kept_bytes && mail.sender.len() <= LIMITS.line_bytes, "{mail:?}");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Pieces that lead deep into a conversation and into mails.
    fn pieces() -> impl Strategy<Value = Vec<u8>> {
        let known = prop::sample::select(vec![
            "EHLO a\r\n",
            "MAIL FROM:<>\r\n",
            "RCPT TO:<b+1@b>\r\n",
            "RCPT TO:<a@b>\r\n",
            "DATA\r\n",
            "\r\n.\r\n",
            "\r\n",
            ".",
            "\n",
            "<",
            "\"",
            "\\",
            "STARTTLS\r\n",
            "Content-Type: multipart/report; boundary=B\r\n",
            "--B\r\n",
            "--B--\r\n",
            "Content-Type: message/delivery-status\r\n\r\n",
            "Action: failed\r\n",
            "Status: 5.1.1\r\n",
            "Diagnostic-Code: smtp;",
            "From: Postmaster@ezweb.ne.jp\r\n",
            "Subject: =?iso-2022-jp?B?GyRC?=\r\n",
            "Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n\x1b$B",
            "1\r\n",
            "> 2\r\n",
            "Content-Type: message/rfc822\r\n\r\n",
            "Content-Transfer-Encoding: base64\r\n\r\n",
            "あ\r\n",
            "＠",
        ]);
        let any = prop::collection::vec(any::<u8>(), 0..40);
        let piece = prop_oneof![4 => known.prop_map(|it| it.as_bytes().to_vec()), 1 => any];
        prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

        #[test]
        fn no_bytes_make_the_readers_panic_or_show_a_local_part(first in any::<u8>(), bytes in pieces()) {
            returned(&[&[first], bytes.as_slice()].concat());
        }

        #[test]
        fn no_bytes_make_the_conversation_panic_pass_a_limit_or_go_on_for_ever(first in any::<u8>(), bytes in pieces()) {
            conversation(&[&[first], bytes.as_slice()].concat());
        }

        #[test]
        fn no_bytes_behind_an_accepted_recipient_make_the_conversation_pass_a_limit(first in any::<u8>(), bytes in pieces()) {
            let opening = b"EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<b+1@b>\r\nDATA\r\n".as_slice();
            conversation(&[&[first], opening, bytes.as_slice()].concat());
        }
    }
}
