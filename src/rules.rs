//! `hikyaku rules`: rules, tables of targets and escalations, out of the journal and into it, as one JSON document.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use hikyaku_bulletin::Intensity;
use hikyaku_dispatch::{Desk, JudgingCommand, Rule, RuleId, Table, complaints};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::check::line;
use crate::journal::data::{open_desk, read_present};

/// Rules of a data folder, while nothing else has it open.
#[derive(Debug, Args)]
#[command(
    after_help = "EXAMPLE\n  hikyaku rules export --data /var/lib/hikyaku > rules.json\n  hikyaku rules import rules.json --data /var/lib/hikyaku --dry-run\n\nA system without rules exports one to begin with: 震度６弱以上, everybody who lives or works there."
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

/// What is exported and imported.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    tables: Vec<Table>,
    rules: Vec<Rule>,
    #[serde(default)]
    escalations: Vec<Escalation>,
}

/// After how long managers are told of those who do not answer.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Escalation {
    /// Of dispatches of which rule; `null` for those that people compose.
    rule: Option<RuleId>,
    /// 0 for never.
    minutes: u32,
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
    let mut rules: Vec<Rule> = state.rules().values().cloned().collect();
    if rules.is_empty() {
        rules.push(Rule::safety(RuleId(1), Intensity::SixLower));
    }
    let told = std::iter::once(None).chain(state.rules().keys().copied().map(Some));
    let told = told.map(|rule| Escalation { rule, minutes: state.escalation(rule) });
    let escalations = told.filter(|it| it.minutes > 0).collect();
    let document = Document { tables: state.tables().cloned().collect(), rules, escalations };
    println!("{}", serde_json::to_string_pretty(&document).map_err(|e| e.to_string())?);
    Ok(true)
}

async fn import(args: &ImportArgs) -> Result<bool, String> {
    let named = |problem: &dyn std::fmt::Display| format!("{}: {problem}", args.file.display());
    let text = std::fs::read_to_string(&args.file).map_err(|e| named(&e))?;
    let document: Document = serde_json::from_str(&text).map_err(|e| named(&e))?;
    let now = Timestamp::now();
    if args.dry_run {
        let mut state = read_present(&args.data).await?;
        for command in commands(document) {
            let events = hikyaku_dispatch::decide(&state, &command.into(), now).map_err(|e| named(&e))?;
            events.iter().for_each(|event| state.apply(event));
        }
        let found = complaints(&state, now);
        found.iter().for_each(|complaint| println!("{}", line(complaint, &state)));
        println!("試しに読んだだけで、何も変えていません。");
        return Ok(found.is_empty());
    }
    let desk = open_desk(&args.data).await?;
    set(&desk, document, now).await.map_err(|problem| named(&problem))?;
    println!("規則を登録しました。hikyaku check で確かめてください。");
    Ok(true)
}

async fn set(desk: &Desk, document: Document, now: Timestamp) -> Result<(), String> {
    for command in commands(document) {
        desk.command(command, now).await.map_err(|e| e.to_string())?;
    }
    Ok(())
}

/// Tables first, for rules name them.
fn commands(document: Document) -> Vec<JudgingCommand> {
    let tables = document.tables.into_iter().map(|table| JudgingCommand::SetTable { table });
    let rules = document.rules.into_iter().map(|rule| JudgingCommand::SetRule { rule: Box::new(rule) });
    let told = document.escalations.into_iter();
    let told = told.map(|Escalation { rule, minutes }| JudgingCommand::SetEscalation { rule, minutes });
    tables.chain(rules).chain(told).collect()
}
