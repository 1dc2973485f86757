//! What was agreed with the provider, and which of its words is believed about who somebody is.

use std::net::IpAddr;
use std::sync::Arc;

use axum::http::Uri;

use super::errand::Errands;

/// Where the provider sends browsers back to, below the console's address.
const CALLBACK: &str = "/login/oidc/callback";
/// Longest label of the button, in characters.
const LABEL_CHARS_MAX: usize = 30;

/// Which claim names the account, by what is typed to log in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OidcClaim {
    /// `email`, where `email_verified` is true.
    #[default]
    Email,
    /// `preferred_username`, where people cannot choose theirs at the provider.
    PreferredUsername,
    /// `sub`, letter by letter.
    Subject,
}

/// What was agreed with a provider.
#[derive(Clone)]
pub struct OidcSettings {
    /// Who it is, letter by letter as it calls itself.
    pub issuer: String,
    /// What it calls the console.
    pub client_id: String,
    /// What the console shows it to be that.
    pub client_secret: String,
    /// The console's address as browsers know it, without a slash at its end.
    pub address: String,
    /// What people call the provider; stands on the button.
    pub label: String,
    /// What names the account.
    pub claim: OidcClaim,
    /// Values of `acr` that say that a second factor was asked for; any one is enough.
    pub acr: Vec<String>,
    /// The same of `amr`.
    pub amr: Vec<String>,
    /// Who asks it.
    pub errands: Arc<dyn Errands>,
}

impl std::fmt::Debug for OidcSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OidcSettings").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

impl OidcSettings {
    /// What can be told before anybody is asked.
    ///
    /// # Errors
    /// One line that names the key and what to mend.
    pub fn check(&self) -> Result<(), String> {
        if !is_safe(&self.issuer) || self.issuer.contains('?') {
            return Err(format!("issuer = \"{}\": write its https:// address as the provider gives it", self.issuer));
        }
        let path = self.address.parse::<Uri>().map(|uri| uri.path().to_owned()).unwrap_or_default();
        if !is_safe(&self.address) || path != "/" || self.address.ends_with('/') || self.address.contains('?') {
            let told = "write the console's https:// address without a path, such as https://console.example.go.jp";
            return Err(format!("address = \"{}\": {told}", self.address));
        }
        if self.client_id.trim().is_empty() {
            return Err("client_id is empty: write what the provider calls the console".into());
        }
        if !(1..=LABEL_CHARS_MAX).contains(&self.label.chars().count()) {
            return Err(format!("label has 1 to {LABEL_CHARS_MAX} characters: it stands on the button"));
        }
        Ok(())
    }

    /// Where the provider sends browsers back to; the same must be registered there.
    #[must_use]
    pub fn redirect_uri(&self) -> String {
        format!("{}{CALLBACK}", self.address)
    }

    /// What is asked to be told.
    pub(super) fn scope(&self) -> &'static str {
        match self.claim {
            OidcClaim::Email => "openid email",
            OidcClaim::PreferredUsername => "openid profile",
            OidcClaim::Subject => "openid",
        }
    }

    /// Whether a name that the provider gives is the one by which somebody logs in. `sub` has capitals that matter; of the others
    /// only those of ASCII do not, so that no foreign letter stands for one of ours.
    pub(crate) fn names(&self, said: &str, login: &str) -> bool {
        match self.claim {
            OidcClaim::Subject => said == login,
            OidcClaim::Email | OidcClaim::PreferredUsername => said.eq_ignore_ascii_case(login),
        }
    }
}

/// Whether what is sent to an address stays between us and it: TLS, or this machine. No credentials, no fragment, no spaces.
pub(super) fn is_safe(address: &str) -> bool {
    let Ok(uri) = address.parse::<Uri>() else { return false };
    let (Some(host), Some(authority)) = (uri.host(), uri.authority()) else { return false };
    let number = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    let is_here = host == "localhost" || number.is_ok_and(|ip| ip.is_loopback());
    let is_plain = address.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#' && byte != b'\\');
    let is_private = uri.scheme_str() == Some("https") || (uri.scheme_str() == Some("http") && is_here);
    is_plain && is_private && !authority.as_str().contains('@')
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::gate::oidc::{Errand, Reported};

    /// Nobody is there.
    #[derive(Debug)]
    struct Nobody;

    impl Errands for Nobody {
        fn run(&self, _: Errand) -> Reported<'_> {
            Box::pin(async { Err("nobody is there".to_owned()) })
        }
    }

    pub(in crate::gate::oidc) fn agreed() -> OidcSettings {
        OidcSettings {
            issuer: "https://login.example.go.jp/staff".into(),
            client_id: "hikyaku".into(),
            client_secret: "ge heim:&".into(),
            address: "https://console.example.go.jp".into(),
            label: "職員ポータル".into(),
            claim: OidcClaim::Email,
            acr: Vec::new(),
            amr: vec!["mfa".into()],
            errands: Arc::new(Nobody),
        }
    }

    #[test]
    fn req_s03_a_provider_is_reached_over_tls_or_on_this_machine_only() {
        for safe in [
            "https://a.example",
            "https://a.example:8443/b?c=d",
            "http://127.0.0.1:9/x",
            "http://[::1]/",
            "http://localhost:1",
        ] {
            assert!(is_safe(safe), "{safe}");
        }
        for unsafe_one in [
            "http://a.example",
            "http://127.0.0.1.evil.example/",
            "http://localhost.evil.example/",
            "https://user@a.example/",
            "https://a.example/#b",
            "https://a.example/\\b",
            "ftp://a.example",
            "//a.example",
            "/path",
            "",
            "https://a.example/あ",
        ] {
            assert!(!is_safe(unsafe_one), "{unsafe_one}");
        }
    }

    #[test]
    fn req_s03_what_was_agreed_is_checked_before_anybody_is_asked_and_no_secret_is_shown() {
        assert_eq!(agreed().check(), Ok(()));
        assert_eq!(agreed().redirect_uri(), "https://console.example.go.jp/login/oidc/callback");
        let wrong = |change: fn(&mut OidcSettings)| {
            let mut settings = agreed();
            change(&mut settings);
            settings.check().unwrap_err()
        };
        assert!(wrong(|it| it.issuer = "http://login.example.go.jp".into()).starts_with("issuer"));
        assert!(wrong(|it| it.address = "https://console.example.go.jp/x".into()).starts_with("address"));
        assert!(wrong(|it| it.address = "https://console.example.go.jp/".into()).starts_with("address"));
        assert!(wrong(|it| it.address = "http://console.example.go.jp".into()).starts_with("address"));
        assert!(wrong(|it| it.client_id = " ".into()).starts_with("client_id"));
        assert!(wrong(|it| it.label = String::new()).starts_with("label"));
        assert!(!format!("{:?}", agreed()).contains("heim"));
    }

    #[test]
    fn req_s03_no_foreign_letter_and_no_other_capital_makes_somebody_else_of_a_name() {
        let of = |claim| OidcSettings { claim, ..agreed() };
        assert!(of(OidcClaim::Email).names("Kaede@Example.go.jp", "kaede@example.go.jp"));
        assert!(!of(OidcClaim::Email).names("\u{212a}aede@example.go.jp", "kaede@example.go.jp"), "the sign of Kelvin");
        assert!(of(OidcClaim::Subject).names("aB3", "aB3") && !of(OidcClaim::Subject).names("ab3", "aB3"));
    }
}
