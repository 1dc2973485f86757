//! One sample of every form of the carriers' table (and of the standard's), written from what is known of them.

use hikyaku_inbound::{Formats, Letter, Reason, Report, read_report};

/// What a mail to a return address is taken for.
fn read(mail: &str) -> Report {
    bytes(mail.replace('\n', "\r\n").as_bytes())
}

fn bytes(mail: &[u8]) -> Report {
    read_report(&Letter::read(mail, true), &Formats::built_in().unwrap())
}

/// A report as RFC 3464 has it.
pub fn standard(mta: &str, recipient: &str, status: &str, diagnostic: &str) -> String {
    format!(
        "From: MAILER-DAEMON@relay.example.jp\nTo: b@example.go.jp\nSubject: Undelivered Mail Returned to Sender\n\
         Auto-Submitted: auto-replied\nMIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"B\"\n\n\
         --B\nContent-Type: text/plain; charset=us-ascii\n\nYour mail could not be delivered.\n\n\
         --B\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; relay.example.jp\n\n\
         Final-Recipient: rfc822; {recipient}\nAction: failed\nStatus: {status}\nRemote-MTA: dns; {mta}\n\
         Diagnostic-Code: smtp; {diagnostic}\n\n\
         --B\nContent-Type: message/rfc822\n\nFrom: anpi@example.go.jp\nSubject: x\n\n1\n\n--B--\n"
    )
}

fn au(text: &str) -> String {
    format!(
        "From: Postmaster@ezweb.ne.jp\nSubject: Mail System Error - Returned Mail\n\
         Received: from nx3oBP05-09.ezweb.ne.jp (EZweb Mail) with SMTP\n\
         Message-ID: <20261122000000.F000000@lsean.ezweb.ne.jp>\nContent-Type: text/plain\n\n{text}\n"
    )
}

fn kddi(text: &str) -> String {
    format!(
        "From: no-reply@mail.dion.ne.jp\nReply-To: no-reply@app.auone-net.jp\nSubject: mail\n\n\
         Your mail sent on: Sun, 22 Nov 2026 09:00:00 +0900\nCould not be delivered to: <x@dion.ne.jp>\n{text}\n"
    )
}

fn biglobe(text: &str) -> String {
    format!(
        "From: postmaster@biglobe.ne.jp\nSubject: Returned mail: User unknown\n\n\
         ----- The following addresses had delivery problems -----\n<x@biglobe.ne.jp>\n\
         ----- Non-delivered information -----\n{text}\n"
    )
}

#[test]
fn req_a25_every_form_of_the_carriers_table_is_taken_for_what_the_table_says() {
    let each = "Each of the following recipients was rejected by a remote mail server.\nRecipient: <x@ezweb.ne.jp>";
    let table = [
        (au("The user(s) account is temporarily over quota.\n<x@ezweb.ne.jp>"), Reason::MailboxFull),
        (au("The user(s) account is disabled.\n<x@ezweb.ne.jp>"), Reason::Suspended),
        (au("The user(s) account is temporarily limited.\n<x@ezweb.ne.jp>"), Reason::Suspended),
        (
            au("Your message was not delivered within 0 days and 1 hours.\nRemote host is not responding."),
            Reason::TimedOut,
        ),
        (
            au(&format!("{each}\n>>> RCPT TO:<x@ezweb.ne.jp>\n<<< 550 <x@ezweb.ne.jp>: User unknown")),
            Reason::UnknownUser,
        ),
        (au(each), Reason::Filtered),
        (au("mail").replace("Content-Type", "X-SPASIGN: NG\nContent-Type"), Reason::Filtered),
        (au("The user(s) account is disabled.").replace("ezweb.ne.jp", "au.com"), Reason::Suspended),
        (kddi("As their mailbox is full"), Reason::MailboxFull),
        (kddi("Due to the following SMTP relay error"), Reason::Policy),
        (kddi("As the remote domain doesnt exist"), Reason::NoMail),
        (biglobe("Mail Delivery Failed... User unknown"), Reason::Filtered),
        (biglobe("The number of messages in recipient's mailbox exceeded the local limit."), Reason::MailboxFull),
        // docomo: only ever repeated by a relay.
        (docomo("5.1.1", "550 Unknown user x@docomo.ne.jp (in reply to RCPT TO command)"), Reason::UnknownUser),
        (docomo("5.2.0", "550 refused"), Reason::Filtered),
        (docomo("5.0.0", "550 Unknown user x@docomo.ne.jp (in reply to RCPT TO command)"), Reason::UnknownUser),
        (docomo("5.0.0", "550 Unknown user x@docomo.ne.jp (in reply to end of DATA command)"), Reason::Filtered),
        (docomo("5.2.2", "552 Too much mail data x@docomo.ne.jp"), Reason::MailboxFull),
        (at_au("550 <x@ezweb.ne.jp>: User unknown (in reply to RCPT TO command)"), Reason::UnknownUser),
        (at_au("550 : User unknown (in reply to end of DATA command)"), Reason::Filtered),
        (
            standard("mx.softbank.ne.jp", "x@i.softbank.jp", "5.1.1", "550 Invalid recipient: <x@i.softbank.jp>"),
            Reason::UnknownUser,
        ),
        (
            standard(
                "mx.pdx.ne.jp",
                "x@pdx.ne.jp",
                "5.0.0",
                "552 We failed to deliver mail because the volume of recipient's mailbox exceeded the local limit.",
            ),
            Reason::MailboxFull,
        ),
    ];
    for (mail, reason) in table {
        assert_eq!(read(&mail), Report::Failed(reason), "{mail}");
    }
}

fn docomo(status: &str, diagnostic: &str) -> String {
    standard("mfsmax.docomo.ne.jp", "x@docomo.ne.jp", status, diagnostic)
}

fn at_au(diagnostic: &str) -> String {
    standard("lsean.ezweb.ne.jp", "x@ezweb.ne.jp", "5.0.0", diagnostic)
}

#[test]
fn req_a25_reports_about_the_great_providers_are_taken_for_what_their_servers_said() {
    let table = [
        (
            "gmail-smtp-in.l.google.com",
            "5.1.1",
            "550-5.1.1 The email account that you tried to reach does not exist",
            Reason::UnknownUser,
        ),
        (
            "aspmx.l.google.com",
            "5.2.2",
            "552-5.2.2 The email account that you tried to reach is over quota",
            Reason::MailboxFull,
        ),
        ("aspmx.l.google.com", "5.2.1", "550-5.2.1 The email account is disabled", Reason::Suspended),
        ("aspmx.l.google.com", "5.7.26", "550-5.7.26 unauthenticated", Reason::Policy),
        ("aspmx.l.google.com", "5.7.28", "550-5.7.28 unusual rate", Reason::Blocked),
        (
            "mx.mail.yahoo.co.jp.yahoodns.net",
            "5.0.0",
            "554 delivery error: dd This user doesn't have a yahoo.co.jp account",
            Reason::UnknownUser,
        ),
        (
            "mta7.am0.yahoodns.net",
            "5.0.0",
            "552 1 Requested mail action aborted, mailbox not found",
            Reason::UnknownUser,
        ),
        ("mta7.am0.yahoodns.net", "5.7.9", "554 5.7.9 Message not accepted for policy reasons", Reason::Policy),
        (
            "a.olc.protection.outlook.com",
            "5.5.0",
            "550 5.5.0 Requested action not taken: mailbox unavailable",
            Reason::UnknownUser,
        ),
        (
            "a.mail.protection.outlook.com",
            "5.7.1",
            "550 5.7.1 messages weren't sent: our block list (S3150)",
            Reason::Blocked,
        ),
        ("a.olc.protection.outlook.com", "5.7.515", "550 5.7.515 Access denied", Reason::Policy),
        ("mx01.mail.icloud.com", "5.1.1", "550 5.1.1 <x>: inactive email address", Reason::UnknownUser),
        ("mx01.mail.icloud.com", "5.2.2", "552 5.2.2 <x>: user is over quota", Reason::MailboxFull),
        ("mx.example.jp", "5.1.1", "550 5.1.1 something local", Reason::UnknownUser),
        ("mx.example.jp", "4.4.7", "450 delivery time expired", Reason::TimedOut),
        ("mx.example.jp", "5.4.4", "550 nothing there", Reason::NoMail),
        ("mx.example.jp", "5.9.9", "550 words that nobody knows", Reason::Unrecognised),
    ];
    for (mta, status, diagnostic, reason) in table {
        assert_eq!(read(&standard(mta, "x@example.jp", status, diagnostic)), Report::Failed(reason), "{diagnostic}");
    }
}

#[test]
fn a_delay_is_no_failure_and_an_answering_machine_no_report() {
    let delayed = standard("mx.example.jp", "x@example.jp", "4.4.1", "x").replace("Action: failed", "Action: delayed");
    assert_eq!(read(&delayed), Report::StillGoing);
    let away = "From: kou@docomo.ne.jp\nSubject: Re: x\nAuto-Submitted: auto-replied\n\n休暇中です。\n";
    assert_eq!(read(away), Report::None);
    assert_eq!(read_report(&Letter::read(b"From: a@b\r\n\r\n1", false), &Formats::built_in().unwrap()), Report::None);
}

#[test]
fn reports_in_japanese_are_read_in_iso_2022_jp_and_shift_jis_also_where_nobody_named_the_charset() {
    let words = "From: MAILER-DAEMON@example.jp\r\nSubject: 送信できませんでした\r\n";
    let text = "\r\n次の宛先: User unknown\r\n";
    let (jis, _, _) = encoding_rs::ISO_2022_JP.encode(text);
    let (sjis, _, _) = encoding_rs::SHIFT_JIS.encode(text);
    for (charset, body) in [("; charset=iso-2022-jp", &jis), ("", &jis), ("; charset=Shift_JIS", &sjis), ("", &sjis)] {
        let head = format!("{words}Content-Type: text/plain{charset}\r\n");
        let mail = [head.as_bytes(), body].concat();
        let letter = Letter::read(&mail, true);
        assert!(letter.text.contains("次の宛先"), "{charset}: {}", letter.text);
        assert_eq!(bytes(&mail), Report::Failed(Reason::UnknownUser));
    }
}
