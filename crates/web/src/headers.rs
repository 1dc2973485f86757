//! The response headers that every page carries [S01 S13].

use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};

static FIXED: [(HeaderName, HeaderValue); 8] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), geolocation=(), microphone=()"),
    ),
    (HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex, nofollow")),
];

/// A browser that was here over TLS comes over TLS only for two years (RFC 6797 §6.1).
static OVER_TLS_ONLY: HeaderValue = HeaderValue::from_static("max-age=63072000");

/// What differs between routers.
#[derive(Clone, Debug)]
pub(crate) struct Secured {
    /// The content security policy.
    pub(crate) policy: HeaderValue,
    /// Whether browsers reach the pages over TLS: without it the word about it must not be said (RFC 6797 §7.2).
    pub(crate) over_tls: bool,
}

/// Adds the fixed headers and those of the router to whatever it answers, errors included.
pub(crate) async fn secure(State(secured): State<Secured>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in &FIXED {
        headers.insert(name.clone(), value.clone());
    }
    // A page that carries something else says so itself.
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(secured.policy);
    if secured.over_tls {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, OVER_TLS_ONLY.clone());
    }
    response
}
