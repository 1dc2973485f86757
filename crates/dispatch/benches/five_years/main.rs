//! Five years of a ministry: how long it takes to open, what it holds in memory, what one step costs.
//!
//! `cargo bench -p hikyaku-dispatch --bench five_years [-- PEOPLE/INCIDENTS…]`; without numbers 11,500/60. 300 groups, 1,000 managers with
//! their rights, an incident a month that asks everybody, two reminders to whoever has not answered, an outcome for every
//! mail; 85 % answer, one in ten with words of their own. Making and opening the journal are processes of their own, with the
//! allocator that the command has.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a bench fails by panicking and speaks")]

#[path = "../../tests/common/mod.rs"]
mod common;
mod years;

use std::hint::black_box;
use std::path::Path;
use std::process::{Command as Process, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use hikyaku_dispatch::{
    Actor, Command, Desk, DispatchCommand, DispatchId, Keys, MemoryJournal, PersonId, RedbJournal, Side, SnapshotFile,
    State, decide, decide_for,
};
use mimalloc::MiMalloc;
use years::{GROUPS, MANAGERS, Wish, month, shock};

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

const PEOPLE: u32 = 11_500;
const INCIDENTS: u32 = 60;
/// An incident after all others.
const LATER: u32 = 1_000;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["make", folder, people, incidents] => {
            runtime.block_on(make(Path::new(folder), people.parse().unwrap(), incidents.parse().unwrap()));
        }
        ["open", folder, snapshot] => runtime.block_on(open(Path::new(folder), *snapshot == "with")),
        ["steps", folder, people, incidents] => {
            let desk = runtime.block_on(opened(Path::new(folder), false));
            desk.read(|state| steps(state, people.parse().unwrap(), incidents.parse().unwrap()));
        }
        ["weigh", people, incidents] => weigh(people.parse().unwrap(), incidents.parse().unwrap()),
        [] => runtime.block_on(measure(PEOPLE, INCIDENTS)),
        sizes => sizes.iter().for_each(|size| {
            let (people, incidents) = size.split_once('/').unwrap();
            runtime.block_on(measure(people.parse().unwrap(), incidents.parse().unwrap()));
        }),
    }
}

async fn measure(people: u32, incidents: u32) {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().to_str().unwrap();
    println!("{people} people, {GROUPS} groups, {MANAGERS} managers, {incidents} incidents");
    let [number, length] = [people, incidents].map(|number| number.to_string());
    itself(&["make", place, &number, &length]);
    for (snapshot, what) in
        [("without", "without a snapshot"), ("with", "the same, writing one"), ("with", "with the snapshot")]
    {
        print!("  opened {what}: ");
        itself(&["open", place, snapshot]);
    }
    let size = |name| std::fs::metadata(folder.path().join(name)).unwrap().len() >> 20;
    println!("  journal {} MiB, snapshot {} MiB", size("journal.redb"), size("snapshot"));
    itself(&["steps", place, &number, &length]);
    answers(people).await;
    itself(&["weigh", &number, &length]);
}

/// Runs this program in a process of its own.
fn itself(arguments: &[&str]) {
    let this = std::env::current_exe().unwrap();
    let done = Process::new(this).args(arguments).stderr(Stdio::inherit()).output().unwrap();
    assert!(done.status.success(), "{arguments:?}");
    print!("{}", String::from_utf8_lossy(&done.stdout));
}

async fn opened(folder: &Path, with_snapshot: bool) -> Desk {
    let journal = Arc::new(RedbJournal::open(folder.join("journal.redb")).unwrap());
    let keys = Keys::open(folder.join("keys")).unwrap();
    let snapshot = with_snapshot.then(|| SnapshotFile::new(folder.join("snapshot")));
    Desk::open_from(journal, keys, snapshot).await.unwrap()
}

/// Lives through the five years.
async fn make(folder: &Path, people: u32, incidents: u32) {
    let started = Instant::now();
    let desk = opened(folder, false).await;
    for command in years::beginning(people) {
        desk.command(command, common::at("09:00:00")).await.unwrap();
    }
    for command in desk.read(years::managers) {
        desk.command(command, common::at("09:00:00")).await.unwrap();
    }
    for incident in 0..incidents {
        desk.command(shock(incident), month(incident)).await.unwrap();
        let dispatch = DispatchId(incident + 1);
        for round in 0..3_u8 {
            let now = years::reminder(incident, round.into());
            desk.command(DispatchCommand::FollowUp { dispatch }, now).await.unwrap();
            for command in desk.read(|state| years::sent(state.dispatch(dispatch).unwrap(), round, now)) {
                desk.command(command, now).await.unwrap();
            }
            all(&desk, years::answers(people, incident, dispatch, round.into()), now).await;
        }
        let (rounds, answered) =
            desk.read(|state| (state.dispatch(dispatch).unwrap().rounds().len(), state.tally(dispatch).answered));
        assert_eq!(rounds, 2, "an incident of its own with two reminders");
        assert!(answered * 100 > people * 80, "{answered} answered");
    }
    let rows = desk.journal().head().await.unwrap().seq;
    println!("  the journal: {rows} rows, made in {:.0} s", started.elapsed().as_secs_f64());
}

/// Opens the journal as a fresh program does, and says how long it took and what is resident then, and after two seconds with
/// ten bulletins a second: what opening needed for itself goes back to the system once the allocator has something to do.
async fn open(folder: &Path, with_snapshot: bool) {
    let started = Instant::now();
    let desk = opened(folder, with_snapshot).await;
    let (took, resident) = (started.elapsed(), kib("VmRSS:") >> 10);
    for _ in 0..20 {
        assert!(desk.read(|state| decide(state, &shock(LATER), month(LATER))).is_ok());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let [later, most] = ["VmRSS:", "VmHWM:"].map(|name| kib(name) >> 10);
    println!("{:.2} s, {resident} MiB resident, {later} MiB two seconds later, {most} MiB at most", took.as_secs_f64());
}

/// What single steps cost.
fn steps(state: &State, people: u32, incidents: u32) {
    let (now, command) = (month(incidents), shock(incidents));
    let events = decide(state, &command, now).unwrap();
    let asked = common::opened(&events).iter().map(|(_, people)| people.len()).sum::<usize>();
    assert_eq!(asked, people as usize);
    told("judging one bulletin that asks everybody", 20, || drop(black_box(decide(state, &command, now).unwrap())));
    let last = state.latest_dispatch().unwrap().id();
    told("the tally of a dispatch with all its groups", 1_000, || drop(black_box(state.tally(last))));
    let group = state.groups().by_path(Side::Domestic, ["局7", "課7"]).unwrap();
    told("the tally of one group", 100_000, || drop(black_box(state.tally_of(last, group).unwrap())));
    let (manager, command) = years::answers(people, incidents - 1, last, 0)
        .into_iter()
        .find(|(actor, _)| matches!(actor, Actor::Account(_)))
        .unwrap();
    let now = month(incidents - 1);
    told("a manager's answer on somebody's behalf, decided", 10_000, || {
        drop(black_box(decide_for(state, manager, &command, now).unwrap()));
    });
}

/// Says how long one of many takes.
fn told(what: &str, times: u32, mut work: impl FnMut()) {
    work();
    let started = Instant::now();
    (0..times).for_each(|_| work());
    say(what, started.elapsed() / times);
}

fn say(what: &str, took: Duration) {
    println!("  {what}: {:.2} µs", took.as_secs_f64() * 1e6);
}

/// The whole way of an answer but for the disk: decided, sealed, chained, applied and shown, with everybody answering at once.
async fn answers(people: u32) {
    let desk = Desk::open(Arc::new(MemoryJournal::new()), Keys::in_memory().unwrap()).await.unwrap();
    for command in years::beginning(people) {
        desk.command(command, common::at("09:00:00")).await.unwrap();
    }
    desk.command(shock(0), month(0)).await.unwrap();
    let wish =
        |person| (Actor::Responder(PersonId(person)), common::answer(DispatchId(1), PersonId(person), 1, "無事です"));
    let wishes: Vec<Wish> = (1..=people).map(wish).collect();
    let started = Instant::now();
    all(&desk, wishes, month(0)).await;
    say("one answer command, with words, without the disk", started.elapsed() / people);
}

/// Gives many wishes at once and waits for all.
async fn all(desk: &Desk, wishes: Vec<Wish>, now: jiff::Timestamp) {
    let wish = |(actor, command): Wish| {
        let desk = desk.clone();
        tokio::spawn(async move { desk.command_as(actor, command, now).await.map(drop) })
    };
    for task in wishes.into_iter().map(wish).collect::<Vec<_>>() {
        task.await.unwrap().unwrap();
    }
}

/// What each room holds in memory, by how much the process grows while it fills.
fn weigh(people: u32, incidents: u32) {
    let mut state = State::default();
    let live = |state: &mut State, (actor, command): Wish, now| {
        let events = decide_for(state, actor, &command, now).unwrap();
        events.iter().for_each(|event| state.apply(event));
    };
    let begun = kib("VmRSS:");
    for command in years::beginning(people).into_iter().collect::<Vec<Command>>() {
        live(&mut state, (Actor::System, command), common::at("09:00:00"));
    }
    for command in years::managers(&state) {
        live(&mut state, (Actor::System, command), common::at("09:00:00"));
    }
    let mut before = kib("VmRSS:");
    println!("  people, groups, accounts and rights: {} MiB", (before - begun) >> 10);
    let mut weighed = |what: &str| {
        let now = kib("VmRSS:");
        let bytes = (now.saturating_sub(before) << 10) as f64 / f64::from(people * incidents);
        println!("  {what}: {bytes:.0} bytes a person and incident");
        before = now;
    };
    for incident in 0..incidents {
        live(&mut state, (Actor::System, shock(incident)), month(incident));
    }
    weighed("who is asked, what about, and the book that counts");
    for round in 0..3_u8 {
        for incident in 0..incidents {
            let (dispatch, now) = (DispatchId(incident + 1), years::reminder(incident, round.into()));
            live(&mut state, (Actor::System, DispatchCommand::FollowUp { dispatch }.into()), now);
            for command in years::sent(state.dispatch(dispatch).unwrap(), round, now) {
                live(&mut state, (Actor::System, command), now);
            }
        }
        weighed(["the first mails and their ends", "the first reminder", "the second"][usize::from(round)]);
        for incident in 0..incidents {
            let now = years::reminder(incident, round.into());
            for wish in years::answers(people, incident, DispatchId(incident + 1), round.into()) {
                live(&mut state, wish, now);
            }
        }
        weighed(["answers of half of them", "of a quarter", "of a tenth"][usize::from(round)]);
    }
}

/// A figure of this process in KiB.
fn kib(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}
