//! One rule: read, and what is most often changed of it. A change is looked at before it holds, like any other document.

use askama::Template;
use axum::{
    Form,
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use hikyaku_bulletin::Intensity;
use hikyaku_dispatch::{Action, Condition, Escalation, Rule, RuleBook, RuleId, Sending, State as Present, Unattended};
use serde::Deserialize;

use super::{change, words};
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
    let frame = viewer.frame(&console, Place::Rules);
    let page = console.web().desk.read(|state| {
        let rule = own(&console, &viewer, state, rule, Action::SeeJudgements)?;
        let names = console.scope(state, &viewer, Action::SeePerson).is_wide(rule.side);
        let may_edit = console.scope(state, &viewer, Action::EditRules).is_wide(rule.side);
        Some(RulePage {
            frame,
            id: rule.id.0,
            name: rule.name.clone(),
            lines: words::lines(rule, state, names),
            typed: may_edit.then(|| Typed::of(rule, state)),
        })
    });
    match page {
        Some(page) => page::render(StatusCode::OK, &page),
        None => missing(&console, &viewer),
    }
}

/// `POST /rules/{rule}`: what would change; nothing does yet.
pub(crate) async fn edit(
    State(console): State<Console>,
    viewer: Viewer,
    Path(rule): Path<u32>,
    Form(typed): Form<Typed>,
) -> Response {
    let book = console.web().desk.read(|state| {
        let rule = own(&console, &viewer, state, rule, Action::EditRules)?;
        let escalation = Escalation { rule: Some(rule.id), minutes: typed.escalation_minutes };
        Some(RuleBook { tables: Vec::new(), rules: vec![typed.into_rule(rule)], escalations: vec![escalation] })
    });
    match book.as_ref().map(serde_json::to_string_pretty) {
        Some(Ok(document)) => change::look(&console, &viewer, document, None),
        _ => missing(&console, &viewer),
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
            at_least: at_least.to_owned(),
            remind_minutes: rule.follow_up.remind_minutes,
            remind_times: rule.follow_up.remind_times,
            escalation_minutes: state.escalation(Some(rule.id)),
            drills: if rule.drills { "1".to_owned() } else { String::new() },
        }
    }

    /// The ways to send, a value and its label each; waiting only where approvers are named.
    fn sendings(&self) -> Vec<(&'static str, &'static str)> {
        let mut all = vec![("at-once", "すぐに送る（人の承認なし）"), ("never", "送らない（判定の記録だけ）")];
        if self.sending.starts_with("hold") {
            all.push(("hold-send", "承認を待つ。時間内に判断がなければ送信する"));
            all.push(("hold-drop", "承認を待つ。時間内に判断がなければ送信しない"));
        }
        all
    }

    /// The intensities, a code and a name each; none for a rule about anything else.
    fn intensities(&self) -> Vec<(&'static str, String)> {
        if self.at_least.is_empty() {
            return Vec::new();
        }
        Intensity::ALL.map(|it| (it.code(), it.to_string())).to_vec()
    }

    /// The rule with what was typed; the rest of it stays.
    fn into_rule(self, rule: &Rule) -> Rule {
        let mut rule = rule.clone();
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
            (word, Sending::Hold(mut hold)) => {
                hold.minutes = self.hold_minutes;
                hold.unattended = if word == "hold-send" { Unattended::Send } else { Unattended::Drop };
                Sending::Hold(hold)
            }
            (_, before) => before,
        };
        rule
    }
}
