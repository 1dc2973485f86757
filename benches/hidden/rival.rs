//! Postfix, tuned by hand, against the same carriers: all that its documentation has for somebody in a hurry, and who knows
//! no limit either.

use std::process::Command;
use std::time::{Duration, Instant};

use hikyaku_mock::{Directory, MockNet, Profile};

use super::{ideal, postfix::Postfix, sink};

/// It is given up after so many times the ideal.
const GIVEN_UP: f64 = 4.0;

/// What is tuned: a mail that was put off is tried again after 5 s, by a queue manager that looks as often, over 20 sessions
/// that are kept open.
const TUNED: &str = "\
minimal_backoff_time = 5s
maximal_backoff_time = 5s
queue_run_delay = 5s
qmgr_message_active_limit = 20000
qmgr_message_recipient_limit = 20000
initial_destination_concurrency = 20
default_destination_concurrency_limit = 20
smtp_connection_cache_on_demand = yes
smtp_connection_cache_destinations = $relayhost
";

/// Prints a line for each profile.
pub fn table(runs: impl Iterator<Item = (&'static str, usize)>) {
    println!("| profile | mails | ideal s | Postfix took s | ratio | refused for pace |");
    println!("|---|---:|---:|---:|---:|---:|");
    for (name, mails) in runs.filter(|(name, _)| *name != "unknown") {
        let profile = Profile::named(&format!("hidden-{name}")).unwrap();
        let ideal = ideal::seconds(&profile.carriers[0], mails);
        let (taken, seconds, refused) = run(profile, mails, Duration::from_secs_f64(ideal * GIVEN_UP));
        let ratio = seconds / ideal;
        if taken < mails {
            println!("| {name} | {mails} | {ideal:.1} | > {seconds:.0}, {taken} taken | > {ratio:.1} | {refused} |");
        } else {
            println!("| {name} | {mails} | {ideal:.1} | {seconds:.1} | {ratio:.2} | {refused} |");
        }
    }
}

/// How many mails were taken, in how many seconds, and how often it was refused for pace.
fn run(profile: Profile, mails: usize, within: Duration) -> (usize, f64, u64) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let net = MockNet::start(profile, Directory::UnknownPrefix("nobody".into()), 7).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let postfix = Postfix::start(folder.path(), net.hosts()[0].1.into(), TUNED).unwrap();
        let began = Instant::now();
        source(mails, &postfix.addr.to_string());
        let books = net.ledger();
        let mut taken = 0;
        while taken < mails && began.elapsed() < within {
            tokio::time::sleep(Duration::from_millis(50)).await;
            taken = books.acceptances().len();
        }
        let seconds = began.elapsed().as_secs_f64();
        drop(postfix);
        let refused = books.snapshot().carriers[0].refused_pace;
        net.shutdown().await;
        (taken, seconds, refused)
    })
}

/// Hands the mails in, which takes it a few seconds; the clock runs.
fn source(mails: usize, to: &str) {
    let options =
        ["-d", "-s", "20", "-l", "1500", "-f", "anpi@hikyaku.example.go.jp", "-t", "taro.yamada@hidden.example"];
    let source = Command::new(sink::program("smtp-source")).args(options).args(["-m", &mails.to_string(), to]).status();
    assert!(source.is_ok_and(|status| status.success()), "smtp-source of the Debian package postfix");
}
