//! What SCIM answers: resources, and errors in its own words (RFC 7644 §3.12).

use axum::{
    body::to_bytes,
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use hikyaku_dispatch::{Error, PeopleRefusal, Refusal};
use serde_json::{Value, json};

const JSON: HeaderValue = HeaderValue::from_static("application/scim+json");
/// More than any problem says, in bytes.
const PROBLEM_MAX: usize = 64 * 1024;

/// A resource, or a list of them.
pub(super) struct Said(pub(super) StatusCode, pub(super) Value);

impl IntoResponse for Said {
    fn into_response(self) -> Response {
        (self.0, [(header::CONTENT_TYPE, JSON)], self.1.to_string()).into_response()
    }
}

/// An error in SCIM's words.
#[derive(Debug)]
pub(super) struct ScimError {
    status: StatusCode,
    kind: Option<&'static str>,
    detail: String,
}

impl ScimError {
    fn new(status: StatusCode, kind: Option<&'static str>, detail: impl Into<String>) -> Self {
        Self { status, kind, detail: detail.into() }
    }

    pub(super) fn missing() -> Self {
        Self::new(StatusCode::NOT_FOUND, None, "この資源がないか、権限の外です。一覧の id を使ってください。")
    }

    pub(super) fn too_large() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, None, "本文が大きすぎます。小さく分けてください。")
    }

    pub(super) fn too_many(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Some("tooMany"), detail)
    }

    pub(super) fn syntax(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Some("invalidSyntax"), detail)
    }

    pub(super) fn value(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Some("invalidValue"), detail)
    }

    pub(super) fn path(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Some("invalidPath"), detail)
    }

    pub(super) fn filter(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Some("invalidFilter"), detail)
    }

    pub(super) fn taken(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, Some("uniqueness"), detail)
    }

    pub(super) fn fixed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Some("mutability"), detail)
    }

    pub(super) fn unwanted(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_IMPLEMENTED, None, detail)
    }

    fn body(status: StatusCode, kind: Option<&str>, detail: &str) -> Value {
        let mut body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
            "status": status.as_u16().to_string(),
            "detail": detail,
        });
        if let Some(kind) = kind {
            body["scimType"] = kind.into();
        }
        body
    }
}

impl From<Error> for ScimError {
    fn from(error: Error) -> Self {
        match &error {
            Error::Refused(Refusal::People(PeopleRefusal::SameGroupName(_))) => Self::taken(error.to_string()),
            Error::Refused(Refusal::NotAllowed(denied)) => Self::new(StatusCode::FORBIDDEN, None, denied.to_string()),
            // Not the sender's fault, and over in a moment: the same request is taken then.
            Error::Refused(Refusal::People(PeopleRefusal::KeysMissing { .. })) => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, None, error.to_string())
            }
            Error::Refused(refusal) => Self::value(refusal.to_string()),
            _ => {
                tracing::error!(%error, "a wish of SCIM could not be recorded");
                let detail = "記録できませんでした。しばらく待って、もう一度送ってください。";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, None, detail)
            }
        }
    }
}

impl IntoResponse for ScimError {
    fn into_response(self) -> Response {
        Said(self.status, Self::body(self.status, self.kind, &self.detail)).into_response()
    }
}

/// What the doors of the API refuse is told in SCIM's words too.
pub(super) async fn in_scim_words(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let status = response.status();
    let is_scim = response.headers().get(header::CONTENT_TYPE).is_some_and(|it| *it == JSON);
    if is_scim || status.is_success() {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let bytes = to_bytes(body, PROBLEM_MAX).await.unwrap_or_default();
    let problem: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let usual = "このアドレスではできない操作か、番号・「?」の後ろの誤りです。/scim/v2/ResourceTypes を見てください。";
    let detail = problem["detail"].as_str().unwrap_or(usual);
    parts.headers.insert(header::CONTENT_TYPE, JSON);
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, ScimError::body(status, None, detail).to_string().into())
}
