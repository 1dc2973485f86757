//! One rule: read, and what is most often changed of it. A change is looked at before it holds, like any other document.

use askama::Template;
use axum::{
    Form,
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use hikyaku_bulletin::Intensity;
use hikyaku_dispatch::{
    Action, Condition, Escalation, Hold, PersonId, Rule, RuleBook, RuleId, Sending, Side, State as Present, Unattended,
};
use serde::Deserialize;

use super::{change, words};
use crate::console::{Console, Viewer};
use crate::frame::{Frame, Place};
use crate::page;

/// How long a rule waits for approval unless somebody says otherwise, in minutes.
const HOLD_MINUTES: u32 = 10;

#[derive(Debug, Template)]
#[template(path = "rule.html")]
struct RulePage {
    frame: Frame,
    id: u32,
    name: String,
    lines: Vec<(&'static str, String)>,
    trouble: Option<String>,
    /// What is typed over; `None` for whoever may not.
    typed: Option<Typed>,
}

/// What can be changed without a file.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Typed {
    #[serde(default)]
    name: String,
    #[serde(default)]
    subject: String,
    #[serde(default)]
    text: String,
    /// `at-once`, `never`, `hold-send`, `hold-drop`.
    #[serde(default)]
    sending: String,
    /// Of a rule that waits for approval.
    #[serde(default)]
    hold_minutes: u32,
    /// Numbers of the roster, of those who approve; empty leaves them as they are.
    #[serde(default)]
    approvers: String,
    /// Code of the least intensity of a rule about shaking.
    #[serde(default)]
    at_least: String,
    #[serde(default)]
    remind_minutes: u32,
    #[serde(default)]
    remind_times: u8,
    #[serde(default)]
    escalation_minutes: u32,
    /// Marked when there.
    #[serde(default)]
    drills: String,
}

/// `GET /rules/{rule}`.
pub(crate) async fn show(State(console): State<Console>, viewer: Viewer, Path(rule): Path<u32>) -> Response {
    show_with(&console, &viewer, rule, None)
}

/// The rule; with what was typed over it, and why that cannot be.
fn show_with(console: &Console, viewer: &Viewer, rule: u32, mistake: Option<(Typed, String)>) -> Response {
    let status = if mistake.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let (again, trouble) = mistake.unzip();
    let frame = viewer.frame(console, Place::Rules);
    let page = console.web().desk.read(|state| {
        let rule = own(console, viewer, state, rule, Action::SeeJudgements)?;
        let names = console.scope(state, viewer, Action::SeePerson).is_wide(rule.side);
        let may_edit = console.scope(state, viewer, Action::EditRules).is_wide(rule.side);
        Some(RulePage {
            frame,
            id: rule.id.0,
            name: rule.name.clone(),
            lines: words::lines(rule, state, names),
            trouble,
            typed: may_edit.then(|| again.unwrap_or_else(|| Typed::of(rule, state))),
        })
    });
    match page {
        Some(page) => page::render(status, &page),
        None => missing(console, viewer),
    }
}

/// `POST /rules/{rule}`: what would change; nothing does yet.
pub(crate) async fn edit(
    State(console): State<Console>,
    viewer: Viewer,
    Path(number): Path<u32>,
    Form(typed): Form<Typed>,
) -> Response {
    let book = console.web().desk.read(|state| {
        let rule = own(&console, &viewer, state, number, Action::EditRules)?;
        let escalation = Escalation { rule: Some(rule.id), minutes: typed.escalation_minutes };
        let changed = typed.clone().into_rule(rule, state);
        Some(changed.map(|rule| RuleBook { tables: Vec::new(), rules: vec![rule], escalations: vec![escalation] }))
    });
    match book {
        None => missing(&console, &viewer),
        Some(Err(trouble)) => show_with(&console, &viewer, number, Some((typed, trouble))),
        Some(Ok(book)) => match serde_json::to_string_pretty(&book) {
            Ok(document) => change::look(&console, &viewer, document, None),
            Err(_) => missing(&console, &viewer),
        },
    }
}

/// The rule, if the viewer reaches its half.
fn own<'a>(console: &Console, viewer: &Viewer, state: &'a Present, rule: u32, action: Action) -> Option<&'a Rule> {
    let scope = console.scope(state, viewer, action);
    state.rules().get(&RuleId(rule)).filter(|rule| scope.is_wide(rule.side))
}

fn missing(console: &Console, viewer: &Viewer) -> Response {
    let told = "この番号の規則がないか、担当の外です。規則の一覧から選んでください。";
    page::nothing(viewer.frame(console, Place::Rules), "規則がありません", told)
}

impl Typed {
    fn of(rule: &Rule, state: &Present) -> Self {
        let (sending, hold_minutes) = match &rule.sending {
            Sending::AtOnce => ("at-once", 0),
            Sending::Never => ("never", 0),
            Sending::Hold(hold) if hold.unattended == Unattended::Send => ("hold-send", hold.minutes),
            Sending::Hold(hold) => ("hold-drop", hold.minutes),
        };
        let at_least = match &rule.condition {
            Condition::Shaking { at_least, .. } | Condition::Expected { at_least } => at_least.code(),
            _ => "",
        };
        Self {
            name: rule.name.clone(),
            subject: rule.template.subject.clone(),
            text: rule.template.text.clone(),
            sending: sending.to_owned(),
            hold_minutes,
            approvers: numbers(rule, state),
            at_least: at_least.to_owned(),
            remind_minutes: rule.follow_up.remind_minutes,
            remind_times: rule.follow_up.remind_times,
            escalation_minutes: state.escalation(Some(rule.id)),
            drills: if rule.drills { "1".to_owned() } else { String::new() },
        }
    }

    /// The ways to send, a value and its label each.
    fn sendings(&self) -> [(&'static str, &'static str); 4] {
        [
            ("at-once", "すぐに送る（人の承認なし）"),
            ("hold-send", "承認を待つ。時間内に判断がなければ送信する"),
            ("hold-drop", "承認を待つ。時間内に判断がなければ送信しない"),
            ("never", "送らない（判定の記録だけ）"),
        ]
    }

    /// The intensities, a code and a name each; none for a rule about anything else.
    fn intensities(&self) -> Vec<(&'static str, String)> {
        if self.at_least.is_empty() {
            return Vec::new();
        }
        Intensity::ALL.map(|it| (it.code(), it.to_string())).to_vec()
    }

    /// The rule with what was typed; the rest of it stays. Or what to type instead.
    fn into_rule(self, rule: &Rule, state: &Present) -> Result<Rule, String> {
        let mut rule = rule.clone();
        let approvers = self.approvers(rule.side, state)?;
        rule.name = self.name.trim().to_owned();
        rule.template.subject = self.subject.trim().to_owned();
        rule.template.text = self.text.replace("\r\n", "\n");
        rule.follow_up.remind_minutes = self.remind_minutes;
        rule.follow_up.remind_times = self.remind_times;
        rule.drills = !self.drills.is_empty();
        if let (Condition::Shaking { at_least, .. } | Condition::Expected { at_least }, Ok(typed)) =
            (&mut rule.condition, self.at_least.parse())
        {
            *at_least = typed;
        }
        rule.sending = match (self.sending.as_str(), rule.sending) {
            ("at-once", _) => Sending::AtOnce,
            ("never", _) => Sending::Never,
            (word @ ("hold-send" | "hold-drop"), before) => {
                let unattended = if word == "hold-send" { Unattended::Send } else { Unattended::Drop };
                let mut hold = match before {
                    Sending::Hold(hold) => hold,
                    _ => Hold { approvers: Vec::new(), duty: Vec::new(), minutes: HOLD_MINUTES, unattended },
                };
                hold.unattended = unattended;
                hold.minutes = if self.hold_minutes > 0 { self.hold_minutes } else { hold.minutes };
                hold.approvers = approvers.unwrap_or(hold.approvers);
                if hold.approvers.is_empty() {
                    return Err("承認を待つ規則には、承認者の職員番号を一つは書いてください。".to_owned());
                }
                Sending::Hold(hold)
            }
            (_, before) => before,
        };
        Ok(rule)
    }

    /// Who was typed to approve; `None` where nothing was.
    fn approvers(&self, side: Side, state: &Present) -> Result<Option<Vec<PersonId>>, String> {
        let person = |number: &str| {
            let found = state.people().by_external_id(side, number).filter(|person| person.is_reachable());
            found.map(|person| person.id).ok_or_else(|| format!("「{number}」という職員番号の人はいません。"))
        };
        let typed: Vec<&str> =
            self.approvers.split([' ', '　', '\n', '\r', ',', '、']).filter(|it| !it.is_empty()).collect();
        let found = typed.into_iter().map(person).collect::<Result<Vec<_>, _>>()?;
        Ok((!found.is_empty()).then_some(found))
    }
}

/// The numbers of those who approve, of a rule that waits.
fn numbers(rule: &Rule, state: &Present) -> String {
    let Sending::Hold(hold) = &rule.sending else { return String::new() };
    let number = |id: &PersonId| Some(state.people().find(*id)?.personal.as_ref()?.external_id.clone());
    hold.approvers.iter().filter_map(number).collect::<Vec<_>>().join(" ")
}
