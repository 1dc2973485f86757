//! The two style sheets and the two scripts, carried inside each page, and the content security policies that admit them and nothing else.
//!
//! A sheet inside the page saves a round trip on a congested network, and its hash keeps the policy free of `unsafe-inline`.

use std::sync::LazyLock;

use aws_lc_rs::digest;
use axum::http::HeaderValue;
use base64::{Engine as _, engine::general_purpose::STANDARD};

/// The sheet of the responder pages.
pub(crate) const RESPONDER: &str = include_str!("../templates/answer.css");

/// The sheet of the console.
pub(crate) const CONSOLE: &str = include_str!("../templates/console.css");

/// The script of the console's pages.
#[cfg(not(feature = "passkeys"))]
pub(crate) const SCRIPT: &str = include_str!("../templates/console.js");
#[cfg(feature = "passkeys")]
pub(crate) const SCRIPT: &str =
    concat!(include_str!("../templates/console.js"), include_str!("../templates/passkey.js"));

/// The script of the one responder page that has one: it sends what was typed again after three to seven seconds, not everybody's at once.
pub(crate) const AGAIN: &str = "setTimeout(function(){document.forms[0].submit()},3000+4000*Math.random())";

/// The policy of that page.
pub(crate) static AGAIN_POLICY: LazyLock<HeaderValue> = LazyLock::new(|| policy(RESPONDER, Some(AGAIN)));

/// The policy of the responder pages.
pub(crate) static RESPONDER_POLICY: LazyLock<HeaderValue> = LazyLock::new(|| policy(RESPONDER, None));

/// The policy of the console.
pub(crate) static CONSOLE_POLICY: LazyLock<HeaderValue> = LazyLock::new(|| policy(CONSOLE, Some(SCRIPT)));

/// Allows one inline sheet and at most one inline script by their SHA-256 (CSP Level 3 §2.3.1), and forms and requests
/// to the same origin; refuses the rest.
fn policy(sheet: &str, script: Option<&str>) -> HeaderValue {
    let hash = |text: &str| STANDARD.encode(digest::digest(&digest::SHA256, text.as_bytes()));
    let script = script.map(|text| format!("script-src 'sha256-{}'; connect-src 'self'; ", hash(text)));
    let text = format!(
        "default-src 'none'; style-src 'sha256-{}'; {}form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        hash(sheet),
        script.unwrap_or_default(),
    );
    #[expect(clippy::expect_used, reason = "base64 and fixed text are visible ASCII")]
    HeaderValue::try_from(text).expect("a policy is visible ASCII")
}
