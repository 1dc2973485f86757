//! A bound of unsettled attempts that was raised for a near relay: killed at full speed, `hikyaku send` repeats no more than that.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use hikyaku_core::{Config, Engine, Outcome};

use crate::chance::Chance;
use crate::command::{count, run, start};
use crate::counting::CountingRelay;
use crate::writing::{Letter, MESSAGE, addresses};

const MAILS: usize = 11_500;
const KILLS: usize = 6;
/// Longer than anything takes from the last byte sent to the relay's books.
const LANDED: Duration = Duration::from_millis(300);
const HANGS: Duration = Duration::from_secs(60);

#[test]
fn killed_at_full_speed_it_repeats_no_more_than_the_bound_that_was_asked_for() {
    // The last is what `--relay` has where nothing is said.
    for (asked, bound) in [(Some(40), 40), (None, 2_048)] {
        assert_bounded(asked, bound);
    }
}

fn assert_bounded(asked: Option<usize>, bound: usize) {
    let (folder, relay) = (tempfile::tempdir().unwrap(), CountingRelay::start());
    let letter = Letter::write(folder.path(), &addresses(MAILS, &["docomo.ne.jp", "au.com"]), MESSAGE);
    let mut args = letter.args(&["--relay", &relay.addr.to_string()]);
    args.extend(asked.iter().flat_map(|n| ["--unsettled".to_string(), n.to_string()]));
    let mut chance = Chance(bound as u64);
    let mut runs: Vec<HashSet<String>> = Vec::new();
    for _ in 0..KILLS {
        let mut sending = start(folder.path(), &args);
        let until = 1 + (chance.share() * MAILS as f64 / KILLS as f64) as usize;
        let begun = Instant::now();
        while relay.count() < until {
            assert!(begun.elapsed() < HANGS, "it sends nothing");
            std::thread::sleep(Duration::from_micros(200));
        }
        assert!(sending.kill(), "it had ended");
        std::thread::sleep(LANDED);
        runs.push(taken(&relay));
    }
    let report = run(folder.path(), &args, 120).json();
    runs.push(taken(&relay));
    assert_eq!(["mails", "accepted", "still_waiting"].map(|key| count(&report, key)), [MAILS as u64, MAILS as u64, 0]);
    let everybody: HashSet<&String> = runs.iter().flatten().collect();
    assert_eq!(everybody.len(), MAILS, "every recipient has it at least once");
    let runs = &runs;
    let again =
        |run: usize| runs[run].iter().filter(move |rcpt| runs[run + 1..].iter().any(|later| later.contains(*rcpt)));
    let repeated: Vec<usize> = (0..KILLS).map(|kill| again(kill).count()).collect();
    eprintln!("copies beyond the first, by kill, of {bound}: {repeated:?}; {}", report["in_doubt"]);
    assert!(repeated.iter().all(|copies| *copies <= bound), "{repeated:?}, allowed {bound}");
    let doubts = doubts(&letter);
    for kill in 0..KILLS {
        for rcpt in again(kill) {
            let id = rcpt.split('@').next().unwrap().trim_start_matches("hanako.yamada");
            assert!(doubts.contains_key(id), "{id} has it twice and was never in doubt");
        }
    }
    let all: u64 = doubts.values().sum();
    assert!(all > 0 && all <= (bound * KILLS) as u64, "{all}");
    assert_eq!(count(&report, "in_doubt"), all);
}

/// Who was taken since the last look; nobody twice in one run.
fn taken(relay: &CountingRelay) -> HashSet<String> {
    let mails = relay.take();
    let rcpts: HashSet<String> = mails.iter().map(|mail| mail.rcpt.clone()).collect();
    assert_eq!(rcpts.len(), mails.len(), "somebody got it twice in one run");
    rcpts
}

/// How often each recipient was reported in doubt.
fn doubts(letter: &Letter) -> HashMap<String, u64> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let records = runtime.block_on(async {
        let engine = Engine::open(Config::new(&letter.data, "example.go.jp")).await.unwrap();
        let records = engine.records(0, usize::MAX).await.unwrap();
        engine.shutdown().await;
        records
    });
    let mut doubts = HashMap::new();
    for (_, record) in records.iter().filter(|(_, record)| record.outcome == Some(Outcome::InDoubt)) {
        *doubts.entry(record.recipient.clone()).or_default() += 1;
    }
    doubts
}
