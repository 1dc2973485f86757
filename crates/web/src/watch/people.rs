//! The people of a dispatch, by what they answered: names for whoever has to see to them.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::Response as Reply,
};
use hikyaku_dispatch::{Action, Answer, Dispatch, DispatchId, GroupId, PersonId, Response, State as Present};
use serde::Deserialize;

use crate::console::{Console, Scope, Viewer};
use crate::frame::{Count, Frame, Place};
use crate::mode::Marks;
use crate::moment;
use crate::page;
use crate::written;

/// People on one page.
const PAGE_MAX: usize = 100;

/// Which people.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    group: Option<u32>,
    /// The place of an answer in the question, `none` for no answer, `unreached` for whom no mail reaches.
    #[serde(default)]
    answer: String,
    #[serde(default)]
    page: usize,
}

#[derive(Debug, Template)]
#[template(path = "people.html")]
struct PeoplePage {
    frame: Frame,
    title: String,
    dispatch: u32,
    filters: Vec<Filter>,
    group: String,
    count: Count,
    rows: Vec<Row>,
    before: Option<String>,
    after: Option<String>,
}

#[derive(Debug)]
struct Filter {
    label: String,
    href: String,
    here: bool,
}

#[derive(Debug)]
struct Row {
    href: String,
    name: String,
    group: String,
    answer: String,
    at: String,
    has_answered: bool,
    comment: String,
}

/// `GET /dispatch/{dispatch}/people`.
pub(crate) async fn list(
    State(console): State<Console>,
    viewer: Viewer,
    Path(dispatch): Path<u32>,
    Query(asked): Query<Asked>,
) -> Reply {
    let frame = viewer.frame(&console, Place::Now);
    let found = console.web().desk.read(|state| {
        let dispatch = state.dispatch(DispatchId(dispatch))?;
        let scope = console.scope(state, &viewer, Action::SeeAnswers);
        let reaches = asked.group.is_none_or(|group| scope.holds_group(state, GroupId(group)));
        reaches.then(|| PeoplePage::new(state, dispatch, &scope, &asked, frame))
    });
    match found {
        Some((mut page, answers)) => {
            let words = written::words(&console.web().desk, &answers).await;
            let answered = page.rows.iter_mut().filter(|row| row.has_answered);
            answered.zip(words).for_each(|(row, words)| row.comment = words.comment);
            page::render(StatusCode::OK, &page)
        }
        None => page::nothing(
            viewer.frame(&console, Place::Now),
            "配信がありません",
            "この番号の配信がないか、担当の外の組織です。現況の一覧から選んでください。",
        ),
    }
}

impl PeoplePage {
    /// The page without what people wrote, and the answers of its rows.
    fn new(state: &Present, dispatch: &Dispatch, scope: &Scope, asked: &Asked, frame: Frame) -> (Self, Vec<Answer>) {
        let sees_all = scope.holds_all(state, dispatch);
        let record = dispatch.record();
        let number = dispatch.id().0;
        let group = asked.group.map(GroupId);
        let fits = |person: &PersonId| {
            let within = |person: &hikyaku_dispatch::Person| group.is_none_or(|group| person.within.contains(&group));
            let is_seen = sees_all || scope.holds_person(state, *person);
            state.people().find(*person).is_some_and(within)
                && is_wanted(state, dispatch, *person, &asked.answer)
                && is_seen
        };
        let all: Vec<PersonId> = dispatch.asked().filter(fits).collect();
        let pages = all.len().div_ceil(PAGE_MAX).max(1);
        let at = asked.page.min(pages - 1);
        let href = |answer: &str, page: usize| {
            let group = asked.group.map(|id| format!("group={id}&")).unwrap_or_default();
            format!("/dispatch/{number}/people?{group}answer={answer}&page={page}")
        };
        let labels =
            record.question.choices.iter().enumerate().map(|(place, it)| (place.to_string(), it.label_ja.as_str()));
        let others = [(String::new(), "全員"), ("none".into(), "未回答"), ("unreached".into(), "届かない")];
        let filter = |(value, label): (String, &str)| Filter {
            label: label.to_owned(),
            href: href(&value, 0),
            here: value == asked.answer,
        };
        let shown: Vec<PersonId> = all.iter().skip(at * PAGE_MAX).take(PAGE_MAX).copied().collect();
        let answers = shown.iter().filter_map(|it| state.last_answer(dispatch.id(), *it).cloned()).collect();
        let page = Self {
            frame: frame.marked(Marks::for_console(record.mode)),
            title: record.title.clone(),
            dispatch: number,
            filters: labels.rev().chain(others).map(filter).collect(),
            group: group.and_then(|id| state.groups().find(id)).map(|it| it.name.clone()).unwrap_or_default(),
            count: Count(u32::try_from(all.len()).unwrap_or(u32::MAX)),
            rows: shown.iter().map(|it| row(state, dispatch, *it)).collect(),
            before: (at > 0).then(|| href(&asked.answer, at - 1)),
            after: (at + 1 < pages).then(|| href(&asked.answer, at + 1)),
        };
        (page, answers)
    }
}

fn is_wanted(state: &Present, dispatch: &Dispatch, person: PersonId, answer: &str) -> bool {
    match answer {
        "" => true,
        "none" => !dispatch.has_answered(person),
        "unreached" => dispatch.response(person) == Response::Unreachable,
        place => {
            let choices = &dispatch.record().question.choices;
            let wanted = place.parse::<usize>().ok().and_then(|place| choices.get(place)).map(|it| it.id);
            wanted.is_some() && state.last_answer(dispatch.id(), person).map(|it| it.choice) == wanted
        }
    }
}

fn row(state: &Present, dispatch: &Dispatch, id: PersonId) -> Row {
    let person = state.people().find(id);
    let last = state.last_answer(dispatch.id(), id);
    let group = person.and_then(|it| it.groups.first()).and_then(|group| state.groups().find(*group));
    Row {
        href: format!("/dispatch/{}/person/{}", dispatch.id().0, id.0),
        name: person.map_or("", |it| it.name()).to_owned(),
        group: group.map(|it| it.name.clone()).unwrap_or_default(),
        answer: match last {
            Some(answer) => {
                dispatch.record().question.choice(answer.choice).map(|it| it.label_ja.clone()).unwrap_or_default()
            }
            None => standing(dispatch.response(id)).to_owned(),
        },
        at: last.map(|answer| moment::for_console(answer.at())).unwrap_or_default(),
        has_answered: last.is_some(),
        comment: String::new(),
    }
}

/// Where somebody stands who has not answered. That a page was fetched is uncertain: mail scanners fetch pages too.
pub(super) fn standing(response: Response) -> &'static str {
    match response {
        Response::Answered => "回答済",
        Response::Fetched => "未回答（ページは開かれた可能性あり）",
        Response::Unanswered => "未回答",
        Response::Unreachable => "未回答（届くアドレスがない）",
    }
}
