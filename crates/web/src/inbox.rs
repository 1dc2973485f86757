//! Mails that came back and were neither a delivery report nor an answer: for an hour, for a look (requirement A25).

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};

use crate::console::{Console, InboxMail, Viewer};
use crate::frame::{Frame, Place};
use crate::moment;
use crate::page;

#[derive(Debug, Template)]
#[template(path = "inbox.html")]
struct InboxPage {
    frame: Frame,
    /// `None` where this server takes no mail.
    mails: Option<Vec<Row>>,
}

#[derive(Debug)]
struct Row {
    at: String,
    why: &'static str,
    from: String,
    subject: String,
    text: String,
}

/// `GET /inbox`.
pub(crate) async fn show(State(console): State<Console>, viewer: Viewer) -> Response {
    let frame = viewer.frame(&console, Place::System);
    let now = console.now();
    let mails = console.settings().inbox.as_ref().map(|it| it.look(now).into_iter().map(Row::from).collect());
    page::render(StatusCode::OK, &InboxPage { frame, mails })
}

impl From<InboxMail> for Row {
    fn from(mail: InboxMail) -> Self {
        Row { at: moment::for_console(mail.at), why: mail.why, from: mail.from, subject: mail.subject, text: mail.text }
    }
}
