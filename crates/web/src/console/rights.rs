//! Which right a page of the console asks for: decided by the one place that decides, before anything is shown [A31].
//!
//! Pages that show everybody ask for a right over the whole domestic side; only the page of one person asks about that
//! person. Whoever manages part of the tree is therefore refused the wide pages until those are cut to the part.

use axum::{
    extract::{Request, State},
    http::{Method, StatusCode},
    middleware::Next,
    response::{IntoResponse, Response},
};
use hikyaku_dispatch::{Action, Actor, PersonId, Side, Subject, may};

use super::{Console, Viewer};
use crate::frame::Place;
use crate::page;

/// Refuses pages and acts beyond the viewer's rights.
pub(crate) async fn within_rights(
    State(console): State<Console>,
    viewer: Viewer,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path();
    let Some((action, subject)) = needed(request.method(), path) else { return next.run(request).await };
    let (actor, now) = (Actor::Account(viewer.account), console.now());
    if console.web().desk.read(|state| may(actor, action, subject, state, now)).is_ok() {
        return next.run(request).await;
    }
    tracing::warn!(account = %viewer.account, path, "a page beyond the viewer's rights was refused");
    let frame = viewer.frame(&console, Place::Elsewhere);
    let told = "この画面を開く権限がありません。必要なときは、システム管理者に役割の付与を依頼してください。";
    (StatusCode::FORBIDDEN, page::nothing(frame, "権限がありません", told)).into_response()
}

/// What one must be allowed to open a page; `None` where every account may. What is not listed asks for the most.
fn needed(method: &Method, path: &str) -> Option<(Action, Subject)> {
    let everybody = Subject::Side(Side::Domestic);
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    let action = match parts.as_slice() {
        ["me" | "setup" | "prove" | "logout", ..] => return None,
        ["" | "live"] | ["dispatch", _] => Action::SeeCounts,
        ["dispatch", _, "people"] => Action::SeeAnswers,
        ["dispatch", _, "person", person, act @ ..] => {
            let action = match act {
                [] => Action::SeeAnswers,
                ["answer"] => Action::AnswerFor,
                _ => Action::Reply,
            };
            let one = person.parse().map_or(everybody, |number| Subject::Person(PersonId(number)));
            return Some((action, one));
        }
        ["dispatch", ..] => Action::Resend,
        ["approval", ..] => Action::Approve,
        ["compose", ..] => Action::SendFree,
        ["delivery"] if *method == Method::GET => Action::SeeJudgements,
        ["delivery"] => Action::EditRules,
        _ => Action::ManageAccounts,
    };
    Some((action, everybody))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn req_a31_a_page_nobody_listed_asks_for_the_most_and_ones_own_account_for_nothing() {
        let asked = |path| needed(&Method::GET, path).map(|(action, _)| action);
        assert_eq!(asked("/me/password"), None);
        assert_eq!(asked("/audit"), Some(Action::ManageAccounts));
        assert_eq!(asked("/dispatch/3/people"), Some(Action::SeeAnswers));
        let person = needed(&Method::POST, "/dispatch/3/person/12/answer");
        assert_eq!(person, Some((Action::AnswerFor, Subject::Person(PersonId(12)))));
    }
}
