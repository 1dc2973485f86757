//! Mails that run in a circle, and a flood of reports, forgeries and oversized bodies at a running server in the midst of a dispatch
//! (requirements A25 R02).

use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::sync::mpsc::Receiver;
use std::thread::spawn;
use std::time::Duration;

use hikyaku_dispatch::{
    DispatchCommand, DispatchDraft, DispatchId, MailEnd, Mode, PeopleCommand, RosterImport, read_roster,
};
use jiff::Timestamp;

use crate::agreement::at_the_desk;
use crate::command::{Running, start};
use crate::duties::{port_of, read, relay, wait};
use crate::inbound::{address, taking_mail};
use crate::nodes::post as tap;
use crate::serving::wait_for;

const PEOPLE: u64 = 200;
const REPORT: &str =
    "From: MAILER-DAEMON@relay.example.jp\r\nSubject: Returned mail\r\n\r\n550 Unknown user p1@docomo.ne.jp\r\n.";
/// Conversations with reports, the mails of each, conversations with forgeries, mails that run in a circle.
const FLOOD: [u64; 4] = [4, 1_000, 100, 50];

/// A conversation with the listener.
struct Talk {
    stream: TcpStream,
    lines: Lines<BufReader<TcpStream>>,
}

impl Talk {
    fn with(port: u16) -> Talk {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream.set_nodelay(true).unwrap();
        let lines = BufReader::new(stream.try_clone().unwrap()).lines();
        let mut talk = Talk { stream, lines };
        assert!(talk.reply().starts_with("220 "));
        assert!(talk.say("EHLO mta.example.jp").starts_with("250 "));
        talk
    }

    /// The last line of the next reply; empty once the conversation is over.
    fn reply(&mut self) -> String {
        let mut lines = self.lines.by_ref().map_while(Result::ok);
        lines.find(|line| line.as_bytes().get(3) != Some(&b'-')).unwrap_or_default()
    }

    fn say(&mut self, line: &str) -> String {
        // Whoever was sent away cannot be told anything.
        let _ = self.stream.write_all(format!("{line}\r\n").as_bytes());
        self.reply()
    }

    /// Gives one mail; the reply to its content, or to what was refused before.
    fn give(&mut self, to: &str, content: &str) -> String {
        for line in ["MAIL FROM:<>", &format!("RCPT TO:<{to}>"), "DATA"] {
            let reply = self.say(line);
            if !reply.starts_with('2') && !reply.starts_with('3') {
                return reply;
            }
        }
        self.say(content)
    }
}

fn looped(hops: usize) -> String {
    let hop = "Received: from a.example.jp by b.example.jp; Sun, 22 Nov 2026 10:00:00 +0900\r\n";
    format!("{}{REPORT}", hop.repeat(hops))
}

/// A server that takes mail and has asked some hundred people; its ports for mail and answers, and what it sends.
fn asking(folder: &Path) -> (Running, u16, u16, Receiver<String>) {
    let (at_relay, mails) = relay();
    let port = taking_mail(folder, at_relay, "");
    at_the_desk(&folder.join("data"), |desk| async move {
        let rows: String = (1..=PEOPLE).map(|it| format!("{it},甲山,本省,13,p{it}@docomo.ne.jp\n")).collect();
        let rows = read_roster(format!("id,name,group,region,email\n{rows}").as_bytes()).unwrap().rows;
        desk.command(PeopleCommand::Import(RosterImport::part(rows)), Timestamp::now()).await.unwrap();
        let draft = Box::new(DispatchDraft::safety("key", Mode::Real, "地震"));
        desk.command(DispatchCommand::Open { draft }, Timestamp::now()).await.unwrap();
    });
    let config = folder.join("hikyaku.toml");
    let answers = port_of(&std::fs::read_to_string(&config).unwrap(), "[answers]");
    (start(folder, ["serve", "--config", config.to_str().unwrap()]), port, answers, mails)
}

/// The return path of the next mail that asks somebody, and the path of its link.
fn next(mails: &Receiver<String>) -> (String, String) {
    wait("a mail with a link", || {
        let mail = mails.recv_timeout(Duration::from_secs(60)).unwrap();
        let text = read(&mail);
        let (_, link) = text.split_once("/a/")?;
        Some((address(&mail, "Return-Path:"), format!("/a/{}", link.split_whitespace().next()?)))
    })
}

#[test]
fn req_a25_a_mail_that_runs_in_a_circle_is_refused_by_a_running_server_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (server, port, _, mails) = asking(folder.path());
    let (path, _) = next(&mails);
    let mut talk = Talk::with(port);
    assert!(talk.give(&path, &looped(51)).starts_with("554 5.4.6"));
    assert!(talk.give(&path, &looped(50)).starts_with("250 "), "as many hops as a mail may have");
    let config = std::fs::read_to_string(folder.path().join("hikyaku.toml")).unwrap();
    let counted = wait_for(port_of(&config, "[metrics]"), "/metrics");
    for line in ["kind=\"loop\"} 1", "kind=\"report\"} 1"] {
        assert!(counted.contains(&format!("hikyaku_inbound_mails_total{{{line}\n")), "{line}: {counted}");
    }
    server.stop(Duration::from_secs(30));
}

#[test]
fn req_r02_a_flood_of_reports_forgeries_and_oversized_bodies_keeps_no_answer_out_and_the_journal_small() {
    let folder = tempfile::tempdir().unwrap();
    let (server, port, answers, mails) = asking(folder.path());
    let (path, first_link) = next(&mails);
    let [talks, each, forgers, loops] = FLOOD;
    let reports: Vec<_> = (0..talks)
        .map(|_| {
            let path = path.clone();
            spawn(move || {
                let mut talk = Talk::with(port);
                (0..each).filter(|_| talk.give(&path, REPORT).starts_with("250 ")).count() as u64
            })
        })
        .collect();
    let forged = path.replace("-p", "-p9");
    let forger = spawn(move || {
        let mut refused = 0_u64;
        for _ in 0..forgers {
            let mut talk = Talk::with(port);
            talk.say("MAIL FROM:<>");
            while talk.say(&format!("RCPT TO:<{forged}>")).starts_with("550 ") {
                refused += 1;
            }
        }
        refused
    });
    let circle = path.clone();
    let looping = spawn(move || {
        let (mut talk, mut refused, mail) = (Talk::with(port), 0_u64, looped(60));
        for _ in 0..loops {
            let reply = talk.give(&circle, &mail);
            if reply.starts_with("554 ") {
                refused += 1;
            } else {
                // The conversation ends after some faults.
                talk = Talk::with(port);
            }
        }
        refused
    });
    let big = path.clone();
    let oversized = spawn(move || {
        let mut talk = Talk::with(port);
        assert!(talk.say("MAIL FROM:<> SIZE=20000000").starts_with("552 "));
        talk.give(&big, &format!("{}.", format!("{}\r\n", "x".repeat(70)).repeat(160_000)))
    });
    // Meanwhile people answer, and whoever watches is told that the server lives.
    let (mut links, mut answered, mut looked) = (vec![first_link], 0_u64, 0_u64);
    let is_over = || reports.iter().all(|it| it.is_finished()) && forger.is_finished() && oversized.is_finished();
    while !is_over() || answered < 20 {
        let link = links.pop().unwrap_or_else(|| next(&mails).1);
        let told = tap(answers, &link, "choice=1");
        assert!(told.starts_with("HTTP/1.1 303") || told.starts_with("HTTP/1.1 200"), "{told}");
        assert!(wait_for(answers, "/healthz").starts_with("HTTP/1.1 200"));
        (answered, looked) = (answered + 1, looked + 1);
        if answered >= PEOPLE / 2 {
            break;
        }
    }
    let taken: u64 = reports.into_iter().map(|it| it.join().unwrap()).sum();
    let (refused, circles, oversized) = (forger.join().unwrap(), looping.join().unwrap(), oversized.join().unwrap());
    assert_eq!(taken, talks * each, "every report is taken, though the first says it all");
    assert!(
        refused >= forgers * 10 && circles > 0 && !oversized.starts_with("250 "),
        "{refused} {circles} {oversized}"
    );
    assert!(looked >= 20 && wait_for(answers, "/healthz").starts_with("HTTP/1.1 200"));
    server.stop(Duration::from_secs(30));
    let (rows, bounced, given) = at_the_desk(&folder.path().join("data"), |desk| async move {
        let rows = desk.journal().head().await.unwrap().seq;
        desk.read(|state| {
            let dispatch = state.dispatch(DispatchId(1)).unwrap();
            let bounced = |person: &_| dispatch.mail_end(*person, 1) == Some(MailEnd::Bounced);
            let given = dispatch.asked().filter(|person| dispatch.has_answered(*person)).count() as u64;
            (rows, dispatch.asked().filter(bounced).count(), given)
        })
    });
    assert_eq!((bounced, given), (1, answered));
    // What was asked and came of it: an outcome and an answer a person at most, each with what follows, and a few of the server's own.
    assert!(rows <= 4 * PEOPLE + 100, "{rows} rows");
}
