//! `hikyaku send --relay` with very many recipients: its speed, its memory, and how soon it sends again after SIGKILL.
#![allow(dead_code, reason = "shared with a bench that needs less")]

use std::path::Path;
use std::time::{Duration, Instant};

use crate::command::{Running, count, start};
use crate::counting::CountingRelay;
use crate::sink::SmtpSink;
use crate::writing::{Letter, MESSAGE, addresses};

const DOMAINS: [&str; 4] = ["docomo.ne.jp", "au.com", "gmail.com", "example.jp"];
/// A run that takes longer hangs.
const LONGEST: Duration = Duration::from_secs(900);

/// What one size showed.
#[derive(Debug)]
pub struct Figures {
    /// From the receipt to the last mail.
    pub mails_per_second: f64,
    /// From the start of the program to its end.
    pub seconds: f64,
    /// The most that was ever in memory (`VmHWM` of proc(5)), in MiB.
    pub peak_mib: f64,
    /// From the start after SIGKILL in the middle to the first mail taken.
    pub restart_seconds: f64,
    /// The queue's file when everything has settled, in MiB.
    pub file_mib: f64,
}

/// Sends so many mails to `smtp-sink`, then as many again and kills it half-way.
pub fn measure(mails: usize) -> Figures {
    let (folder, sinks) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let sink = SmtpSink::start(&["-c"], sinks.path());
    let letter = Letter::write(folder.path(), &addresses(mails, &DOMAINS), MESSAGE);
    let to = sink.addr.to_string();
    let begun = Instant::now();
    let mut sending = start(folder.path(), letter.args(&["--relay", &to]));
    let mut peak_kib = 0;
    while sending.is_running() && begun.elapsed() < LONGEST {
        peak_kib = peak_kib.max(peak(&sending));
        std::thread::sleep(Duration::from_millis(20));
    }
    let seconds = begun.elapsed().as_secs_f64();
    let report = sending.end(Duration::from_secs(1)).json();
    assert_eq!(["people", "mails", "accepted"].map(|key| count(&report, key)), [mails as u64; 3], "{report}");
    let sent = report["seconds"].as_f64().unwrap();
    let file = std::fs::metadata(letter.data.join("queue.redb")).unwrap().len();
    std::fs::remove_dir_all(&letter.data).unwrap();
    let restart_seconds = restart(folder.path(), &letter, mails / 2);
    Figures {
        mails_per_second: mails as f64 / sent,
        seconds,
        peak_mib: peak_kib as f64 / 1024.0,
        restart_seconds,
        file_mib: file as f64 / f64::from(1 << 20),
    }
}

/// Kills a run of which so many were taken; tells how long the next takes from its start to its first mail.
fn restart(folder: &Path, letter: &Letter, half: usize) -> f64 {
    let relay = CountingRelay::start();
    let mut sending = start(folder, letter.args(&["--relay", &relay.addr.to_string()]));
    let (begun, mut taken) = (Instant::now(), 0);
    while taken < half {
        assert!(begun.elapsed() < LONGEST && sending.is_running(), "it ended with {taken} of {half}");
        std::thread::sleep(Duration::from_millis(5));
        taken += relay.take().len();
    }
    assert!(sending.kill(), "it had ended");
    let relay = CountingRelay::start();
    let begun = Instant::now();
    let again = start(folder, letter.args(&["--relay", &relay.addr.to_string()]));
    while relay.take().is_empty() {
        assert!(begun.elapsed() < LONGEST, "it sends nothing after the restart");
        std::thread::sleep(Duration::from_millis(1));
    }
    drop(again);
    begun.elapsed().as_secs_f64()
}

/// The most that a process ever had in memory, in KiB; 0 once it has ended.
fn peak(process: &Running) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

#[test]
#[ignore = "needs release speed and smtp-sink of the Debian package postfix"]
fn a_tenth_of_a_million_fits_in_memory_and_goes_on_at_once_after_a_kill() {
    let _machine = crate::command::alone();
    let figures = measure(115_000);
    eprintln!("{figures:?}");
    assert!(figures.peak_mib <= 150.0, "{figures:?}");
    assert!(figures.restart_seconds <= 5.0, "{figures:?}");
}
