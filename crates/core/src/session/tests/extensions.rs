//! SIZE, the patience of mails with and without hurry, and what somebody who reads along gets to see.

use super::*;

const SIZED: &str = "250-mx\r\n250-PIPELINING\r\n250-size 1000\r\n250 SMTPUTF8\r\n";

fn greeted(ehlo: &str) -> Talk {
    let mut talk = Talk::start(manner());
    talk.server("220 hi\r\n");
    talk.client("EHLO me.example\r\n");
    talk.server(ehlo);
    assert_eq!(talk.outputs(), [Output::Ready]);
    talk
}

fn sized(index: u32, bytes: usize) -> Letter {
    let content = [vec![b'x'; bytes - 2], b"\r\n.\r\n".to_vec()].concat();
    Letter { content, ..letter(index) }
}

#[test]
fn a_mail_larger_than_size_allows_is_refused_before_anything_of_it_is_sent() {
    let mut talk = greeted(SIZED);
    talk.session.offer(sized(1, 1001), talk.now, talk.now);
    talk.session.offer(sized(2, 1000), talk.now, talk.now);
    talk.client("MAIL FROM:<b@me.example> SIZE=1000\r\nRCPT TO:<u2@x.jp>\r\nDATA\r\n");
    assert_eq!(talk.ends(), [(1, Ending::Unsendable(Cause::TooLarge))]);
}

#[test]
fn without_a_number_or_with_none_size_is_told_and_nothing_refused() {
    for size in ["SIZE", "SIZE 0", "SIZE lots"] {
        let mut talk = greeted(&format!("250-mx\r\n250-PIPELINING\r\n250 {size}\r\n"));
        talk.session.offer(sized(1, 5000), talk.now, talk.now);
        talk.client("MAIL FROM:<b@me.example> SIZE=5000\r\nRCPT TO:<u1@x.jp>\r\nDATA\r\n");
    }
}

#[test]
fn smtputf8_is_asked_for_only_by_a_mail_that_needs_it() {
    let mut talk = greeted(SIZED);
    talk.session.offer(Letter { needs_smtputf8: true, ..letter(1) }, talk.now, talk.now);
    talk.client("MAIL FROM:<b@me.example> SIZE=8 BODY=8BITMIME SMTPUTF8\r\nRCPT TO:<u1@x.jp>\r\nDATA\r\n");
    let mut talk = greeted(SIZED);
    talk.offer(2);
    talk.client("MAIL FROM:<b@me.example> SIZE=8\r\nRCPT TO:<u2@x.jp>\r\nDATA\r\n");
}

#[test]
fn a_mail_in_no_hurry_is_waited_for_as_long_as_the_rfc_says() {
    for (hurry, waits) in [(true, Timeouts::URGENT), (false, Timeouts::RFC)] {
        let mut talk = greeted(EHLO);
        talk.session.offer(Letter { hurry, ..letter(1) }, talk.now, talk.now);
        talk.server(ENVELOPE_OK);
        talk.wait(waits.content - Span::from_millis(1));
        assert_eq!(talk.ends(), []);
        talk.wait(Span::from_millis(1));
        assert_eq!(talk.ends(), [(1, Ending::TimedOut { stage: Stage::Content })]);
    }
}

#[test]
fn a_greeting_is_waited_for_by_the_hurry_of_the_mail_that_opened_the_session() {
    for (hurry, waits) in [(true, Timeouts::URGENT), (false, Timeouts::RFC)] {
        let mut talk = Talk::start(Manner { hurry, ..manner() });
        talk.wait(waits.greeting - Span::from_millis(1));
        assert_eq!(talk.outputs(), []);
        talk.wait(Span::from_millis(1));
        assert!(matches!(talk.outputs()[..], [Output::Closed { stage: Stage::Greeting, why: Why::TimedOut }]));
    }
}

#[test]
fn who_reads_along_sees_commands_and_replies_and_neither_content_nor_recipients() {
    let mut talk = Talk::start(manner());
    talk.session.note(true);
    talk.server("220 hi\r\n");
    talk.server(EHLO);
    talk.offer(1);
    talk.offer(2);
    talk.server(ENVELOPE_OK);
    talk.server("250 taken\r\n");
    let said = talk.session.take_said();
    let lines: Vec<String> = said.iter().map(|said| format!("{:?}", said.line)).collect();
    assert_eq!(lines[1], "Command(\"EHLO me.example\")");
    assert!(lines.contains(&"Command(\"RCPT TO:<rcpt>\")".to_string()) && lines.contains(&"Content(11)".to_string()));
    assert!(!lines.iter().any(|line| line.contains("u1@") || line.contains("mail 1")), "{lines:?}");
    let of = |index: u32| said.iter().filter(|said| said.mail == Some(mail(index))).count();
    // Three commands, three replies, content and its answer; the next mail's commands left with the dot.
    assert_eq!((of(1), of(2)), (8, 3));
    talk.session.note(false);
    talk.server(ENVELOPE_OK);
    assert_eq!(talk.session.take_said(), []);
}
