//! One rule: read, and what is most often changed of it. A change is looked at before it holds, like any other document.

use askama::Template;
use axum::{
    Form,
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use hikyaku_dispatch::{Action, Escalation, Rule, RuleBook, RuleId, Sending, State as Present};

use super::basics::{Basics, NAME_CHARS_MAX};
use super::change::{self, Source};
use super::happening::{Choice, Kind};
use super::posted::{Fault, Posted};
use super::{troubles_of, words};
use crate::console::{Console, Viewer};
use crate::frame::{Frame, Place};
use crate::page;

#[derive(Debug, Template)]
#[template(path = "rule.html")]
struct RulePage {
    frame: Frame,
    id: u32,
    name: String,
    lines: Vec<(&'static str, String)>,
    troubles: Vec<String>,
    is_off: bool,
    faults: Vec<Fault>,
    /// What is typed over; `None` for whoever may not.
    form: Option<BasicsForm>,
}

/// The form of a rule itself.
#[derive(Debug)]
struct BasicsForm {
    typed: Basics,
    /// Whether it was posted and came back.
    is_open: bool,
    name_max: usize,
    kinds: Vec<Kind>,
    telegrams: Vec<Choice>,
    phenomena: Vec<Choice>,
    aims: Vec<Choice>,
    classes: Vec<Choice>,
    sendings: Vec<Choice>,
}

/// `GET /rules/{rule}`.
pub(crate) async fn show(State(console): State<Console>, viewer: Viewer, Path(rule): Path<u32>) -> Response {
    render(&console, &viewer, rule, None)
}

/// `POST /rules/{rule}`: what would change; nothing does yet.
pub(crate) async fn edit(
    State(console): State<Console>,
    viewer: Viewer,
    Path(rule): Path<u32>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Response {
    let posted = Posted(pairs);
    let typed = Basics::read(&posted);
    if posted.act() == "back" {
        return render(&console, &viewer, rule, Some((typed, Vec::new())));
    }
    let changed = console.web().desk.read(|state| {
        let rule = own(&console, &viewer, state, rule, Action::EditRules)?;
        Some(typed.rule(rule, state))
    });
    let proposed = match changed {
        None => return missing(&console, &viewer),
        Some(changed) => changed.and_then(|(changed, minutes)| {
            let escalations = vec![Escalation { rule: Some(changed.id), minutes }];
            let book = RuleBook { tables: Vec::new(), rules: vec![changed], escalations };
            change::propose(&console, &viewer, &book, Source::form(format!("/rules/{rule}"), posted))
        }),
    };
    proposed.unwrap_or_else(|faults| render(&console, &viewer, rule, Some((typed, faults))))
}

/// `POST /rules/{rule}/retire`: what would change if it sent nothing any more. A rule stays, for what it sent names it.
pub(crate) async fn retire(State(console): State<Console>, viewer: Viewer, Path(rule): Path<u32>) -> Response {
    let retired = console.web().desk.read(|state| {
        let rule = own(&console, &viewer, state, rule, Action::EditRules)?;
        Some(Rule { sending: Sending::Never, ..rule.clone() })
    });
    let Some(retired) = retired else { return missing(&console, &viewer) };
    let typed = console.web().desk.read(|state| Basics::of(&retired, state));
    let book = RuleBook { rules: vec![retired], ..RuleBook::default() };
    let proposed = change::propose(&console, &viewer, &book, Source::default());
    proposed.unwrap_or_else(|faults| render(&console, &viewer, rule, Some((typed, faults))))
}

/// The rule, if the viewer reaches its half.
pub(super) fn own<'a>(
    console: &Console,
    viewer: &Viewer,
    state: &'a Present,
    rule: u32,
    action: Action,
) -> Option<&'a Rule> {
    let scope = console.scope(state, viewer, action);
    state.rules().get(&RuleId(rule)).filter(|rule| scope.is_wide(rule.side))
}

pub(super) fn missing(console: &Console, viewer: &Viewer) -> Response {
    let told = "この番号の規則がないか、担当の外です。規則の一覧から選んでください。";
    page::nothing(viewer.frame(console, Place::Rules), "規則がありません", told)
}

/// The status of a form that is shown, or shown again with what is to be mended.
pub(super) fn status(faults: &[Fault]) -> StatusCode {
    if faults.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY }
}

/// The page of a rule; with what was posted, if that is to be mended.
fn render(console: &Console, viewer: &Viewer, rule: u32, posted: Option<(Basics, Vec<Fault>)>) -> Response {
    let frame = viewer.frame(console, Place::Rules);
    let page = console.web().desk.read(|state| {
        let rule = own(console, viewer, state, rule, Action::SeeJudgements)?;
        let names = console.scope(state, viewer, Action::SeePerson).is_wide(rule.side);
        let may_edit = console.scope(state, viewer, Action::EditRules).is_wide(rule.side);
        let is_open = posted.is_some();
        let (typed, faults) = posted.unwrap_or_else(|| (Basics::of(rule, state), Vec::new()));
        Some(RulePage {
            frame,
            id: rule.id.0,
            name: rule.name.clone(),
            lines: words::lines(rule, state, names),
            troubles: troubles_of(rule, state, console.now()).unwrap_or_else(|trouble| vec![trouble]),
            is_off: rule.sending == Sending::Never,
            faults,
            form: may_edit.then(|| BasicsForm::new(typed, rule, is_open)),
        })
    });
    match page {
        Some(page) => page::render(status(&page.faults), &page),
        None => missing(console, viewer),
    }
}

impl BasicsForm {
    fn new(typed: Basics, rule: &Rule, is_open: bool) -> Self {
        Self {
            is_open,
            name_max: NAME_CHARS_MAX,
            kinds: typed.happening.kinds(Some(rule)),
            telegrams: typed.happening.telegrams(),
            phenomena: typed.happening.phenomena(),
            aims: typed.purposes(rule),
            classes: typed.classes(),
            sendings: typed.sendings(),
            typed,
        }
    }
}
