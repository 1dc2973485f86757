//! `hikyaku people import`: a roster by hand, with a dry run that says what would change.

use std::path::PathBuf;

use clap::Args;
use hikyaku_bulletin::RegionCode;
use hikyaku_dispatch::{
    Desk, Error, PeopleCommand, PeopleRefusal, Refusal, RemovalGuard, Roster, RosterImport, RosterScope,
    preview_roster, read_roster_with,
};
use hikyaku_feeds::tables::{Table, area};
use jiff::Timestamp;

use super::SideArg;
use crate::journal::data::set_up_desk;

/// What to import, and how.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// The roster: CSV in UTF-8 (with or without BOM) or Shift_JIS.
    file: PathBuf,
    /// The data folder; a new one is set up.
    #[arg(long)]
    data: PathBuf,
    /// Only says what would change.
    #[arg(long)]
    dry_run: bool,
    /// The file is a part of the roster: it says nothing of those who are not in it.
    #[arg(long)]
    part: bool,
    /// Which half of the system.
    #[arg(long, value_enum, default_value_t)]
    side: SideArg,
    /// So many people may leave or lose their last address without being confirmed.
    #[arg(long, default_value_t = RemovalGuard::default().people)]
    guard_people: usize,
    /// And so many percent of all.
    #[arg(long, default_value_t = RemovalGuard::default().percent)]
    guard_percent: usize,
    /// The number of people who leave or lose their last address, as the dry run named it.
    #[arg(long)]
    confirm: Option<usize>,
}

pub async fn run(args: &ImportArgs) -> Result<bool, String> {
    let place = args.file.display();
    let bytes = std::fs::read(&args.file).map_err(|e| format!("{place}: {e}"))?;
    let desk = set_up_desk(&args.data).await?;
    let Roster { rows, notices } = match read(&bytes) {
        Ok(roster) => roster,
        Err(faults) => {
            println!("{faults}");
            return Ok(false);
        }
    };
    for notice in notices {
        println!("{notice}");
    }
    let import = RosterImport {
        side: args.side.into(),
        rows,
        scope: if args.part { RosterScope::Part } else { RosterScope::Whole },
        guard: RemovalGuard { people: args.guard_people, percent: args.guard_percent },
        confirmed: args.confirm,
    };
    let now = Timestamp::now();
    match desk.read(|state| preview_roster(state, &import, now)) {
        Ok(changes) => println!("{changes}"),
        Err(faults) => {
            println!("{faults}");
            return Ok(false);
        }
    }
    if args.dry_run {
        println!("試しに読んだだけで、何も変えていません。");
        return Ok(true);
    }
    match take(&desk, import, now).await? {
        Ok(()) => println!("取り込みました。"),
        Err(reason) => {
            println!("取り込んでいません。{reason}（--confirm 人数）");
            return Ok(false);
        }
    }
    Ok(true)
}

/// Reads a roster with the table of regions that exist.
pub fn read(bytes: &[u8]) -> Result<Roster, String> {
    read_roster_with(bytes, &is_region).map_err(|faults| faults.to_string())
}

/// Takes a roster; the inner error says why it was not taken, and reads in the words for administrators.
pub async fn take(desk: &Desk, import: RosterImport, now: Timestamp) -> Result<Result<(), PeopleRefusal>, String> {
    match desk.command(PeopleCommand::Import(import), now).await {
        Ok(_) => Ok(Ok(())),
        Err(Error::Refused(Refusal::People(
            refusal @ (PeopleRefusal::Guarded { .. } | PeopleRefusal::KeysMissing { .. } | PeopleRefusal::Faults(_)),
        ))) => Ok(Err(refusal)),
        Err(error) => Err(error.to_string()),
    }
}

/// Whether a region of a roster exists: a 細分区域 that no table knows would never concern anybody.
pub fn is_region(region: &RegionCode) -> bool {
    match region {
        RegionCode::SeismicLocal(code) => area(Table::Seismic, &code.to_string()).is_some(),
        _ => true,
    }
}
