//! What every responder page has around its contents, and how a template becomes a response.

use askama::Template;
use axum::{
    http::StatusCode,
    response::{Html, IntoResponse, Response},
};
use hikyaku_dispatch::{LinkRefusal, Mode};

use crate::mode::Marks;
use crate::style;
use crate::words::{Lang, Notice, Words};

/// The frame of a responder page.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) lang: Lang,
    pub(crate) mode: Marks,
    pub(crate) css: &'static str,
}

impl Frame {
    pub(crate) fn new(lang: Lang, mode: Mode) -> Self {
        Self { lang, mode: Marks::for_responder(mode, lang), css: style::RESPONDER }
    }
}

/// A page that says what happened and what to do next.
#[derive(Debug, Template)]
#[template(path = "notice.html")]
struct NoticePage {
    frame: Frame,
    words: &'static Words,
    notice: Notice,
}

/// A console page that says that there is nothing here.
#[derive(Debug, Template)]
#[template(path = "nothing.html")]
struct NothingPage {
    frame: crate::frame::Frame,
    head: &'static str,
    text: &'static str,
}

/// Says on a console page that there is nothing here, and what to do next.
pub(crate) fn nothing(frame: crate::frame::Frame, head: &'static str, text: &'static str) -> Response {
    render(StatusCode::NOT_FOUND, &NothingPage { frame, head, text })
}

/// Renders a template; a template that cannot be rendered is our fault and says so.
pub(crate) fn render(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// A notice in `lang`.
pub(crate) fn notice(status: StatusCode, lang: Lang, choose: fn(&Words) -> Notice) -> Response {
    tell(status, lang, choose(lang.words()))
}

/// A notice that is there already in `lang`.
pub(crate) fn tell(status: StatusCode, lang: Lang, notice: Notice) -> Response {
    render(status, &NoticePage { frame: Frame::new(lang, Mode::Real), words: lang.words(), notice })
}

/// Marks a response to a link that cannot be read just now: whoever asked is asked back, with what was typed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AskAgain;

/// Why a link does not open, and what to do next. The token stays out of the log.
pub(crate) fn refuse(refusal: LinkRefusal, lang: Lang) -> Response {
    tracing::info!(?refusal, "an answer link was refused");
    let words = lang.words();
    let (status, head) = match refusal {
        LinkRefusal::Forged => (StatusCode::FORBIDDEN, words.forged_link),
        LinkRefusal::Expired => (StatusCode::GONE, words.expired_link),
        LinkRefusal::Revoked => (StatusCode::GONE, words.revoked_link),
        LinkRefusal::Unknown => (StatusCode::NOT_FOUND, words.unknown_link),
        LinkRefusal::Unreadable => (StatusCode::SERVICE_UNAVAILABLE, words.unreadable_link),
        _ => (StatusCode::NOT_FOUND, words.broken_link),
    };
    let [japanese, easy, english] = refusal.advice();
    let next = match lang {
        Lang::Japanese => japanese,
        Lang::Easy => easy,
        Lang::English => english,
    };
    let notice = Notice { head, text: words.nothing_recorded, next };
    let mut response = render(status, &NoticePage { frame: Frame::new(lang, Mode::Real), words, notice });
    if refusal == LinkRefusal::Unreadable {
        response.extensions_mut().insert(AskAgain);
    }
    response
}
