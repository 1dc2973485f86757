//! The two style sheets, carried inside each page, and the content security policies that admit them and nothing else.
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

/// The policy of the responder pages.
pub(crate) static RESPONDER_POLICY: LazyLock<HeaderValue> = LazyLock::new(|| policy(RESPONDER));

/// The policy of the console.
pub(crate) static CONSOLE_POLICY: LazyLock<HeaderValue> = LazyLock::new(|| policy(CONSOLE));

/// Allows one inline sheet by its SHA-256 (CSP Level 3 §2.3.1) and forms to the same origin; refuses the rest.
fn policy(sheet: &str) -> HeaderValue {
    let hash = STANDARD.encode(digest::digest(&digest::SHA256, sheet.as_bytes()));
    let text = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    #[expect(clippy::expect_used, reason = "base64 and fixed text are visible ASCII")]
    HeaderValue::try_from(text).expect("a policy is visible ASCII")
}
