//! A program that uses the API, and a check of what it is answered against the document.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, StatusCode, header},
};
use hikyaku_dispatch::{AccountCommand, PersonId, Role, TokenId, TokenScope};
use hikyaku_web::{Api, api_router, make_token};
use http_body_util::BodyExt;
use jiff::SignedDuration;
use serde_json::Value;
use tower::ServiceExt;

use super::Stage;
use super::sources::Sources;

/// A program with a token.
pub struct Program {
    pub api: Router,
    pub token: String,
    pub id: TokenId,
}

/// One answer of the API.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Stage {
    /// The API, to which nobody has shown a token.
    pub fn api(&self) -> Router {
        let feeds = Sources { now: self.time(), entered: Arc::clone(&self.entered) };
        api_router(Api::new(self.state(), None, Some(Arc::new(feeds))))
    }

    /// A program that acts for a new account with just this role, within these scopes, for a day.
    pub async fn program(&self, login: &str, role: Role, scopes: &[TokenScope]) -> Program {
        self.program_of(login, role, None, scopes).await
    }

    /// The same, for the account of a person of the roster.
    pub async fn program_of(
        &self,
        login: &str,
        role: Role,
        person: Option<PersonId>,
        scopes: &[TokenScope],
    ) -> Program {
        self.open_account_of(login, role, person).await;
        let account = self.desk.read(|now| now.accounts().by_login(login).unwrap().id);
        let made = make_token().unwrap();
        let command = AccountCommand::MakeToken {
            account,
            label: login.into(),
            hash: made.hash,
            last_four: made.last_four,
            scopes: scopes.iter().copied().collect(),
            expires: self.time() + SignedDuration::from_hours(24),
        };
        self.desk.command(command, self.time()).await.unwrap();
        let id = self.desk.read(|now| now.accounts().token_of(&made.hash).unwrap().id);
        Program { api: self.api(), token: made.token, id }
    }
}

impl Program {
    pub async fn get(&self, path: &str) -> Answer {
        ask(&self.api, self.request(Request::get(address(path))).body(Body::empty()).unwrap()).await
    }

    /// Posts under a key.
    pub async fn post(&self, path: &str, key: &str, body: &Value) -> Answer {
        let request = self.request(Request::post(address(path))).header("idempotency-key", key);
        ask(&self.api, request.body(Body::from(body.to_string())).unwrap()).await
    }

    fn request(&self, request: axum::http::request::Builder) -> axum::http::request::Builder {
        request.header(header::AUTHORIZATION, format!("Bearer {}", self.token))
    }
}

fn address(path: &str) -> String {
    format!("/api/v1{path}")
}

/// What the API says to a request; `null` for a body that is no JSON.
pub async fn ask(api: &Router, request: Request<Body>) -> Answer {
    let response = api.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    Answer { status: parts.status, headers: parts.headers, body }
}

/// Where `value` is not of the shape, if anywhere: as much of JSON Schema as the document uses.
pub fn misfit(document: &Value, shape: &Value, value: &Value, place: &str) -> Option<String> {
    if let Some(name) = shape["$ref"].as_str() {
        let named = document.pointer(name.trim_start_matches('#')).unwrap_or_else(|| panic!("{name} is not there"));
        return misfit(document, named, value, place);
    }
    if let Some(any) = shape["anyOf"].as_array() {
        let misfits: Vec<String> = any.iter().map_while(|one| misfit(document, one, value, place)).collect();
        return (misfits.len() == any.len()).then(|| misfits.join(" and "));
    }
    if let Some(words) = shape["enum"].as_array() {
        return (!words.contains(value)).then(|| format!("{place}: {value} is none of {words:?}"));
    }
    let fits = match shape["type"].as_str().unwrap_or_default() {
        "string" => value.is_string(),
        "integer" => value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("{place}: no such type: {other}"),
    };
    if !fits {
        return Some(format!("{place}: {value} is no {}", shape["type"]));
    }
    match value {
        Value::Array(items) => items.iter().find_map(|it| misfit(document, &shape["items"], it, place)),
        Value::Object(fields) => {
            let required = shape["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let absent = required.map(str::to_owned).find(|name| !fields.contains_key(name));
            let of_field = |(name, it): (&String, &Value)| {
                let place = format!("{place}.{name}");
                let known = shape["properties"].get(name).or(Some(&shape["additionalProperties"]));
                match known.filter(|it| it.is_object()) {
                    Some(known) => misfit(document, known, it, &place),
                    None => Some(format!("{place} is not in the document")),
                }
            };
            absent.map(|name| format!("{place}.{name} is missing")).or_else(|| fields.iter().find_map(of_field))
        }
        _ => None,
    }
}
