//! `hikyaku report`: what must be explained, printed from the journal: which dispatches were late, and why (requirement P06).

use std::path::PathBuf;

use clap::{Args, Subcommand};
use hikyaku_dispatch::{Dispatch, HealthState, Punctuality};
use jiff::Timestamp;

use crate::journal::data::read_present;

/// Reports from the journal of a data folder, while nothing else has it open.
#[derive(Debug, Args)]
#[command(
    after_help = "EXAMPLE\n  hikyaku report late --data /var/lib/hikyaku\n  hikyaku report late --dispatch 12 --data /var/lib/hikyaku"
)]
pub struct ReportArgs {
    #[command(subcommand)]
    command: ReportCommand,
}

#[derive(Debug, Subcommand)]
enum ReportCommand {
    /// The cause report of each dispatch that was late, or of one: stages, carriers, the slowest of both, measures.
    Late(LateArgs),
    /// How many of a dispatch answered, by the health of their addresses.
    Health(HealthArgs),
}

#[derive(Debug, Args)]
struct LateArgs {
    /// The data folder.
    #[arg(long)]
    data: PathBuf,
    /// The number of one dispatch, as in d12, late or not.
    #[arg(long)]
    dispatch: Option<u32>,
    /// Late beyond so many times what its class allows.
    #[arg(long, default_value_t = 1.5)]
    factor: f64,
}

#[derive(Debug, Args)]
struct HealthArgs {
    /// The data folder.
    #[arg(long)]
    data: PathBuf,
    /// The number of the dispatch, as in d12.
    #[arg(long)]
    dispatch: u32,
}

/// Prints one report.
///
/// # Errors
/// One line that says what to mend.
pub async fn run(args: &ReportArgs) -> Result<bool, String> {
    match &args.command {
        ReportCommand::Late(args) => late(args).await,
        ReportCommand::Health(args) => health(args).await,
    }
}

async fn late(args: &LateArgs) -> Result<bool, String> {
    let state = read_present(&args.data).await?;
    let now = Timestamp::now();
    let is_meant = |it: &&Dispatch| match args.dispatch {
        Some(number) => it.id().0 == number,
        None => it.delivery() != Default::default() && Punctuality::of(it).is_late(args.factor, now),
    };
    let meant: Vec<&Dispatch> = state.dispatches().filter(is_meant).collect();
    if let (Some(number), true) = (args.dispatch, meant.is_empty()) {
        return Err(format!("--dispatch {number}: there is no such dispatch"));
    }
    if meant.is_empty() {
        println!("要求時間の {} 倍を超えた配信はありません。", args.factor);
    }
    for dispatch in meant {
        println!(
            "{}\n{}",
            dispatch.id(),
            Punctuality::of(dispatch).cause_report(&dispatch.record().title, dispatch.measures(), now)
        );
    }
    Ok(true)
}

async fn health(args: &HealthArgs) -> Result<bool, String> {
    let state = read_present(&args.data).await?;
    let shares = state.tally_by_health(hikyaku_dispatch::DispatchId(args.dispatch));
    if shares.is_empty() {
        return Err(format!("--dispatch {}: there is no such dispatch", args.dispatch));
    }
    for (verdict, share) in shares {
        let word = verdict.map_or("アドレスなし", HealthState::word);
        println!("{word}: 対象 {} 人 回答 {} 人", share.people, share.answered);
    }
    Ok(true)
}
