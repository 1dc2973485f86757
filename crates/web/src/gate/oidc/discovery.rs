//! What a provider says of itself (OpenID Connect Discovery 1.0 §3), as far as it is needed and believed.

use serde::Deserialize;

use super::settings::is_safe;
use super::signed::Algorithm;

/// Where a provider says so.
pub(super) fn address_of(issuer: &str) -> String {
    format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'))
}

/// Where a provider does what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoints {
    /// Where browsers are sent to.
    pub(super) authorization: String,
    /// Where a code is exchanged.
    pub(super) token: String,
    /// Where its keys are.
    pub(super) keys: String,
    /// Whether the secret goes into a header (RFC 6749 §2.3.1) and not into the form.
    pub(super) takes_basic: bool,
}

#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    id_token_signing_alg_values_supported: Vec<String>,
    #[serde(default = "basic")]
    token_endpoint_auth_methods_supported: Vec<String>,
}

/// What a provider takes that does not say.
fn basic() -> Vec<String> {
    vec!["client_secret_basic".to_owned()]
}

/// Reads the document of `issuer`.
///
/// # Errors
/// Why it is not believed.
pub(super) fn endpoints(document: &[u8], issuer: &str) -> Result<Endpoints, &'static str> {
    let said: Document = serde_json::from_slice(document).map_err(|_| "the document lacks what is needed")?;
    // Another issuer's document, however it came here, must not lead browsers there (§4.3).
    if said.issuer != issuer {
        return Err("it calls itself by another name than [console.oidc] issuer");
    }
    if ![&said.authorization_endpoint, &said.token_endpoint, &said.jwks_uri].into_iter().all(|it| is_safe(it)) {
        return Err("one of its addresses has no https://");
    }
    let signs = &said.id_token_signing_alg_values_supported;
    if !signs.is_empty() && !signs.iter().any(|name| Algorithm::named(name).is_some()) {
        return Err("it signs neither with RS256 nor with ES256");
    }
    let takes = |method: &str| said.token_endpoint_auth_methods_supported.iter().any(|it| it == method);
    let takes_basic = takes("client_secret_basic");
    if !takes_basic && !takes("client_secret_post") {
        return Err("it takes a client's secret neither in a header nor in a form");
    }
    Ok(Endpoints {
        authorization: said.authorization_endpoint,
        token: said.token_endpoint,
        keys: said.jwks_uri,
        takes_basic,
    })
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use super::*;

    const ISSUER: &str = "https://login.example.go.jp/staff";

    fn document() -> Value {
        json!({
            "issuer": ISSUER,
            "authorization_endpoint": "https://login.example.go.jp/authorize",
            "token_endpoint": "https://login.example.go.jp/token",
            "jwks_uri": "https://login.example.go.jp/keys",
            "id_token_signing_alg_values_supported": ["RS256", "HS256"],
        })
    }

    fn read(name: &str, value: Value) -> Result<Endpoints, &'static str> {
        let mut document = document();
        document[name] = value;
        endpoints(document.to_string().as_bytes(), ISSUER)
    }

    pub(in crate::gate::oidc) fn found() -> Endpoints {
        endpoints(document().to_string().as_bytes(), ISSUER).unwrap()
    }

    #[test]
    fn req_s03_a_provider_is_believed_only_under_its_own_name_with_safe_addresses_and_signatures_that_prove_something()
    {
        assert_eq!(address_of(ISSUER), format!("{ISSUER}/.well-known/openid-configuration"));
        assert_eq!(address_of("https://a.example/"), "https://a.example/.well-known/openid-configuration");
        assert!(found().takes_basic);
        assert_eq!(found().token, "https://login.example.go.jp/token");
        for (name, value) in [
            ("issuer", json!("https://login.example.go.jp/staff/")),
            ("issuer", json!("https://LOGIN.example.go.jp/staff")),
            ("issuer", Value::Null),
            ("token_endpoint", json!("http://login.example.go.jp/token")),
            ("authorization_endpoint", json!("javascript:alert(1)")),
            ("jwks_uri", Value::Null),
            ("id_token_signing_alg_values_supported", json!(["none", "HS256", "RS1"])),
            ("token_endpoint_auth_methods_supported", json!(["private_key_jwt"])),
        ] {
            assert!(read(name, value.clone()).is_err(), "{name}: {value}");
        }
        let posts = read("token_endpoint_auth_methods_supported", json!(["client_secret_post"])).unwrap();
        assert!(!posts.takes_basic);
        assert!(endpoints(b"<html>", ISSUER).is_err());
    }
}
