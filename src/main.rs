//! The command: reads its arguments, runs one subcommand, and says in one line why it could not.

#![allow(clippy::print_stdout, reason = "a command speaks on standard output")]

mod access;
mod account;
mod backup;
mod carrier_table;
mod check;
mod closing;
mod courier;
mod demo;
mod dkim_key;
mod feed;
mod init;
mod inventory;
mod journal;
mod judge;
mod letter_files;
mod lock;
mod marks;
mod metrics;
mod mock;
mod people;
mod ranges;
mod remote;
mod report;
mod rules;
mod send;
mod serve;
mod settings;
mod show;
mod signing;
mod simulate;
mod trouble;
mod voice;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use mimalloc::MiMalloc;

/// The system's allocator costs a fifth of all time when some thousand mails a second are rendered, sent and recorded.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// 飛脚 hikyaku: turns a disaster into mails that arrive.
#[derive(Debug, Parser)]
#[command(
    version,
    about,
    after_help = "EXAMPLE\n  hikyaku demo --exit\n\nhikyaku COMMAND --help explains each command with an example."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// One earthquake telegram becomes 11,500 mails, on this machine alone.
    Demo(demo::DemoArgs),
    /// Set up a system: configuration, keys, database, first administrator.
    Init(init::InitArgs),
    /// Run everything: engine, feeds, push endpoint, pages.
    Serve(serve::ServeArgs),
    /// What the console does, over the API of a server that runs.
    Remote(remote::RemoteArgs),
    /// A mail to each row of a roster.
    Send(Box<send::SendArgs>),
    /// A key for DKIM and its DNS record.
    DkimKey(dkim_key::DkimKeyArgs),
    /// What telegrams say, a folder of them as if live, what feeds bring.
    Feed(feed::FeedArgs),
    /// Who would get what because of a telegram, and why.
    Judge(judge::JudgeArgs),
    /// What is wrong with the rules.
    Check(check::CheckArgs),
    /// The rules, out of the journal and into it.
    Rules(rules::RulesArgs),
    /// The month, an incident, which dispatches were late and why.
    Report(report::ReportArgs),
    /// What runs, with versions and dates; the bill of materials.
    Inventory(inventory::InventoryArgs),
    /// What went wrong, who was told, what is done about it.
    Trouble(trouble::TroubleArgs),
    /// What happened, in order: verified, signed.
    Journal(journal::JournalArgs),
    /// Journal, configuration and rules in a folder that leaves this machine, and back.
    Backup(backup::BackupArgs),
    /// The end of a service: the notice, and the list of what must be gone.
    Closing(closing::ClosingArgs),
    /// Rosters in and out.
    People(people::PeopleArgs),
    /// Roles and rights.
    Access(access::AccessArgs),
    /// The mock carriers alone.
    Mock(mock::MockArgs),
    /// How long a dispatch would take, at any scale, without sending anything.
    Simulate(simulate::SimulateArgs),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Err(problem) = voice::begin() {
        return fail(&problem);
    }
    // One core is left to the threads that write the queue.
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let workers = cores.saturating_sub(1).max(1);
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_all().build() {
        Ok(runtime) => runtime,
        Err(e) => return fail(&format!("the system gives no threads: {e}")),
    };
    let result = runtime.block_on(async {
        match cli.command {
            Command::Demo(args) => demo::run(args).await,
            Command::Init(args) => init::run(args).await,
            Command::Serve(args) => serve::run(args).await,
            Command::Remote(args) => remote::run(&args).await,
            Command::Send(args) => send::run(*args).await,
            Command::DkimKey(args) => dkim_key::run(args),
            Command::Journal(args) => journal::run(args).await,
            Command::Backup(args) => backup::run(args).await,
            Command::Closing(args) => closing::run(&args).await,
            Command::Judge(args) => judge::run(&args).await,
            Command::Check(args) => check::run(&args).await,
            Command::Rules(args) => rules::run(&args).await,
            Command::Report(args) => report::run(&args).await,
            Command::Inventory(args) => inventory::run(&args),
            Command::Trouble(args) => trouble::run(&args),
            Command::People(args) => people::run(args).await,
            Command::Access(args) => access::run(&args).await,
            Command::Mock(args) => mock::run(args).await,
            Command::Feed(args) => feed::run(args).await,
            Command::Simulate(args) => simulate::run(&args),
        }
    });
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(problem) => fail(&problem),
    }
}

fn fail(problem: &str) -> ExitCode {
    voice::fail(problem);
    ExitCode::from(2)
}
