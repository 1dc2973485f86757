//! The pages under load: 500 live dashboards beside 100 answers a second, answers alone, three times as many as it takes.
//!
//! Server and load are two processes on the same machine; at the end the server is killed, and every answer that was acknowledged
//! must be in its journal, which is on a disk where `TMPDIR` names one. Dashboards hold a stream and fetch their numbers at each of its
//! words, as their script does; one in sixteen people writes something, which must stand in a page that asks them to come back.
//!
//! For the rush the server is held to one core, so that the load has one too: a load that shares the server's cores cannot ask three
//! times what the server can do. Capacity is what the server admits when as many answers come as it lets in
//! (`WebState::answers_per_second`); what the machine could do without that is measured apart.
//! `cargo bench --bench web`; `-- rush` for the rush alone, `-- brief` to see in a tenth of the time whether the bench itself works.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "a bench that cannot go on stops")]

#[path = "../yardsticks/headline.rs"]
mod headline;
mod load;
mod server;
mod wire;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use load::{Load, Times};
use server::{Child, Cores, Pace};

/// Requirement P08.
const DASHBOARDS: usize = 500;
const ANSWERS_PER_SECOND: f64 = 100.0;
const STEADY: Duration = Duration::from_secs(60);
const ALONE: Duration = Duration::from_secs(10);
const RUSH: Duration = Duration::from_secs(15);
/// Dashboards that are open in the rush.
const RUSH_DASHBOARDS: usize = 50;
/// How much more than the capacity comes in the rush.
const TIMES_OVER: f64 = 3.0;

fn main() {
    if let Ok(folder) = std::env::var(server::FOLDER) {
        return server::run(folder.as_ref());
    }
    headline::headline(
        "answers p99 100 ms, dashboards p99 300 ms, no errors; three times over: p99 500 ms, 80 % of the capacity",
    );
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        if !is_asked("rush") {
            steady().await;
            limit().await;
        }
        rush().await;
    });
}

fn is_asked(word: &str) -> bool {
    std::env::args().any(|argument| argument == word)
}

/// How long it is measured.
fn lasting(whole: Duration) -> Duration {
    if is_asked("brief") { whole / 10 } else { whole }
}

/// What requirement P08 asks, and how many answers a second there can be.
async fn steady() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Child::start(folder.path(), Cores::All, Pace::Own);
    let mut load = Load::new(&server.told());
    println!("{DASHBOARDS} log-ins: {:.1} s", load.log_in(DASHBOARDS).await.as_secs_f64());
    let (calm, alone) = (lasting(STEADY), lasting(ALONE));
    let (answers, pages) = load.steady(DASHBOARDS, ANSWERS_PER_SECOND, calm).await;
    print("answers, beside dashboards", &answers, calm);
    print("dashboards", &pages, calm);
    print("answers alone", &load.alone(alone).await, alone);
    end(&mut server, &load, folder.path()).await;
}

/// How many answers the machine can take when nothing holds them back.
async fn limit() {
    for (cores, name) in [(Cores::All, "alone, no pace"), (Cores::One, "alone, no pace, one core")] {
        let folder = tempfile::tempdir().unwrap();
        let mut server = Child::start(folder.path(), cores, Pace::None);
        let load = Load::new(&server.told());
        print(name, &load.alone(lasting(ALONE)).await, lasting(ALONE));
        end(&mut server, &load, folder.path()).await;
    }
}

/// Three times as many answers as are admitted on one core, whatever becomes of them.
async fn rush() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Child::start(folder.path(), Cores::One, Pace::Own);
    let mut load = Load::new(&server.told());
    load.log_in(RUSH_DASHBOARDS).await;
    let (calm, rush) = (lasting(ALONE), lasting(RUSH));
    let alone = load.alone(calm).await;
    print("answers alone, on one core", &alone, calm);
    let capacity = alone.in_time as f64 / calm.as_secs_f64();
    let calm_kib = server.memory_max_kib();
    let (admitted, pages) = load.steady(RUSH_DASHBOARDS, capacity * TIMES_OVER, rush).await;
    print("answers in the rush, admitted", &admitted, rush);
    print("dashboards in the rush", &pages, rush);
    let goodput = admitted.in_time as f64 / rush.as_secs_f64() / capacity * 100.0;
    println!("goodput: {goodput:.0} % of {capacity:.0} answers a second");
    println!("memory at most: {} MiB before, {} MiB after", calm_kib / 1024, server.memory_max_kib() / 1024);
    end(&mut server, &load, folder.path()).await;
}

async fn end(server: &mut Child, load: &Load, folder: &Path) {
    if in_memory(folder) {
        println!("the journal is in memory, not on a disk: TMPDIR names a folder on one");
    }
    println!("server's memory at most: {} MiB", server.memory_max_kib() / 1024);
    let acknowledged: BTreeMap<String, usize> = load.acknowledged();
    server.kill();
    let lost = server::missing(folder, &acknowledged).await;
    let all: usize = acknowledged.values().sum();
    println!("acknowledged answers: {all}; not in the journal after SIGKILL: {lost}");
}

/// Whether what is written there never reaches a disk.
fn in_memory(folder: &Path) -> bool {
    let Ok(mounts) = std::fs::read_to_string("/proc/self/mounts") else { return false };
    let mounts = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(1);
        Some((words.next()?, words.next()?))
    });
    let holds = |(at, _): &(&str, &str)| folder.starts_with(at);
    mounts.filter(holds).max_by_key(|(at, _)| at.len()).is_some_and(|(_, kind)| kind == "tmpfs")
}

fn print(name: &str, times: &Times, of: Duration) {
    println!(
        "{name:<28} {:>6.0}/s  p50 {:>6.1} ms  p99 {:>6.1} ms  max {:>7.1} ms  sent again {:>6}  told {:>6}  errors {:?}",
        times.in_time as f64 / of.as_secs_f64(),
        times.share(0.5),
        times.share(0.99),
        times.share(1.0),
        times.sent_again,
        times.told,
        times.errors
    );
}
