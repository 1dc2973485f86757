//! `hikyaku backup`: the journal, the configuration and the rules in a folder that can leave this machine, and back (requirement
//! R04). Keys are never in it: a restore is a backup of any age with the present keys.

mod create;
mod manifest;
mod restore;
pub mod rows;
mod source;
#[cfg(test)]
mod tests;
mod verify;

use clap::{Args, Subcommand};
pub use source::SOCKET;

/// Journal, configuration and rules in a folder of its own: made while the server runs, verified, restored.
#[derive(Debug, Args)]
pub struct BackupArgs {
    #[command(subcommand)]
    command: BackupCommand,
}

#[derive(Debug, Subcommand)]
enum BackupCommand {
    /// Makes a backup; a server that runs goes on.
    Create(create::CreateArgs),
    /// Checks every file and every row of a backup.
    Verify(verify::VerifyArgs),
    /// Makes a system of a backup and the present keys, in an empty folder.
    Restore(restore::RestoreArgs),
}

/// Runs one subcommand; `false` when a backup is damaged.
///
/// # Errors
/// One line that says what to mend.
pub async fn run(args: BackupArgs) -> Result<bool, String> {
    match args.command {
        BackupCommand::Create(args) => create::run(&args).await,
        BackupCommand::Verify(args) => verify::run(&args),
        BackupCommand::Restore(args) => restore::run(&args).await,
    }
}
