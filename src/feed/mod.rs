//! The subcommand `feed`: what telegrams say.

mod read;

use clap::{Args, Subcommand};

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
}

/// Runs one subcommand; `false` when something was not understood.
pub fn run(args: &FeedArgs) -> Result<bool, String> {
    match &args.command {
        FeedCommand::Read(args) => read::run(args),
    }
}
