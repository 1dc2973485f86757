//! The pages under load: 500 live dashboards beside 100 answers a second, answers alone, three times as many as it can take.
//!
//! Server and load are two processes on the same machine; at the end the server is killed, and every answer that was acknowledged
//! must be in its journal. `cargo bench --bench web`
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "a bench that cannot go on stops")]

mod load;
mod server;

use std::collections::BTreeSet;
use std::time::Duration;

use load::{Load, Times};

/// Requirement P08.
const DASHBOARDS: usize = 500;
const ANSWERS_PER_SECOND: f64 = 100.0;
const STEADY: Duration = Duration::from_secs(60);
const ALONE: Duration = Duration::from_secs(10);
const RUSH: Duration = Duration::from_secs(15);
/// How much more than the capacity comes in the rush.
const TIMES_OVER: f64 = 3.0;

fn main() {
    if let Ok(folder) = std::env::var(server::FOLDER) {
        return server::run(folder.as_ref());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(measure());
}

async fn measure() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = server::Child::start(folder.path());
    let told = server.told();
    let mut load = Load::new(&told);
    println!("{DASHBOARDS} log-ins: {:.1} s", load.log_in(DASHBOARDS).await.as_secs_f64());
    let (answers, pages) = load.steady(DASHBOARDS, ANSWERS_PER_SECOND, STEADY).await;
    print("answers, beside dashboards", &answers, STEADY);
    print("dashboards", &pages, STEADY);
    let alone = load.alone(ALONE).await;
    print("answers alone", &alone, ALONE);
    let capacity = alone.done() as f64 / ALONE.as_secs_f64();
    let (admitted, pages) = load.rush(capacity * TIMES_OVER, RUSH).await;
    print("answers in the rush, admitted", &admitted, RUSH);
    print("dashboards in the rush", &pages, RUSH);
    println!(
        "goodput: {:.0} % of {capacity:.0} answers a second",
        admitted.done() as f64 / RUSH.as_secs_f64() / capacity * 100.0
    );
    println!("server's memory at most: {} MiB", server.memory_max_kib() / 1024);
    let acknowledged: BTreeSet<String> = load.acknowledged();
    server.kill();
    let lost = server::missing(folder.path(), &acknowledged).await;
    println!("acknowledged answers: {}; not in the journal after SIGKILL: {lost}", acknowledged.len());
}

fn print(name: &str, times: &Times, of: Duration) {
    println!(
        "{name:<30} {:>6.0}/s  p50 {:>6.1} ms  p99 {:>6.1} ms  max {:>7.1} ms  turned away {:>6}  errors {}",
        times.done() as f64 / of.as_secs_f64(),
        times.share(0.5),
        times.share(0.99),
        times.share(1.0),
        times.turned_away,
        times.errors
    );
}
