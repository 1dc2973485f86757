//! The page that says how personal data are used.

use askama::Template;
use axum::{
    extract::{Query, State},
    http::StatusCode,
    response::Response,
};
use hikyaku_dispatch::Mode;
use serde::Deserialize;

use crate::page::{self, Frame};
use crate::state::WebState;
use crate::words::{Lang, Words};

#[derive(Debug, Template)]
#[template(path = "privacy.html")]
struct PrivacyPage<'a> {
    frame: Frame,
    words: &'static Words,
    /// Says that the text is in another language than the page.
    of_text: Lang,
    text: &'a str,
}

/// In which language.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    lang: Option<String>,
}

/// `GET /privacy`.
pub(crate) async fn show(State(state): State<WebState>, Query(asked): Query<Asked>) -> Response {
    let lang = Lang::from_code(asked.lang.as_deref());
    let (of_text, text) = state.privacy.text(lang);
    let page = PrivacyPage { frame: Frame::new(lang, Mode::Real), words: lang.words(), of_text, text };
    page::render(StatusCode::OK, &page)
}
