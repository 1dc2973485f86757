//! What is asked of the provider: the address that a browser is sent to, and the form in which a code is exchanged.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::discovery::Endpoints;
use super::errand::Errand;
use super::settings::OidcSettings;
use super::ticket::Marks;

/// Where a browser is sent to; `again` asks for a new log-in there, whoever is logged in.
pub(super) fn authorization(endpoints: &Endpoints, settings: &OidcSettings, marks: &Marks, again: bool) -> String {
    let (redirect, acr) = (settings.redirect_uri(), settings.acr.join(" "));
    let mut pairs = vec![
        ("response_type", "code"),
        ("client_id", settings.client_id.as_str()),
        ("redirect_uri", redirect.as_str()),
        ("scope", settings.scope()),
        ("state", marks.state.as_str()),
        ("nonce", marks.nonce.as_str()),
        ("code_challenge", marks.challenge.as_str()),
        ("code_challenge_method", "S256"),
    ];
    if again {
        pairs.extend([("prompt", "login"), ("max_age", "0")]);
    }
    if !acr.is_empty() {
        pairs.push(("acr_values", acr.as_str()));
    }
    let mark = if endpoints.authorization.contains('?') { '&' } else { '?' };
    format!("{}{mark}{}", endpoints.authorization, form(&pairs))
}

/// How a code is exchanged.
pub(super) fn exchange(endpoints: &Endpoints, settings: &OidcSettings, marks: &Marks, code: &str) -> Errand {
    let redirect = settings.redirect_uri();
    let mut pairs = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", redirect.as_str()),
        ("code_verifier", marks.verifier.as_str()),
    ];
    let (id, secret) = (settings.client_id.as_str(), settings.client_secret.as_str());
    let authorization = if endpoints.takes_basic {
        // Both are encoded before they are joined, so that a colon in one is none between them (RFC 6749 §2.3.1).
        Some(format!("Basic {}", STANDARD.encode(format!("{}:{}", encoded(id), encoded(secret)))))
    } else {
        pairs.extend([("client_id", id), ("client_secret", secret)]);
        None
    };
    Errand { url: endpoints.token.clone(), form: Some(form(&pairs)), authorization }
}

fn form(pairs: &[(&str, &str)]) -> String {
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    pairs.join("&")
}

/// Percent-encoded but for what no address and no form minds (RFC 3986 §2.3).
pub(crate) fn encoded(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let one = |byte: u8| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::oidc::discovery::tests::found;
    use crate::gate::oidc::settings::tests::agreed;

    fn marks() -> Marks {
        let [state, nonce, verifier, challenge] = ["s", "n", "v", "c"].map(str::to_owned);
        Marks { state, nonce, verifier, challenge }
    }

    #[test]
    fn req_s03_a_browser_is_sent_with_a_challenge_and_never_with_what_proves_it() {
        let address = authorization(&found(), &agreed(), &marks(), false);
        let expected = "https://login.example.go.jp/authorize?response_type=code&client_id=hikyaku\
                        &redirect_uri=https%3A%2F%2Fconsole.example.go.jp%2Flogin%2Foidc%2Fcallback&scope=openid%20email\
                        &state=s&nonce=n&code_challenge=c&code_challenge_method=S256";
        assert_eq!(address, expected);
        let settings = OidcSettings { acr: vec!["a".into(), "b".into()], ..agreed() };
        let endpoints = Endpoints { authorization: "https://a.example/?tenant=1".into(), ..found() };
        let again = authorization(&endpoints, &settings, &marks(), true);
        assert!(again.starts_with("https://a.example/?tenant=1&response_type=code&"), "{again}");
        assert!(again.ends_with("&prompt=login&max_age=0&acr_values=a%20b"), "{again}");
    }

    #[test]
    fn req_s03_a_code_is_exchanged_with_its_verifier_and_the_secret_where_the_provider_wants_it() {
        let basic = exchange(&found(), &agreed(), &marks(), "x&y");
        let form = "grant_type=authorization_code&code=x%26y\
                    &redirect_uri=https%3A%2F%2Fconsole.example.go.jp%2Flogin%2Foidc%2Fcallback&code_verifier=v";
        assert_eq!(basic.form.as_deref(), Some(form));
        let expected = format!("Basic {}", STANDARD.encode("hikyaku:ge%20heim%3A%26"));
        assert_eq!(basic.authorization.as_deref(), Some(expected.as_str()));
        let posted = exchange(&Endpoints { takes_basic: false, ..found() }, &agreed(), &marks(), "x");
        assert!(posted.form.unwrap().ends_with("&client_id=hikyaku&client_secret=ge%20heim%3A%26"));
        assert_eq!(posted.authorization, None);
    }
}
