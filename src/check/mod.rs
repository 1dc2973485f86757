//! `hikyaku check`: what is wrong with the set-up, before it is needed. Facts are gathered first; what they mean is decided by
//! rules that touch nothing, a file each.

mod carriers;
mod certificate;
mod clock;
mod database;
mod dkim;
mod dmarc;
mod facts;
mod finding;
mod gather;
mod hosts;
mod lint;
mod machine;
mod own;
mod receiving;
mod rules;
mod sender;
mod sources;
mod spf;
#[cfg(test)]
mod tests;
mod unanswered;

use std::path::{Path, PathBuf};

use clap::Args;

use crate::settings::{self, Settings};
use facts::Facts;
pub use facts::{Answer, Helo, Identity, Names, SigningKey};
use finding::{Finding, counts};
pub use gather::{addresses, ahead_ms, identity, name_service, names};
pub use rules::line;
pub use spf::is_spf;

/// What is wrong with the set-up: sender domain, keys, certificate, clock, disk, sources, database, configuration, rules.
#[derive(Debug, Args)]
#[command(
    after_help = "EXAMPLE\n  hikyaku check --config /srv/hikyaku/hikyaku.toml\n  hikyaku check --json            for monitoring\n  hikyaku check /srv/hikyaku/data only the rules of a data folder\n\nEnds with 0 when nothing is wrong, 1 when there are warnings, 2 when there are errors. Carriers are called with --carriers only."
)]
pub struct CheckArgs {
    /// A data folder: only its rules are checked.
    data: Option<PathBuf>,
    /// The configuration.
    #[arg(long, value_name = "FILE", default_value = settings::FILE, conflicts_with = "data")]
    config: PathBuf,
    /// Prints findings as one JSON document.
    #[arg(long)]
    json: bool,
    /// Calls a host of each carrier of the table, on port 25, and hangs up after its greeting.
    #[arg(long, conflicts_with = "data")]
    carriers: bool,
}

/// Prints what was found; `false` if there are warnings.
///
/// # Errors
/// How many errors there are, or one line that says why nothing can be checked.
pub async fn run(args: &CheckArgs) -> Result<bool, String> {
    let (what, findings) = match &args.data {
        Some(data) => of_rules(data).await?,
        None => ("設定と環境".to_owned(), of_all(args).await?),
    };
    let (errors, warnings) = counts(&findings);
    if args.json {
        let all = serde_json::json!({ "errors": errors, "warnings": warnings, "findings": findings });
        println!("{all}");
    } else {
        findings.iter().for_each(|finding| println!("{}", finding.text()));
        match (errors, warnings) {
            (0, 0) => println!("{what}に問題は見つかりませんでした。"),
            _ => println!("誤り {errors} 件、警告 {warnings} 件。直してから、もう一度確かめてください。"),
        }
    }
    match (errors, warnings) {
        (0, 0) => Ok(true),
        (0, _) => Ok(false),
        _ => Err(format!("check: {errors} errors, {warnings} warnings")),
    }
}

/// What was checked, and what was found.
async fn of_rules(data: &Path) -> Result<(String, Vec<Finding>), String> {
    let read = rules::read(data, None).await?;
    Ok((format!("規則 {} 件", read.rules), read.complaints.iter().map(|line| rules::finding(line)).collect()))
}

async fn of_all(args: &CheckArgs) -> Result<Vec<Finding>, String> {
    let settings = Settings::read(&args.config)?;
    let config = settings.mail.config(settings.data.join("queue"))?;
    let facts = gather::facts(&settings, &config, args.carriers).await?;
    let mut findings = lint::findings(&settings, &config);
    findings.extend(judge(&facts));
    findings.sort_by_key(|finding| finding.severity);
    Ok(findings)
}

/// Everything that the facts say is wrong.
fn judge(facts: &Facts) -> Vec<Finding> {
    let rules = [
        unanswered::findings,
        sender::findings,
        spf::findings,
        dkim::findings,
        dmarc::findings,
        receiving::findings,
        hosts::findings,
        own::findings,
        certificate::findings,
        clock::findings,
        machine::findings,
        sources::findings,
        database::findings,
        carriers::findings,
        rules::findings,
    ];
    rules.iter().flat_map(|rule: &fn(&Facts) -> Vec<Finding>| rule(facts)).collect()
}
