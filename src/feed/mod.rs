//! `hikyaku feed`: telegrams by hand: play a folder of them as if live, and watch what feeds bring.

mod reissue;
mod replay;
mod watch;

use clap::{Args, Subcommand};

/// Play telegrams as if live, and watch feeds.
#[derive(Debug, Args)]
pub struct FeedArgs {
    #[command(subcommand)]
    command: FeedCommand,
}

#[derive(Debug, Subcommand)]
enum FeedCommand {
    /// Play a folder of telegrams as if live, as feeds of JMA or pushed to a running system.
    Replay(replay::ReplayArgs),
    /// Print what feeds bring, as it comes.
    Watch(watch::WatchArgs),
}

/// Runs one of them.
///
/// # Errors
/// One line that says what to mend.
pub async fn run(args: FeedArgs) -> Result<bool, String> {
    match args.command {
        FeedCommand::Replay(args) => replay::run(args).await,
        FeedCommand::Watch(args) => watch::run(args).await,
    }
}
