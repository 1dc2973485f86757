//! `hikyaku feed`: what telegrams say, what an operator knows, a folder of telegrams played as if live, and what feeds bring.

mod alarms;
mod enter;
mod pusher;
mod read;
mod reissue;
mod replay;
mod watch;

use std::io::{ErrorKind, Write as _};

use clap::{Args, Subcommand};

pub use alarms::{Alarms, Change};
pub use read::document;

/// Telegrams of JMA, L-Alert, CAP and others.
#[derive(Debug, Args)]
pub struct FeedArgs {
    #[command(subcommand)]
    command: FeedCommand,
}

#[derive(Debug, Subcommand)]
enum FeedCommand {
    /// Prints what is understood of files.
    Read(read::ReadArgs),
    /// Enters what an operator knows, such as 国民保護情報.
    Enter(Box<enter::EnterArgs>),
    /// Plays a folder of telegrams as if live, as feeds of JMA or pushed to a running system.
    Replay(replay::ReplayArgs),
    /// Prints what feeds bring, as it comes.
    Watch(watch::WatchArgs),
}

/// Runs one subcommand; `false` when something was not understood or not taken.
///
/// # Errors
/// One line that says what to mend.
pub async fn run(args: FeedArgs) -> Result<bool, String> {
    match args.command {
        FeedCommand::Read(args) => read::run(&args),
        FeedCommand::Enter(args) => enter::run(*args).await,
        FeedCommand::Replay(args) => replay::run(args).await,
        FeedCommand::Watch(args) => watch::run(args).await,
    }
}

/// Prints; `false` when nobody reads any more, as behind `| head`.
pub fn tell(text: &str) -> Result<bool, String> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(e) => Err(format!("standard output: {e}")),
    }
}
