//! `hikyaku rules`: rules, tables of targets and escalations, out of the journal and into it, as one JSON document.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use hikyaku_dispatch::{RuleBook, complaints};
use jiff::Timestamp;

use crate::check::line;
use crate::journal::data::{open_desk, read_present};

/// Rules of a data folder, while nothing else has it open.
#[derive(Debug, Args)]
#[command(
    after_help = "EXAMPLE\n  hikyaku rules export --data /var/lib/hikyaku/data > rules.json\n  hikyaku rules import rules.json --data /var/lib/hikyaku/data --dry-run\n\nA system without rules exports one to begin with: 震度６弱以上, everybody who lives or works there."
)]
pub struct RulesArgs {
    #[command(subcommand)]
    command: RulesCommand,
}

#[derive(Debug, Subcommand)]
enum RulesCommand {
    /// Prints the rules, tables and escalations that hold now.
    Export(ExportArgs),
    /// Sets the rules, tables and escalations of a document, replacing those of the same numbers; the others stay.
    Import(ImportArgs),
}

#[derive(Debug, Args)]
struct ExportArgs {
    /// The data folder.
    #[arg(long)]
    data: PathBuf,
}

#[derive(Debug, Args)]
struct ImportArgs {
    /// The document.
    file: PathBuf,
    /// The data folder.
    #[arg(long)]
    data: PathBuf,
    /// Only says what is wrong with it.
    #[arg(long)]
    dry_run: bool,
}

/// Runs one subcommand; `false` when a document was not taken.
///
/// # Errors
/// One line that says what to mend.
pub async fn run(args: &RulesArgs) -> Result<bool, String> {
    match &args.command {
        RulesCommand::Export(args) => export(args).await,
        RulesCommand::Import(args) => import(args).await,
    }
}

async fn export(args: &ExportArgs) -> Result<bool, String> {
    let state = read_present(&args.data).await?;
    let document = RuleBook::of(&state);
    println!("{}", serde_json::to_string_pretty(&document).map_err(|e| e.to_string())?);
    Ok(true)
}

async fn import(args: &ImportArgs) -> Result<bool, String> {
    let named = |problem: &dyn std::fmt::Display| format!("{}: {problem}", args.file.display());
    let text = std::fs::read_to_string(&args.file).map_err(|e| named(&e))?;
    let document: RuleBook = serde_json::from_str(&text).map_err(|e| named(&e))?;
    let now = Timestamp::now();
    if args.dry_run {
        let state = read_present(&args.data).await?;
        let state = document.tried(&state, now).map_err(|e| named(&e))?;
        let found = complaints(&state, now);
        found.iter().for_each(|complaint| println!("{}", line(complaint, &state)));
        println!("試しに読んだだけで、何も変えていません。");
        return Ok(found.is_empty());
    }
    let desk = open_desk(&args.data).await?;
    for command in document.commands() {
        desk.command(command, now).await.map_err(|e| named(&e))?;
    }
    println!("規則を登録しました。hikyaku check で確かめてください。");
    Ok(true)
}
