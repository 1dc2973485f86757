//! Who calls: the token of `Authorization: Bearer` (RFC 6750), which is kept only as its hash.

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, Method, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use hikyaku_dispatch::{AccountId, Actor, TokenId};

use super::problem::Problem;
use super::{ACTS_PER_MINUTE, Api, READS_PER_MINUTE};
use crate::gate::token::hash_of;

/// Longest word that is looked at as a token, in bytes.
const TOKEN_BYTES_MAX: usize = 128;

/// Whoever calls, with a token that is good now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caller {
    pub(super) token: TokenId,
    pub(super) account: AccountId,
}

impl Caller {
    pub(super) fn actor(self) -> Actor {
        Actor::Token { token: self.token, account: self.account }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        // Only ways behind `admit` ask for a caller.
        parts.extensions.get::<Caller>().copied().ok_or_else(Problem::unknown_caller)
    }
}

/// Lets in who has a token, as often as tokens may come, and while answers leave room.
pub(super) async fn admit(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    let Some(caller) = caller(&api, request.headers()) else {
        tracing::warn!("a call of the API without a good token was refused");
        return Problem::unknown_caller().into_response();
    };
    let reads = *request.method() == Method::GET;
    let (rate, most) = if reads { (&api.0.reads, READS_PER_MINUTE) } else { (&api.0.acts, ACTS_PER_MINUTE) };
    if !rate.take(caller.token, api.now()) {
        return Problem::too_often(most).into_response();
    }
    request.extensions_mut().insert(caller);
    if !reads {
        // What somebody decided is as urgent as an answer.
        return next.run(request).await;
    }
    match api.0.web.places.for_page() {
        Some(_place) => next.run(request).await,
        None => Problem::busy().into_response(),
    }
}

fn caller(api: &Api, headers: &HeaderMap) -> Option<Caller> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let token = token.trim_start();
    if !scheme.eq_ignore_ascii_case("bearer") || token.len() > TOKEN_BYTES_MAX {
        return None;
    }
    // Found by its hash, so that the time it takes tells nothing about tokens that exist.
    let hash = hash_of(token);
    api.read(|state| {
        let found = state.accounts().token_of(&hash).filter(|it| api.now() < it.expires)?;
        Some(Caller { token: found.id, account: found.account })
    })
}
