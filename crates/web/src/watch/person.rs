//! One person in one dispatch: answers, mails, what was said about it; an answer on behalf, a message to the person.

use askama::Template;
use axum::{
    Form,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response as Reply},
};
use hikyaku_dispatch::{
    Answer, AnswerCommand, ChoiceId, Command, Dispatch, DispatchId, MESSAGE_CHARS_MAX, MailEnd, PersonId, Speaker,
    Spoken, State as Present, Via,
};
use serde::Deserialize;

use super::people::standing;
use crate::console::{Console, Viewer, told};
use crate::form::{COMMENT_MAX_CHARS, Comment};
use crate::frame::{Frame, Place};
use crate::further;
use crate::mode::Marks;
use crate::moment;
use crate::once::once;
use crate::page;
use crate::words::Lang;
use crate::written;

/// To an account of nobody: a message has a sender whom people know.
const UNLINKED: &str =
    "返信するには、職員番号を付けたアカウントでログインしてください。「アカウント」の画面で作れます。";

#[derive(Debug, Template)]
#[template(path = "person.html")]
struct PersonPage {
    frame: Frame,
    trouble: Option<String>,
    dispatch: u32,
    person: u32,
    title: String,
    name: String,
    groups: String,
    standing: &'static str,
    answers: Vec<Given>,
    mails: Vec<(String, &'static str)>,
    thread: Vec<Said>,
    choices: Vec<(u8, String)>,
    may_write: bool,
    /// What to do where nothing may be written.
    unlinked: &'static str,
    message_max: usize,
    comment_max: usize,
    typed: String,
}

#[derive(Debug)]
struct Given {
    label: String,
    at: String,
    how: &'static str,
    comment: String,
    /// Answers to further questions.
    details: Vec<String>,
}

#[derive(Debug)]
struct Said {
    who: String,
    at: String,
    text: String,
}

/// An answer that the person told a manager.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct OnBehalf {
    #[serde(default)]
    choice: String,
    #[serde(default)]
    comment: String,
}

/// A message to the person.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Saying {
    #[serde(default)]
    text: String,
    /// After how many messages, as the page showed them.
    #[serde(default)]
    after: String,
}

/// `GET /dispatch/{dispatch}/person/{person}`.
pub(crate) async fn show(
    State(console): State<Console>,
    viewer: Viewer,
    Path((dispatch, person)): Path<(u32, u32)>,
) -> Reply {
    render(&console, &viewer, DispatchId(dispatch), PersonId(person), None, String::new()).await
}

/// `POST …/answer`: an answer on the person's behalf, which is shown as such.
pub(crate) async fn answer(
    State(console): State<Console>,
    viewer: Viewer,
    Path((dispatch, person)): Path<(u32, u32)>,
    Form(typed): Form<OnBehalf>,
) -> Reply {
    let (dispatch, person) = (DispatchId(dispatch), PersonId(person));
    let Some(choice) = typed.choice.parse().ok().map(ChoiceId) else {
        return render(&console, &viewer, dispatch, person, Some("回答を選んでください。".into()), String::new()).await;
    };
    let comment = Comment::from_typed(&typed.comment).text;
    let command = AnswerCommand::Give { dispatch, person, choice, comment, details: Vec::new(), via: Via::Behalf };
    done(&console, &viewer, dispatch, person, command, String::new()).await
}

/// `POST …/say`: a message to the person, on the page of the person's own link; the mail about it carries a notice only.
pub(crate) async fn say(
    State(console): State<Console>,
    viewer: Viewer,
    Path((dispatch, person)): Path<(u32, u32)>,
    Form(typed): Form<Saying>,
) -> Reply {
    let (dispatch, person) = (DispatchId(dispatch), PersonId(person));
    let found = console.web().desk.read(|state| {
        let has_person = state.accounts().find(viewer.account)?.person.is_some();
        state.incident_of(dispatch).map(|incident| incident.id).filter(|_| has_person)
    });
    let Some(incident) = found else {
        return render(&console, &viewer, dispatch, person, Some(UNLINKED.into()), typed.text).await;
    };
    let text = typed.text.replace("\r\n", "\n").trim().to_owned();
    let form = format!("{} says to {person} in {incident} after {}: {text}", viewer.account, typed.after);
    let command = once(&form, AnswerCommand::Say { incident, person, text });
    done(&console, &viewer, dispatch, person, command, typed.text).await
}

async fn done(
    console: &Console,
    viewer: &Viewer,
    dispatch: DispatchId,
    person: PersonId,
    command: impl Into<Command>,
    typed: String,
) -> Reply {
    match console.act(viewer, command).await {
        Ok(_) => Redirect::to(&format!("/dispatch/{}/person/{}", dispatch.0, person.0)).into_response(),
        Err(error) => render(console, viewer, dispatch, person, Some(told(&error)), typed).await,
    }
}

async fn render(
    console: &Console,
    viewer: &Viewer,
    dispatch: DispatchId,
    person: PersonId,
    trouble: Option<String>,
    typed: String,
) -> Reply {
    let frame = viewer.frame(console, Place::Now);
    let status = if trouble.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let desk = &console.web().desk;
    let found = desk.read(|state| {
        let dispatch = state.dispatch(dispatch).filter(|it| it.is_asked(person))?;
        let may_write = state.accounts().find(viewer.account).is_some_and(|it| it.person.is_some());
        let incident = state.incident_of(dispatch.id())?;
        let answers: Vec<Answer> = incident.answers(person).to_vec();
        let page = PersonPage { trouble, typed, may_write, ..PersonPage::new(state, dispatch, person, frame) };
        Some((page, answers, dispatch.record().question.clone(), incident.id))
    });
    match found {
        Some((mut page, answers, question, incident)) => {
            let words = written::words(desk, &answers).await;
            for (given, words) in page.answers.iter_mut().rev().zip(words) {
                given.comment = words.comment;
                given.details = further::lines(&question, &words.details, Lang::Japanese);
            }
            let said = written::said(desk, incident, person).await;
            page.thread = desk.read(|state| said.iter().map(|it| Said::new(state, it)).collect());
            page::render(status, &page)
        }
        None => page::nothing(
            viewer.frame(console, Place::Now),
            "この人には配信していません",
            "番号を確かめ、配信の画面から選び直してください。",
        ),
    }
}

impl Said {
    fn new(state: &Present, message: &Spoken) -> Self {
        let who = match message.speaker {
            Speaker::Person => "本人".to_owned(),
            Speaker::Manager(manager) => state.people().find(manager).map_or("管理者", |it| it.name()).to_owned(),
        };
        Self { who, at: moment::for_console(message.at), text: message.text.clone() }
    }
}

impl PersonPage {
    /// The page without what people wrote.
    fn new(state: &Present, dispatch: &Dispatch, id: PersonId, frame: Frame) -> Self {
        let record = dispatch.record();
        let person = state.people().find(id);
        let groups = person.map(|it| it.groups.as_slice()).unwrap_or_default();
        let groups: Vec<&str> =
            groups.iter().filter_map(|id| state.groups().find(*id)).map(|it| it.name.as_str()).collect();
        let incident = state.incident_of(dispatch.id());
        let answers = incident.map_or(&[][..], |incident| incident.answers(id));
        let given = answers.iter().rev().map(|answer| Given {
            label: record.question.choice(answer.choice).map(|it| it.label_ja.clone()).unwrap_or_default(),
            at: moment::for_console(answer.at()),
            how: match answer.via {
                Via::Link => "本人",
                Via::Behalf => "代理回答",
                Via::SelfReport => "自主報告",
                Via::Mail => "本人（メールの返信）",
            },
            comment: String::new(),
            details: Vec::new(),
        });
        let mails = person.map(|it| it.addresses()).unwrap_or_default().iter().filter_map(|address| {
            let end = dispatch.mail_end(id, address.place);
            record
                .asked
                .iter()
                .find(|it| it.person == id)?
                .places
                .contains(&address.place)
                .then(|| (address.masked(), mail_words(end)))
        });
        Self {
            frame: frame.marked(Marks::for_console(record.mode)),
            trouble: None,
            dispatch: dispatch.id().0,
            person: id.0,
            title: record.title.clone(),
            name: person.map_or("", |it| it.name()).to_owned(),
            groups: groups.join("、"),
            standing: standing(dispatch.response(id)),
            answers: given.collect(),
            mails: mails.collect(),
            thread: Vec::new(),
            choices: record.question.choices.iter().map(|it| (it.id.0, it.label_ja.clone())).collect(),
            may_write: false,
            unlinked: UNLINKED,
            message_max: MESSAGE_CHARS_MAX,
            comment_max: COMMENT_MAX_CHARS,
            typed: String::new(),
        }
    }
}

/// How a mail ended, in words.
pub(super) fn mail_words(end: Option<MailEnd>) -> &'static str {
    match end {
        None => "送信待ち",
        Some(MailEnd::Accepted) => "受付済（通信事業者が受け取りました）",
        Some(MailEnd::Bounced) => "届けられません（アドレスの見直しが必要です）",
        Some(MailEnd::Expired) => "期限内に送れませんでした",
        Some(MailEnd::Cancelled) => "送信前に取り消されました",
        Some(MailEnd::Unknown) => "届いたかどうか分かりません",
    }
}
