//! Whatever comes, nothing panics and nothing grows.

use std::time::Duration;

use base64::Engine as _;
use hikyaku_inbound::{Act, Formats, KeptMail, Letter, Limits, Session, read_answer, read_report};
use jiff::Timestamp;
use proptest::prelude::*;

/// Pieces that lead deep into a conversation and into mails.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(vec![
        "EHLO a\r\n",
        "MAIL FROM:<>\r\n",
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
    ]);
    let any = prop::collection::vec(any::<u8>(), 0..40);
    let piece = prop_oneof![4 => known.prop_map(|it| it.as_bytes().to_vec()), 1 => any];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

fn read(content: &[u8], formats: &Formats) {
    let letter = Letter::read(content, false);
    let _ = (read_report(&letter, formats), read_answer(&letter));
    let kept = KeptMail::new(&letter, "unread", Timestamp::UNIX_EPOCH);
    assert!(kept.text.len() <= 10_000);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_the_conversation_or_the_readers_panic(bytes in pieces(), step in 1_usize..50) {
        let formats = Formats::built_in().unwrap();
        read(&bytes, &formats);
        let mut session = Session::new("in.example.go.jp", Limits { mail_bytes: 500, ..Limits::default() }, true);
        let mut pieces = bytes.chunks(step);
        for _ in 0..10_000 {
            match session.next(Duration::ZERO, |address| !address.is_empty()) {
                Act::Say(lines) => prop_assert!(lines.ends_with("\r\n")),
                Act::Upgrade(_) => session.upgraded(),
                Act::Close(_) => return Ok(()),
                Act::Deliver(mail) => {
                    read(&mail.content, &formats);
                    session.decided("250 2.0.0 taken", Duration::ZERO);
                }
                Act::Read => match pieces.next() {
                    Some(piece) => session.push(piece),
                    None => return Ok(()),
                },
            }
        }
        prop_assert!(false, "the conversation does not come to an end");
    }
}

#[test]
fn mails_within_mails_as_deep_as_one_can_be_are_taken_apart_within_the_stack_of_a_thread() {
    let formats = Formats::built_in().unwrap();
    let kept = Limits::default().kept_bytes;
    let deep = |bytes: usize, level: &str| level.repeat(bytes / level.len()).into_bytes();
    for level in [
        "Content-Type:message/rfc822\n\n",
        "content-type:Message/Global\n\n",
        "Content-Type:multipart/digest;boundary=a\n\n--a\n",
    ] {
        read(&deep(kept, level), &formats);
        // Encoded, nobody sees from outside how deep it goes.
        let inner = base64::engine::general_purpose::STANDARD.encode(deep(kept * 3 / 4 - 100, level));
        let outer = "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n";
        read(format!("{outer}{inner}").as_bytes(), &formats);
    }
    let parts = "Content-Type: multipart/mixed; boundary=a\n\n".to_owned() + &"--a\n\nx\n".repeat(kept / 9);
    read(parts.as_bytes(), &formats);
}
