//! `hikyaku report`: what must be explained, from the journal: the month, an incident, which dispatches were late and why [P06 M01].

mod as_built;
mod gather;
mod happened;
mod incident;
mod installed;
pub mod ledger;
pub mod maker;
pub mod month;
mod monthly;
mod notes;
mod page;
mod parts;
mod pdf;
mod sheet;
pub mod shelf;
pub mod sla;
#[cfg(test)]
mod tests;
mod words;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use hikyaku_dispatch::{Dispatch, HealthState, IncidentId, Punctuality, read_state};
use jiff::Timestamp;

use crate::journal::data::{open_journal, read_keys, read_present};
use crate::settings::{self, Settings};
use maker::Maker;
use month::Month;
use sheet::Sheet;

pub use gather::happened;

/// What the file of the configuration's document is called.
pub const AS_BUILT: &str = "as-built";

/// Reports from the journal of a data folder, while nothing else has it open. A running server writes those of the month and of
/// recent incidents by itself, every hour.
#[derive(Debug, Args)]
#[command(
    after_help = "EXAMPLE\n  hikyaku report monthly --month 2026-11 --pdf --config /var/lib/hikyaku/hikyaku.toml\n  hikyaku report incident 3 --config /var/lib/hikyaku/hikyaku.toml\n  hikyaku report pdf reports/2026-11.html 2026-11.pdf\n  hikyaku report late --dispatch 12 --data /var/lib/hikyaku/data"
)]
pub struct ReportArgs {
    #[command(subcommand)]
    command: ReportCommand,
}

#[derive(Debug, Subcommand)]
enum ReportCommand {
    /// The monthly report of operation, as HTML (its editable source) and CSV in the folder of reports.
    Monthly(MonthlyArgs),
    /// The report of one incident, as HTML and CSV in the folder of reports.
    Incident(IncidentArgs),
    /// The configuration as it is (環境設定書): versions, keys that are set, database, carriers, keys that sign, rules, retention.
    AsBuilt(Written),
    /// PDF/A-2b out of a report's HTML, also one that was edited.
    Pdf(PdfArgs),
    /// The cause report of each dispatch that was late, or of one: stages, carriers, the slowest of both, measures.
    Late(LateArgs),
    /// How many of a dispatch answered, by the health of their addresses.
    Health(HealthArgs),
}

#[derive(Debug, Args)]
struct Written {
    /// The configuration of the system.
    #[arg(long, value_name = "FILE", default_value = settings::FILE)]
    config: PathBuf,
    /// Also as PDF/A-2b, which needs the program weasyprint.
    #[arg(long)]
    pdf: bool,
}

#[derive(Debug, Args)]
struct MonthlyArgs {
    /// The month, as in 2026-11; without it the one before this.
    #[arg(long)]
    month: Option<Month>,
    #[command(flatten)]
    written: Written,
}

#[derive(Debug, Args)]
struct IncidentArgs {
    /// Its number, as in i3.
    incident: u32,
    #[command(flatten)]
    written: Written,
}

#[derive(Debug, Args)]
struct PdfArgs {
    /// The HTML.
    html: PathBuf,
    /// Where the PDF goes.
    pdf: PathBuf,
}

#[derive(Debug, Args)]
struct LateArgs {
    /// The data folder.
    #[arg(long)]
    data: PathBuf,
    /// The number of one dispatch, as in d12, late or not.
    #[arg(long)]
    dispatch: Option<u32>,
    /// Late beyond so many times what its class allows.
    #[arg(long, default_value_t = 1.5)]
    factor: f64,
}

#[derive(Debug, Args)]
struct HealthArgs {
    /// The data folder.
    #[arg(long)]
    data: PathBuf,
    /// The number of the dispatch, as in d12.
    #[arg(long)]
    dispatch: u32,
}

/// Prints one report.
///
/// # Errors
/// One line that says what to mend.
pub async fn run(args: &ReportArgs) -> Result<bool, String> {
    match &args.command {
        ReportCommand::Monthly(args) => monthly(args).await,
        ReportCommand::Incident(args) => incident(args).await,
        ReportCommand::AsBuilt(args) => as_built(args).await,
        ReportCommand::Pdf(args) => {
            pdf::write(&args.html, &args.pdf)?;
            println!("{}", args.pdf.display());
            Ok(true)
        }
        ReportCommand::Late(args) => late(args).await,
        ReportCommand::Health(args) => health(args).await,
    }
}

async fn monthly(args: &MonthlyArgs) -> Result<bool, String> {
    let settings = Settings::read(&args.written.config)?;
    let (journal, keys) = (open_journal(&settings.data).await?, read_keys(&settings.data)?);
    let (state, _) = read_state(&*journal, &keys).await.map_err(|e| e.to_string())?;
    let (maker, now) = (Maker::new(&settings)?, Timestamp::now());
    let month = args.month.unwrap_or_else(|| Month::of(now).previous());
    let material = maker.gather(&*journal, &keys, month).await?;
    write(&maker, &month.to_string(), &maker.monthly(&state, &material, month, now), args.written.pdf)
}

async fn incident(args: &IncidentArgs) -> Result<bool, String> {
    let settings = Settings::read(&args.written.config)?;
    let (journal, keys) = (open_journal(&settings.data).await?, read_keys(&settings.data)?);
    let (state, _) = read_state(&*journal, &keys).await.map_err(|e| e.to_string())?;
    let (maker, now) = (Maker::new(&settings)?, Timestamp::now());
    let found = state.incident(IncidentId(args.incident));
    let found = found.ok_or_else(|| format!("{}: there is no such incident", IncidentId(args.incident)))?;
    let happened = gather::happened(&*journal, &keys, found.opened, now).await?;
    write(&maker, &found.id.to_string(), &maker.incident(&state, found, &happened, now), args.written.pdf)
}

async fn as_built(args: &Written) -> Result<bool, String> {
    let settings = Settings::read(&args.config)?;
    let state = read_present(&settings.data).await?;
    let maker = Maker::new(&settings)?;
    write(&maker, AS_BUILT, &maker.as_built(&state, Timestamp::now()), args.pdf)
}

/// Writes a report and prints where it lies.
fn write(maker: &Maker, name: &str, sheet: &Sheet, as_pdf: bool) -> Result<bool, String> {
    let [html, csv] = maker.write(name, sheet)?;
    let told = |path: &Path| println!("{}", path.display());
    told(&html);
    told(&csv);
    if as_pdf {
        let path = html.with_extension("pdf");
        pdf::write(&html, &path)?;
        told(&path);
    }
    Ok(true)
}

async fn late(args: &LateArgs) -> Result<bool, String> {
    let state = read_present(&args.data).await?;
    let now = Timestamp::now();
    let is_meant = |it: &&Dispatch| match args.dispatch {
        Some(number) => it.id().0 == number,
        None => it.delivery() != Default::default() && Punctuality::of(it).is_late(args.factor, now),
    };
    let meant: Vec<&Dispatch> = state.dispatches().filter(is_meant).collect();
    if let (Some(number), true) = (args.dispatch, meant.is_empty()) {
        return Err(format!("--dispatch {number}: there is no such dispatch"));
    }
    if meant.is_empty() {
        println!("要求時間の {} 倍を超えた配信はありません。", args.factor);
    }
    for dispatch in meant {
        println!(
            "{}\n{}",
            dispatch.id(),
            Punctuality::of(dispatch).cause_report(&dispatch.record().title, dispatch.measures(), now)
        );
    }
    Ok(true)
}

async fn health(args: &HealthArgs) -> Result<bool, String> {
    let state = read_present(&args.data).await?;
    let shares = state.tally_by_health(hikyaku_dispatch::DispatchId(args.dispatch));
    if shares.is_empty() {
        return Err(format!("--dispatch {}: there is no such dispatch", args.dispatch));
    }
    for (verdict, share) in shares {
        let word = verdict.map_or("アドレスなし", HealthState::word);
        println!("{word}: 対象 {} 人 回答 {} 人", share.people, share.answered);
    }
    Ok(true)
}
