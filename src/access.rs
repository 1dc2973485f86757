//! `hikyaku access`: the table of roles and actions, for the manual.

use clap::{Args, Subcommand};
use hikyaku_dispatch::matrix_markdown;

/// Roles and rights.
#[derive(Debug, Args)]
pub struct AccessArgs {
    #[command(subcommand)]
    command: AccessCommand,
}

#[derive(Debug, Subcommand)]
enum AccessCommand {
    /// Prints which role may do what, and how far, as Markdown.
    Matrix,
}

/// Runs one subcommand.
pub fn run(args: &AccessArgs) -> bool {
    match args.command {
        AccessCommand::Matrix => print!("{}", matrix_markdown()),
    }
    true
}
