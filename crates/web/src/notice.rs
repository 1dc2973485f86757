//! Notices signs in what is answered: one look at each answer's status, whatever page gave it.

use axum::{
    extract::{Request, State},
    http::StatusCode,
    middleware::Next,
    response::Response,
};

use crate::gate::signs::Sign;
use crate::state::WebState;

/// What refusals of a router mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    Answers,
    Console,
    Api,
}

/// Counts what an answer is a sign of.
pub(crate) async fn notice(State((web, door)): State<(WebState, Door)>, request: Request, next: Next) -> Response {
    let is_log_in = is_log_in(request.uri().path());
    let response = next.run(request).await;
    if let Some(sign) = sign_of(door, is_log_in, response.status()) {
        web.signs.note(sign, web.now());
    }
    response
}

/// Whether somebody shows there who it is, whatever with.
fn is_log_in(path: &str) -> bool {
    ["/login", "/prove"]
        .into_iter()
        .any(|door| path.strip_prefix(door).is_some_and(|it| it.is_empty() || it.starts_with('/')))
}

fn sign_of(door: Door, is_log_in: bool, status: StatusCode) -> Option<Sign> {
    match (door, status) {
        (_, StatusCode::SERVICE_UNAVAILABLE) => Some(Sign::Overload),
        // Only who found no place is sent to the same page once more.
        (Door::Answers, StatusCode::TEMPORARY_REDIRECT) => Some(Sign::Overload),
        (Door::Answers, StatusCode::FORBIDDEN) => Some(Sign::ForgedLink),
        (Door::Console, StatusCode::UNAUTHORIZED | StatusCode::TOO_MANY_REQUESTS) if is_log_in => {
            Some(Sign::FailedLogIn)
        }
        (Door::Api, StatusCode::UNAUTHORIZED) => Some(Sign::ForgedToken),
        (Door::Console | Door::Api, StatusCode::FORBIDDEN) => Some(Sign::RefusedAccess),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn req_s17_each_refusal_is_a_sign_of_its_own_kind_and_a_page_that_opens_of_none() {
        let console = |log_in, status| sign_of(Door::Console, log_in, status);
        assert_eq!(console(true, StatusCode::UNAUTHORIZED), Some(Sign::FailedLogIn));
        assert_eq!(console(true, StatusCode::TOO_MANY_REQUESTS), Some(Sign::FailedLogIn));
        assert_eq!(console(false, StatusCode::UNAUTHORIZED), None, "a session that ended is no attack");
        assert_eq!(console(false, StatusCode::FORBIDDEN), Some(Sign::RefusedAccess));
        assert_eq!(sign_of(Door::Answers, false, StatusCode::FORBIDDEN), Some(Sign::ForgedLink));
        assert_eq!(sign_of(Door::Answers, false, StatusCode::GONE), None, "an old mail is no forgery");
        assert_eq!(sign_of(Door::Api, false, StatusCode::UNAUTHORIZED), Some(Sign::ForgedToken));
        assert_eq!(sign_of(Door::Answers, false, StatusCode::TEMPORARY_REDIRECT), Some(Sign::Overload));
        assert_eq!(sign_of(Door::Api, false, StatusCode::OK), None);
        for door in ["/login", "/login/passkey", "/login/oidc/callback", "/prove", "/prove/passkey"] {
            assert!(is_log_in(door), "{door}");
        }
        assert!(!is_log_in("/accounts") && !is_log_in("/logins") && !is_log_in("/"));
    }
}
