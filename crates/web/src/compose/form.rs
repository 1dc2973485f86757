//! The form of a dispatch.

use askama::Template;
use axum::{
    extract::{Query, State},
    http::StatusCode,
    response::Response as Reply,
};
use hikyaku_dispatch::{Action, Rule};
use serde::Deserialize;

use super::basis::Choice;
use super::picks::WhomForm;
use super::typed::{FACTS_CHARS_MAX, TITLE_CHARS_MAX, Typed, rule_of, waiting};
use crate::console::{Console, Viewer};
use crate::frame::{Count, Frame, Place};
use crate::page;
use crate::unjudged::linked;

/// What a form begins with.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    /// Wording and question of a rule.
    rule: Option<u32>,
    /// All of a dispatch that waits for approval.
    instead: Option<u32>,
    /// Whoever is in this country today.
    country: Option<String>,
    /// With a rule: the telegram that waits for the journal, by its place in the notice.
    waits: Option<usize>,
}

#[derive(Debug, Template)]
#[template(path = "compose.html")]
pub(super) struct ComposePage {
    frame: Frame,
    trouble: Option<String>,
    typed: Typed,
    whom: WhomForm,
    questions: Vec<Choice>,
    /// Whether the viewer may make a rule, and with it a question of one's own.
    may_make_rules: bool,
    /// Number and name of the rules whose wording can be taken.
    wordings: Vec<(u32, String)>,
    /// Of the dispatch that this one replaces.
    same_people: Count,
    title_max: usize,
    facts_max: usize,
}

/// `GET /compose`: with the wording of a rule, with all of a dispatch that waits for approval, or to whoever is in a country, where
/// those are asked for.
pub(crate) async fn show(State(console): State<Console>, viewer: Viewer, Query(asked): Query<Asked>) -> Reply {
    let Ok(typed) = Typed::fresh() else {
        tracing::error!("a form could not be made: no randomness");
        let told = "しばらく待って、開き直してください。";
        return page::nothing(viewer.frame(&console, Place::Compose), "作成できません", told);
    };
    let begun = console.web().desk.read(|state| match (asked.instead, asked.rule) {
        (Some(proposal), _) => waiting(state, proposal)
            .filter(|it| console.scope(state, &viewer, Action::Approve).is_wide(state.side_of(&it.proposal.draft)))
            .map(|it| typed.clone().instead_of(it)),
        (None, Some(rule)) => {
            let side = console.scope(state, &viewer, Action::SendFree).side();
            let waits = asked.waits.and_then(|place| linked(&console, rule, place)).filter(|it| it.side == side);
            rule_of(state, side, rule).map(|rule| match waits {
                Some(waits) => typed.clone().because_of(&waits, rule),
                None => typed.clone().worded_as(rule),
            })
        }
        (None, None) => Some(typed.clone().there(asked.country.as_deref())),
    });
    match begun {
        Some(typed) => page::render(StatusCode::OK, &ComposePage::new(&console, &viewer, typed, None)),
        None => {
            let told = "承認を待っている配信や規則が見つかりません。もう決まったか、担当の外です。";
            page::nothing(viewer.frame(&console, Place::Compose), "元にする配信がありません", told)
        }
    }
}

impl ComposePage {
    pub(super) fn new(console: &Console, viewer: &Viewer, typed: Typed, trouble: Option<String>) -> Self {
        let (whom, questions, wordings, same_people, may_make_rules) = console.web().desk.read(|state| {
            let scope = console.scope(state, viewer, Action::SendFree);
            let rules: Vec<&Rule> = state.rules().values().filter(|rule| rule.side == scope.side()).collect();
            let replaced =
                typed.instead.and_then(|it| waiting(state, it)).map_or(0, |it| it.proposal.draft.asked.len());
            let wordings = rules.iter().map(|rule| (rule.id.0, rule.name.clone())).collect();
            let whom = WhomForm::new(console, state, typed.whom.clone(), &scope, scope.side());
            let may_make_rules = !console.scope(state, viewer, Action::EditRules).is_nowhere();
            (whom, typed.questions(&rules), wordings, replaced, may_make_rules)
        });
        Self {
            frame: viewer.frame(console, Place::Compose).helped(),
            trouble,
            whom,
            questions,
            may_make_rules,
            wordings,
            same_people: Count(u32::try_from(same_people).unwrap_or(u32::MAX)),
            title_max: TITLE_CHARS_MAX,
            facts_max: FACTS_CHARS_MAX,
            typed,
        }
    }
}
