//! The question set of a rule: the question, its choices and further questions in three kinds of wording, changed in a form [A19].

mod row;
mod typed;

use askama::Template;
use axum::{
    Form,
    extract::{Path, State},
    response::Response,
};
use hikyaku_dispatch::{Action, Aim, Rule, RuleBook};

use self::row::{LABEL_CHARS_MAX, PROMPT_CHARS_MAX};
use self::typed::Typed;
use super::change::{self, Source};
use super::edit::{missing, own, status};
use super::posted::{Fault, Posted};
use crate::console::{Console, Viewer};
use crate::frame::{Frame, Place};
use crate::page;

#[derive(Debug, Template)]
#[template(path = "rule_question.html")]
struct QuestionPage {
    frame: Frame,
    id: u32,
    name: String,
    faults: Vec<Fault>,
    /// Whether the rule may ask nothing.
    may_be_empty: bool,
    typed: Typed,
    prompt_max: usize,
    label_max: usize,
}

/// `GET /rules/{rule}/question`.
pub(crate) async fn question(State(console): State<Console>, viewer: Viewer, Path(rule): Path<u32>) -> Response {
    render(&console, &viewer, rule, None)
}

/// `POST /rules/{rule}/question`: more room in the form, or what would change; nothing changes yet.
pub(crate) async fn ask(
    State(console): State<Console>,
    viewer: Viewer,
    Path(rule): Path<u32>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Response {
    let posted = Posted(pairs);
    let typed = Typed::read(&posted);
    let act = posted.act();
    if !act.is_empty() {
        let shown = if act == "back" { typed } else { typed.arranged(act) };
        return render(&console, &viewer, rule, Some((shown, Vec::new())));
    }
    let changed = console.web().desk.read(|state| {
        let rule = own(&console, &viewer, state, rule, Action::EditRules)?;
        Some(typed.question(rule.aim).map(|question| Rule { question, ..rule.clone() }))
    });
    let proposed = match changed {
        None => return missing(&console, &viewer),
        Some(changed) => changed.and_then(|changed| {
            let book = RuleBook { rules: vec![changed], ..RuleBook::default() };
            change::propose(&console, &viewer, &book, Source::form(format!("/rules/{rule}/question"), posted))
        }),
    };
    proposed.unwrap_or_else(|faults| render(&console, &viewer, rule, Some((typed, faults))))
}

fn render(console: &Console, viewer: &Viewer, rule: u32, posted: Option<(Typed, Vec<Fault>)>) -> Response {
    let frame = viewer.frame(console, Place::Rules);
    let page = console.web().desk.read(|state| {
        let rule = own(console, viewer, state, rule, Action::EditRules)?;
        let (typed, faults) = posted.unwrap_or_else(|| (Typed::of(&rule.question), Vec::new()));
        Some(QuestionPage {
            frame,
            id: rule.id.0,
            name: rule.name.clone(),
            faults,
            may_be_empty: rule.aim != Aim::Safety,
            typed,
            prompt_max: PROMPT_CHARS_MAX,
            label_max: LABEL_CHARS_MAX,
        })
    });
    match page {
        Some(page) => page::render(status(&page.faults), &page),
        None => missing(console, viewer),
    }
}
