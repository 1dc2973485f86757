//! Admission: how much is done at once, answers first and dashboards last (S12).
//!
//! A place is taken only once the whole request is here, so that a slow phone holds none. Whoever finds no place is asked
//! back after a moment: a post by a redirect that makes the browser send it again as it was, text and all; a page by
//! loading itself again. Neither needs a script. When too many wait for their redirect, the next ones get a page at once that has
//! their text, sends itself again where there are scripts, and has a button where there are none. To be told so costs a fraction of an
//! answer: the link is not opened, nothing is looked up.

use std::time::Duration;

use askama::Template;
use axum::{
    Form,
    body::Body,
    extract::{FromRequest, Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{Html, IntoResponse, Response},
};

use crate::form::FORM_MAX_BYTES;
use crate::page::AskAgain;
use crate::places::Wanted;
use crate::state::WebState;
use crate::style;

/// How long a post waits before it is sent again.
const PAUSE: Duration = Duration::from_secs(2);
/// How often a post is sent again by itself; browsers follow some twenty redirects.
const AGAIN_MAX: u32 = 8;
/// How long a request's body may take to arrive.
const BODY_PATIENCE: Duration = Duration::from_secs(30);

/// Says that there is a rush, and comes back by itself.
#[derive(Debug, Template)]
#[template(path = "busy.html")]
struct BusyPage {
    css: &'static str,
    /// What was posted; none for a page that was asked for.
    posted: Option<Vec<(String, String)>>,
    /// What sends it again.
    script: Option<&'static str>,
}

/// For responder pages.
pub(crate) async fn answers_first(State(state): State<WebState>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    // One byte more than a form may have, so that the form itself says that it is too large.
    let read = tokio::time::timeout(BODY_PATIENCE, axum::body::to_bytes(body, FORM_MAX_BYTES + 1)).await;
    let bytes = match read {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(_)) => return next.run(Request::from_parts(parts, Body::from(vec![0; FORM_MAX_BYTES + 1]))).await,
        Err(_) => return StatusCode::REQUEST_TIMEOUT.into_response(),
    };
    let is_post = parts.method == Method::POST;
    if is_post && is_too_often(&state, parts.uri.path()) {
        let posted = fields(Request::from_parts(parts, Body::from(bytes))).await;
        return later(StatusCode::TOO_MANY_REQUESTS, Some(posted), None);
    }
    let wanted = if is_post { Wanted::Record } else { Wanted::Show };
    if let Some(_place) = state.places.for_responder(wanted).await {
        let again = is_post.then(|| (parts.clone(), bytes.clone()));
        let response = next.run(Request::from_parts(parts, Body::from(bytes))).await;
        if response.extensions().get::<AskAgain>().is_none() {
            return response;
        }
        // What is missing comes within seconds: the same as in a rush.
        return match again {
            Some((parts, bytes)) => busy(Some(fields(Request::from_parts(parts, Body::from(bytes))).await)),
            None => busy(None),
        };
    }
    tracing::debug!("a responder was asked to come back: too many answers at once");
    if !is_post {
        return busy(None);
    }
    let again = parts.uri.query().map_or(0, tries);
    if again < AGAIN_MAX
        && let Some(_pause) = state.places.for_pause()
        && let Some(address) = once_more(&parts.uri, again + 1)
    {
        tokio::time::sleep(PAUSE).await;
        return (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, address)]).into_response();
    }
    // Too many wait already, or this one has waited often enough: the text is kept in the page.
    busy(Some(fields(Request::from_parts(parts, Body::from(bytes))).await))
}

/// For pages of the console: only while answers leave room.
pub(crate) async fn pages_last(State(state): State<WebState>, request: Request, next: Next) -> Response {
    if request.method() != Method::GET {
        // What somebody decided is as urgent as an answer.
        return next.run(request).await;
    }
    match state.places.for_page() {
        Some(_place) => next.run(request).await,
        None => busy(None),
    }
}

/// Whether a link posts more often than anybody presses. Counted by link and never by address: a ministry and a carrier each come from
/// a few. What is no link of ours is not counted, so that nobody fills the memory with inventions.
fn is_too_often(state: &WebState, path: &str) -> bool {
    let mut segments = path.split('/').skip(1);
    let (kind, token) = (segments.next().unwrap_or_default(), segments.next().unwrap_or_default());
    let link = match kind {
        "a" => state.desk.whose_link(token).map(|(dispatch, person)| (Some(dispatch), person)),
        "p" => state.desk.whose_page(token).map(|person| (None, person)),
        _ => None,
    };
    link.is_some_and(|link| !state.links.take(link, state.now()))
}

fn busy(posted: Option<Vec<(String, String)>>) -> Response {
    let script = posted.is_some().then_some(style::AGAIN);
    later(StatusCode::SERVICE_UNAVAILABLE, posted, script)
}

fn later(status: StatusCode, posted: Option<Vec<(String, String)>>, script: Option<&'static str>) -> Response {
    let is_asked_again = posted.is_none();
    let Ok(html) = (BusyPage { css: style::RESPONDER, posted, script }).render() else { return status.into_response() };
    let mut response = (status, [(header::RETRY_AFTER, "5")], Html(html)).into_response();
    if is_asked_again {
        // What is posted is sent again as it was, never loaded again without it.
        response.headers_mut().insert(header::REFRESH, HeaderValue::from_static("5"));
    }
    if script.is_some() {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, style::AGAIN_POLICY.clone());
    }
    response
}

/// How often this post was sent again.
fn tries(query: &str) -> u32 {
    query.split('&').find_map(|pair| pair.strip_prefix("again=")?.parse().ok()).unwrap_or(0)
}

/// The same address, with how often it was tried.
fn once_more(uri: &axum::http::Uri, again: u32) -> Option<HeaderValue> {
    let others =
        uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("again="));
    let query: Vec<&str> = others.collect();
    let query = query.iter().map(|pair| format!("{pair}&")).collect::<String>();
    HeaderValue::try_from(format!("{}?{query}again={again}", uri.path())).ok()
}

/// The fields of a form, so that they can be posted once more by hand.
async fn fields(request: Request) -> Vec<(String, String)> {
    Form::<Vec<(String, String)>>::from_request(request, &()).await.map(|Form(fields)| fields).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_post_is_sent_again_to_where_it_went_with_a_count() {
        let uri = "/a/token?lang=en&again=2".parse().unwrap();
        assert_eq!(tries("lang=en&again=2"), 2);
        assert_eq!(once_more(&uri, 3).unwrap(), "/a/token?lang=en&again=3");
        assert_eq!(once_more(&"/a/token".parse().unwrap(), 1).unwrap(), "/a/token?again=1");
    }
}
