//! Rules as people read them: what holds, what a changed document would change, and what a telegram would lead to [A11 A13 A34].

mod change;
mod edit;
mod list;
mod trial;
pub(crate) mod words;

use hikyaku_dispatch::{Complaint, State};

use crate::console::Scope;

pub(crate) use change::{apply, export, form, preview};
pub(crate) use edit::{edit, show};
pub(crate) use list::list;
pub(crate) use trial::{Foreseen, Mails, foreseen, trial, trial_form};

/// What is wrong with the rules of the halves that the viewer reaches, a line each.
pub(crate) fn troubles(found: &[Complaint], state: &State, scope: &Scope) -> Vec<String> {
    let is_own = |it: &&Complaint| it.side.is_none_or(|side| scope.is_wide(side));
    let line = |it: &Complaint| {
        let name = it.rule.and_then(|id| state.rules().get(&id)).map_or("規則全体", |rule| rule.name.as_str());
        format!("{name}: {}", it.text)
    };
    found.iter().filter(is_own).map(line).collect()
}
