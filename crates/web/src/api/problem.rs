//! What went wrong, as `application/problem+json` (RFC 9457): the sentence says what to do next.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use hikyaku_dispatch::{AccountRefusal, Denied, DispatchRefusal, Error, JudgingRefusal, Refusal};
use serde_json::json;

/// After how many seconds a busy server is asked again.
const BUSY_S: u32 = 5;
/// After how many seconds a token that asked too often asks again.
const LIMIT_S: u32 = 60;

/// An answer that says what went wrong.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    detail: String,
    retry_s: Option<u32>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), retry_s: None }
    }

    /// Nobody of whom we know.
    pub(super) fn unknown_caller() -> Self {
        let detail = "Authorization: Bearer に有効なトークンがありません（未知・取消済み・期限切れ）。システム管理者が hikyaku access token make で発行します。";
        Self::new(StatusCode::UNAUTHORIZED, detail)
    }

    /// Nothing of that number that the caller may see.
    pub(super) fn missing(what: &str) -> Self {
        let detail = format!("この番号の{what}がないか、権限の外です。一覧の番号を使ってください。");
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// The journal cannot be read just now.
    pub(super) fn unreadable() -> Self {
        let detail = "記録を読み出せません。Retry-After の秒数を待って、同じ要求をもう一度送ってください。";
        Self { status: StatusCode::SERVICE_UNAVAILABLE, detail: detail.into(), retry_s: Some(BUSY_S) }
    }

    /// Something in the request is to be mended.
    pub(super) fn mend(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
    }

    /// Answers of responders come first.
    pub(super) fn busy() -> Self {
        let detail =
            "混み合っています（回答の受付を優先）。Retry-After の秒数を待って、同じ要求をもう一度送ってください。";
        Self { status: StatusCode::SERVICE_UNAVAILABLE, detail: detail.into(), retry_s: Some(BUSY_S) }
    }

    /// The token asked too often.
    pub(super) fn too_often(most: u32) -> Self {
        let detail = format!("このトークンの上限は 1 分に {most} 回です。Retry-After の秒数を待ってください。");
        Self { status: StatusCode::TOO_MANY_REQUESTS, detail, retry_s: Some(LIMIT_S) }
    }
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        let status = if denied == Denied::NoToken { StatusCode::UNAUTHORIZED } else { StatusCode::FORBIDDEN };
        Self::new(status, denied.to_string())
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let Error::Refused(refusal) = error else {
            tracing::error!(%error, "a wish of the API could not be recorded");
            let detail =
                "記録できませんでした。同じ Idempotency-Key で、もう一度送ってください（二重にはなりません）。";
            return Self { status: StatusCode::SERVICE_UNAVAILABLE, detail: detail.into(), retry_s: Some(BUSY_S) };
        };
        let status = match &refusal {
            Refusal::NotAllowed(denied) => return (*denied).into(),
            Refusal::UnknownDispatch(_)
            | Refusal::UnknownIncident(_)
            | Refusal::UnknownPerson(_)
            | Refusal::Dispatch(DispatchRefusal::NotScheduled(_)) => StatusCode::NOT_FOUND,
            Refusal::Account(AccountRefusal::OtherWish)
            | Refusal::Dispatch(DispatchRefusal::SentAlready { .. } | DispatchRefusal::ScheduledAlready(_))
            | Refusal::Dispatch(DispatchRefusal::Over(_) | DispatchRefusal::NobodyUnanswered(_))
            | Refusal::Judging(JudgingRefusal::NotWaiting(_)) => StatusCode::CONFLICT,
            Refusal::Judging(JudgingRefusal::NotApprover { .. } | JudgingRefusal::Nobody(_)) => StatusCode::FORBIDDEN,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        Self::new(status, refusal.to_string())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let title = self.status.canonical_reason().unwrap_or("error");
        let body = json!({
            "type": "about:blank",
            "title": title,
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        let json = HeaderValue::from_static("application/problem+json");
        let mut response = (self.status, [(header::CONTENT_TYPE, json)], body.to_string()).into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
