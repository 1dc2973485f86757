//! `hikyaku journal`: the journal of a data folder, looked at and vouched for from outside.

mod certificate;
mod copy;
pub mod data;
mod erase;
mod export;
mod forget;
mod hand_over;
mod head;
pub mod home;
mod keys;
mod trial;
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
    /// Copies a journal from a file into a database or the other way, and proves both equal.
    Copy(copy::CopyArgs),
    /// Tries whether a database can be the home of a journal.
    Test(trial::TestArgs),
    /// Signs where the journal ends, into a folder that leaves this machine; to be run daily.
    Head(head::HeadArgs),
    /// Prints the journal as JSON Lines, personal data masked.
    Export(export::ExportArgs),
    /// Prints the journal as it grows, personal data masked.
    Tail(export::TailArgs),
    /// Forgets what the retention schedule says is due; to be run daily.
    Forget(forget::ForgetArgs),
    /// Erases a person for good and prints the signed certificate.
    Erase(erase::EraseArgs),
    /// Destroys every key and every file of the system and prints the signed certificate.
    EraseSystem(erase::EraseSystemArgs),
    /// Checks a certificate and prints it in Japanese.
    Certificate(certificate::CertificateArgs),
    /// Writes everything, encrypted to somebody's public key.
    HandOver(hand_over::HandOverArgs),
    /// Makes a key pair for a hand-over; run by whoever receives it.
    HandOverKey(hand_over::HandOverKeyArgs),
    /// Opens a hand-over with the private key.
    OpenHandOver(hand_over::OpenHandOverArgs),
    /// Replaces the master key or the key of links.
    RotateKeys(keys::RotateKeysArgs),
}

/// Runs one subcommand; `false` when something does not hold.
///
/// # Errors
/// One line that says what to mend.
pub async fn run(args: JournalArgs) -> Result<bool, String> {
    match args.command {
        JournalCommand::Verify(args) => verify::run(&args).await,
        JournalCommand::Copy(args) => copy::run(&args).await,
        JournalCommand::Test(args) => trial::run(&args).await,
        JournalCommand::Head(args) => head::run(&args).await,
        JournalCommand::Export(args) => export::run(&args).await,
        JournalCommand::Tail(args) => export::tail(&args).await,
        JournalCommand::Forget(args) => forget::run(&args).await,
        JournalCommand::Erase(args) => erase::run(&args).await,
        JournalCommand::EraseSystem(args) => erase::run_system(&args).await,
        JournalCommand::Certificate(args) => certificate::run(&args),
        JournalCommand::HandOver(args) => hand_over::run(&args).await,
        JournalCommand::HandOverKey(args) => hand_over::make_key(&args),
        JournalCommand::OpenHandOver(args) => hand_over::open(&args),
        JournalCommand::RotateKeys(args) => keys::run(&args),
    }
}
