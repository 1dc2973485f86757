//! Rules in and out as a document: what it would change is shown first, and holds only once somebody says so.

use askama::Template;
use axum::{
    Form,
    extract::{Multipart, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use hikyaku_dispatch::{Action, Rule, RuleBook, RuleId, Side, State as Present, complaints, decide};
use jiff::Timestamp;
use serde::Deserialize;

use super::posted::{Fault, Posted};
use super::{troubles, words};
use crate::console::{Console, Scope, Viewer, told};
use crate::frame::{Frame, Place};
use crate::page;
use crate::upload;

#[derive(Debug, Template)]
#[template(path = "rules_import.html")]
struct ImportPage {
    frame: Frame,
    trouble: Option<String>,
    typed: String,
}

#[derive(Debug, Template)]
#[template(path = "rules_preview.html")]
struct PreviewPage {
    frame: Frame,
    trouble: Option<String>,
    changes: Vec<Change>,
    troubles: Vec<String>,
    document: String,
    /// What the named rules were when this was shown.
    before: String,
    source: Source,
}

/// Where a change comes from: a document, or a form to which one can go back with all that was typed.
#[derive(Debug, Default)]
pub(super) struct Source {
    /// The address of the form; empty for a document.
    to: String,
    fields: Vec<(String, String)>,
    /// A new rule: it takes the next number, whoever took the one that was shown.
    is_new: bool,
}

/// What becomes different at one rule or table.
#[derive(Debug)]
struct Change {
    name: String,
    is_new: bool,
    rows: Vec<Row>,
}

#[derive(Debug, PartialEq, Eq)]
struct Row {
    label: &'static str,
    before: String,
    after: String,
}

/// A document that was looked at.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Looked {
    #[serde(default)]
    document: String,
    /// What its rules were then; empty where nobody noted it.
    #[serde(default)]
    before: String,
    /// Marked for a rule that a form made.
    #[serde(default)]
    new: String,
}

/// What a document would change, and what is then wrong.
struct Seen {
    changes: Vec<Change>,
    troubles: Vec<String>,
    before: String,
}

/// `GET /rules/import`.
pub(crate) async fn form(State(console): State<Console>, viewer: Viewer) -> Response {
    import_page(&console, &viewer, None, String::new())
}

/// `GET /rules/export`: what holds now, as a document that can be changed and brought back.
pub(crate) async fn export(State(console): State<Console>, viewer: Viewer) -> Response {
    let book = console.web().desk.read(|state| {
        let scope = console.scope(state, &viewer, Action::EditRules);
        let mut book = RuleBook::of(state);
        book.rules.retain(|rule| scope.is_wide(rule.side));
        let is_domestic = scope.is_wide(Side::Domestic);
        book.tables.retain(|_| is_domestic);
        let is_named = |rule: Option<RuleId>| match rule {
            None => is_domestic,
            Some(id) => book.rules.iter().any(|rule| rule.id == id),
        };
        book.escalations.retain(|it| is_named(it.rule));
        serde_json::to_string_pretty(&book)
    });
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"rules.json\"")),
    ];
    match book {
        Ok(text) => (headers, text).into_response(),
        Err(error) => {
            tracing::error!(%error, "the rules could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// `POST /rules/preview`: what an uploaded document would change.
pub(crate) async fn preview(State(console): State<Console>, viewer: Viewer, uploaded: Multipart) -> Response {
    let text = upload::read(uploaded).await.and_then(|it| {
        String::from_utf8(it.document).map_err(|_| "文字コードを UTF-8 にして保存してください。".to_owned())
    });
    match text {
        Ok(text) => look(&console, &viewer, text, None),
        Err(trouble) => import_page(&console, &viewer, Some(trouble), String::new()),
    }
}

/// `POST /rules/apply`: what was looked at holds from now on.
pub(crate) async fn apply(State(console): State<Console>, viewer: Viewer, Form(looked): Form<Looked>) -> Response {
    let mut book = match serde_json::from_str::<RuleBook>(&looked.document) {
        Ok(book) => book,
        Err(error) => return import_page(&console, &viewer, Some(unread(&error)), looked.document),
    };
    let source = Source { is_new: !looked.new.is_empty(), ..Source::default() };
    let is_stale = console.web().desk.read(|state| {
        if is_done(&book, state, console.now()) || looked.before.is_empty() || looked.before == before(&book, state) {
            return false;
        }
        if source.is_new {
            renumber(&mut book, next_number(state));
        }
        !source.is_new
    });
    if is_stale {
        return show(&console, &viewer, &book, (Some(STALE.to_owned()), source));
    }
    if viewer.unproved(&console, "/rules").is_some() {
        return show(&console, &viewer, &book, (Some(UNPROVED.to_owned()), source));
    }
    let to = landing(&book);
    for command in book.clone().commands() {
        if let Err(error) = console.act(&viewer, command).await {
            return show(&console, &viewer, &book, (Some(told(&error)), source));
        }
    }
    Redirect::to(&to).into_response()
}

const UNPROVED: &str = "規則の変更にはパスワードとコードの再確認が必要です。下の「本人を確認する」を別のタブで開いて確認してから、もう一度「この内容で変更する」を押してください。";
const STALE: &str = "見ている間に、ほかの人がこの規則を変えました。下は、今の規則からの変わるところです。ほかの人の変更を元に戻さないか確かめてから、もう一度「この内容で変更する」を押すか、規則を開き直してください。";

/// Where one goes on: at the rule, if it is one.
fn landing(book: &RuleBook) -> String {
    match (book.tables.as_slice(), book.rules.as_slice()) {
        ([], [rule]) => format!("/rules/{}", rule.id.0),
        _ => "/rules".to_owned(),
    }
}

/// Whether all of it holds already: pressed twice, it is done.
fn is_done(book: &RuleBook, state: &Present, now: Timestamp) -> bool {
    book.clone().commands().all(|command| decide(state, &command.into(), now).is_ok_and(|events| events.is_empty()))
}

/// The rules of a document as they are now, to be compared with what they are when it is applied.
fn before(book: &RuleBook, state: &Present) -> String {
    let now: Vec<Option<&Rule>> = book.rules.iter().map(|rule| state.rules().get(&rule.id)).collect();
    serde_json::to_string(&now).unwrap_or_default()
}

/// The number of a further rule.
pub(super) fn next_number(state: &Present) -> RuleId {
    RuleId(state.rules().keys().next_back().map_or(1, |last| last.0.saturating_add(1)))
}

fn renumber(book: &mut RuleBook, number: RuleId) {
    book.rules.iter_mut().for_each(|rule| rule.id = number);
    book.escalations.iter_mut().for_each(|it| it.rule = Some(number));
}

/// What a document would change, with what is then wrong; `trouble` is why it was not taken.
fn look(console: &Console, viewer: &Viewer, document: String, trouble: Option<String>) -> Response {
    match serde_json::from_str::<RuleBook>(&document) {
        Ok(book) => show(console, viewer, &book, (trouble, Source::default())),
        Err(error) => import_page(console, viewer, Some(unread(&error)), document),
    }
}

/// The page of a change; where it cannot be taken at all, the document to be mended.
fn show(console: &Console, viewer: &Viewer, book: &RuleBook, (trouble, source): (Option<String>, Source)) -> Response {
    match seen(console, viewer, book) {
        Ok(seen) => render(console, viewer, book, (seen, trouble, source)),
        Err(refusal) => import_page(console, viewer, Some(refusal), written(book)),
    }
}

/// The page of a change that a form asks for.
///
/// # Errors
/// Why it cannot be taken, for the form to say.
pub(super) fn propose(
    console: &Console,
    viewer: &Viewer,
    book: &RuleBook,
    source: Source,
) -> Result<Response, Vec<Fault>> {
    let seen = seen(console, viewer, book).map_err(Fault::of_all)?;
    Ok(render(console, viewer, book, (seen, None, source)))
}

fn seen(console: &Console, viewer: &Viewer, book: &RuleBook) -> Result<Seen, String> {
    let now = console.now();
    console.web().desk.read(|state| {
        let scope = console.scope(state, viewer, Action::EditRules);
        // Tables are of the domestic half, whose rules name them.
        if !book.tables.is_empty() && !scope.is_wide(Side::Domestic) {
            return Err("対象表は担当の外です。文書から除いてください。".to_owned());
        }
        if let Some(rule) = book.rules.iter().find(|rule| !is_own(rule, state, &scope)) {
            return Err(format!("規則「{}」は担当の外です。文書から除いてください。", rule.name));
        }
        let after = book.clone().tried(state, now).map_err(|refusal| told(&refusal.into()))?;
        let troubles = troubles(&complaints(&after, now), &after, &scope);
        Ok(Seen { changes: changes(book, state, &after), troubles, before: before(book, state) })
    })
}

fn render(
    console: &Console,
    viewer: &Viewer,
    book: &RuleBook,
    (seen, trouble, source): (Seen, Option<String>, Source),
) -> Response {
    let status = if trouble.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let Seen { changes, troubles, before } = seen;
    let frame = viewer.frame(console, Place::Rules);
    page::render(status, &PreviewPage { frame, trouble, changes, troubles, document: written(book), before, source })
}

fn written(book: &RuleBook) -> String {
    serde_json::to_string_pretty(book).unwrap_or_default()
}

impl Source {
    /// A form about a rule that is there.
    pub(super) fn form(to: String, posted: Posted) -> Self {
        Self { to, fields: posted.fields(), is_new: false }
    }

    /// The form of a new rule.
    pub(super) fn new_rule(to: String, posted: Posted) -> Self {
        Self { is_new: true, ..Self::form(to, posted) }
    }
}

/// Whether the viewer reaches what the rule is about, and was about.
fn is_own(rule: &Rule, state: &Present, scope: &Scope) -> bool {
    let before = state.rules().get(&rule.id).map(|it| it.side);
    scope.is_wide(rule.side) && before.is_none_or(|side| scope.is_wide(side))
}

fn changes(book: &RuleBook, before: &Present, after: &Present) -> Vec<Change> {
    let mut changes = Vec::new();
    for table in &book.tables {
        let old = before.table(table.id).map(|it| words::table(it, before));
        changes.push(Change::new(&table.name, old, words::table(table, after)));
    }
    for rule in &book.rules {
        let old = before.rules().get(&rule.id).map(|it| words::lines(it, before, true));
        changes.push(Change::new(&rule.name, old, words::lines(rule, after, true)));
    }
    let composed = |state: &Present| vec![("管理者への連絡", words::escalation(state, None))];
    changes.push(Change::new("手動の配信", Some(composed(before)), composed(after)));
    changes.retain(|change| !change.rows.is_empty());
    changes
}

impl Change {
    fn new(name: &str, before: Option<Vec<(&'static str, String)>>, after: Vec<(&'static str, String)>) -> Self {
        let is_new = before.is_none();
        let before = before.unwrap_or_default();
        let of = |label: &str| before.iter().find(|(it, _)| *it == label).map(|(_, text)| text.clone());
        let row = |(label, after)| Row { label, before: of(label).unwrap_or_default(), after };
        let rows = after.into_iter().map(row).filter(|it| it.before != it.after).collect();
        Self { name: name.to_owned(), is_new, rows }
    }
}

fn unread(error: &serde_json::Error) -> String {
    let (line, column) = (error.line(), error.column());
    format!(
        "文書を読めません（{line}行目 {column}文字目）: {error}。書き出した文書の形のまま、値だけを変えてください。"
    )
}

fn import_page(console: &Console, viewer: &Viewer, trouble: Option<String>, typed: String) -> Response {
    let status = if trouble.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    page::render(status, &ImportPage { frame: viewer.frame(console, Place::Rules), trouble, typed })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_a_row_and_a_new_rule_is_told_whole() {
        let after = vec![("名前", "甲".to_owned()), ("件名", "乙".to_owned())];
        let changed =
            Change::new("甲", Some(vec![("名前", "甲".to_owned()), ("件名", "丙".to_owned())]), after.clone());
        assert_eq!(changed.rows, [Row { label: "件名", before: "丙".into(), after: "乙".into() }]);
        let new = Change::new("甲", None, after);
        assert!(new.is_new && new.rows.len() == 2);
    }
}
