//! Who looks at a page: the session of the cookie, the account behind it, and where the request comes from.

use std::convert::Infallible;
use std::net::IpAddr;

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use hikyaku_dispatch::{AccountId, Action, Waiting};

use super::{Console, Scope, rights};
use crate::frame::{Bar, Frame, MenuLink, Place};
use crate::gate::session::Session;
use crate::moment;
use crate::serve::Peer;

/// Where an account goes that has no password of its own or no second factor yet.
const SET_UP: &str = "/setup";

/// Whoever is logged in.
#[derive(Clone, Debug)]
pub(crate) struct Viewer {
    pub(crate) account: AccountId,
    pub(crate) label: String,
    pub(crate) session: Session,
    pub(crate) token: String,
}

/// Where a request comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Client(pub(crate) IpAddr);

impl FromRequestParts<Console> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, Infallible> {
        // Without a connection there is only a test.
        let peer = parts.extensions.get::<Peer>().map_or(IpAddr::from([127, 0, 0, 1]), |peer| peer.0.ip());
        Ok(Self(console.settings().proxies.client(peer, &parts.headers)))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Viewer {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        // Only pages behind `admit` ask for a viewer.
        parts.extensions.get::<Viewer>().cloned().ok_or(StatusCode::UNAUTHORIZED)
    }
}

impl Viewer {
    /// The frame of a page of `place` for this viewer.
    pub(crate) fn frame(&self, console: &Console, place: Place) -> Frame {
        let menu = console.web().desk.read(|state| {
            let opens = |href: &str| {
                rights::is_met(rights::needed(&Method::GET, href, None), self.account, state, console.now())
            };
            let approve = Scope::of(state, self.account, Action::Approve, console.now());
            let is_own = |it: &&Waiting| approve.is_wide(state.side_of(&it.proposal.draft));
            let waits = state.waiting().filter(is_own).count();
            let link = |(at, href, label): &(Place, &'static str, &'static str)| MenuLink {
                href,
                label,
                here: *at == place,
                waiting: if *at == Place::Approval { waits } else { 0 },
            };
            Place::MENU.iter().filter(|(_, href, _)| opens(href)).map(link).collect()
        });
        let bar = Bar { label: self.label.clone(), menu };
        let now = moment::for_console(console.now());
        Frame::new(now, &console.settings().organisation, Some(bar))
    }

    /// Where password and code are to be shown again, unless they were a moment ago; `then` is where it goes on.
    pub(crate) fn unproved(&self, console: &Console, then: &str) -> Option<Response> {
        let fresh = console.sessions().is_fresh(&self.session, console.now());
        (!fresh).then(|| Redirect::to(&format!("/prove?next={then}")).into_response())
    }
}

/// Lets in who is logged in; others are led to the log-in.
pub(crate) async fn admit(State(console): State<Console>, mut request: Request, next: Next) -> Response {
    let Some((viewer, complete)) = viewer(&console, &request) else {
        return refuse(&request);
    };
    let path = request.uri().path();
    if !complete && !path.starts_with(SET_UP) && path != "/logout" {
        return Redirect::to(SET_UP).into_response();
    }
    request.extensions_mut().insert(viewer);
    next.run(request).await
}

/// The viewer, and whether the account is ready for use.
fn viewer(console: &Console, request: &Request) -> Option<(Viewer, bool)> {
    let by_itself = request.uri().path() == "/live" || request.uri().query().is_some_and(|it| it.contains("live=1"));
    found(console, request.headers(), !by_itself)
}

fn found(console: &Console, headers: &HeaderMap, visit: bool) -> Option<(Viewer, bool)> {
    let token = cookie(headers, cookie_name(console.web().over_tls))?.to_owned();
    let session = console.sessions().find(&token, console.now(), visit)?;
    console.web().desk.read(|state| {
        let account = state.accounts().find(session.account)?;
        let over = account.suspended || session.began < account.sessions_from;
        let label = account.label().to_owned();
        let viewer = Viewer { account: account.id, label, session: session.clone(), token };
        (!over).then(|| (viewer, account.is_set_up()))
    })
}

/// Whoever is logged in, for the one page that is open to everybody and concerns them.
#[cfg(feature = "oidc")]
pub(crate) fn visiting(console: &Console, headers: &HeaderMap) -> Option<Viewer> {
    found(console, headers, true).map(|(viewer, _)| viewer)
}

fn refuse(request: &Request) -> Response {
    let path = request.uri().path();
    if path == "/live" {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    if *request.method() == Method::GET {
        let next = if path == "/" { String::new() } else { format!("?next={path}") };
        return Redirect::to(&format!("/login{next}")).into_response();
    }
    let told = "ログインの有効期限が切れています。別のタブでログインしてから、この画面を再読み込み（再送信）してください。入力した内容は失われません。";
    (StatusCode::UNAUTHORIZED, told).into_response()
}

/// The name of the cookie; the prefix makes browsers insist on TLS, this host and the whole site (RFC 6265bis §4.1.3.2).
pub(crate) fn cookie_name(over_tls: bool) -> &'static str {
    if over_tls { "__Host-hikyaku" } else { "hikyaku" }
}

/// The value of a cookie.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, wanted: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find_map(|(name, value)| (name == wanted).then_some(value))
}
