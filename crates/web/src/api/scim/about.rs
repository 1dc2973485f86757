//! What this SCIM service can do, and which resources it has (RFC 7644 §4).

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::BASE;
use super::groups::GROUP;
use super::listed::COUNT_MAX;
use super::said::Said;
use super::user::{ROSTER, USER};

/// `GET /ServiceProviderConfig`.
pub(super) async fn provider() -> Said {
    let no = json!({ "supported": false });
    let config = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": { "supported": true },
        "bulk": { "supported": false, "maxOperations": 0, "maxPayloadSize": 0 },
        "filter": { "supported": true, "maxResults": COUNT_MAX },
        "changePassword": no,
        "sort": no,
        "etag": no,
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "Bearer",
            "description": "hikyaku access token make で発行したトークン（範囲 read と people）",
            "primary": true,
        }],
        "meta": { "resourceType": "ServiceProviderConfig", "location": format!("{BASE}/ServiceProviderConfig") },
    });
    Said(StatusCode::OK, config)
}

/// `GET /ResourceTypes`.
pub(super) async fn resource_types() -> Said {
    let kind = |name: &str, endpoint: &str, schema: &str, extensions: Value| {
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
            "id": name,
            "name": name,
            "endpoint": endpoint,
            "schema": schema,
            "schemaExtensions": extensions,
            "meta": { "resourceType": "ResourceType", "location": format!("{BASE}/ResourceTypes/{name}") },
        })
    };
    all(vec![
        kind("User", "/Users", USER, json!([{ "schema": ROSTER, "required": false }])),
        kind("Group", "/Groups", GROUP, json!([])),
    ])
}

/// `GET /Schemas`.
pub(super) async fn schemas() -> Said {
    let text = |name, change, told: &str| attribute(name, "string", false, change, told);
    let masked = "書けますが、***@ドメイン#番号 としか返しません。読んだ値をそのまま送ると、変えません";
    let emails = json!({
        "name": "emails", "type": "complex", "multiValued": true, "required": false,
        "mutability": "readWrite", "returned": "default", "description": masked,
        "subAttributes": [text("value", "readWrite", masked), text("type", "readWrite", "work、home、mobile、other")],
    });
    let name = json!({
        "name": "name", "type": "complex", "multiValued": false, "required": false,
        "mutability": "readWrite", "returned": "default", "description": "氏名",
        "subAttributes": [text("formatted", "readWrite", "氏名")],
    });
    let reference = |name: &str, change: &str, told: &str| {
        let below = [text("value", "immutable", "id"), text("display", "readOnly", "名前")];
        json!({
            "name": name, "type": "complex", "multiValued": true, "required": false,
            "mutability": change, "returned": "default", "description": told, "subAttributes": below,
        })
    };
    let mut user_name = text("userName", "immutable", "職員番号");
    user_name["required"] = true.into();
    user_name["uniqueness"] = "server".into();
    let user = vec![
        user_name,
        text("externalId", "immutable", "userName と同じ"),
        text("displayName", "readWrite", "氏名"),
        name,
        attribute("active", "boolean", false, "readWrite", "false は退職"),
        text("preferredLanguage", "readWrite", "ja、ja-x-easy、en"),
        emails,
        reference("groups", "readOnly", "所属。Groups で変えます"),
    ];
    let roster = vec![
        text("kana", "readWrite", "氏名カナ"),
        attribute("regions", "string", true, "readWrite", "勤務地（都道府県の番号など）。登録には一つ以上"),
    ];
    let group = vec![
        text("displayName", "readWrite", "所属の道筋: 本省/大臣官房"),
        reference("members", "readWrite", "この所属の人"),
    ];
    all(vec![schema(USER, "User", user), schema(ROSTER, "Roster", roster), schema(GROUP, "Group", group)])
}

fn attribute(name: &str, kind: &str, many: bool, change: &str, told: &str) -> Value {
    json!({
        "name": name, "type": kind, "multiValued": many, "required": false, "caseExact": false,
        "mutability": change, "returned": "default", "uniqueness": "none", "description": told,
    })
}

fn schema(id: &str, name: &str, attributes: Vec<Value>) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
        "id": id,
        "name": name,
        "attributes": attributes,
        "meta": { "resourceType": "Schema", "location": format!("{BASE}/Schemas/{id}") },
    })
}

fn all(resources: Vec<Value>) -> Said {
    let list = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": resources.len(),
        "startIndex": 1,
        "itemsPerPage": resources.len(),
        "Resources": resources,
    });
    Said(StatusCode::OK, list)
}
