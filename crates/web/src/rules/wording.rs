//! Subject and text of a rule's mail: typed beside the mail as one real recipient gets it, and beside what is wrong with it [A17 A19].

use askama::Template;
use axum::{
    Form,
    extract::{Path, State},
    response::Response,
};
use hikyaku_dispatch::{Action, MailTemplate, Mode, Rule, RuleBook, State as Present, Target, Who, Wording, select};

use super::change::{self, Source};
use super::edit::{missing, own, status};
use super::posted::{Fault, Posted, check_line};
use super::troubles_of;
use crate::compose::{Example, Reach};
use crate::console::{Console, Viewer};
use crate::frame::{Frame, Place};
use crate::page;
use crate::specimen::{SOMEBODY, Specimen};

/// Longest subject and longest text, in characters.
const SUBJECT_CHARS_MAX: usize = 200;
const TEXT_CHARS_MAX: usize = 2_000;

#[derive(Debug, Template)]
#[template(path = "rule_wording.html")]
struct WordingPage {
    frame: Frame,
    id: u32,
    name: String,
    faults: Vec<Fault>,
    /// What the lint says of the wording that stands in the form.
    troubles: Vec<String>,
    subject: String,
    text: String,
    subject_max: usize,
    text_max: usize,
    sample: Sample,
}

/// A mail as somebody gets it.
#[derive(Debug)]
struct Sample {
    to: String,
    subject: String,
    text: String,
}

/// `GET /rules/{rule}/wording`.
pub(crate) async fn wording(State(console): State<Console>, viewer: Viewer, Path(rule): Path<u32>) -> Response {
    render(&console, &viewer, rule, None)
}

/// `POST /rules/{rule}/wording`: the look at one mail, or what would change; nothing changes yet.
pub(crate) async fn word(
    State(console): State<Console>,
    viewer: Viewer,
    Path(rule): Path<u32>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Response {
    let posted = Posted(pairs);
    let typed = MailTemplate { subject: posted.line("subject"), text: posted.text("text") };
    if posted.act() == "back" {
        return render(&console, &viewer, rule, Some((typed, Vec::new())));
    }
    let faults = faults(&typed);
    if !faults.is_empty() || posted.act() == "look" {
        return render(&console, &viewer, rule, Some((typed, faults)));
    }
    let changed = console.web().desk.read(|state| {
        let rule = own(&console, &viewer, state, rule, Action::EditRules)?;
        Some(Rule { template: typed.clone(), ..rule.clone() })
    });
    let Some(changed) = changed else { return missing(&console, &viewer) };
    let book = RuleBook { rules: vec![changed], ..RuleBook::default() };
    let source = Source::form(format!("/rules/{rule}/wording"), posted);
    let proposed = change::propose(&console, &viewer, &book, source);
    proposed.unwrap_or_else(|faults| render(&console, &viewer, rule, Some((typed, faults))))
}

/// What is to be mended, field by field.
fn faults(typed: &MailTemplate) -> Vec<Fault> {
    let mut faults = Vec::new();
    check_line(&mut faults, "subject", "件名", (&typed.subject, SUBJECT_CHARS_MAX));
    let count = typed.text.chars().count();
    if typed.text.trim().is_empty() {
        faults.push(Fault::new("text", "本文", "空です。文面を書いてください。"));
    } else if count > TEXT_CHARS_MAX {
        let text = format!("{count}文字あります。{TEXT_CHARS_MAX}文字以内にしてください。");
        faults.push(Fault::new("text", "本文", text));
    }
    for (field, label, typed) in [("subject", "件名", &typed.subject), ("text", "本文", &typed.text)] {
        if let Some(unknown) = unknown(typed) {
            let known = MailTemplate::FIELDS.map(|it| format!("{{{it}}}")).join(" ");
            let text = format!(
                "「{unknown}」は置き換えられません。使えるのは {known} です。波かっこそのものは {{{{ と }}}} で書きます。"
            );
            faults.push(Fault::new(field, label, text));
        }
    }
    faults
}

/// The first thing in braces that no field is called by, or a brace that stands alone.
fn unknown(text: &str) -> Option<String> {
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let from = &rest[at..];
        if let Some(after) = from.strip_prefix("{{").or_else(|| from.strip_prefix("}}")) {
            rest = after;
            continue;
        }
        let Some((name, after)) = from.strip_prefix('{').and_then(|inner| inner.split_once('}')) else {
            return Some(from.chars().take(12).collect());
        };
        if !MailTemplate::FIELDS.contains(&name.trim()) {
            return Some(format!("{{{}}}", name.chars().take(20).collect::<String>()));
        }
        rest = after;
    }
    None
}

fn render(console: &Console, viewer: &Viewer, rule: u32, posted: Option<(MailTemplate, Vec<Fault>)>) -> Response {
    let frame = viewer.frame(console, Place::Rules);
    let page = console.web().desk.read(|state| {
        let rule = own(console, viewer, state, rule, Action::EditRules)?;
        let (template, faults) = posted.unwrap_or_else(|| (rule.template.clone(), Vec::new()));
        let worded = Rule { template, ..rule.clone() };
        let may_name = console.scope(state, viewer, Action::SeePerson).is_wide(rule.side);
        // What cannot be taken at all stands among the faults.
        let troubles = if faults.is_empty() { troubles_of(&worded, state, console.now()) } else { Ok(Vec::new()) };
        Some(WordingPage {
            frame,
            id: rule.id.0,
            name: rule.name.clone(),
            faults,
            troubles: troubles.unwrap_or_else(|trouble| vec![trouble]),
            sample: Sample::new(&worded, state, console, may_name),
            subject: worded.template.subject,
            text: worded.template.text,
            subject_max: SUBJECT_CHARS_MAX,
            text_max: TEXT_CHARS_MAX,
        })
    });
    match page {
        Some(page) => page::render(status(&page.faults), &page),
        None => missing(console, viewer),
    }
}

impl Sample {
    /// The mail about something made up, as the first one gets it whom the rule may mail.
    fn new(rule: &Rule, state: &Present, console: &Console, may_name: bool) -> Self {
        let target = match &rule.who {
            Who::There(target) | Who::Anywhere(target) => target,
            Who::Table(_) => &Target::Everyone,
        };
        let people = select(state, target, rule.side, console.now()).unwrap_or_default();
        let reach = Reach::of(state, people.into_iter());
        let example = reach.example(state, console.now()).filter(|_| may_name);
        let to = example.map_or_else(|| SOMEBODY.to_owned(), |Example { name, .. }| name);
        let title = format!("例: {}", rule.condition);
        let facts =
            ["発生: 11月21日 14時4分ごろ（例）", "情報: 発表機関 11月21日 14時5分発表（例）"].map(str::to_owned);
        let Rule { template, question, .. } = rule;
        let wording = Wording { template, mode: Mode::Real, title: &title, facts: &facts, question };
        let place = format!("あなたの地域: {}（例）", rule.condition);
        let Specimen { subject, text } = Specimen::of(console.web(), &wording, &to, &place);
        Self { to, subject, text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_does_not_exist_and_a_brace_that_stands_alone_are_named() {
        assert_eq!(unknown("{name} {{波}} { link } {facts}"), None);
        assert_eq!(unknown("{name} {nmae}"), Some("{nmae}".to_owned()));
        assert_eq!(unknown("{link} } あと"), Some("} あと".to_owned()));
        let typed = MailTemplate { subject: String::new(), text: "{nmae}".into() };
        let fields: Vec<String> = faults(&typed).into_iter().map(|it| it.field).collect();
        assert_eq!(fields, ["subject", "text"]);
        assert_eq!(faults(&MailTemplate::safety()), []);
    }
}
