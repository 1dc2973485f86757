//! The OpenAPI 3.1 document, made from the table of ways.

use axum::Json;
use hikyaku_dispatch::TokenScope;
use serde_json::{Map, Value, json};

use super::routes::{Route, routes};
use super::wish::{KEY_CHARS_MAX, KEY_HEADER};
use super::{ACTS_PER_MINUTE, BASE, READS_PER_MINUTE, answers, paging, parts, schemas};

/// Where whoever is lost looks.
pub(super) const SEE: &str = "使える操作は /api/v1/openapi.json にあります。";

/// `GET /openapi.json`.
pub(super) async fn serve() -> Json<Value> {
    Json(document())
}

/// The document.
pub(super) fn document() -> Value {
    let mut paths = Map::new();
    for route in routes() {
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[if route.posts { "post" } else { "get" }] = operation(&route);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "飛脚 hikyaku",
            "version": env!("CARGO_PKG_VERSION"),
            "description": format!(
                "安否確認と一斉配信の API。Authorization: Bearer のトークンはシステム管理者が発行し、そのアカウントの権限のうち、トークンの範囲だけを使えます。\
                 1 つのトークンは 1 分に読取り {READS_PER_MINUTE} 回、操作 {ACTS_PER_MINUTE} 回まで。\
                 操作には必ず Idempotency-Key を付けます。同じ名前・同じ本文なら一度だけ行い、違う本文なら 409 です。\
                 誤りは application/problem+json で、detail に次にすることを書きます。"
            ),
        },
        "servers": [{ "url": BASE }],
        "security": [{ "token": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
            "schemas": schemas::all(),
        },
    })
}

fn operation(route: &Route) -> Value {
    let action = route.asks.action();
    let scope = TokenScope::of(action).map(TokenScope::name);
    let mut parameters: Vec<Value> = segments(route.path).map(|name| parameter(name, "path")).collect();
    parameters.extend(route.query.iter().map(|name| parameter(name, "query")));
    if route.posts {
        parameters.push(parameter(KEY_HEADER, "header"));
    }
    let (status, gives) = route.gives;
    let mut operation = json!({
        "operationId": route.id,
        "summary": route.summary,
        "description": format!("権限「{}」、トークンの範囲「{}」が要ります。", action.word(), scope.unwrap_or_default()),
        "x-scope": scope,
        "parameters": parameters,
        "responses": {
            status.to_string(): {
                "description": route.summary,
                "content": { "application/json": { "schema": parts::named(gives) } },
            },
            "default": {
                "description": "できなかった理由と、次にすること",
                "content": { "application/problem+json": { "schema": parts::named("Problem") } },
            },
        },
    });
    if let Some(takes) = route.takes {
        let required = takes.starts_with("New");
        let content = json!({ "application/json": { "schema": parts::named(takes) } });
        operation["requestBody"] = json!({ "required": required, "content": content });
    }
    operation
}

fn segments(path: &'static str) -> impl Iterator<Item = &'static str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

fn parameter(name: &str, place: &str) -> Value {
    let schema = match name {
        "limit" => {
            json!({ "type": "integer", "minimum": 1, "maximum": paging::LIMIT_MAX, "default": paging::LIMIT_DEFAULT })
        }
        "cursor" | "number" | "key" | "dispatches" | "carrier" | "actor" | "kind" | "from" | "to" => {
            json!({ "type": "string" })
        }
        "standing" => json!({ "type": "string", "enum": answers::STANDINGS }),
        KEY_HEADER => json!({ "type": "string", "minLength": 1, "maxLength": KEY_CHARS_MAX }),
        _ => json!({ "type": "integer", "minimum": 0 }),
    };
    let told = match name {
        "limit" => "一度に返す件数",
        "cursor" => "前のページの next",
        "number" => "職員番号",
        "key" => "送信待ちの配信の key",
        "dispatches" => "配信の番号（3,7 のように）",
        "carrier" => "事業者の名前（/lanes の carrier）",
        "actor" => "ログインID か職員番号、または「自動」",
        "kind" => "種類",
        "from" => "初日（2026-11-21）",
        "to" => "最終日",
        "before" => "前の返事の before",
        KEY_HEADER => "この操作だけの名前（UUID など）。返事がなければ同じ名前で送り直す",
        _ => "番号",
    };
    json!({ "name": name, "in": place, "required": place != "query", "description": told, "schema": schema })
}
