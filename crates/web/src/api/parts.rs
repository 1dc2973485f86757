//! The parts of which shapes are made, as JSON Schema.

use serde_json::{Map, Value, json};

/// A reference to a shape.
pub(super) fn named(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

pub(super) fn text() -> Value {
    json!({ "type": "string" })
}

pub(super) fn number() -> Value {
    json!({ "type": "integer", "minimum": 0 })
}

pub(super) fn truth() -> Value {
    json!({ "type": "boolean" })
}

pub(super) fn instant() -> Value {
    json!({ "type": "string", "format": "date-time" })
}

pub(super) fn one_of(words: &[&str]) -> Value {
    json!({ "type": "string", "enum": words })
}

pub(super) fn many(item: Value) -> Value {
    json!({ "type": "array", "items": item })
}

/// Or null.
pub(super) fn maybe(shape: Value) -> Value {
    json!({ "anyOf": [shape, { "type": "null" }] })
}

/// All of these and nothing else.
pub(super) fn object(fields: &[(&str, Value)]) -> Value {
    let required: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    taken(fields, &required)
}

/// None but these, of which some must be there.
pub(super) fn taken(fields: &[(&str, Value)], required: &[&str]) -> Value {
    let properties: Map<String, Value> =
        fields.iter().map(|(name, shape)| ((*name).to_owned(), shape.clone())).collect();
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

pub(super) fn mode() -> Value {
    one_of(&["real", "drill", "test"])
}

pub(super) fn side() -> Value {
    one_of(&["domestic", "overseas"])
}
