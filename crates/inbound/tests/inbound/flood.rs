//! A hundred thousand reports through the conversation, the reader and what is kept: nothing grows, and answers are taken.

use std::time::Duration;

use hikyaku_inbound::{
    Act, Formats, HOPS_MAX, Kept, KeptMail, Letter, Limits, Mail, Report, Session, read_answer, read_report,
};
use jiff::Timestamp;

use crate::bounces::standard;

const ANSWERS: &str = "a+ours@example.go.jp";

fn is_ours(address: &str) -> bool {
    address == ANSWERS || (address.starts_with("b+") && address.ends_with("-ours@example.go.jp"))
}

/// Gives a conversation these bytes; the mails that were taken.
fn talk(session: &mut Session, bytes: &[u8]) -> Vec<Mail> {
    let mut mails = Vec::new();
    session.push(bytes);
    loop {
        match session.next(Duration::ZERO, is_ours) {
            Act::Read | Act::Close(_) => return mails,
            Act::Deliver(mail) => {
                mails.push(mail);
                session.decided("250 2.0.0 taken", Duration::ZERO);
            }
            Act::Say(_) | Act::Upgrade(_) => {}
        }
    }
}

fn mail(to: &str, content: &str) -> Vec<u8> {
    format!("MAIL FROM:<>\r\nRCPT TO:<{to}>\r\nDATA\r\n{}\r\n.\r\n", content.replace('\n', "\r\n")).into_bytes()
}

#[test]
fn a_flood_of_a_hundred_thousand_reports_half_of_them_forged_keeps_no_answer_out_and_nothing_grows() {
    let formats = Formats::built_in().unwrap();
    let report = standard("mfsmax.docomo.ne.jp", "x@docomo.ne.jp", "5.1.1", "550 Unknown user x@docomo.ne.jp");
    let strange = "From: x@example.jp\n\nbuy now";
    let limits = Limits { mails: usize::MAX, commands: usize::MAX, faults: usize::MAX, ..Limits::default() };
    let mut session = Session::new("in.example.go.jp", limits, false);
    talk(&mut session, b"EHLO a\r\n");
    let (mut failed, mut answers, mut kept) = (0, 0, Kept::default());
    // Reading is the dear part: of each thousand equal ones a hundred are read, all are taken.
    for number in 0..100_000 {
        let to = format!("b+{number}-{}@example.go.jp", if number % 2 == 0 { "ours" } else { "forged" });
        let bytes = mail(&to, if number % 10 == 0 { strange } else { &report });
        for mail in talk(&mut session, &bytes) {
            if number % 1_000 < 100 {
                let letter = Letter::read(&mail.content, mail.sender.is_empty());
                match read_report(&letter, &formats) {
                    Report::Failed(_) => failed += 1,
                    _ => kept.keep(KeptMail::new(&letter, "unread", Timestamp::UNIX_EPOCH)),
                }
            }
        }
        if number % 1_000 == 0 {
            let answer = mail(ANSWERS, "From: kou@docomo.ne.jp\n\n1\n").split_off("MAIL FROM:<>".len());
            let bytes = [b"MAIL FROM:<kou@docomo.ne.jp>".as_slice(), &answer].concat();
            for mail in talk(&mut session, &bytes) {
                answers += usize::from(read_answer(&Letter::read(&mail.content, mail.sender.is_empty())).is_some());
            }
        }
    }
    assert_eq!((answers, failed), (100, 4_000), "each answer, and each true report that was read");
    assert_eq!(kept.look(Timestamp::UNIX_EPOCH).len(), 1_000);
}

#[test]
fn a_mail_that_runs_in_a_circle_is_seen_by_its_hops_and_no_machine_is_answered() {
    let hops = "Received: from a by b\n".repeat(HOPS_MAX + 1);
    let letter = Letter::read(format!("{hops}From: a@example.jp\n\n1\n").as_bytes(), false);
    assert!(letter.hops > HOPS_MAX);
    for header in ["Auto-Submitted: auto-generated", "Precedence: bulk", "List-Id: <a.example.jp>", "X-Autoreply: yes"]
    {
        let letter = Letter::read(format!("{header}\nFrom: a@example.jp\n\n1\n").as_bytes(), false);
        assert_eq!(read_answer(&letter), None, "{header}");
    }
    let own = Letter::read(b"From: a@example.jp\nAuto-Submitted: no\n\n1\n", false);
    assert_eq!(read_answer(&own).map(|it| it.choice), Some(1));
    assert_eq!(read_answer(&Letter::read(b"From: a@example.jp\n\n1\n", true)), None, "from nobody");
}
