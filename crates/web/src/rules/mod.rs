//! Rules as people read them: what holds, what a form or a document would change, and what a telegram would lead to [A11 A13 A19 A22 A34].

mod basics;
mod change;
mod edit;
mod happening;
mod list;
mod new;
mod posted;
mod question;
mod target;
mod trial;
mod wording;
pub(crate) mod words;

use hikyaku_dispatch::{Complaint, Rule, RuleBook, State, complaints};
use jiff::Timestamp;

use crate::console::{Scope, told};

pub(crate) use change::{apply, export, form, preview};
pub(crate) use edit::{edit, retire, show};
pub(crate) use list::list;
pub(crate) use new::{make, new};
pub(crate) use question::{ask, question};
pub(crate) use target::{count, reach, target};
pub(crate) use trial::{Foreseen, Mails, foreseen, trial, trial_form};
pub(crate) use wording::{word, wording};

/// What is wrong with the rules of the halves that the viewer reaches, a line each.
pub(crate) fn troubles(found: &[Complaint], state: &State, scope: &Scope) -> Vec<String> {
    let is_own = |it: &&Complaint| it.side.is_none_or(|side| scope.is_wide(side));
    let line = |it: &Complaint| {
        let name = it.rule.and_then(|id| state.rules().get(&id)).map_or("規則全体", |rule| rule.name.as_str());
        format!("{name}: {}", it.text)
    };
    found.iter().filter(is_own).map(line).collect()
}

/// What is wrong with one rule, as it is or as it would be.
///
/// # Errors
/// Why it would not be taken, in Japanese.
fn troubles_of(rule: &Rule, state: &State, now: Timestamp) -> Result<Vec<String>, String> {
    let book = RuleBook { rules: vec![rule.clone()], ..RuleBook::default() };
    let after = book.tried(state, now).map_err(|refusal| told(&refusal.into()))?;
    let own = complaints(&after, now).into_iter().filter(|it| it.rule == Some(rule.id));
    Ok(own.map(|it| it.text).collect())
}
