//! The examples run as they are written, and show what they say.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

/// A relay that takes everything.
fn relay() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || converse(&stream));
        }
    });
    port
}

fn converse(mut stream: &TcpStream) -> std::io::Result<()> {
    stream.write_all(b"220 relay\r\n")?;
    let mut in_content = false;
    for line in BufReader::new(stream).lines() {
        let reply = match line?.as_str() {
            "." if in_content => {
                in_content = false;
                "250 taken\r\n"
            }
            _ if in_content => continue,
            "DATA" => {
                in_content = true;
                "354 go on\r\n"
            }
            "QUIT" => "221 bye\r\n",
            _ => "250 ok\r\n",
        };
        stream.write_all(reply.as_bytes())?;
    }
    Ok(())
}

/// Cargo builds examples beside tests, unless it was asked for this test alone.
fn build(program: &Path) {
    static ALONE: Mutex<()> = Mutex::new(());
    let _one_at_a_time = ALONE.lock();
    if !program.exists() {
        let arguments = ["build", "--quiet", "--locked", "--package", "hikyaku-core", "--examples"];
        assert!(Command::new(env!("CARGO")).args(arguments).status().unwrap().success());
    }
}

/// What an example prints.
fn run(example: &str, arguments: &[&str]) -> String {
    let own = std::env::current_exe().unwrap();
    let folder = own.parent().and_then(|deps| deps.parent()).unwrap();
    let program: PathBuf = folder.join("examples").join(example);
    build(&program);
    let ended = Command::new(program).args(arguments).output().unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    assert!(ended.status.success(), "{example}: {stdout}{stderr}");
    stdout.into_owned()
}

#[test]
fn ten_lines_send_a_mail_to_each_of_two_people() {
    let shown = run("ten_lines", &["127.0.0.1", &relay().to_string()]);
    assert!(["p1", "p2"].iter().all(|id| shown.contains(&format!("{id} Some(Accepted)"))), "{shown}");
}

#[test]
fn whoever_watches_sees_outcomes_lanes_metrics_and_what_is_said() {
    let shown = run("watching", &["127.0.0.1", &relay().to_string()]);
    for told in ["Some(Accepted)", "accepted,", "hikyaku_settled", "RCPT TO:<rcpt>"] {
        assert!(shown.contains(told), "{told}: {shown}");
    }
}

#[test]
fn a_carrier_of_ones_own_has_its_limits_and_a_mistake_is_named() {
    let shown = run("own_carrier", &[]);
    assert!(shown.contains("sesions_max") && shown.contains("school: 4 sessions, Some(20.0)"), "{shown}");
}

#[test]
fn a_folder_of_ones_own_holds_what_only_its_key_opens() {
    let folder = tempfile::tempdir().unwrap();
    let shown = run("own_seal", &[folder.path().to_str().unwrap()]);
    assert!(!shown.is_empty() && folder.path().join("queue.redb").exists(), "{shown}");
    assert!(!folder.path().join("queue.key").exists(), "the keys live elsewhere");
}
