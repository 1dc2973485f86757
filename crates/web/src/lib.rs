//! Responder pages and the console, served with axum.
//!
//! Two routers over one [`hikyaku_dispatch::Desk`]: [`router`] for the people who answer (no log-in, no cookie, no
//! script, each page within 10 KB), [`console_router`] for those who watch, send and administer (behind a log-in with a second
//! factor). Serve them behind different [`Door`]s; [`serve()`] runs each until told to stop.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test fails by panicking"))]

mod accounts;
mod amend;
mod answer;
mod answer_page;
mod api;
mod approval;
mod audit;
mod bar;
mod branch;
mod by_hand;
mod compose;
mod console;
mod corroboration;
mod delivery;
mod described;
mod ended;
mod enter;
mod error;
mod expected;
mod feeds;
mod fit;
pub mod foresight;
mod form;
mod frame;
mod further;
mod gate;
mod headers;
mod heard;
mod history;
mod inbox;
mod judgements;
mod load;
mod mode;
mod moment;
mod notice;
mod now;
mod now_list;
mod now_page;
mod once;
mod opened;
mod page;
mod personal;
mod picture;
mod places;
mod post;
mod privacy;
mod privacy_page;
mod region;
mod report;
mod requests;
mod router;
mod rules;
mod serve;
mod shelf;
mod specimen;
mod staff;
mod state;
mod style;
mod system;
mod tokens;
mod turns;
mod unjudged;
mod upload;
mod watch;
mod words;
mod written;

pub use api::{Api, api_router};
pub use console::{
    Console, ConsoleSettings, Entered, Feeds, Inbox, InboxMail, ReportFile, SampleTelegram, Shelf, SourceHealth,
};
pub use ended::{Ended, ended_router};
pub use error::Error;
pub use gate::factor::make_factor;
pub use gate::identify::identify;
#[cfg(feature = "oidc")]
pub use gate::oidc::{ERRAND_BYTES_MAX, Errand, Errands, OidcClaim, OidcSettings, Reported};
#[cfg(feature = "passkeys")]
pub use gate::passkey::RelyingParty;
pub use gate::password::{PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN, Weak, check_password, hash_password, make_password};
pub use gate::session::SessionLimits;
pub use gate::signs::{Burst, Sign};
pub use gate::source::Proxies;
pub use gate::token::{NewToken, make_token};
pub use moment::dated;
pub use places::ANSWERS_PER_SECOND;
pub use privacy::PrivacyNotice;
pub use router::{console_router, router};
pub use serve::{Door, GRACE_S, TlsFiles, serve};
pub use state::WebState;
