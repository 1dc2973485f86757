//! `hikyaku people`: rosters in and out of a data folder, by hand and every day.

pub mod import;
pub mod pull;
mod travel;
mod write;

use clap::{Args, Subcommand, ValueEnum};
use hikyaku_dispatch::Side;

/// Rosters in and out.
#[derive(Debug, Args)]
#[command(after_help = "EXAMPLE\n  hikyaku people import roster.csv --data /var/lib/hikyaku/data --dry-run")]
pub struct PeopleArgs {
    #[command(subcommand)]
    command: PeopleCommand,
}

#[derive(Debug, Subcommand)]
enum PeopleCommand {
    /// Brings a roster in: every row of it, or every fault by line and column and nothing else.
    Import(import::ImportArgs),
    /// Writes the roster that holds now, with masked addresses, as a CSV that Excel opens and that reads back unchanged.
    Export(write::ExportArgs),
    /// Brings in the newest roster of a folder or of an HTTPS address, once or every day.
    Pull(pull::PullArgs),
    /// Journeys abroad: in, out, and who is where.
    Travel(travel::TravelArgs),
    /// Lists who has no address, one address only, or one that does not work.
    Addresses(write::AddressesArgs),
}

/// Which half of the system.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub enum SideArg {
    /// 国内.
    #[default]
    Domestic,
    /// 海外.
    Overseas,
}

impl From<SideArg> for Side {
    fn from(side: SideArg) -> Self {
        match side {
            SideArg::Domestic => Side::Domestic,
            SideArg::Overseas => Side::Overseas,
        }
    }
}

/// Runs one subcommand; `false` when the roster was not taken.
///
/// # Errors
/// One line that says what to mend.
pub async fn run(args: PeopleArgs) -> Result<bool, String> {
    match args.command {
        PeopleCommand::Import(args) => import::run(&args).await,
        PeopleCommand::Export(args) => write::export(&args).await,
        PeopleCommand::Pull(args) => pull::run(&args).await,
        PeopleCommand::Travel(args) => travel::run(&args).await,
        PeopleCommand::Addresses(args) => write::addresses(&args).await,
    }
}
