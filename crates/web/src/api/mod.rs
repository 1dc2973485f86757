//! The JSON API under `/api/v1`: what programs do in the name of an account, by a bearer token.
//!
//! One table ([`routes`]) makes both the router and the OpenAPI document, so that neither knows a way that the other does not.
//! Rights are those of the console: [`hikyaku_dispatch::may`] decides about the token's account, cut to the token's scopes.

mod answers;
mod audit;
mod bearer;
mod bulletins;
mod carriers;
mod deeds;
mod dispatches;
mod draft;
mod holds;
mod incidents;
mod journeys;
mod later;
mod openapi;
mod paging;
mod parts;
mod people;
mod person;
mod problem;
mod report;
mod roster;
mod router;
mod routes;
mod schemas;
mod scim;
mod shapes;
mod sources;
mod stored;
mod system;
mod wish;

use std::sync::Arc;

use axum::{Router, http::HeaderValue};
use hikyaku_core::Engine;
use hikyaku_dispatch::{Action, Answer, Command, Once, State, TokenId, Words};
use jiff::Timestamp;

use crate::console::{Feeds, Scope};
use crate::gate::rate::Rate;
use crate::notice::Door;
use crate::picture::Pictures;
use crate::router::secured;
use crate::state::WebState;
use bearer::Caller;
use problem::Problem;
use wish::Key;

/// What stands before every path.
pub(crate) const BASE: &str = "/api/v1";
/// The largest body, in bytes.
pub(crate) const BODY_MAX_BYTES: usize = 256 * 1024;
/// Reads that one token may make in a minute.
const READS_PER_MINUTE: u32 = 1_200;
/// Acts that one token may do in a minute.
const ACTS_PER_MINUTE: u32 = 120;
/// A program shows nothing of it in a browser.
static POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// Shared by every way of the API; clones are the same API.
#[derive(Clone)]
pub struct Api(Arc<Inner>);

struct Inner {
    web: WebState,
    engine: Option<Engine>,
    feeds: Option<Arc<dyn Feeds>>,
    pictures: Pictures,
    reads: Rate<TokenId>,
    acts: Rate<TokenId>,
    /// Held by whoever verifies the journal: one at a time.
    verifying: tokio::sync::Mutex<()>,
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Api").finish_non_exhaustive()
    }
}

impl Api {
    /// An API over the desk of `web`, and over the engine that sends and who reads feeds, if this process has them.
    #[must_use]
    pub fn new(web: WebState, engine: Option<Engine>, feeds: Option<Arc<dyn Feeds>>) -> Self {
        let (reads, acts) = (Rate::per_minute(READS_PER_MINUTE), Rate::per_minute(ACTS_PER_MINUTE));
        let (pictures, verifying) = (Pictures::default(), tokio::sync::Mutex::default());
        Self(Arc::new(Inner { web, engine, feeds, pictures, reads, acts, verifying }))
    }

    fn read<R>(&self, f: impl FnOnce(&State) -> R) -> R {
        self.0.web.desk.read(f)
    }

    fn now(&self) -> Timestamp {
        self.0.web.now()
    }

    /// How far the caller reaches in an action.
    fn scope(&self, state: &State, caller: Caller, action: Action) -> Scope {
        Scope::acting(state, caller.actor(), caller.account, action, self.now())
    }

    /// What was written in these answers, in their order.
    async fn words(&self, answers: &[Answer]) -> Result<Vec<Words>, Problem> {
        self.0.web.desk.words(answers).await.map_err(|error| {
            tracing::error!(%error, "what people wrote cannot be read");
            Problem::unreadable()
        })
    }

    /// Carries out once what the caller asks for.
    async fn act(&self, caller: Caller, key: Key, command: impl Into<Command>) -> Result<(), Problem> {
        let once = Once { key: key.key, wish: key.wish, command: Box::new(command.into()) };
        let done = self.0.web.desk.command_as(caller.actor(), Command::Once(once), self.now()).await;
        Ok(done.map(drop)?)
    }
}

/// The API with SCIM beside it (`/scim/v2`), and `GET /api/v1/openapi.json`, which needs no token. Posted bodies are at most 256 KiB.
pub fn api_router(api: Api) -> Router {
    secured(router::router(&api).merge(scim::router(&api)), POLICY.clone(), &api.0.web, Door::Api)
}
