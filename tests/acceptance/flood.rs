//! Mails that run in a circle, and a flood of reports, forgeries and oversized bodies at a running server in the midst of a dispatch
//! (requirements A25 R02).

use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::sync::mpsc::Receiver;
use std::thread::{JoinHandle, spawn};
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

/// Strangers at the listener: who gave how many reports that were taken, and how many forged recipients and mails that run in a circle
/// were refused, and what became of a body that is too large.
struct Strangers {
    reports: Vec<JoinHandle<u64>>,
    forger: JoinHandle<u64>,
    looping: JoinHandle<u64>,
    oversized: JoinHandle<String>,
}

impl Strangers {
    /// They begin at once, with a return path of ours.
    fn at(port: u16, path: &str) -> Strangers {
        let [talks, each, forgers, loops] = FLOOD;
        let report = move |path: String| {
            let mut talk = Talk::with(port);
            (0..each).filter(|_| talk.give(&path, REPORT).starts_with("250 ")).count() as u64
        };
        let reports = (0..talks).map(|_| path.to_owned()).map(|path| spawn(move || report(path))).collect();
        let (forged, circle, big) = (path.replace("-p", "-p9"), path.to_owned(), path.to_owned());
        Strangers {
            reports,
            forger: spawn(move || (0..forgers).map(|_| forge(port, &forged)).sum()),
            looping: spawn(move || {
                (0..loops).filter(|_| Talk::with(port).give(&circle, &looped(60)).starts_with("554 ")).count() as u64
            }),
            oversized: spawn(move || {
                let mut talk = Talk::with(port);
                assert!(talk.say("MAIL FROM:<> SIZE=20000000").starts_with("552 "));
                talk.give(&big, &format!("{}.", format!("{}\r\n", "x".repeat(70)).repeat(160_000)))
            }),
        }
    }

    fn are_done(&self) -> bool {
        let mut each = self.reports.iter().chain([&self.forger, &self.looping]);
        each.all(JoinHandle::is_finished) && self.oversized.is_finished()
    }
}

/// Tries forged recipients until the conversation is ended; how many were refused.
fn forge(port: u16, forged: &str) -> u64 {
    let mut talk = Talk::with(port);
    talk.say("MAIL FROM:<>");
    let mut refused = 0;
    while talk.say(&format!("RCPT TO:<{forged}>")).starts_with("550 ") {
        refused += 1;
    }
    refused
}

#[test]
fn req_r02_a_flood_of_reports_forgeries_and_oversized_bodies_keeps_no_answer_out_and_the_journal_small() {
    let folder = tempfile::tempdir().unwrap();
    let (server, port, answers, mails) = asking(folder.path());
    let (path, first_link) = next(&mails);
    let strangers = Strangers::at(port, &path);
    // Meanwhile people answer, and whoever watches is told that the server lives.
    let (mut links, mut answered) = (vec![first_link], 0_u64);
    while (!strangers.are_done() || answered < 20) && answered < PEOPLE / 2 {
        let link = links.pop().unwrap_or_else(|| next(&mails).1);
        let told = tap(answers, &link, "choice=1");
        assert!(told.starts_with("HTTP/1.1 303") || told.starts_with("HTTP/1.1 200"), "{told}");
        assert!(wait_for(answers, "/healthz").starts_with("HTTP/1.1 200"));
        answered += 1;
    }
    let [talks, each, forgers, loops] = FLOOD;
    let taken: u64 = strangers.reports.into_iter().map(|it| it.join().unwrap()).sum();
    let (refused, circles) = (strangers.forger.join().unwrap(), strangers.looping.join().unwrap());
    assert_eq!(taken, talks * each, "every report is taken, though the first says it all");
    assert!(refused >= forgers * 10 && circles == loops, "{refused} {circles}");
    let oversized = strangers.oversized.join().unwrap();
    assert!(!oversized.starts_with("250 "), "{oversized}");
    assert!(wait_for(answers, "/healthz").starts_with("HTTP/1.1 200"));
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
