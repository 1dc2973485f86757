//! `hikyaku demo` from the first argument to the last number.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::command::{Ended, alone, count, run, start};

/// What the issue promises in the JSON of `send`; the demo adds what its carriers know.
pub const COUNTS: [&str; 6] = ["accepted", "bounced", "deferred", "in_doubt", "resent", "still_waiting"];
const TIMES: [&str; 4] = ["t50_s", "t90_s", "t99_s", "t100_s"];

#[test]
fn on_a_calm_day_every_known_address_is_accepted_once_and_every_unknown_one_bounces() {
    let report = demo("calm", 600, 60);
    assert_delivered_once(&report);
    assert!(report["seconds"].as_f64().unwrap() < 10.0, "{report}");
}

#[test]
fn limits_that_bite_change_the_pace_and_not_the_counts() {
    let calm = demo("calm", 600, 60);
    let busy = demo("busy", 600, 60);
    assert_delivered_once(&busy);
    assert_eq!(
        ["mails", "accepted", "bounced"].map(|k| count(&calm, k)),
        ["mails", "accepted", "bounced"].map(|k| count(&busy, k))
    );
}

#[test]
fn on_a_hostile_day_nothing_is_lost_and_what_is_there_twice_was_in_doubt() {
    assert_survived(&demo("hostile", 600, 120));
}

#[test]
#[ignore = "11,500 people at release speed"]
fn a_calm_day_with_everybody_takes_less_than_ten_seconds() {
    let _machine = alone();
    let report = demo("calm", 11_500, 60);
    assert_delivered_once(&report);
    assert!(report["seconds"].as_f64().unwrap() < 10.0, "{report}");
}

#[test]
#[ignore = "11,500 people at release speed"]
fn a_busy_day_with_everybody_has_the_counts_of_a_calm_one() {
    let _machine = alone();
    let (calm, busy) = (demo("calm", 11_500, 60), demo("busy", 11_500, 180));
    assert_delivered_once(&busy);
    assert_eq!(
        ["mails", "accepted", "bounced"].map(|k| count(&calm, k)),
        ["mails", "accepted", "bounced"].map(|k| count(&busy, k))
    );
}

#[test]
#[ignore = "11,500 people at release speed"]
fn a_hostile_day_with_everybody_loses_nothing() {
    let _machine = alone();
    let report = demo("hostile", 11_500, 300);
    assert_survived(&report);
    assert!(report["bounced_by_cause"]["filtered"].as_u64().unwrap_or(0) > 0, "the profile filters some: {report}");
    assert!(count(&report, "in_doubt") > 0, "the profile swallows some replies: {report}");
}

#[test]
fn the_json_has_every_promised_key_and_standard_output_nothing_else() {
    let report = demo("calm", 200, 60);
    for key in ["people", "mails", "lost", "duplicates"].iter().chain(&COUNTS) {
        count(&report, key);
    }
    assert!(TIMES.iter().chain(&["seconds"]).all(|key| report[key].is_number()), "{report}");
    let carriers = report["carriers"].as_array().unwrap();
    assert_eq!(carriers.len(), 7, "{report}");
    for carrier in carriers {
        assert!(carrier["name"].is_string(), "{carrier}");
        for key in ["mails", "sessions", "refused"].iter().chain(&COUNTS) {
            count(carrier, key);
        }
    }
    for key in ["mails"].iter().chain(&COUNTS) {
        let sum: u64 = carriers.iter().map(|carrier| count(carrier, key)).sum();
        assert_eq!(sum, count(&report, key), "{key} of the carriers together: {report}");
    }
}

#[test]
fn the_same_seed_makes_the_same_people() {
    let counts = |seed: &str| {
        let folder = tempfile::tempdir().unwrap();
        let report = run(folder.path(), ["demo", "--json", "--people", "300", "--seed", seed], 60).json();
        ["people", "mails", "bounced"].map(|key| count(&report, key))
    };
    assert_eq!(counts("5"), counts("5"));
    assert_ne!(counts("5"), counts("6"));
}

#[test]
fn two_demos_at_once_do_not_disturb_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["demo", "--json", "--people", "400"];
    let both = [start(folder.path(), args), start(folder.path(), args)];
    let reports = both.map(|demo| demo.end(Duration::from_secs(60)).json());
    for report in &reports {
        assert_delivered_once(report);
    }
    assert_eq!(count(&reports[0], "mails"), count(&reports[1], "mails"));
    assert_empty(folder.path());
}

#[test]
fn for_people_it_ends_with_a_table_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let Ended { status, stdout, stderr } = run(folder.path(), ["demo", "--exit", "--quiet", "--people", "200"], 60);
    assert!(status.success(), "{stderr}");
    for words in ["docomo", "合計", "50%", "紛失 0", "重複 0", "管理画面: http://"] {
        assert!(stdout.contains(words), "{words} is not in\n{stdout}");
    }
    assert_empty(folder.path());
}

#[test]
fn it_serves_the_console_and_an_answer_page_until_ctrl_c() {
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let console = free_port();
    let args = ["demo", "--people", "200", "--port", &port.to_string(), "--console-port", &console.to_string()];
    let demo = start(folder.path(), args);
    let deadline = Instant::now() + Duration::from_secs(60);
    while !page(console, "/login").is_some_and(|page| page.starts_with("HTTP/1.1 200") && page.contains("認証コード"))
    {
        assert!(Instant::now() < deadline, "no console on port {console}");
        std::thread::sleep(Duration::from_millis(100));
    }
    while !page(port, "/metrics").is_some_and(|page| page.contains("docomo")) {
        assert!(Instant::now() < deadline, "nothing was sent");
        std::thread::sleep(Duration::from_millis(100));
    }
    std::thread::sleep(Duration::from_secs(2));
    demo.interrupt();
    let ended = demo.end(Duration::from_secs(30));
    assert!(ended.status.success(), "{}\n{}", ended.status, ended.stderr);
    assert!(ended.stderr.contains("/a/"), "an answer link to try: {}", ended.stderr);
    assert!(ended.stderr.contains("ログインID: demo"), "an account to log in with: {}", ended.stderr);
    assert_empty(folder.path());
}

fn demo(profile: &str, people: usize, seconds: u64) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let args = ["demo", "--json", "--exit", "--profile", profile, "--people", &people.to_string()];
    let report = run(folder.path(), args, seconds).json();
    assert_empty(folder.path());
    report
}

fn assert_delivered_once(report: &Value) {
    let n = |key| count(report, key);
    assert!(n("mails") > 0 && n("bounced") > 0, "{report}");
    assert_eq!(n("accepted") + n("bounced"), n("mails"), "{report}");
    assert_eq!(report["bounced_by_cause"]["unknown-user"], report["bounced"], "{report}");
    assert_eq!([n("lost"), n("duplicates"), n("in_doubt"), n("still_waiting")], [0; 4], "{report}");
}

fn assert_survived(report: &Value) {
    let n = |key| count(report, key);
    assert_eq!([n("lost"), n("still_waiting")], [0; 2], "{report}");
    assert_eq!(n("accepted") + n("bounced"), n("mails"), "{report}");
    assert!(n("duplicates") <= n("in_doubt"), "{report}");
    let causes = report["bounced_by_cause"].as_object().unwrap();
    assert!(causes.keys().all(|cause| ["unknown-user", "filtered"].contains(&cause.as_str())), "{report}");
    let sum: u64 = causes.values().filter_map(Value::as_u64).sum();
    assert_eq!(sum, n("bounced"), "{report}");
}

/// Nothing of a run is left in its folder for temporary files.
pub fn assert_empty(folder: &Path) {
    let left: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.is_empty(), "left behind: {left:?}");
}

/// A port that nothing listens on, told to no other test. Below those that the system gives to connections on Linux: between
/// the look and the program that listens here, none of theirs can take it.
pub fn free_port() -> u16 {
    const PORTS: std::ops::Range<u32> = 12_000..32_000;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    // Two runs at once begin at different places.
    let start = std::process::id() * 97;
    for _ in PORTS {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = u16::try_from(PORTS.start + (start + step) % (PORTS.end - PORTS.start)).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no port of {PORTS:?} is free");
}

pub fn page(port: u16, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n").ok()?;
    let mut page = String::new();
    stream.read_to_string(&mut page).ok()?;
    Some(page)
}
