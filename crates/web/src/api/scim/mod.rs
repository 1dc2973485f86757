//! SCIM 2.0 (RFC 7643, RFC 7644) under `/scim/v2`: a directory of the personnel office keeps people and groups.
//!
//! A user is a person of the roster of the half that the token's account reaches, named by the organisation's own number; a group is
//! a group of the tree, named by its path. Addresses are taken and never told (requirement A29).

mod about;
mod filter;
mod groups;
mod listed;
mod patch;
mod said;
mod user;
mod users;

use axum::{
    Router,
    extract::{DefaultBodyLimit, FromRequest, Request},
    middleware,
    routing::{MethodRouter, get},
};
use hikyaku_dispatch::Action;
use serde::de::DeserializeOwned;

use super::bearer::admit;
use super::router::within_rights;
use super::routes::Asks;
use super::{Api, BODY_MAX_BYTES};
use said::{ScimError, in_scim_words};

/// What stands before every path.
pub(super) const BASE: &str = "/scim/v2";

/// Who reads sees people; who writes brings rosters in.
const READ: Asks = Asks::Somewhere(Action::SeePerson);
const WRITE: Asks = Asks::Somewhere(Action::ImportRoster);

/// The router of users, groups and what is said about them.
pub(super) fn router(api: &Api) -> Router {
    let inside = Router::new()
        .route("/Users", read(api, get(users::list)).merge(write(api, MethodRouter::new().post(users::create))))
        .route(
            "/Users/{id}",
            read(api, get(users::one))
                .merge(write(api, MethodRouter::new().put(users::replace).patch(users::patch).delete(users::remove))),
        )
        .route("/Groups", read(api, get(groups::list)).merge(write(api, MethodRouter::new().post(groups::create))))
        .route(
            "/Groups/{id}",
            read(api, get(groups::one)).merge(write(
                api,
                MethodRouter::new().put(groups::replace).patch(groups::patch).delete(groups::remove),
            )),
        )
        .route("/ServiceProviderConfig", read(api, get(about::provider)))
        .route("/ResourceTypes", read(api, get(about::resource_types)))
        .route("/Schemas", read(api, get(about::schemas)))
        .fallback(|| async { ScimError::missing() })
        .layer(DefaultBodyLimit::max(BODY_MAX_BYTES))
        .layer(middleware::from_fn_with_state(api.clone(), admit))
        .layer(middleware::from_fn(in_scim_words));
    Router::new().nest(BASE, inside).with_state(api.clone())
}

fn read(api: &Api, way: MethodRouter<Api>) -> MethodRouter<Api> {
    way.layer(middleware::from_fn_with_state((api.clone(), READ), within_rights))
}

fn write(api: &Api, way: MethodRouter<Api>) -> MethodRouter<Api> {
    way.layer(middleware::from_fn_with_state((api.clone(), WRITE), within_rights))
}

/// A body of JSON, under whichever name directories give it.
struct Body<T>(T);

impl<T: DeserializeOwned> FromRequest<Api> for Body<T> {
    type Rejection = ScimError;

    async fn from_request(request: Request, api: &Api) -> Result<Self, ScimError> {
        let bytes = axum::body::Bytes::from_request(request, api).await.map_err(|_| ScimError::too_large())?;
        let body = serde_json::from_slice(&bytes);
        body.map(Self).map_err(|error| ScimError::syntax(format!("本文の JSON を直してください: {error}")))
    }
}
