//! The database of the journal: whether a commit would survive, and whether others can listen.

use hikyaku_dispatch::Concern;

use super::facts::Facts;
use super::finding::{Finding, Severity};

const WHY: &str = "記録は一度受け付けたら失われず、途中で読まれてはなりません。";

/// What stands against it.
pub fn findings(facts: &Facts) -> Vec<Finding> {
    facts.database.iter().map(finding).collect()
}

fn finding(concern: &Concern) -> Finding {
    let is_error = matches!(
        concern,
        Concern::NotDurable
            | Concern::ClearText
            | Concern::Rival(_)
            | Concern::Unreachable(_)
            | Concern::StandbyAway(_)
    );
    // Its text says what is wrong and what to do.
    let (what, remedy) = split(&concern.to_string());
    let place = format!("journal.toml ({})", concern.word());
    let mut finding = Finding::warning(("database", &place), what, WHY, remedy);
    if is_error {
        finding.severity = Severity::Error;
    }
    finding
}

/// The last sentence is what to do.
fn split(text: &str) -> (String, String) {
    let (what, remedy) = text.rsplit_once('。').unwrap_or((text, text));
    (format!("{what}。"), format!("{remedy}。"))
}
