//! The card of one's own page, to be printed: who has lost the mail finds the page by the camera of a telephone [A03].

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};

use super::words::{OwnWords, words};
use crate::answer::Visit;
use crate::gate::factor::qr;
use crate::page::{self, Frame};
use crate::state::WebState;
use crate::words::Words;

#[derive(Debug, Template)]
#[template(path = "own_card.html")]
struct CardPage<'a> {
    frame: Frame,
    words: &'static Words,
    own: &'static OwnWords,
    name: &'a str,
    link: &'a str,
    /// The link as an SVG.
    picture: String,
    back: String,
}

/// `GET /p/{token}/card`. Records nothing.
pub(crate) async fn card(State(state): State<WebState>, visit: Visit) -> Response {
    let lang = visit.lang();
    let view = match state.desk.open_personal(visit.token(), state.now()) {
        Ok(view) => view,
        Err(refusal) => return page::refuse(refusal, lang),
    };
    let Some(post) = &state.post else { return page::notice(StatusCode::NOT_FOUND, lang, |words| words.not_found) };
    let (own, link) = (words(lang), post.link("p", visit.token()));
    let page = CardPage {
        frame: Frame::new(lang, hikyaku_dispatch::Mode::Real),
        words: lang.words(),
        own,
        name: &view.name,
        picture: qr(&link, own.card_picture),
        link: &link,
        back: format!("/p/{}?lang={}", visit.token(), lang.code()),
    };
    page::render(StatusCode::OK, &page)
}
