//! What an ID token says, and whether it is about this log-in, by this provider, for us, and of now (OpenID Connect Core 1.0 §3.1.3.7).

use aws_lc_rs::constant_time::verify_slices_are_equal;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::settings::{OidcClaim, OidcSettings};

/// By how much the provider's clock may differ from ours.
const SKEW: SignedDuration = SignedDuration::from_secs(60);
/// How long ago a token may have been made: it is fetched the moment after.
const AGE_MAX: SignedDuration = SignedDuration::from_mins(10);

/// Why a token is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Untrue {
    /// It is no token.
    #[error("it is no token")]
    Form,
    /// It is signed in a way that proves nothing.
    #[error("it is signed neither with RS256 nor with ES256")]
    Algorithm,
    /// The provider has no such key.
    #[error("it names a key that the provider does not have")]
    Key,
    /// The signature is another's.
    #[error("its signature does not fit")]
    Signature,
    /// It comes from somebody else.
    #[error("it comes from another issuer")]
    Issuer,
    /// It is for somebody else.
    #[error("it is for another audience, or for others too")]
    Audience,
    /// It is over, not yet good, or too old.
    #[error("its times are not of now: check the clocks of both")]
    Time,
    /// It belongs to another log-in.
    #[error("its nonce is of another log-in")]
    Nonce,
    /// The provider was to ask again who it is, and did not say that it did.
    #[error("its auth_time does not say that somebody was asked again just now")]
    NotAgain,
    /// It does not say who it is in the claim that was agreed, or not for certain.
    #[error("it does not name an account for certain")]
    Nameless,
}

/// What a token must be about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected<'a> {
    pub(super) settings: &'a OidcSettings,
    pub(super) nonce: &'a str,
    /// When somebody had to be asked at the earliest; `None` where an earlier log-in at the provider is enough.
    pub(super) asked_since: Option<Timestamp>,
    pub(super) now: Timestamp,
}

/// What the provider says of whoever logs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Vouched {
    /// The name by which the account is looked up.
    pub(crate) name: String,
    /// When it was asked who it is, by the provider's word; never later than now.
    pub(crate) asked: Option<Timestamp>,
    /// Whether a second factor was asked for.
    pub(crate) is_strong: bool,
}

/// Judges what a token says whose signature fits.
///
/// # Errors
/// [`Untrue`].
pub(super) fn judge(payload: &[u8], expected: &Expected<'_>) -> Result<Vouched, Untrue> {
    let Expected { settings, nonce, asked_since, now } = *expected;
    let said: Value = serde_json::from_slice(payload).map_err(|_| Untrue::Form)?;
    if said["iss"].as_str() != Some(settings.issuer.as_str()) {
        return Err(Untrue::Issuer);
    }
    if !is_for(&said, &settings.client_id) {
        return Err(Untrue::Audience);
    }
    let (exp, iat) = (instant(&said["exp"]).ok_or(Untrue::Time)?, instant(&said["iat"]).ok_or(Untrue::Time)?);
    let is_begun = said["nbf"].is_null() || instant(&said["nbf"]).is_some_and(|nbf| nbf <= now + SKEW);
    if now >= exp + SKEW || iat > now + SKEW || iat + AGE_MAX + SKEW < now || !is_begun {
        return Err(Untrue::Time);
    }
    let ours = said["nonce"].as_str().unwrap_or_default().as_bytes();
    verify_slices_are_equal(ours, nonce.as_bytes()).map_err(|_| Untrue::Nonce)?;
    let asked = instant(&said["auth_time"]);
    if asked.is_some_and(|asked| asked > now + SKEW) {
        return Err(Untrue::Time);
    }
    if let Some(since) = asked_since
        && asked.is_none_or(|asked| asked + SKEW < since)
    {
        return Err(Untrue::NotAgain);
    }
    let name = name(&said, settings.claim).ok_or(Untrue::Nameless)?;
    Ok(Vouched { name, asked: asked.map(|asked| asked.min(now)), is_strong: is_strong(&said, settings) })
}

/// Whether we alone are meant: others that it is for as well could bring it here.
fn is_for(said: &Value, client: &str) -> bool {
    let audience = match &said["aud"] {
        Value::Array(all) if all.len() == 1 => all[0].as_str(),
        one => one.as_str(),
    };
    let party = &said["azp"];
    audience == Some(client) && (party.is_null() || party.as_str() == Some(client))
}

/// A time as tokens write it (RFC 7519 §2): seconds, which may have a fraction.
fn instant(value: &Value) -> Option<Timestamp> {
    // The cast drops a fraction of a second, and keeps within the ends of a number.
    let seconds = value.as_i64().or_else(|| value.as_f64().map(|it| it as i64))?;
    // Far enough from the ends of time that a minute may be added to it.
    Timestamp::from_second(seconds).ok().filter(|_| seconds.unsigned_abs() < 100_000_000_000)
}

fn name(said: &Value, claim: OidcClaim) -> Option<String> {
    let text = |name: &str| said[name].as_str().filter(|it| !it.is_empty()).map(str::to_owned);
    match claim {
        OidcClaim::Email => text("email").filter(|_| said["email_verified"] == Value::Bool(true)),
        OidcClaim::PreferredUsername => text("preferred_username"),
        OidcClaim::Subject => text("sub"),
    }
}

fn is_strong(said: &Value, settings: &OidcSettings) -> bool {
    let holds = |wanted: &[String], value: &Value| value.as_str().is_some_and(|it| wanted.iter().any(|own| own == it));
    let methods = said["amr"].as_array().map_or(&[][..], Vec::as_slice);
    holds(&settings.acr, &said["acr"]) || methods.iter().any(|method| holds(&settings.amr, method))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::gate::oidc::settings::tests::agreed;

    const NOW: i64 = 1_700_000_000;

    fn good() -> Value {
        json!({
            "iss": "https://login.example.go.jp/staff", "aud": "hikyaku", "sub": "8f3", "nonce": "abc",
            "iat": NOW - 5, "exp": NOW + 300, "auth_time": NOW - 3_600, "amr": ["pwd", "mfa"],
            "email": "kaede@example.go.jp", "email_verified": true,
        })
    }

    fn judged(name: &str, value: Value) -> Result<Vouched, Untrue> {
        judged_since(name, value, None)
    }

    fn judged_since(name: &str, value: Value, since: Option<i64>) -> Result<Vouched, Untrue> {
        let settings = agreed();
        let mut said = good();
        said[name] = value;
        let at = |second| Timestamp::from_second(second).unwrap();
        let expected = Expected { settings: &settings, nonce: "abc", asked_since: since.map(at), now: at(NOW) };
        judge(said.to_string().as_bytes(), &expected)
    }

    #[test]
    fn req_s03_a_token_is_believed_only_from_this_provider_for_us_alone_in_this_log_in_and_now() {
        let vouched = judged("sub", json!("8f3")).unwrap();
        assert_eq!(vouched.name, "kaede@example.go.jp");
        assert!(vouched.is_strong && vouched.asked.is_some());
        for (name, value, why) in [
            ("iss", json!("https://login.example.go.jp"), Untrue::Issuer),
            ("iss", Value::Null, Untrue::Issuer),
            ("aud", json!("other"), Untrue::Audience),
            ("aud", json!(["hikyaku", "other"]), Untrue::Audience),
            ("aud", Value::Null, Untrue::Audience),
            ("azp", json!("other"), Untrue::Audience),
            ("exp", json!(NOW - 60), Untrue::Time),
            ("exp", Value::Null, Untrue::Time),
            ("exp", json!("2100"), Untrue::Time),
            ("iat", json!(NOW + 61), Untrue::Time),
            ("iat", json!(NOW - 661), Untrue::Time),
            ("iat", Value::Null, Untrue::Time),
            ("nbf", json!(NOW + 61), Untrue::Time),
            ("nbf", json!("soon"), Untrue::Time),
            ("auth_time", json!(NOW + 61), Untrue::Time),
            ("nonce", json!("abd"), Untrue::Nonce),
            ("nonce", Value::Null, Untrue::Nonce),
            ("email_verified", json!(false), Untrue::Nameless),
            ("email_verified", json!("true"), Untrue::Nameless),
            ("email_verified", Value::Null, Untrue::Nameless),
            ("email", json!(""), Untrue::Nameless),
            ("email", json!(["kaede@example.go.jp"]), Untrue::Nameless),
        ] {
            assert_eq!(judged(name, value.clone()), Err(why), "{name}: {value}");
        }
        for (name, value) in [
            ("aud", json!(["hikyaku"])),
            ("azp", json!("hikyaku")),
            ("exp", json!(NOW - 59)),
            ("iat", json!(NOW + 60)),
            ("iat", json!(1_699_999_995.5)),
            ("auth_time", Value::Null),
        ] {
            assert!(judged(name, value.clone()).is_ok(), "{name}: {value}");
        }
        assert!(
            judge(b"no json", &Expected { settings: &agreed(), nonce: "", asked_since: None, now: Timestamp::MIN })
                .is_err()
        );
        assert_eq!(judged("exp", json!(1e300)), Err(Untrue::Time));
        assert_eq!(judged("iat", json!(-1e300)), Err(Untrue::Time));
    }

    #[test]
    fn req_s10_whoever_was_to_be_asked_again_was_asked_since() {
        let again = |value| judged_since("auth_time", value, Some(NOW - 30));
        assert!(again(json!(NOW - 3)).is_ok());
        assert!(again(json!(NOW - 90)).is_ok(), "a minute for the provider's clock");
        for before in [json!(NOW - 91), json!(NOW - 3_600), Value::Null, json!("now")] {
            assert_eq!(again(before.clone()), Err(Untrue::NotAgain), "{before}");
        }
        assert_eq!(
            judged("auth_time", json!(NOW + 30)).unwrap().asked,
            Timestamp::from_second(NOW).ok(),
            "never later than now"
        );
    }

    #[test]
    fn req_s03_only_a_word_that_was_agreed_stands_for_a_second_factor() {
        for weak in [json!(["pwd"]), json!("mfa"), json!([]), Value::Null, json!([["mfa"]])] {
            assert!(!judged("amr", weak.clone()).unwrap().is_strong, "{weak}");
        }
        let mut settings = OidcSettings { acr: vec!["phr".into()], amr: Vec::new(), ..agreed() };
        assert!(is_strong(&json!({"acr": "phr"}), &settings));
        assert!(!is_strong(&json!({"acr": "0", "amr": ["phr"]}), &settings));
        settings.acr.clear();
        assert!(!is_strong(&json!({"acr": "phr", "amr": ["mfa"]}), &settings), "without an agreement no word does");
    }

    #[test]
    fn req_s03_the_claim_that_was_agreed_names_the_account_and_no_other() {
        let said = json!({"sub": "8f3", "preferred_username": "kaede", "email": "x@example.go.jp"});
        assert_eq!(name(&said, OidcClaim::Subject).as_deref(), Some("8f3"));
        assert_eq!(name(&said, OidcClaim::PreferredUsername).as_deref(), Some("kaede"));
        assert_eq!(name(&said, OidcClaim::Email), None, "nobody says that it is verified");
    }
}
