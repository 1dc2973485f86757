//! Dialogs between a session and a scripted server, one behaviour each.

mod extensions;
mod mixtures;

use super::*;
use crate::message::BatchId;
use proptest::prelude::*;

struct Talk {
    session: Session,
    now: Instant,
}

const EHLO: &str = "250-mx\r\n250-PIPELINING\r\n250 ENHANCEDSTATUSCODES\r\n";
const ENVELOPE_OK: &str = "250 ok\r\n250 ok\r\n354 go\r\n";

fn manner() -> Manner {
    Manner {
        helo: "me.example".into(),
        tls: Demand::Any,
        tls_min: TlsVersion::V1_2,
        timeouts: Timeouts::URGENT,
        timeouts_routine: Timeouts::RFC,
        hurry: true,
        pipelining: true,
        pipelining_proven: true,
        overlap: true,
        mails_before: 2,
        login: None,
    }
}

fn mail(index: u32) -> MailId {
    MailId { batch: BatchId(1), index }
}

fn letter(index: u32) -> Letter {
    Letter {
        id: mail(index),
        return_path: "b@me.example".into(),
        rcpt: format!("u{index}@x.jp"),
        recipient: format!("p{index}"),
        needs_smtputf8: false,
        hurry: true,
        content: format!("mail {index}\r\n.\r\n").into_bytes(),
    }
}

fn envelope(index: u32) -> String {
    format!("MAIL FROM:<b@me.example>\r\nRCPT TO:<u{index}@x.jp>\r\nDATA\r\n")
}

fn content(index: u32) -> String {
    format!("mail {index}\r\n.\r\n")
}

impl Talk {
    fn start(manner: Manner) -> Talk {
        let now = Instant::from_micros(1_000_000);
        Talk { session: Session::new(manner, now), now }
    }

    fn ready(manner: Manner) -> Talk {
        let mut talk = Talk::start(manner);
        talk.server("220 hi\r\n");
        talk.client("EHLO me.example\r\n");
        talk.server(EHLO);
        assert_eq!(talk.outputs(), [Output::Ready]);
        talk
    }

    fn server(&mut self, text: &str) {
        self.now = self.now + Span::from_millis(10);
        self.session.received(text.as_bytes(), self.now);
    }

    fn client(&mut self, text: &str) {
        assert_eq!(String::from_utf8_lossy(&self.session.take_bytes()), text);
    }

    fn offer(&mut self, index: u32) {
        self.session.offer(letter(index), self.now, self.now);
    }

    fn wait(&mut self, span: Span) {
        self.now = self.now + span;
        self.session.tick(self.now);
    }

    fn outputs(&mut self) -> Vec<Output> {
        core::iter::from_fn(|| self.session.next_output()).collect()
    }

    fn ends(&mut self) -> Vec<(u32, Ending)> {
        let ended = |o: Output| match o {
            Output::Ended { id, ending, .. } => Some((id.index, ending)),
            _ => None,
        };
        self.outputs().into_iter().filter_map(ended).collect()
    }
}

fn replied(stage: Stage, code: u16, text: &str) -> Ending {
    Ending::Replied { stage, reply: Reply::new(code, text) }
}

#[test]
fn a_steady_session_writes_the_next_envelope_with_the_final_dot() {
    let mut talk = Talk::ready(manner());
    talk.offer(1);
    talk.offer(2);
    talk.offer(3);
    talk.client(&envelope(1));
    talk.server(ENVELOPE_OK);
    talk.client(&(content(1) + &envelope(2)));
    talk.server(&format!("250 taken\r\n{ENVELOPE_OK}"));
    talk.client(&(content(2) + &envelope(3)));
    assert_eq!(talk.ends(), [(1, replied(Stage::Content, 250, "taken"))]);
}

#[test]
fn the_first_two_mails_of_a_host_go_without_overlap() {
    let mut talk = Talk::ready(Manner { mails_before: 0, pipelining_proven: false, ..manner() });
    for index in 1..=4 {
        talk.offer(index);
    }
    talk.client(&envelope(1));
    talk.server(ENVELOPE_OK);
    talk.client(&content(1));
    talk.server("250 taken\r\n");
    talk.client(&envelope(2));
    talk.server(ENVELOPE_OK);
    talk.client(&content(2));
    talk.server("250 taken\r\n");
    talk.client(&envelope(3));
    talk.server(ENVELOPE_OK);
    talk.client(&(content(3) + &envelope(4)));
}

#[test]
fn without_pipelining_every_command_waits_for_its_answer() {
    let mut talk = Talk::start(manner());
    talk.server("220 hi\r\n");
    talk.client("EHLO me.example\r\n");
    talk.server("250 mx\r\n");
    talk.offer(1);
    for (command, answer) in [
        ("MAIL FROM:<b@me.example>\r\n", "250 ok\r\n"),
        ("RCPT TO:<u1@x.jp>\r\n", "250 ok\r\n"),
        ("DATA\r\n", "354 go\r\n"),
        ("mail 1\r\n.\r\n", "250 taken\r\n"),
    ] {
        talk.client(command);
        talk.server(answer);
    }
    assert_eq!(talk.ends(), [(1, replied(Stage::Content, 250, "taken"))]);
}

#[test]
fn an_unknown_user_costs_the_session_one_rset_and_no_round_trip() {
    let mut talk = Talk::ready(manner());
    talk.offer(1);
    talk.offer(2);
    talk.client(&envelope(1));
    talk.server("250 ok\r\n550 5.1.1 unknown\r\n503 need RCPT\r\n");
    talk.client(&format!("RSET\r\n{}", envelope(2)));
    assert_eq!(talk.ends(), [(1, replied(Stage::Rcpt, 550, "5.1.1 unknown"))]);
    talk.server(&format!("250 flushed\r\n{ENVELOPE_OK}"));
    talk.client(&content(2));
}

#[test]
fn a_354_after_a_refused_recipient_is_ended_with_an_empty_mail_to_nobody() {
    let mut talk = Talk::ready(manner());
    talk.offer(1);
    talk.offer(2);
    talk.client(&envelope(1));
    talk.server("250 ok\r\n550 unknown\r\n354 go anyway\r\n");
    talk.client("\r\n.\r\n");
    talk.server("554 no recipients\r\n");
    assert_eq!(talk.ends(), [(1, replied(Stage::Rcpt, 550, "unknown"))]);
    talk.client(&envelope(2));
}

#[test]
fn replies_split_over_packets_are_put_together() {
    let mut talk = Talk::ready(manner());
    talk.offer(1);
    talk.client(&envelope(1));
    for piece in ["250 o", "k\r", "\n250 ok\r\n35", "4 go\r\n"] {
        talk.server(piece);
    }
    talk.client(&content(1));
}

#[test]
fn a_421_in_the_middle_of_a_group_ends_that_mail_and_leaves_the_others_untried() {
    let mut talk = Talk::ready(manner());
    talk.offer(1);
    talk.offer(2);
    talk.server("250 ok\r\n421 4.3.2 too many\r\n");
    assert_eq!(talk.ends(), [(1, replied(Stage::Rcpt, 421, "4.3.2 too many")), (2, Ending::NotAttempted)]);
}

#[test]
fn a_421_after_the_dot_defers_that_mail_and_the_overlapped_one_was_not_attempted() {
    let mut talk = Talk::ready(manner());
    talk.offer(1);
    talk.offer(2);
    talk.server(ENVELOPE_OK);
    talk.server("421 closing\r\n");
    assert_eq!(talk.ends(), [(1, replied(Stage::Content, 421, "closing")), (2, Ending::NotAttempted)]);
}

#[test]
fn an_unknown_user_stays_unknown_when_the_server_says_farewell_right_after() {
    let mut talk = Talk::ready(manner());
    talk.offer(1);
    talk.server("250 ok\r\n550 5.1.1 unknown\r\n421 too many errors\r\n");
    assert_eq!(talk.ends(), [(1, replied(Stage::Rcpt, 550, "5.1.1 unknown"))]);
}

#[test]
fn nonsense_in_answer_to_the_first_command_counts_as_an_attempt() {
    let mut talk = Talk::ready(manner());
    talk.offer(1);
    talk.offer(2);
    talk.server("hello?\r\n");
    assert!(matches!(talk.ends()[..], [(1, Ending::Lost { stage: Stage::Mail, .. }), (2, Ending::NotAttempted)]));
}

#[test]
fn a_slow_answer_to_the_content_does_not_use_up_the_patience_for_the_next_mail() {
    let mut talk = Talk::ready(manner());
    talk.offer(1);
    talk.offer(2);
    talk.server(ENVELOPE_OK);
    talk.wait(Timeouts::URGENT.envelope + Span::from_secs(5));
    talk.server("250 taken\r\n");
    talk.wait(Span::from_millis(1500));
    assert_eq!(talk.ends(), [(1, replied(Stage::Content, 250, "taken"))], "the second mail is still waited for");
    talk.server(ENVELOPE_OK);
    talk.client(&(envelope(1) + &content(1) + &envelope(2) + &content(2)));
}

#[test]
fn a_connection_lost_after_the_content_is_in_doubt_and_before_it_is_not() {
    let mut talk = Talk::ready(manner());
    talk.offer(1);
    talk.offer(2);
    talk.server(ENVELOPE_OK);
    talk.session.lost("reset");
    let lost = Ending::Lost { stage: Stage::Content, error: "reset".into() };
    assert_eq!(talk.ends(), [(1, lost), (2, Ending::NotAttempted)]);
    let mut talk = Talk::ready(manner());
    talk.offer(1);
    talk.session.lost("reset");
    assert_eq!(talk.ends(), [(1, Ending::Lost { stage: Stage::Mail, error: "reset".into() })]);
}

#[test]
fn a_host_that_swallows_what_comes_with_the_dot_is_found_out_within_two_seconds() {
    let mut talk = Talk::ready(manner());
    talk.offer(1);
    talk.offer(2);
    talk.server(ENVELOPE_OK);
    talk.server("250 taken\r\n");
    assert!(talk.session.wake() <= talk.now + Span::from_secs(2));
    talk.wait(Span::from_secs(2));
    let outputs = talk.outputs();
    assert!(matches!(outputs[1], Output::Ended { ending: Ending::NotAttempted, .. }), "{outputs:?}");
    assert!(matches!(outputs[2], Output::Closed { why: Why::DiscardsInput, .. }));
}

#[test]
fn a_host_that_claims_pipelining_and_answers_only_the_first_command_is_found_out() {
    let mut talk = Talk::ready(Manner { pipelining_proven: false, mails_before: 0, ..manner() });
    talk.offer(1);
    talk.server("250 ok\r\n");
    talk.wait(LIE_WAIT_MIN);
    let outputs = talk.outputs();
    assert!(matches!(outputs[0], Output::Ended { ending: Ending::NotAttempted, .. }), "{outputs:?}");
    assert!(matches!(outputs[1], Output::Closed { why: Why::PipeliningLie, .. }));
}

#[test]
fn a_server_that_takes_its_time_over_a_recipient_is_no_liar() {
    let mut talk = Talk::ready(Manner { pipelining_proven: false, mails_before: 0, ..manner() });
    talk.offer(1);
    talk.server("250 ok\r\n");
    talk.wait(Span::from_secs(8));
    talk.server("250 ok\r\n");
    talk.wait(Span::from_secs(8));
    talk.server("354 go\r\n");
    talk.server("250 taken\r\n");
    assert_eq!(talk.ends(), [(1, replied(Stage::Content, 250, "taken"))]);
}

#[test]
fn a_mail_leaves_not_before_its_departure() {
    let mut talk = Talk::ready(manner());
    let depart = talk.now + Span::from_millis(500);
    talk.session.offer(letter(1), depart, talk.now);
    talk.client("");
    assert_eq!(talk.session.wake(), depart);
    talk.wait(Span::from_millis(499));
    talk.client("");
    talk.wait(Span::from_millis(1));
    talk.client(&envelope(1));
}

#[test]
fn starttls_begins_anew_and_bytes_slipped_in_before_the_handshake_end_the_session() {
    let start = |after: &str| {
        let mut talk = Talk::start(manner());
        talk.server("220 hi\r\n");
        talk.server("250-mx\r\n250-PIPELINING\r\n250 STARTTLS\r\n");
        talk.client("EHLO me.example\r\nSTARTTLS\r\n");
        talk.server(&format!("220 go\r\n{after}"));
        talk
    };
    let mut good = start("");
    assert_eq!(good.outputs(), [Output::StartTls]);
    good.session.tls_up(good.now);
    good.client("EHLO me.example\r\n");
    good.server("250 mx\r\n");
    assert_eq!(good.outputs(), [Output::Ready]);
    assert!(!good.session.pipelining, "what was offered in clear does not count");
    let mut bad = start("250 injected\r\n");
    assert!(matches!(bad.outputs()[0], Output::Closed { why: Why::Protocol(_), .. }));
}

#[test]
fn required_tls_that_is_not_offered_ends_the_session_before_any_mail() {
    let mut talk = Talk::start(Manner { tls: Demand::Verified, ..manner() });
    talk.offer(1);
    talk.server("220 hi\r\n");
    talk.server(EHLO);
    let outputs = talk.outputs();
    assert!(matches!(outputs[0], Output::Ended { ending: Ending::NotAttempted, .. }));
    assert!(matches!(outputs[1], Output::Closed { stage: Stage::Ehlo, why: Why::TlsFailed(_) }));
}

#[test]
fn a_refusing_greeting_is_no_verdict_on_a_mail() {
    let mut talk = Talk::start(manner());
    talk.offer(1);
    talk.server("554 mx.me.com ESMTP not accepting connections\r\n");
    assert_eq!(talk.ends(), [(1, Ending::NotAttempted)]);
}

#[test]
fn silence_after_the_content_is_in_doubt_only_after_the_content_wait() {
    let mut talk = Talk::ready(manner());
    talk.offer(1);
    talk.server(ENVELOPE_OK);
    talk.wait(Timeouts::URGENT.content - Span::from_millis(1));
    assert_eq!(talk.ends(), []);
    talk.wait(Span::from_millis(1));
    assert_eq!(talk.ends(), [(1, Ending::TimedOut { stage: Stage::Content })]);
}

#[test]
fn finishing_says_quit_after_the_last_answer() {
    let mut talk = Talk::ready(manner());
    talk.offer(1);
    talk.session.finish(talk.now);
    talk.client(&envelope(1));
    talk.server(ENVELOPE_OK);
    talk.server("250 taken\r\n");
    talk.client(&(content(1) + "QUIT\r\n"));
    talk.server("221 bye\r\n");
    assert!(matches!(talk.outputs().last(), Some(Output::Closed { why: Why::Finished, .. })));
}

#[test]
fn an_address_that_needs_smtputf8_is_not_sent_where_it_is_not_offered() {
    let mut talk = Talk::ready(manner());
    talk.session.offer(Letter { needs_smtputf8: true, ..letter(1) }, talk.now, talk.now);
    talk.client("");
    assert_eq!(talk.ends(), [(1, Ending::Unsendable(Cause::SmtpUtf8))]);
}

#[test]
fn a_mail_that_is_larger_than_the_server_takes_is_not_sent() {
    let sent = |says: &str| {
        let mut talk = Talk::start(manner());
        talk.server("220 hi\r\n");
        talk.client("EHLO me.example\r\n");
        talk.server(&format!("250-mx\r\n250-PIPELINING\r\n250 {says}\r\n"));
        talk.outputs();
        talk.offer(1);
        !talk.session.take_bytes().is_empty()
    };
    // "mail 1" and its line end are eight octets.
    for (says, taken) in [("SIZE 8", true), ("size 7", false), ("SIZE 0", true), ("SIZE", true), ("SIZE x", true)] {
        assert_eq!(sent(says), taken, "{says}");
    }
}

proptest! {
    #[test]
    fn whatever_the_server_says_every_mail_ends_exactly_once_and_nothing_panics(
        lines in prop::collection::vec(prop_oneof![
            Just("250 ok\r\n"), Just("354 go\r\n"), Just("550 no\r\n"), Just("421 bye\r\n"), Just("451 later\r\n"),
            Just("220 hi\r\n"), Just("250-mx\r\n250 PIPELINING\r\n"), Just("garbage\r\n"), Just("250-"), Just("\r\n"),
        ], 0..40),
        proven in any::<bool>(),
    ) {
        let mut talk = Talk::start(Manner { pipelining_proven: proven, ..manner() });
        for index in 0..5 {
            talk.offer(index);
        }
        talk.server("220 hi\r\n");
        talk.server(EHLO);
        for line in lines {
            talk.server(line);
        }
        for _ in 0..30 {
            talk.wait(Span::from_secs(30));
        }
        talk.session.lost("end of test");
        let mut ended: Vec<u32> = talk.ends().iter().map(|e| e.0).collect();
        ended.sort_unstable();
        prop_assert_eq!(ended, [0, 1, 2, 3, 4]);
    }
}
