//! `hikyaku journal`: the journal of a data folder, looked at and vouched for from outside.

mod data;
mod head;
mod verify;

use clap::{Args, Subcommand};

/// The journal of a data folder: everything that happened, in order, with a chain that shows any change.
#[derive(Debug, Args)]
pub struct JournalArgs {
    #[command(subcommand)]
    command: JournalCommand,
}

#[derive(Debug, Subcommand)]
enum JournalCommand {
    /// Checks every row, and that the journal passed through the heads that were signed.
    Verify(verify::VerifyArgs),
    /// Signs where the journal ends, into a folder that leaves this machine; to be run daily.
    Head(head::HeadArgs),
}

/// Runs one subcommand; `false` when something does not hold.
///
/// # Errors
/// One line that says what to mend.
pub async fn run(args: JournalArgs) -> Result<bool, String> {
    match args.command {
        JournalCommand::Verify(args) => verify::run(&args).await,
        JournalCommand::Head(args) => head::run(&args).await,
    }
}
