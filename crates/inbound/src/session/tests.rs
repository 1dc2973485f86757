//! Conversations as strangers hold them.

use super::*;

const OURS: &str = "b+d1-0-p1-1-00@example.go.jp";

/// Pushes everything and gives all that was said, with what was delivered.
fn hold(session: &mut Session, bytes: &[u8], step: usize) -> (String, Vec<Mail>) {
    let (mut said, mut mails) = (String::new(), Vec::new());
    let mut pieces = bytes.chunks(step);
    loop {
        match session.next(Duration::from_secs(1), |address| address == OURS) {
            Act::Say(lines) | Act::Upgrade(lines) => said.push_str(&lines),
            Act::Close(lines) => {
                said.push_str(&lines);
                return (said, mails);
            }
            Act::Deliver(mail) => {
                mails.push(mail);
                session.decided("250 2.0.0 taken", Duration::from_secs(1));
            }
            Act::Read => match pieces.next() {
                Some(piece) => session.push(piece),
                None => return (said, mails),
            },
        }
    }
}

fn session() -> Session {
    Session::new("in.example.go.jp", Limits::default(), true)
}

fn codes(said: &str) -> Vec<&str> {
    said.lines().filter(|line| line.as_bytes().get(3) == Some(&b' ')).map(|line| &line[..3]).collect()
}

#[test]
fn a_report_is_taken_in_one_go_and_byte_by_byte() {
    let talk = format!(
        "EHLO a.example.jp\r\nMAIL FROM:<> BODY=8BITMIME SIZE=30\r\nRCPT TO:<{OURS}>\r\nDATA\r\nSubject: x\r\n\r\n..a\r\n.\r\nQUIT\r\n"
    );
    for step in [1, 7, 4_000] {
        let (said, mails) = hold(&mut session(), talk.as_bytes(), step);
        assert_eq!(codes(&said), ["220", "250", "250", "250", "354", "250", "221"], "{said}");
        for name in ["STARTTLS", "8BITMIME", "SIZE 10485760", "PIPELINING"] {
            assert!(said.contains(name), "{name}: {said}");
        }
        let content = b"Subject: x\r\n\r\n.a\r\n".to_vec();
        assert_eq!(mails, [Mail { sender: String::new(), recipients: vec![OURS.into()], content }]);
    }
}

#[test]
fn what_is_not_ours_is_refused_at_the_recipient_and_no_content_is_taken() {
    let talk = "HELO a\r\nMAIL FROM:<x@example.jp>\r\nRCPT TO:<b+d1-0-p2-1-00@example.go.jp>\r\nRCPT TO:<postmaster@example.go.jp>\r\nDATA\r\n";
    let (said, mails) = hold(&mut session(), talk.as_bytes(), 100);
    assert_eq!(codes(&said), ["220", "250", "250", "550", "550", "503"]);
    assert!(mails.is_empty());
}

#[test]
fn the_order_of_commands_is_kept() {
    let talk = format!(
        "MAIL FROM:<>\r\nRCPT TO:<{OURS}>\r\nDATA\r\nEHLO a\r\nMAIL FROM:<>\r\nMAIL FROM:<>\r\nRSET\r\nRCPT TO:<{OURS}>\r\nEXPN a\r\nVRFY a\r\nFOO\r\n"
    );
    let (said, _) = hold(&mut session(), talk.as_bytes(), 100);
    assert_eq!(codes(&said), ["220", "503", "503", "503", "250", "250", "503", "250", "503", "502", "252", "500"]);
}

#[test]
fn what_was_said_before_tls_is_forgotten_and_what_was_slipped_in_is_not_said_under_it() {
    let mut session = session();
    let (said, _) = hold(&mut session, b"EHLO a\r\nSTARTTLS\r\nMAIL FROM:<>\r\n", 100);
    assert_eq!(codes(&said), ["220", "250", "220"]);
    session.upgraded();
    let (said, _) = hold(&mut session, b"MAIL FROM:<>\r\nEHLO a\r\nSTARTTLS\r\n", 100);
    assert_eq!(codes(&said), ["503", "250", "502"]);
    assert!(!said.contains("STARTTLS\r\n"), "{said}");
}

#[test]
fn lines_recipients_mails_commands_and_faults_are_bounded() {
    let limits = Limits { recipients: 2, mails: 2, faults: 3, commands: 40, ..Limits::default() };
    let told = |talk: &str| {
        let mut session = Session::new("in.example.go.jp", limits, false);
        hold(&mut session, talk.as_bytes(), 1_000).0
    };
    let rcpt = format!("RCPT TO:<{OURS}>\r\n");
    let many = told(&format!("EHLO a\r\nMAIL FROM:<>\r\n{rcpt}{rcpt}{rcpt}"));
    assert_eq!(codes(&many).last(), Some(&"452"));
    let mail = format!("MAIL FROM:<>\r\n{rcpt}DATA\r\n.\r\n");
    assert!(told(&format!("EHLO a\r\n{mail}{mail}{mail}")).contains("421 4.7.0 enough mails"));
    assert!(told(&"FOO\r\n".repeat(10)).ends_with("421 4.7.0 too many errors\r\n"));
    assert!(told(&"NOOP\r\n".repeat(100)).ends_with("421 4.7.0 too many commands: connect again\r\n"));
    let long = told(&format!("{}\r\nNOOP\r\n", "x".repeat(1_000_000)));
    assert_eq!(codes(&long), ["220", "500", "250"]);
}

#[test]
fn a_body_of_50_megabytes_is_refused_by_its_size_or_where_the_limit_is_reached_and_nothing_of_it_is_kept() {
    let (said, _) = hold(&mut session(), b"EHLO a\r\nMAIL FROM:<> SIZE=52428800\r\n", 100);
    assert_eq!(codes(&said).last(), Some(&"552"));
    let mut session = session();
    let (said, _) =
        hold(&mut session, format!("EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<{OURS}>\r\nDATA\r\n").as_bytes(), 99);
    assert_eq!(codes(&said).last(), Some(&"354"));
    let piece = [vec![b'x'; 998], b"\r\n".to_vec()].concat().repeat(8);
    for sent in 0..50 * 1024 * 1024 / piece.len() {
        session.push(&piece);
        match session.next(Duration::ZERO, |_| true) {
            Act::Read => assert!(session.input.len() < 2_000),
            act => {
                assert!(matches!(&act, Act::Close(reply) if reply.starts_with("552")), "{act:?}");
                assert!(sent * piece.len() < 11 * 1024 * 1024);
                return;
            }
        }
    }
    panic!("50 MB were taken");
}

#[test]
fn a_slow_sender_has_until_a_deadline_that_single_bytes_do_not_move() {
    let mut session = session();
    let mut now = Duration::ZERO;
    while now < session.deadline() {
        session.push(b"N");
        let _ = session.next(now, |_| true);
        now += Duration::from_secs(5);
    }
    assert_eq!(now, Duration::from_secs(60), "a minute for a whole command");
    assert!(session.late().starts_with("421 "));
    session.push(b"\r\n");
    while session.next(now, |_| true) != Act::Read {}
    assert_eq!(session.deadline(), Duration::from_secs(120));
    while now < session.deadline() {
        session.push(b"NOOP\r\n");
        while session.next(now, |_| true) != Act::Read {}
        now += Duration::from_secs(30);
    }
    assert_eq!(now, Duration::from_secs(600), "ten minutes for everything");
}
