//! DKIM with RSA-2048: the whole `hikyaku send --relay` signed, beside the same unsigned and the bare time of the signatures.
//!
//! The three run in turn, five times each; it prints every time, the medians and signed ÷ (bare + unsigned), which
//! acceptance line 2 wants at 1.15 at most. `cargo bench --bench signed`
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "a bench that cannot go on stops")]

#[path = "../tests/acceptance/command.rs"]
mod command;
#[path = "yardsticks/headline.rs"]
mod headline;
#[path = "../tests/acceptance/sink.rs"]
mod sink;
#[path = "../tests/acceptance/writing.rs"]
mod writing;

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use sink::SmtpSink;
use writing::{Letter, MESSAGE, addresses};

const MAILS: usize = 11_500;
const ROUNDS: usize = 5;
/// A run that takes longer hangs.
const SECONDS_MAX: u64 = 300;
/// About what a signature covers: the headers of a mail and its own.
const SIGNED_BYTES: usize = 900;

fn main() {
    headline::headline("signed with RSA-2048 at most 1.15 of the bare signatures and the unsigned run");
    let (folder, sinks) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let letter = Letter::write(folder.path(), &addresses(MAILS, &["docomo.ne.jp", "au.com", "gmail.com"]), MESSAGE);
    let key = folder.path().join("rsa.pem");
    let made = command::run(folder.path(), ["dkim-key", "example.go.jp", "bench", key.to_str().unwrap()], SECONDS_MAX);
    assert!(made.status.success(), "{}", made.stderr);
    let sink = SmtpSink::start(&["-c"], sinks.path());
    let to = sink.addr.to_string();
    let unsigned = letter.args(&["--relay", &to]);
    let signed = letter.args(&["--relay", &to, "--dkim", &format!("example.go.jp:bench:{}", key.display())]);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    println!("sink:      smtp-sink {} {to} 1000", sink::command_line(&["-c"]).join(" "));
    println!("bare:      {MAILS} RSA-2048 signatures of {SIGNED_BYTES} bytes with aws-lc-rs on {cores} threads");
    println!("unsigned:  hikyaku {} (a fresh data folder each time)", unsigned.join(" "));
    println!("signed:    hikyaku {}", signed.join(" "));
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    println!("\n{:>6} {:>10} {:>12} {:>10}", "round", "bare s", "unsigned s", "signed s");
    let mut times = [const { Vec::new() }; 3];
    for round in 1..=ROUNDS {
        times[0].push(time(|| sign(&pair, cores)));
        times[1].push(time(|| send(folder.path(), &letter, &unsigned)));
        times[2].push(time(|| send(folder.path(), &letter, &signed)));
        let [bare, plain, own] = times.each_ref().map(|times: &Vec<f64>| times[round - 1]);
        println!("{round:>6} {bare:>10.3} {plain:>12.3} {own:>10.3}");
    }
    let [bare, plain, own] = times.each_mut().map(|times| median(times));
    println!("{:>6} {bare:>10.3} {plain:>12.3} {own:>10.3}", "median");
    println!("\nratio signed / (bare + unsigned): {:.2}", own / (bare + plain));
}

/// All signatures, dealt to as many threads as there are cores.
fn sign(pair: &KeyPair, threads: usize) {
    let made = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let (rng, mut signature) = (SystemRandom::new(), vec![0; pair.public_modulus_len()]);
                loop {
                    let number = made.fetch_add(1, Ordering::Relaxed);
                    if number >= MAILS {
                        break;
                    }
                    let mut content = [b'x'; SIGNED_BYTES];
                    content[..8].copy_from_slice(&number.to_be_bytes());
                    pair.sign(&RSA_PKCS1_SHA256, &rng, &content, &mut signature).unwrap();
                }
            });
        }
    });
}

fn send(folder: &Path, letter: &Letter, args: &[String]) {
    // A folder that was used knows the mails already.
    let _ = std::fs::remove_dir_all(&letter.data);
    let report = command::run(folder, args, SECONDS_MAX).json();
    assert_eq!(report["accepted"], report["mails"], "{report}");
}

fn time(run: impl FnOnce()) -> f64 {
    let start = Instant::now();
    run();
    start.elapsed().as_secs_f64()
}

fn median(seconds: &mut [f64]) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}
