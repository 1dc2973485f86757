//! The console behind its log-in: what all its pages share, who looks at them, and the wires between.

mod guard;
mod inbox;
pub(crate) mod live;
mod pending;
mod pulse;
mod refusals;
mod rights;
mod scope;
mod shelf;
mod sources;
mod viewer;

use std::net::IpAddr;
use std::sync::Arc;

use hikyaku_core::Engine;
use hikyaku_dispatch::{Action, Actor, Command, Error as DeskError, Event, Refusal, State};
use jiff::Timestamp;

use crate::gate::{password::Hasher, rate::Rate, session::Sessions};
use crate::picture::Pictures;
use crate::state::WebState;
use crate::{Proxies, SessionLimits};

use pending::Pending;

pub(crate) use guard::within_rights;
pub use inbox::{Inbox, InboxMail};
pub(crate) use scope::Scope;
pub use shelf::{ReportFile, Shelf};
pub use sources::{Entered, Feeds, SampleTelegram, SourceHealth};
pub(crate) use viewer::{Client, Viewer, admit, cookie_name};
#[cfg(feature = "oidc")]
pub(crate) use viewer::{cookie, visiting};

/// Log-in attempts that one source may make in a minute: a whole ministry may be one source, and all its 500 administrators
/// log in when the ground shakes. Who guesses at one account is locked long before.
const ATTEMPTS_PER_MINUTE: u32 = 600;

/// What the console is told before it opens.
#[derive(Clone, Debug, Default)]
pub struct ConsoleSettings {
    /// Whose system it is; stands on every page and in authenticators.
    pub organisation: String,
    /// Whose word about a client's address is believed.
    pub proxies: Proxies,
    /// How long sessions last.
    pub sessions: SessionLimits,
    /// Who reads feeds; without, telegrams cannot be tried.
    pub feeds: Option<Arc<dyn Feeds>>,
    /// Who takes mail in; without, none is.
    pub inbox: Option<Arc<dyn Inbox>>,
    /// Who keeps the reports that the system writes; without, none are shown.
    pub shelf: Option<Arc<dyn Shelf>>,
    /// By which site browsers know the console; without, there are no passkeys.
    #[cfg(feature = "passkeys")]
    pub passkeys: Option<crate::gate::passkey::RelyingParty>,
    /// The provider by which people may log in; without, there is none.
    #[cfg(feature = "oidc")]
    pub oidc: Option<crate::gate::oidc::OidcSettings>,
}

/// Shared by every page of the console; clones are the same console.
#[derive(Clone)]
pub struct Console(Arc<Inner>);

struct Inner {
    web: WebState,
    settings: ConsoleSettings,
    sessions: Sessions,
    hasher: Hasher,
    attempts: Rate<IpAddr>,
    pulse: pulse::Pulse,
    pictures: Pictures,
    rosters: Pending,
    verifying: tokio::sync::Mutex<()>,
    engine: Option<Engine>,
    #[cfg(feature = "passkeys")]
    challenges: Option<crate::gate::passkey::Challenges>,
    #[cfg(feature = "oidc")]
    provider: Option<crate::gate::oidc::Provider>,
}

impl std::fmt::Debug for Console {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Console").finish_non_exhaustive()
    }
}

impl Console {
    /// A console over the desk of `web`, and over the engine that sends, if this process has one. Needs a tokio runtime: it
    /// watches the desk until its last clone is gone.
    #[must_use]
    pub fn new(web: WebState, settings: ConsoleSettings, engine: Option<Engine>) -> Self {
        let inner = Inner {
            pulse: pulse::Pulse::start(web.desk.clone()),
            sessions: Sessions::new(settings.sessions),
            hasher: Hasher::new(),
            // Who has more sources than are remembered gains nothing by one more; who decides in a disaster is not shut out by that one.
            attempts: Rate::per_minute(ATTEMPTS_PER_MINUTE),
            pictures: Pictures::default(),
            rosters: Pending::default(),
            verifying: tokio::sync::Mutex::default(),
            #[cfg(feature = "passkeys")]
            challenges: crate::gate::passkey::Challenges::new().ok(),
            #[cfg(feature = "oidc")]
            provider: settings.oidc.clone().and_then(|agreed| crate::gate::oidc::Provider::new(agreed).ok()),
            web,
            settings,
            engine,
        };
        Self(Arc::new(inner))
    }

    /// Ends the live connections, so that a stop need not wait for them.
    pub fn close(&self) {
        self.0.pulse.stop();
    }

    pub(crate) fn web(&self) -> &WebState {
        &self.0.web
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.0.web.now()
    }

    pub(crate) fn settings(&self) -> &ConsoleSettings {
        &self.0.settings
    }

    pub(crate) fn sessions(&self) -> &Sessions {
        &self.0.sessions
    }

    pub(crate) fn hasher(&self) -> &Hasher {
        &self.0.hasher
    }

    pub(crate) fn attempts(&self) -> &Rate<IpAddr> {
        &self.0.attempts
    }

    pub(crate) fn pictures(&self) -> &Pictures {
        &self.0.pictures
    }

    /// Whose passkeys there are, and the challenges for them; none where there are no passkeys.
    #[cfg(feature = "passkeys")]
    pub(crate) fn passkeys(&self) -> Option<(&crate::gate::passkey::RelyingParty, &crate::gate::passkey::Challenges)> {
        self.0.settings.passkeys.as_ref().zip(self.0.challenges.as_ref())
    }

    /// The provider by which people may log in, if there is one.
    #[cfg(feature = "oidc")]
    pub(crate) fn provider(&self) -> Option<&crate::gate::oidc::Provider> {
        self.0.provider.as_ref()
    }

    /// Rosters that wait until somebody says that they are to be taken.
    pub(crate) fn pending(&self) -> &Pending {
        &self.0.rosters
    }

    /// Held by whoever verifies the journal: one at a time.
    pub(crate) fn verifying(&self) -> &tokio::sync::Mutex<()> {
        &self.0.verifying
    }

    pub(crate) fn engine(&self) -> Option<&Engine> {
        self.0.engine.as_ref()
    }

    pub(crate) fn pulse(&self) -> &pulse::Pulse {
        &self.0.pulse
    }

    /// How far the viewer reaches in an action.
    pub(crate) fn scope(&self, state: &State, viewer: &Viewer, action: Action) -> Scope {
        Scope::of(state, viewer.account, action, self.now())
    }

    /// Carries out what the viewer asks for, in the viewer's name.
    pub(crate) async fn act(&self, viewer: &Viewer, command: impl Into<Command>) -> Result<Vec<Event>, DeskError> {
        self.0.web.desk.command_as(Actor::Account(viewer.account), command, self.now()).await
    }
}

/// What a page tells whose wish was not carried out, and what to do next.
pub(crate) fn told(error: &DeskError) -> String {
    match error {
        DeskError::Refused(Refusal::NotAllowed(denied)) => denied.to_string(),
        DeskError::Refused(refusal) => format!("受け付けられませんでした: {}", refusals::words(refusal)),
        DeskError::CutOff => "データベースに届かないため、この操作はできません。このサーバーから送信できるのは、ここで新しく作成する本番の安否確認\
                              だけです。回線の回復を待つか、ほかの拠点のサーバーで操作してください。"
            .to_owned(),
        DeskError::Standstill(why) => format!(
            "このサーバーは記録を読み進められないため、この操作はできません。ほかのサーバーで操作し、システム管理者に知らせてください（{why}）。"
        ),
        DeskError::Outbox { problem } => format!(
            "送信していません。データベースに届かず、このサーバーにも控えを保存できません。ほかの拠点のサーバーから送信してください（{problem}）。"
        ),
        other => format!("記録できませんでした。しばらく待って、もう一度操作してください（{other}）。"),
    }
}
