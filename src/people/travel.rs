//! `hikyaku people travel`: journeys abroad in and out, and who is where now and soon (requirements O02, O05).

use std::path::PathBuf;

use clap::{Args, Subcommand};
use hikyaku_bulletin::CountryCode;
use hikyaku_dispatch::{
    Desk, Error, Event, Refusal, RosterScope, State, TravelCommand, TravelEvent, TravelRefusal, decide, local_time,
    read_stays, write_stays,
};
use hikyaku_feeds::tables::{country, country_named};
use jiff::Timestamp;

use super::write::open_existing;

/// Journeys abroad.
#[derive(Debug, Args)]
#[command(
    after_help = "EXAMPLE\n  hikyaku people travel import journeys.csv --data /var/lib/hikyaku/data --dry-run\n  hikyaku people travel who タイ --days 7 --data /var/lib/hikyaku/data\n\nA list has the columns 職員番号,区分,国,開始日,終了日; 区分 is 出張 or 赴任, and 国 a name or a code, several with ;"
)]
pub struct TravelArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Brings a list of journeys in: every row of it, or every fault by line and column and nothing else.
    Import(ImportArgs),
    /// Writes the journeys that are registered, as a CSV that Excel opens and that reads back unchanged.
    Export(ExportArgs),
    /// Lists who is in a country now, or will be on one of the next days.
    Who(WhoArgs),
}

#[derive(Debug, Args)]
struct ImportArgs {
    /// The list: CSV in UTF-8 (with or without BOM) or Shift_JIS.
    file: PathBuf,
    /// The data folder.
    #[arg(long)]
    data: PathBuf,
    /// Only says what would change.
    #[arg(long)]
    dry_run: bool,
    /// The file is a part: it says nothing of journeys that are not in it.
    #[arg(long)]
    part: bool,
}

#[derive(Debug, Args)]
struct ExportArgs {
    /// The data folder.
    #[arg(long)]
    data: PathBuf,
    /// The file to write; without it the list goes to standard output.
    #[arg(long, short)]
    output: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct WhoArgs {
    /// The country, by name or code.
    country: String,
    /// From now until so many days later.
    #[arg(long, default_value_t = 0)]
    days: u16,
    /// The data folder.
    #[arg(long)]
    data: PathBuf,
}

/// Runs one subcommand; `false` when a list was not taken.
///
/// # Errors
/// One line that says what to mend.
pub async fn run(args: &TravelArgs) -> Result<bool, String> {
    match &args.command {
        Command::Import(args) => import(args).await,
        Command::Export(args) => export(args).await,
        Command::Who(args) => who(args).await,
    }
}

fn code(text: &str) -> Option<CountryCode> {
    country(text).or_else(|| country_named(text))?.alpha2.parse().ok()
}

async fn import(args: &ImportArgs) -> Result<bool, String> {
    let bytes = std::fs::read(&args.file).map_err(|e| format!("{}: {e}", args.file.display()))?;
    let rows = match read_stays(&bytes, &code) {
        Ok(rows) => rows,
        Err(faults) => {
            println!("{faults}");
            return Ok(false);
        }
    };
    let desk = open_existing(&args.data).await?;
    let scope = if args.part { RosterScope::Part } else { RosterScope::Whole };
    let now = Timestamp::now();
    let command = TravelCommand::Import { rows, scope };
    match desk.read(|state| decide(state, &command.clone().into(), now)) {
        Ok(events) => println!("{}", desk.read(|state| changes(state, &events))),
        Err(refusal) => {
            println!("{refusal}");
            return Ok(false);
        }
    }
    if args.dry_run {
        println!("試しに読んだだけで、何も変えていません。");
        return Ok(true);
    }
    take(&desk, command, now).await
}

async fn take(desk: &Desk, command: TravelCommand, now: Timestamp) -> Result<bool, String> {
    match desk.command(command, now).await {
        Ok(_) => {
            println!("取り込みました。");
            Ok(true)
        }
        Err(Error::Refused(Refusal::Travel(refusal @ TravelRefusal::Faults(_)))) => {
            println!("{refusal}");
            Ok(false)
        }
        Err(error) => Err(error.to_string()),
    }
}

/// What would change, in a line.
fn changes(state: &State, events: &[Event]) -> String {
    let (mut new, mut changed, mut gone) = (0, 0, 0);
    for event in events {
        match event {
            Event::Travel(TravelEvent::StaySet { stay, .. }) if state.travel().find(*stay).is_some() => changed += 1,
            Event::Travel(TravelEvent::StaySet { .. }) => new += 1,
            Event::Travel(TravelEvent::StayRemoved { .. }) => gone += 1,
            _ => {}
        }
    }
    format!("渡航情報: 追加 {new} 件、変更 {changed} 件、削除 {gone} 件")
}

async fn export(args: &ExportArgs) -> Result<bool, String> {
    let desk = open_existing(&args.data).await?;
    let text = desk.read(|state| write_stays(state.travel().iter(), state.people()));
    match &args.output {
        Some(path) => std::fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()))?,
        None => print!("{text}"),
    }
    Ok(true)
}

async fn who(args: &WhoArgs) -> Result<bool, String> {
    let code = code(&args.country)
        .ok_or_else(|| format!("{}: give a country by name or code, such as タイ or TH", args.country))?;
    let desk = open_existing(&args.data).await?;
    let now = Timestamp::now();
    desk.read(|state| {
        let people = state.travel().people_in(code, now, i64::from(args.days));
        println!("{code} 現地時刻 {}", local_time(now, code));
        println!("今から {} 日以内にいる人: {} 人", args.days, people.len());
        for stay in state.travel().iter().map(|it| it.stay).filter(|it| it.is_in(code, now, i64::from(args.days))) {
            let known = state.people().find(stay.person).and_then(|person| person.personal.as_ref());
            let (id, name) = known.map_or(("", ""), |it| (it.external_id.as_str(), it.name.as_str()));
            let to = stay.to.map_or_else(|| "未定".to_owned(), |to| to.to_string());
            println!("  {id} {name} {} {}〜{to}", stay.kind.word(), stay.from);
        }
    });
    Ok(true)
}
