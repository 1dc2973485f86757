//! `hikyaku people export` and `addresses`: what holds now, without a single local part of an address.

use std::path::{Path, PathBuf};

use clap::Args;
use hikyaku_dispatch::{HealthState, Person, PersonId, RetentionCommand, Side, State, write_roster};
use jiff::Timestamp;

use super::SideArg;
use crate::journal::data::open_desk;

/// What to export, and where to; two people agreed to it.
#[derive(Debug, Args)]
#[command(
    after_help = "EXAMPLE\n  hikyaku people export --data /var/lib/hikyaku/data -o roster.csv\n\nTwo people agree first: hikyaku access propose export, then hikyaku access agree. --dry-run needs nobody."
)]
pub struct ExportArgs {
    /// The data folder.
    #[arg(long)]
    data: PathBuf,
    /// Which half of the system.
    #[arg(long, value_enum, default_value_t)]
    side: SideArg,
    /// The file to write; without it the roster goes to standard output.
    #[arg(long, short)]
    output: Option<PathBuf>,
    /// Only says how many people it would hold.
    #[arg(long)]
    dry_run: bool,
}

/// Whose addresses to look at.
#[derive(Debug, Args)]
pub struct AddressesArgs {
    /// The data folder.
    #[arg(long)]
    data: PathBuf,
    /// Which half of the system.
    #[arg(long, value_enum, default_value_t)]
    side: SideArg,
}

pub async fn export(args: &ExportArgs) -> Result<bool, String> {
    let desk = open_existing(&args.data).await?;
    let side: Side = args.side.into();
    if !args.dry_run {
        // The journal says that it was downloaded, and by whom, before anybody has it.
        let export = RetentionCommand::ExportRoster { side };
        desk.command(export, Timestamp::now()).await.map_err(|e| e.to_string())?;
    }
    let (people, text) = desk.read(|state| {
        let known: Vec<&Person> = state.people().of(side).filter(|person| person.personal.is_some()).collect();
        (known.len(), write_roster(known, state.groups()))
    });
    match (&args.output, args.dry_run) {
        (_, true) => println!("{} {people} 人（退職した人を含む）。何も書いていません。", side.word()),
        (Some(path), false) => {
            std::fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()))?;
            println!("{}: {people} 人", path.display());
        }
        (None, false) => print!("{text}"),
    }
    Ok(true)
}

pub async fn addresses(args: &AddressesArgs) -> Result<bool, String> {
    let desk = open_existing(&args.data).await?;
    let side: Side = args.side.into();
    desk.read(|state| {
        let report = state.address_report(state.people().of(side));
        let number = |person: &PersonId| number(state, *person);
        println!("{} {} 人", side.word(), report.people);
        for state in HealthState::ALL {
            println!("  {}: {} アドレス", state.word(), report.by_state.get(&state).copied().unwrap_or_default());
        }
        println!("アドレスなし: {} 人", report.without.len());
        report.without.iter().for_each(|person| println!("  {}", number(person)));
        println!("アドレス一つ: {} 人", report.with_one.len());
        println!("どのアドレスも無効: {} 人", report.unreachable.len());
        report.unreachable.iter().for_each(|person| println!("  {}", number(person)));
        println!("問題のあるアドレス: {}", report.troubled.len());
        for (person, place, verdict) in &report.troubled {
            let evidence = verdict.evidence.map(|it| format!("{} {}", it.sign.word(), it.at)).unwrap_or_default();
            println!("  {} #{place} {} {evidence}", number(person), verdict.state.word());
        }
    });
    Ok(true)
}

/// The organisation's own number of a person.
fn number(state: &State, person: PersonId) -> String {
    let personal = state.people().find(person).and_then(|person| person.personal.as_ref());
    personal.map(|personal| personal.external_id.clone()).unwrap_or_default()
}

/// A desk on a data folder that is there already.
pub async fn open_existing(data: &Path) -> Result<hikyaku_dispatch::Desk, String> {
    if !crate::journal::data::has_journal(data)? {
        return Err(format!("there is no journal.redb in {}: import a roster first", data.display()));
    }
    open_desk(data).await
}
