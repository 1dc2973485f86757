//! Whose passkeys they are: the site by which browsers know the console.

use axum::http::Uri;

/// The relying party (WebAuthn Level 2 §4): an origin, and the domain in it that passkeys are bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelyingParty {
    /// Such as `https://console.example.go.jp`.
    pub(super) origin: String,
    /// Such as `console.example.go.jp`.
    pub(crate) domain: String,
}

impl RelyingParty {
    /// The site at this address; none where browsers would not use passkeys: without TLS beyond `localhost`, with a path, or at
    /// a number instead of a name.
    #[must_use]
    pub fn at(address: &str) -> Option<Self> {
        let origin = address.trim_end_matches('/');
        let uri: Uri = origin.parse().ok()?;
        let domain = uri.host()?.to_owned();
        let is_safe = uri.scheme_str() == Some("https") || (uri.scheme_str() == Some("http") && domain == "localhost");
        let is_name = domain.parse::<std::net::IpAddr>().is_err() && !domain.starts_with('[');
        let is_plain = matches!(uri.path(), "" | "/") && uri.query().is_none() && origin.to_lowercase() == origin;
        (is_safe && is_name && is_plain).then(|| Self { origin: origin.to_owned(), domain })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn req_s03_passkeys_belong_to_a_name_that_is_reached_over_tls() {
        let party = RelyingParty::at("https://console.example.go.jp:8443/").unwrap();
        assert_eq!(
            (party.origin.as_str(), party.domain.as_str()),
            ("https://console.example.go.jp:8443", "console.example.go.jp")
        );
        assert_eq!(RelyingParty::at("http://localhost:8081").unwrap().domain, "localhost");
        for wrong in [
            "http://console.example.go.jp",
            "https://192.0.2.1",
            "https://[2001:db8::1]",
            "https://a.example/b",
            "https://A.example",
            "x",
        ] {
            assert_eq!(RelyingParty::at(wrong), None, "{wrong}");
        }
    }
}
