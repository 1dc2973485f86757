//! The whole `hikyaku send --relay` beside Postfix's `smtp-source` and Postfix itself: the same mails into one `smtp-sink`.
//!
//! All run in turn, five times each; it prints every time, the medians and their ratios. `cargo bench --bench relay` does
//! so with 11,500 mails and with 115,000, `cargo bench --bench relay -- 11500` with as many as are named.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "a bench that cannot go on stops")]

#[path = "../tests/acceptance/command.rs"]
mod command;
#[path = "../tests/acceptance/counting.rs"]
mod counting;
#[path = "yardsticks/headline.rs"]
mod headline;
#[path = "yardsticks/postfix.rs"]
mod postfix;
#[path = "../tests/acceptance/sink.rs"]
mod sink;
#[path = "../tests/acceptance/writing.rs"]
mod writing;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use counting::CountingRelay;
use postfix::Postfix;
use sink::SmtpSink;
use writing::{Letter, addresses};

const MAILS_USUAL: usize = 11_500;
const MAILS_MANY: usize = 115_000;
const ROUNDS: usize = 5;
/// Mails that are weighed before the race.
const WEIGHED: usize = 200;
/// How far the sizes may lie apart, as a share.
const SIZE_SLACK: f64 = 0.05;
/// A run that takes longer hangs.
const SECONDS_MAX: u64 = 300;

/// One sentence of the text, 57 bytes of which make a line of 78 in base64.
const SENTENCE: &str = "無事かどうかを返信して知らせてください。";

/// What is tuned at Postfix: as many mails at work and as many connections as the yardstick has.
const TUNED: &str = "\
qmgr_message_active_limit = 20000
qmgr_message_recipient_limit = 20000
initial_destination_concurrency = 50
default_destination_concurrency_limit = 50
";

fn main() {
    headline::headline("durable and unsigned at most 0.8 of smtp-source -d -s 20, and the same ratio at 115,000");
    let asked: Vec<usize> = std::env::args().skip(1).filter_map(|arg| arg.parse().ok()).collect();
    let sizes = if asked.is_empty() { vec![MAILS_USUAL, MAILS_MANY] } else { asked };
    let folder = tempfile::tempdir().unwrap();
    let text = weigh(folder.path());
    sizes.into_iter().for_each(|mails| race(mails, &text));
}

fn race(mails: usize, text: &str) {
    let folder = tempfile::tempdir().unwrap();
    let letter = Letter::write(folder.path(), &addresses(mails, &["docomo.ne.jp", "au.com", "gmail.com"]), text);
    let sinks = tempfile::tempdir().unwrap();
    let sink = SmtpSink::start(&["-c"], sinks.path());
    let to = sink.addr.to_string();
    let office = tempfile::tempdir().unwrap();
    let postfix = Postfix::start(office.path(), sink.addr, TUNED);
    println!("\nsink:         smtp-sink {} {to} 1000", sink::command_line(&["-c"]).join(" "));
    println!("smtp-source:  smtp-source {} {to}", source_options(mails).join(" "));
    println!("postfix:      the same smtp-source into smtpd; until the last mail is in the sink");
    println!("hikyaku:      hikyaku {} (a fresh data folder each time)", letter.args(&["--relay", &to]).join(" "));
    println!("\n{:>6} {:>14} {:>14} {:>14}", "round", "smtp-source s", "hikyaku s", "postfix s");
    let (mut sources, mut ours, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        settle_disk();
        sources.push(time(|| source(mails, &to)));
        // A folder that was used knows the mails already.
        let _ = std::fs::remove_dir_all(&letter.data);
        settle_disk();
        ours.push(time(|| send(folder.path(), &letter, &to)));
        // Postfix needs ten times as long: once is enough where there are many.
        if let Ok(postfix) = postfix.as_ref().map_err(|_| ())
            && (mails <= MAILS_USUAL || round == 1)
        {
            theirs.push(time(|| through(postfix, mails)));
        }
        let last = theirs.last().copied().unwrap_or(f64::NAN);
        println!("{round:>6} {:>14.3} {:>14.3} {last:>14.3}", sources[round - 1], ours[round - 1]);
    }
    let (source, own) = (median(&mut sources), median(&mut ours));
    println!("{:>6} {source:>14.3} {own:>14.3}", "median");
    let rate = |seconds: f64| mails as f64 / seconds;
    println!("{:>6} {:>14.0} {:>14.0}  mails a second", "", rate(source), rate(own));
    println!("\nratio hikyaku / smtp-source: {:.2}", own / source);
    match &postfix {
        Ok(_) => println!("ratio postfix / hikyaku:     {:.1}", median(&mut theirs) / own),
        Err(why) => println!("{why}"),
    }
}

/// Sends through Postfix and waits until all of it has left.
fn through(postfix: &Postfix, mails: usize) {
    let before = postfix.sent();
    source(mails, &postfix.addr.to_string());
    let deadline = Instant::now() + Duration::from_secs(SECONDS_MAX);
    while postfix.sent() < before + mails {
        assert!(Instant::now() < deadline, "Postfix has sent {} of {mails}", postfix.sent() - before);
        // Its log is read whole: not so often that the reading counts.
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// The message whose mails are as large as those of `smtp-source`: measured, corrected once, and measured again.
fn weigh(folder: &Path) -> String {
    let relay = CountingRelay::start();
    let to = relay.addr.to_string();
    source(WEIGHED, &to);
    let target = mean_bytes(&relay);
    let mut bytes = 600.0;
    let mut own = 0.0;
    for _ in 0..2 {
        if own > 0.0 {
            bytes += (target - own) * 57.0 / 78.0;
        }
        let letter = Letter::write(folder, &addresses(WEIGHED, &["docomo.ne.jp"]), &message(bytes));
        let _ = std::fs::remove_dir_all(&letter.data);
        send(folder, &letter, &to);
        own = mean_bytes(&relay);
    }
    println!("content of a mail: smtp-source {target:.0} bytes, hikyaku {own:.0} bytes");
    let apart = (own - target).abs() / target;
    assert!(apart <= SIZE_SLACK, "the sizes lie {:.1} % apart", apart * 100.0);
    message(bytes)
}

fn message(bytes: f64) -> String {
    let text: String = SENTENCE.chars().cycle().take((bytes / 3.0) as usize).collect();
    format!(
        "subject = \"{{name}} さん、無事ですか\"\nfrom_name = \"安否確認システム\"\ntext = \"{{name}} 様 {text}\"\n"
    )
}

fn mean_bytes(relay: &CountingRelay) -> f64 {
    let taken = relay.take();
    assert_eq!(taken.len(), WEIGHED);
    taken.iter().map(|mail| mail.content.len()).sum::<usize>() as f64 / WEIGHED as f64
}

fn source_options(mails: usize) -> Vec<String> {
    let count = mails.to_string();
    ["-d", "-s", "20", "-m", &count, "-l", "1500"].map(str::to_owned).to_vec()
}

fn source(mails: usize, to: &str) {
    let mut source = Command::new(sink::program("smtp-source"));
    source.args(source_options(mails)).arg(to);
    let ended = command::spawn(source).end(Duration::from_secs(SECONDS_MAX));
    assert!(ended.status.success(), "smtp-source of the Debian package postfix: {}", ended.stderr);
}

/// What the run before left to be written is written: else the next run's commits wait for it.
fn settle_disk() {
    assert!(Command::new("sync").status().is_ok_and(|sync| sync.success()), "sync of coreutils");
}

fn send(folder: &Path, letter: &Letter, to: &str) {
    let report = command::run(folder, letter.args(&["--relay", to]), SECONDS_MAX).json();
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
