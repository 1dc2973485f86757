//! Posts come from our own pages only (cross-site request forgery, IPA class 6).
//!
//! Browsers say where a request comes from in `Sec-Fetch-Site`, which no page can forge, and in `Origin`. Whoever says
//! neither is not a browser that is logged in, and posts nothing here.

use axum::{
    extract::Request,
    http::{HeaderMap, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

/// Refuses whatever changes something and does not come from a page of this very host.
pub(crate) async fn own_pages_only(request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if reads || is_own(request.headers()) {
        return next.run(request).await;
    }
    tracing::warn!(path = request.uri().path(), "a post from another site was refused");
    let told =
        "この操作は、この画面以外から送られたため受け付けませんでした。画面を開き直して、もう一度操作してください。";
    (StatusCode::FORBIDDEN, told).into_response()
}

fn is_own(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value: &header::HeaderValue| value.to_str().ok());
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin";
    }
    let host = text(header::HOST);
    let origin = text(header::ORIGIN).and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
    host.is_some() && host == origin
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(pairs: &[(&'static str, &str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, value.parse().unwrap());
        }
        is_own(&headers)
    }

    #[test]
    fn req_s08_ipa_6_only_our_own_pages_post() {
        assert!(own(&[("sec-fetch-site", "same-origin")]));
        assert!(own(&[("host", "anpi.example.go.jp"), ("origin", "https://anpi.example.go.jp")]));
        assert!(!own(&[("sec-fetch-site", "cross-site")]));
        assert!(!own(&[("sec-fetch-site", "same-site"), ("host", "a.jp"), ("origin", "https://a.jp")]));
        assert!(!own(&[("host", "anpi.example.go.jp"), ("origin", "https://evil.example")]));
        assert!(!own(&[("host", "anpi.example.go.jp"), ("origin", "null")]));
        assert!(!own(&[("host", "anpi.example.go.jp")]), "who says nothing is no browser of ours");
    }
}
