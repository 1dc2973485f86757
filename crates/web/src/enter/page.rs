//! What the pages of coming in show, ready for their templates.

use askama::Template;

use crate::frame::Frame;

/// What a page asks a device with a passkey for.
#[derive(Debug)]
#[cfg_attr(not(feature = "passkeys"), allow(dead_code, reason = "built without passkeys, no page asks"))]
pub(crate) struct Ask {
    /// What the device signs, in base64url.
    pub(crate) challenge: String,
    /// What the passkey is bound to.
    pub(crate) domain: String,
}

/// The way to the organisation's provider.
#[derive(Debug)]
#[cfg_attr(not(feature = "oidc"), allow(dead_code, reason = "built without it, no page leads there"))]
pub(crate) struct ByProvider {
    /// What people call it.
    pub(crate) label: String,
    pub(crate) href: String,
}

/// The log-in.
#[derive(Debug, Template)]
#[template(path = "login.html")]
pub(super) struct LogInPage {
    pub(super) frame: Frame,
    pub(super) trouble: Option<String>,
    pub(super) login: String,
    pub(super) next: String,
    /// Shown again before a dangerous act: the account is known.
    pub(super) again: bool,
    /// Where a passkey may be used instead.
    pub(super) passkey: Option<Ask>,
    /// Where the organisation's provider may be asked instead.
    pub(super) provider: Option<ByProvider>,
}

/// A password of one's own.
#[derive(Debug, Template)]
#[template(path = "set_password.html")]
pub(super) struct SetPasswordPage {
    pub(super) frame: Frame,
    pub(super) trouble: Option<String>,
    pub(super) least: usize,
    pub(super) first: bool,
}

/// The second factor to be read into a telephone.
#[derive(Debug, Template)]
#[template(path = "set_factor.html")]
pub(super) struct SetFactorPage {
    pub(super) frame: Frame,
    pub(super) trouble: Option<String>,
    pub(super) picture: String,
    pub(super) key: String,
    pub(super) login: String,
}

/// Recovery codes, shown once.
#[derive(Debug, Template)]
#[template(path = "recovery.html")]
pub(super) struct RecoveryPage {
    pub(super) frame: Frame,
    pub(super) codes: Vec<String>,
}

/// One session of one's own.
#[derive(Debug)]
pub(super) struct SessionRow {
    pub(super) began: String,
    pub(super) seen: String,
    pub(super) source: String,
    pub(super) here: bool,
}

/// One's own account.
#[derive(Debug, Template)]
#[template(path = "own.html")]
pub(super) struct OwnPage {
    pub(super) frame: Frame,
    pub(super) login: String,
    pub(super) recovery_left: usize,
    pub(super) sessions: Vec<SessionRow>,
    pub(super) done: Option<String>,
    pub(super) has_passkeys: bool,
}
