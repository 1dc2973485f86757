//! The rules of the journal: words that will not be true, targets that hold nobody, people whom no rule reaches.

use std::path::Path;

use hikyaku_dispatch::{Complaint, Rehearsal, State, complaints};
use jiff::Timestamp;

use super::facts::Facts;
use super::finding::Finding;
use crate::journal::data::read_present;

const WHY: &str = "災害のときに、送るべき人に届かないか、誤った文面が届きます。";

/// What is wrong with the rules.
pub fn findings(facts: &Facts) -> Vec<Finding> {
    let mut found = undrilled(facts);
    found.extend(of_rules(facts));
    found
}

/// Carriers at which a drill would not show that mails do not arrive (requirement R03).
fn undrilled(facts: &Facts) -> Vec<Finding> {
    let why = "その事業者だけで届かなくなっても、送信訓練では分かりません。";
    let remedy = "その事業者のアドレスを持つ管理者の職員番号を [drill] people に加えてください。";
    let finding = |line: &String| Finding::warning(("carrier-undrilled", "[drill] people"), line, why, remedy);
    facts.undrilled.iter().map(finding).collect()
}

fn of_rules(facts: &Facts) -> Vec<Finding> {
    match &facts.rules {
        Ok(lines) => lines.iter().map(|line| finding(line)).collect(),
        Err(problem) => {
            let remedy = "サーバーを止めているときに実行するか、管理画面の規則のページで確かめてください。";
            vec![Finding::note(("rules-unread", "data"), problem.clone(), WHY, remedy)]
        }
    }
}

/// A complaint about a rule.
pub fn finding(line: &str) -> Finding {
    Finding::warning(("rule", "rules"), line, WHY, "管理画面か hikyaku rules import で規則を直してください。")
}

/// What was read of a data folder.
#[derive(Debug)]
pub struct Read {
    /// The complaints about its rules.
    pub complaints: Vec<String>,
    /// How many rules there are.
    pub rules: usize,
    /// Large carriers at which nobody gets the drill that goes round.
    pub undrilled: Vec<String>,
}

/// The complaints about the rules of a data folder, and about whom the drill goes to.
///
/// # Errors
/// One line that says why they cannot be read.
pub async fn read(data: &Path, drill: Option<&Rehearsal>) -> Result<Read, String> {
    let state = read_present(data).await?;
    let found = complaints(&state, Timestamp::now());
    Ok(Read {
        complaints: found.iter().map(|complaint| line(complaint, &state)).collect(),
        rules: state.rules().len(),
        undrilled: drill.map(|drill| drill.gaps(&state)).unwrap_or_default(),
    })
}

/// A complaint with the rule that it is about.
pub fn line(complaint: &Complaint, state: &State) -> String {
    let Some(rule) = complaint.rule else { return format!("規則全体: {}", complaint.text) };
    let name = state.rules().get(&rule).map_or("", |it| it.name.as_str());
    format!("規則 {rule}「{name}」: {}", complaint.text)
}
