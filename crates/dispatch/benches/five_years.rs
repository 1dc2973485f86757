//! Five years of a ministry: how long it takes to open, what it holds in memory, what one step costs.
//!
//! `cargo bench -p hikyaku-dispatch --bench five_years [-- PEOPLE…]`; without numbers 11,500. Each incident asks everybody, every mail has
//! an outcome, 85 % answer, one in ten with words of their own. Opening is measured in a process of its own.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a bench fails by panicking and speaks")]

#[path = "../tests/common/mod.rs"]
mod common;

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;
use std::process::Command as Process;
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::{answer, at, bulletin, import, rule, take};
use hikyaku_bulletin::{Revision, SourceId, Standing};
use hikyaku_dispatch::{
    AccountCommand, Command, Desk, DispatchCommand, DispatchId, Journal as _, JudgingCommand, Keys, MailEnd,
    MailOutcome, MemoryJournal, Names, PasswordHash, PersonId, RedbJournal, SnapshotFile, decide,
};
use jiff::{SignedDuration, Timestamp};

const PEOPLE: u32 = 11_500;
const ACCOUNTS: u32 = 1_000;
const GROUPS: u32 = 300;
const INCIDENTS: u32 = 60;
/// Outcomes in one command.
const OUTCOMES: usize = 500;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.as_slice() {
        [verb, folder, snapshot] if verb == "open" => {
            runtime.block_on(open(Path::new(folder), snapshot == "with"));
        }
        numbers => {
            let numbers: Vec<u32> = numbers.iter().map(|number| number.parse().unwrap()).collect();
            for people in if numbers.is_empty() { vec![PEOPLE] } else { numbers } {
                runtime.block_on(measure(people));
            }
        }
    }
}

/// Opens a journal as a fresh program does, and says how long it took and what is resident then.
async fn open(folder: &Path, with_snapshot: bool) {
    let started = Instant::now();
    let journal = Arc::new(RedbJournal::open(folder.join("journal.redb")).unwrap());
    let keys = Keys::open(folder.join("keys")).unwrap();
    let snapshot = with_snapshot.then(|| SnapshotFile::new(folder.join("snapshot")));
    let desk = Desk::open_from(journal, keys, snapshot).await.unwrap();
    let took = started.elapsed();
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let mib = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.split_whitespace().next().unwrap().parse::<u64>().unwrap() / 1024
    };
    let people = desk.read(|state| state.people().len());
    assert!(people > 0);
    println!("{:.2} s, {} MiB resident, {} MiB at most", took.as_secs_f64(), mib("VmRSS:"), mib("VmHWM:"));
}

async fn measure(people: u32) {
    let folder = tempfile::tempdir().unwrap();
    let started = Instant::now();
    fill(folder.path(), people).await;
    let bytes = std::fs::metadata(folder.path().join("journal.redb")).unwrap().len();
    println!("{people} people, {GROUPS} groups, {ACCOUNTS} accounts, {INCIDENTS} incidents");
    println!("  the journal: {} MiB, made in {:.0} s", bytes >> 20, started.elapsed().as_secs_f64());
    for (snapshot, what) in [
        ("without", "opening without a snapshot"),
        ("with", "the same, writing a snapshot"),
        ("with", "opening with it"),
    ] {
        let this = std::env::current_exe().unwrap();
        let output = Process::new(this).arg("open").arg(folder.path()).arg(snapshot).output().unwrap();
        println!("  {what}: {}", String::from_utf8_lossy(&output.stdout).trim());
    }
    let desk = {
        let journal = Arc::new(RedbJournal::open(folder.path().join("journal.redb")).unwrap());
        Desk::open(journal, Keys::open(folder.path().join("keys")).unwrap()).await.unwrap()
    };
    let now = month(INCIDENTS);
    desk.read(|state| {
        let command = take(shock(INCIDENTS, now));
        let events = decide(state, &command, now).unwrap();
        let asked = common::opened(&events).iter().map(|(_, people)| people.len()).sum::<usize>();
        assert_eq!(asked, people as usize);
        told("judging one bulletin that asks everybody", 20, || drop(black_box(decide(state, &command, now).unwrap())));
        let last = state.latest_dispatch().unwrap().id();
        told("the tally of a dispatch with all its groups", 1_000, || drop(black_box(state.tally(last))));
        let group = state.groups().by_path(hikyaku_dispatch::Side::Domestic, ["局7", "課7"]).unwrap();
        told("the tally of one group", 100_000, || drop(black_box(state.tally_of(last, group).unwrap())));
    });
    answers(people).await;
}

/// A way to say how long one of many takes.
fn told(what: &str, times: u32, mut work: impl FnMut()) {
    work();
    let started = Instant::now();
    (0..times).for_each(|_| work());
    say(what, started.elapsed() / times);
}

fn say(what: &str, took: Duration) {
    println!("  {what}: {:.1} µs", took.as_secs_f64() * 1e6);
}

/// The whole way of an answer but for the disk: decided, sealed, chained, applied and shown, with everybody answering at once.
async fn answers(people: u32) {
    let desk = Desk::open(Arc::new(MemoryJournal::new()), Keys::in_memory().unwrap()).await.unwrap();
    desk.command(import(&roster(people)), at("09:00:00")).await.unwrap();
    desk.command(the_rule(), at("09:00:00")).await.unwrap();
    desk.command(take(shock(0, month(0))), month(0)).await.unwrap();
    let wishes = (1..=people).map(|person| answer(DispatchId(1), PersonId(person), 1, "無事です")).collect();
    let started = Instant::now();
    all(&desk, wishes, month(0)).await;
    say("one answer command, with words, without the disk", started.elapsed() / people);
}

/// Gives many commands at once and waits for all.
async fn all(desk: &Desk, commands: Vec<Command>, now: Timestamp) {
    let tasks: Vec<_> = commands
        .into_iter()
        .map(|command| {
            let desk = desk.clone();
            tokio::spawn(async move { desk.command(command, now).await.map(drop) })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
}

async fn fill(folder: &Path, people: u32) {
    let journal = Arc::new(RedbJournal::open(folder.join("journal.redb")).unwrap());
    let desk = Desk::open(Arc::clone(&journal) as _, Keys::open(folder.join("keys")).unwrap()).await.unwrap();
    desk.command(import(&roster(people)), at("09:00:00")).await.unwrap();
    desk.command(the_rule(), at("09:00:00")).await.unwrap();
    for account in 0..ACCOUNTS {
        let names = Names { login: format!("manager{account}"), label: format!("管理者{account}") };
        let password = PasswordHash { salt: [0; 16], memory_kib: 1, passes: 1, hash: [0; 32] };
        let open = AccountCommand::Open { names, person: Some(PersonId(account + 1)), password };
        desk.command(open, at("09:00:00")).await.unwrap();
    }
    for incident in 0..INCIDENTS {
        let now = month(incident);
        desk.command(take(shock(incident, now)), now).await.unwrap();
        let dispatch = desk.read(|state| state.latest_dispatch().unwrap().id());
        assert_eq!(dispatch, DispatchId(incident + 1), "an incident of its own");
        let outcome = |person: u32| MailOutcome {
            person: PersonId(person),
            place: 1,
            carrier: "docomo".into(),
            round: 0,
            end: MailEnd::Accepted,
            cause: None,
            at: now,
        };
        let outcomes: Vec<MailOutcome> = (1..=people).map(outcome).collect();
        for part in outcomes.chunks(OUTCOMES) {
            desk.command(DispatchCommand::RecordOutcomes { dispatch, outcomes: part.to_vec() }, now).await.unwrap();
        }
        let answered = (1..=people).filter(|person| (person + incident) % 20 < 17);
        let words = |person: u32| if (person + incident).is_multiple_of(10) { "家族も無事です" } else { "" };
        let wishes = answered.map(|person| answer(dispatch, PersonId(person), 1, words(person))).collect();
        all(&desk, wishes, now + SignedDuration::from_mins(5)).await;
    }
    assert!(journal.head().await.unwrap().seq > 0);
}

fn the_rule() -> Command {
    JudgingCommand::SetRule { rule: Box::new(rule()) }.into()
}

/// When an incident is.
fn month(incident: u32) -> Timestamp {
    at("16:12:00") + SignedDuration::from_hours(i64::from(incident) * 730)
}

/// An earthquake that concerns everybody, in a series of its own.
fn shock(number: u32, when: Timestamp) -> hikyaku_bulletin::Bulletin {
    let areas = [("390", 17, "6+"), ("350", 13, "6+")];
    let mut shock = bulletin("16:12:00", &format!("series {number}"), Revision::Issue, Standing::Real, &areas);
    shock.source = SourceId::new(format!("telegram {number}"));
    (shock.published, shock.issued, shock.occurred) = (when, when, Some(when));
    shock
}

fn roster(people: u32) -> String {
    let mut csv = String::from("id,name,group,region,email\n");
    for person in 1..=people {
        let (office, section, region) = (person % 10, person % (GROUPS - 10), if person % 2 == 0 { 17 } else { 13 });
        writeln!(csv, "{person},山田{person}郎,局{office}/課{section},{region},p{person}@example{}.jp", person % 7)
            .unwrap();
    }
    csv
}
