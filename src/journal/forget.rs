//! `hikyaku journal forget`: what the retention schedule says is due.

use std::fs;
use std::path::PathBuf;

use clap::Args;
use hikyaku_dispatch::{Schedule, sweep};
use jiff::Timestamp;

use super::data;

/// Where, and by which schedule.
#[derive(Debug, Args)]
#[command(
    after_help = "EXAMPLE\n  hikyaku journal forget /var/lib/hikyaku/data --schedule retention.toml\n\nA schedule: bulletins_days = 365, incidents_days = 1825, drills_days = 1095, a line each."
)]
pub struct ForgetArgs {
    /// The data folder.
    data: PathBuf,
    /// How long each kind of data is kept, in days (TOML); what it does not name stays at the default.
    #[arg(long)]
    schedule: Option<PathBuf>,
}

/// Forgets, and says how much.
pub async fn run(args: &ForgetArgs) -> Result<bool, String> {
    let schedule = match &args.schedule {
        None => Schedule::default(),
        Some(path) => {
            let text = fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
            toml::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))?
        }
    };
    let desk = data::open_desk(&args.data).await?;
    let swept = sweep(&desk, &schedule, Timestamp::now()).await.map_err(|e| e.to_string())?;
    println!("{} kinds or incidents forgotten, {} rows without content now", swept.forgotten.len(), swept.dropped);
    Ok(true)
}
