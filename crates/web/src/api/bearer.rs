//! Who calls: the token of `Authorization: Bearer` (RFC 6750), which is kept only as its hash.

use aws_lc_rs::digest::{SHA256, digest};
use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, Method, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hikyaku_dispatch::{AccountId, Actor, Hash, TokenId};

use super::problem::Problem;
use super::{ACTS_PER_MINUTE, Api, READS_PER_MINUTE};
use crate::error::Error;

/// By this people and searches for leaked secrets know a token when they see one.
const PREFIX: &str = "hky_";
/// Longest word that is looked at as a token, in bytes.
const TOKEN_BYTES_MAX: usize = 128;

/// A token that was just made; it is shown once and kept nowhere.
pub struct NewToken {
    /// What the program sends.
    pub token: String,
    /// What the journal keeps.
    pub hash: Hash,
    /// By which people tell tokens apart.
    pub last_four: String,
}

impl std::fmt::Debug for NewToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewToken(…{})", self.last_four)
    }
}

/// A new token with 256 bits of chance.
///
/// # Errors
/// [`Error::NoRandomness`].
pub fn make_token() -> Result<NewToken, Error> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|_| Error::NoRandomness)?;
    let token = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes));
    let last_four = token[token.len() - 4..].to_owned();
    Ok(NewToken { hash: hash_of(&token), last_four, token })
}

fn hash_of(token: &str) -> Hash {
    let mut hash = Hash::default();
    hash.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
    hash
}

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
