//! Mail that comes back to a running server: reports, answers, forgeries (requirement A25).

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use hikyaku_dispatch::{
    ChoiceId, DispatchCommand, DispatchDraft, DispatchId, HealthState, MailEnd, Mode, PeopleCommand, PersonId,
    RosterImport, Via, read_roster,
};
use jiff::Timestamp;

use crate::agreement::at_the_desk;
use crate::command::start;
use crate::demo::free_port;
use crate::duties::{made, read, relay, wait};

const ROSTER: &str = "id,name,group,region,email\n1,甲山,本省,13,kou@docomo.ne.jp\n2,乙川,本省,13,otsu@docomo.ne.jp\n";

/// A system that takes mail in, with people and a question that waits to be sent; its port for mail.
pub fn taking_mail(folder: &Path, relay: u16, more: &str) -> u16 {
    let port = free_port();
    made(folder, relay, &format!("[inbound]\nlisten = \"127.0.0.1:{port}\"\n{more}"));
    let config = folder.join("hikyaku.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    let asking = text.replace("# reply_to = \"a+{reply}@", "reply_to = \"a+{reply}@");
    assert_ne!(asking, text);
    std::fs::write(&config, asking).unwrap();
    port
}

/// Gives a mail to a server; the reply to its recipient or to its content.
pub fn post(port: u16, from: &str, to: &str, content: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let mut reply = || lines.by_ref().map_while(Result::ok).find(|line| line.as_bytes().get(3) != Some(&b'-')).unwrap();
    assert!(reply().starts_with("220 "));
    let mut last = String::new();
    let content = format!("{}\r\n.", content.replace('\n', "\r\n"));
    for line in ["EHLO mta.example.jp", &format!("MAIL FROM:<{from}>"), &format!("RCPT TO:<{to}>"), "DATA", &content] {
        stream.write_all(format!("{line}\r\n").as_bytes()).unwrap();
        last = reply();
        if last.starts_with('5') {
            break;
        }
    }
    last
}

/// An address in angle brackets behind this name of a header.
pub fn address(mail: &str, header: &str) -> String {
    let line = mail.lines().find(|line| line.starts_with(header)).unwrap_or_else(|| panic!("no {header}: {mail}"));
    line.split_once('<').unwrap().1.split_once('>').unwrap().0.to_owned()
}

#[test]
fn req_a25_a_running_server_takes_reports_and_answers_and_refuses_what_was_forged() {
    let folder = tempfile::tempdir().unwrap();
    let (at_relay, mails) = relay();
    let port = taking_mail(folder.path(), at_relay, "");
    let data = folder.path().join("data");
    at_the_desk(&data, |desk| async move {
        let rows = read_roster(ROSTER.as_bytes()).unwrap().rows;
        desk.command(PeopleCommand::Import(RosterImport::part(rows)), Timestamp::now()).await.unwrap();
        let draft = Box::new(DispatchDraft::safety("key", Mode::Real, "地震"));
        desk.command(DispatchCommand::Open { draft }, Timestamp::now()).await.unwrap();
    });
    let config = folder.path().join("hikyaku.toml");
    let server = start(folder.path(), ["serve", "--config", config.to_str().unwrap()]);
    let of = |name: &str| {
        wait("the mail", || {
            let mail = mails.recv_timeout(Duration::from_secs(30)).unwrap();
            read(&mail).contains(name).then_some(mail)
        })
    };
    let mut both = [of("さん"), of("さん")];
    both.sort_by_key(|mail| !read(mail).contains("甲山"));
    assert!(read(&both[0]).contains("1 無事・登庁可"), "{}", read(&both[0]));
    let (reply, path) = (address(&both[0], "Reply-To:"), address(&both[1], "Return-Path:"));
    // A letter more or less, or another person's number, is nobody.
    for forged in [
        path.replace("-p2-", "-p1-"),
        path.replace('@', "0@"),
        reply.replace("a+d1", "a+d2"),
        "anpi@example.go.jp".into(),
    ] {
        assert!(post(port, "", &forged, "x").starts_with("550 "), "{forged}");
    }
    let report = "From: MAILER-DAEMON@relay.example.jp\nSubject: Returned mail\n\n550 Unknown user otsu@docomo.ne.jp\n";
    assert!(post(port, "", &path, report).starts_with("250 "));
    let answer =
        |text: &str| format!("From: kou@docomo.ne.jp\nContent-Type: text/plain; charset=utf-8\n\n{text}\n> 2\n");
    assert!(post(port, "kou@docomo.ne.jp", &reply, &answer("１")).starts_with("250 "));
    assert!(post(port, "kou@docomo.ne.jp", &reply, &answer("無事です")).starts_with("250 "), "kept for a look");
    assert!(post(port, "kou@docomo.ne.jp", &reply, &answer("さ\n足を痛めた")).starts_with("250 "), "another answer");
    server.stop(Duration::from_secs(30));
    let (answers, end, health) = at_the_desk(&data, |desk| async move {
        desk.read(|state| {
            let incident = state.incident_of(DispatchId(1)).unwrap();
            let answers: Vec<_> = incident.answers(PersonId(1)).iter().map(|it| (it.choice, it.via)).collect();
            let person = state.people().find(PersonId(2)).unwrap();
            let health = state.address_health(person, person.address(1).unwrap()).state;
            (answers, state.dispatch(DispatchId(1)).unwrap().mail_end(PersonId(2), 1), health)
        })
    });
    assert_eq!(answers, [(ChoiceId(1), Via::Mail), (ChoiceId(3), Via::Mail)]);
    assert_eq!((end, health), (Some(MailEnd::Bounced), HealthState::Doubtful));
}
