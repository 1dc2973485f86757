//! `hikyaku inventory`: what runs, with versions and dates; the bill of materials; what differs from the recorded sheet [S14].

mod certificate;
pub mod components;
pub mod look;
mod sbom;
pub mod sheet;

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;

use crate::settings::Settings;
use sheet::Sheet;

/// What runs, with versions and dates.
#[derive(Debug, Args)]
#[command(
    after_help = "EXAMPLE\n  hikyaku inventory --config /var/lib/hikyaku/hikyaku.toml > sheet.toml\n  hikyaku inventory --config /var/lib/hikyaku/hikyaku.toml --diff sheet.toml\n  hikyaku inventory --sbom > hikyaku.cdx.json\n\nIn the sheet, write `until = \"2028-06-30\"` beside what its maker supports until then, and `note` beside anything.\nWith --diff, the exit status is 1 where something differs, has ended or ends within 90 days."
)]
pub struct InventoryArgs {
    /// The configuration, for certificates and the place of the journal.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Compares with this recorded sheet.
    #[arg(long, value_name = "SHEET", conflicts_with = "sbom")]
    diff: Option<PathBuf>,
    /// The bill of materials of this program: CycloneDX 1.5, JSON.
    #[arg(long)]
    sbom: bool,
}

/// Prints what was asked for.
///
/// # Errors
/// One line that says what to mend.
pub fn run(args: &InventoryArgs) -> Result<bool, String> {
    let components = components::linked()?;
    if args.sbom {
        println!("{:#}", sbom::sbom(&components));
        return Ok(true);
    }
    let settings = args.config.as_deref().map(Settings::read).transpose()?;
    let now = look::present(settings.as_ref(), &components)?;
    let today = sheet::day(Timestamp::now());
    let Some(path) = &args.diff else {
        let recorded = Sheet { recorded: Some(today), ..now };
        print!("{}", toml::to_string(&recorded).map_err(|e| e.to_string())?);
        return Ok(true);
    };
    let differences = sheet::differences(&sheet::read(path)?, &now, today);
    if differences.is_empty() {
        println!("台帳のとおりです。");
    }
    differences.iter().for_each(|line| println!("{line}"));
    Ok(differences.is_empty())
}
