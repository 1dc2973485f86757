//! Replies that do not fit together: each mail still ends once, and rightly.

use super::*;

#[test]
fn a_refused_sender_ends_the_mail_and_not_the_session() {
    let mut talk = Talk::ready(manner());
    talk.offer(1);
    talk.offer(2);
    talk.client(&envelope(1));
    talk.server("553 sender refused\r\n503 no sender\r\n503 no recipient\r\n");
    assert_eq!(talk.ends(), [(1, replied(Stage::Mail, 553, "sender refused"))]);
    talk.client(&format!("RSET\r\n{}", envelope(2)));
}

#[test]
fn a_data_that_is_refused_after_a_good_envelope_is_said_of_that_mail() {
    let mut talk = Talk::ready(manner());
    talk.offer(1);
    talk.server("250 ok\r\n250 ok\r\n451 4.3.0 not now\r\n");
    assert_eq!(talk.ends(), [(1, replied(Stage::Data, 451, "4.3.0 not now"))]);
}

#[test]
fn an_overlapped_mail_that_is_refused_leaves_the_one_before_it_alone() {
    let mut talk = Talk::ready(manner());
    (1..=3).for_each(|index| talk.offer(index));
    talk.server(ENVELOPE_OK);
    talk.client(&(envelope(1) + &content(1) + &envelope(2)));
    talk.server("250 taken\r\n250 ok\r\n550 5.1.1 unknown\r\n503 need RCPT\r\n");
    let ends = [(1, replied(Stage::Content, 250, "taken")), (2, replied(Stage::Rcpt, 550, "5.1.1 unknown"))];
    assert_eq!(talk.ends(), ends);
    talk.client(&format!("RSET\r\n{}", envelope(3)));
}

#[test]
fn a_refused_content_leaves_the_overlapped_mail_alone() {
    let mut talk = Talk::ready(manner());
    talk.offer(1);
    talk.offer(2);
    talk.server(ENVELOPE_OK);
    talk.server(&format!("554 5.7.1 no\r\n{ENVELOPE_OK}"));
    talk.server("250 taken\r\n");
    let ends = [(1, replied(Stage::Content, 554, "5.7.1 no")), (2, replied(Stage::Content, 250, "taken"))];
    assert_eq!(talk.ends(), ends);
}

#[test]
fn a_reply_too_many_ends_the_session_and_is_taken_for_no_mails_answer() {
    let mut talk = Talk::ready(manner());
    talk.offer(1);
    talk.server(ENVELOPE_OK);
    talk.server("250 taken\r\n250 and thank you\r\n");
    let outputs = talk.outputs();
    assert!(
        matches!(&outputs[0], Output::Ended { ending: Ending::Replied { reply, .. }, .. } if reply.text == "taken")
    );
    assert!(matches!(&outputs[1], Output::Closed { why: Why::Protocol(_), .. }), "{outputs:?}");
}

#[test]
fn a_reply_too_many_is_taken_for_no_answer_of_the_mail_that_left_with_the_dot_either() {
    let mut talk = Talk::ready(manner());
    talk.offer(1);
    talk.offer(2);
    talk.server(ENVELOPE_OK);
    talk.client(&(envelope(1) + &content(1) + &envelope(2)));
    // The 550 is nobody's; behind it come the answers to MAIL and RCPT, each a place too late.
    talk.server("250 taken\r\n550 and good bye\r\n250 ok\r\n250 ok\r\n");
    let ends = talk.ends();
    assert_eq!(ends[0], (1, replied(Stage::Content, 250, "taken")));
    assert!(matches!(ends[1], (2, Ending::Lost { stage: Stage::Data, .. })), "{ends:?}");
}

#[test]
fn a_reply_too_few_is_found_out_and_the_content_was_never_sent() {
    let mut talk = Talk::ready(manner());
    talk.offer(1);
    talk.server("250 ok\r\n354 go\r\n");
    // 354 stands where RCPT's answer belongs: nothing can be believed any more.
    assert!(matches!(talk.ends()[..], [(1, Ending::Lost { stage: Stage::Rcpt, .. })]));
    let mut talk = Talk::ready(manner());
    talk.offer(2);
    talk.server("250 ok\r\n250 ok\r\n");
    talk.wait(Timeouts::URGENT.data);
    assert_eq!(talk.ends(), [(2, Ending::TimedOut { stage: Stage::Data })]);
    talk.client(&(envelope(2)));
}

#[test]
fn a_421_while_nothing_is_asked_ends_the_session_and_no_mail() {
    let mut talk = Talk::ready(manner());
    talk.server("421 4.4.2 idle for too long\r\n");
    assert!(matches!(talk.outputs()[..], [Output::Closed { why: Why::Refused(_), .. }]));
    talk.offer(1);
    assert_eq!(talk.ends(), [(1, Ending::NotAttempted)]);
}

#[test]
fn a_421_to_rset_is_no_verdict_on_the_next_mail() {
    let mut talk = Talk::ready(manner());
    talk.offer(1);
    talk.offer(2);
    talk.server("250 ok\r\n550 no\r\n503 no\r\n");
    talk.server("421 too many errors\r\n");
    assert_eq!(talk.ends(), [(1, replied(Stage::Rcpt, 550, "no")), (2, Ending::NotAttempted)]);
}

#[test]
fn lock_step_keeps_to_one_command_at_a_time_also_after_a_refusal() {
    let mut talk = Talk::ready(Manner { pipelining: false, ..manner() });
    talk.offer(1);
    talk.offer(2);
    talk.client("MAIL FROM:<b@me.example>\r\n");
    talk.server("250 ok\r\n");
    talk.client("RCPT TO:<u1@x.jp>\r\n");
    talk.server("550 unknown\r\n");
    assert_eq!(talk.ends(), [(1, replied(Stage::Rcpt, 550, "unknown"))]);
    talk.client("RSET\r\n");
    talk.server("250 ok\r\n");
    talk.client("MAIL FROM:<b@me.example>\r\n");
    talk.server("250 ok\r\n");
    talk.client("RCPT TO:<u2@x.jp>\r\n");
}

#[test]
fn a_server_that_does_not_forget_a_refused_mail_in_lock_step_gets_none_after_it() {
    let mut talk = Talk::ready(Manner { pipelining: false, ..manner() });
    talk.offer(1);
    talk.server("550 no\r\n");
    talk.client("MAIL FROM:<b@me.example>\r\nRSET\r\n");
    assert!(!talk.session.wants_mail());
    talk.offer(2);
    talk.server("500 what?\r\n");
    talk.client("");
    assert_eq!(talk.ends(), [(1, replied(Stage::Mail, 550, "no")), (2, Ending::NotAttempted)]);
}
