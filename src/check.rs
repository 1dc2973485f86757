//! `hikyaku check`: what is wrong with the rules of a data folder, before they are needed.

use std::path::PathBuf;

use clap::Args;
use hikyaku_dispatch::{Complaint, State, complaints};
use jiff::Timestamp;

use crate::journal::data::read_present;

/// What is wrong with the rules: words that will not be true, targets that hold nobody, people whom no rule reaches.
#[derive(Debug, Args)]
#[command(after_help = "EXAMPLE\n  hikyaku check /var/lib/hikyaku\n\nEnds with 1 when something is to be mended.")]
pub struct CheckArgs {
    /// The data folder.
    data: PathBuf,
}

/// Prints each complaint on a line; `false` if there is one.
///
/// # Errors
/// One line that says what to mend.
pub async fn run(args: &CheckArgs) -> Result<bool, String> {
    let state = read_present(&args.data).await?;
    let found = complaints(&state, Timestamp::now());
    for complaint in &found {
        println!("{}", line(complaint, &state));
    }
    if found.is_empty() {
        println!("規則 {} 件に問題は見つかりませんでした。", state.rules().len());
    } else {
        println!("{} 件の問題があります。規則を直してから、もう一度確かめてください。", found.len());
    }
    Ok(found.is_empty())
}

/// A complaint with the rule that it is about.
pub fn line(complaint: &Complaint, state: &State) -> String {
    let Some(rule) = complaint.rule else { return format!("規則全体: {}", complaint.text) };
    let name = state.rules().get(&rule).map_or("", |it| it.name.as_str());
    format!("規則 {rule}「{name}」: {}", complaint.text)
}
