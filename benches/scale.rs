//! From 11,500 to 1,150,000 recipients in one batch: mails a second, memory, and the restart after SIGKILL.
//!
//! `cargo bench --bench scale` (about three minutes); `cargo bench --bench scale -- 115000` measures one size.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "a bench that cannot go on stops")]

#[path = "../tests/acceptance/command.rs"]
mod command;
#[path = "../tests/acceptance/counting.rs"]
mod counting;
#[path = "yardsticks/headline.rs"]
mod headline;
#[path = "../tests/acceptance/scale.rs"]
mod scale;
#[path = "../tests/acceptance/sink.rs"]
mod sink;
#[path = "../tests/acceptance/writing.rs"]
mod writing;

const SIZES: [usize; 3] = [11_500, 115_000, 1_150_000];

fn main() {
    headline::headline("mails a second within 20 % of the smallest, 150 MiB, 5 s until it sends again");
    let asked: Vec<usize> = std::env::args().filter_map(|word| word.parse().ok()).collect();
    let sizes = if asked.is_empty() { SIZES.to_vec() } else { asked };
    println!("hikyaku send --relay into smtp-sink -c; killed when half was taken\n");
    println!(
        "{:>9} {:>9} {:>8} {:>12} {:>11} {:>10}",
        "mails", "mails/s", "total s", "peak MiB", "restart s", "file MiB"
    );
    for mails in sizes {
        let scale::Figures { mails_per_second, seconds, peak_mib, restart_seconds, file_mib } = scale::measure(mails);
        println!(
            "{mails:>9} {mails_per_second:>9.0} {seconds:>8.1} {peak_mib:>12.1} {restart_seconds:>11.3} {file_mib:>10.1}"
        );
    }
}
