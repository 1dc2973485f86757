//! However deep mails lie within each other, nothing panics; what any bytes may not do is in `src/hostile.rs`.

use base64::Engine as _;
use hikyaku_inbound::{Formats, KeptMail, Letter, Limits, read_answer, read_report};
use jiff::Timestamp;

fn read(content: &[u8], formats: &Formats) {
    let letter = Letter::read(content, false);
    let _ = (read_report(&letter, formats), read_answer(&letter));
    let kept = KeptMail::new(&letter, "unread", Timestamp::UNIX_EPOCH);
    assert!(kept.text.len() <= 10_000);
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
