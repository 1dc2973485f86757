//! `hikyaku journal export` and `tail`: the journal as JSON Lines.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use hikyaku_dispatch::export;

use super::data;

/// How often the end of a file is looked at that another program may write to in between.
const LOOK: Duration = Duration::from_secs(1);

/// What to print.
#[derive(Debug, Args)]
#[command(
    after_help = "EXAMPLE\n  hikyaku journal export /var/lib/hikyaku/data > journal.jsonl\n\nThe form of the lines is in docs/journal.md."
)]
pub struct ExportArgs {
    /// The data folder.
    data: PathBuf,
    /// The first row.
    #[arg(long, default_value_t = 1)]
    from: u64,
}

/// What to follow.
#[derive(Debug, Args)]
#[command(after_help = "EXAMPLE\n  hikyaku journal tail /var/lib/hikyaku/data")]
pub struct TailArgs {
    /// The data folder.
    data: PathBuf,
    /// The first row; without it only what comes from now on.
    #[arg(long)]
    from: Option<u64>,
}

/// Prints the journal as it is.
pub async fn run(args: &ExportArgs) -> Result<bool, String> {
    print(&args.data, args.from).await?;
    Ok(true)
}

/// Prints what comes, until it is stopped. The file is open only while it is read: one program at a time can have it.
pub async fn tail(args: &TailArgs) -> Result<bool, String> {
    let mut next = match args.from {
        Some(from) => from,
        None => data::open_journal(&args.data).await?.head().await.map_err(|e| e.to_string())?.seq + 1,
    };
    loop {
        next = print(&args.data, next).await? + 1;
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            _ = tokio::signal::ctrl_c() => return Ok(true),
        }
    }
}

async fn print(folder: &std::path::Path, from: u64) -> Result<u64, String> {
    let (journal, keys) = (data::open_journal(folder).await?, data::read_keys(folder)?);
    export(&*journal, &keys, from, &mut io::stdout()).await.map_err(|e| e.to_string())
}
