//! `hikyaku send --relay`: everything goes to one host, once, whatever host that is.

use crate::command::{alone, count, run};
use crate::counting::CountingRelay;
use crate::demo::COUNTS;
use crate::sink::SmtpSink;
use crate::writing::{Letter, MESSAGE, addresses};

const DOMAINS: [&str; 4] = ["docomo.ne.jp", "au.com", "gmail.com", "example.jp"];

#[test]
fn a_relay_gets_every_mail_once_even_if_the_command_runs_twice() {
    let folder = tempfile::tempdir().unwrap();
    let relay = CountingRelay::start();
    let addresses = addresses(300, &DOMAINS);
    let letter = Letter::write(folder.path(), &addresses, MESSAGE);
    let args = letter.args(&["--relay", &relay.addr.to_string()]);
    let report = run(folder.path(), &args, 60).json();
    assert_eq!(["people", "mails", "accepted"].map(|key| count(&report, key)), [300; 3]);
    let mut taken: Vec<String> = relay.take().into_iter().map(|mail| mail.rcpt).collect();
    let mut expected = addresses.clone();
    taken.sort();
    expected.sort();
    assert_eq!(taken, expected);
    let again = run(folder.path(), &args, 60).json();
    assert_eq!(count(&again, "accepted"), 300);
    assert_eq!(relay.take().len(), 0, "nothing is sent twice");
}

#[test]
fn a_sender_reports_what_it_knows_and_nothing_of_what_only_carriers_know() {
    let folder = tempfile::tempdir().unwrap();
    let relay = CountingRelay::start();
    let letter = Letter::write(folder.path(), &addresses(20, &DOMAINS), MESSAGE);
    let report = run(folder.path(), letter.args(&["--relay", &relay.addr.to_string()]), 60).json();
    for key in ["people", "mails"].iter().chain(&COUNTS) {
        count(&report, key);
    }
    assert!(["seconds", "t50_s", "t90_s", "t99_s", "t100_s"].iter().all(|key| report[key].is_number()), "{report}");
    assert!(report.get("lost").is_none() && report.get("duplicates").is_none(), "{report}");
    let carriers = report["carriers"].as_array().unwrap();
    assert_eq!(carriers.len(), 1, "a relay is one lane: {report}");
    assert!(carriers[0]["name"].is_string() && count(&carriers[0], "sessions") > 0, "{report}");
}

#[test]
#[ignore = "needs smtp-sink of the Debian package postfix"]
fn smtp_sink_takes_11_500_mails() {
    let _machine = alone();
    let (folder, sinks) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let sink = SmtpSink::start(&["-c"], sinks.path());
    let letter = Letter::write(folder.path(), &addresses(11_500, &DOMAINS), MESSAGE);
    let report = run(folder.path(), letter.args(&["--relay", &sink.addr.to_string()]), 120).json();
    assert_eq!(["people", "mails", "accepted"].map(|key| count(&report, key)), [11_500; 3], "{report}");
    assert_eq!(["bounced", "in_doubt", "still_waiting"].map(|key| count(&report, key)), [0; 3], "{report}");
}
