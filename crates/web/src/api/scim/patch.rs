//! Changes to a part of a resource (RFC 7644 §3.5.2), made on its JSON; what results is read as if it had been sent whole.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::filter::{Filter, found};

/// Most operations of one request.
const OPERATIONS_MAX: usize = 100;

/// A request.
#[derive(Debug, Deserialize)]
pub(super) struct Patch {
    #[serde(alias = "operations", rename = "Operations")]
    operations: Vec<Operation>,
}

#[derive(Debug, Deserialize)]
struct Operation {
    op: String,
    path: Option<String>,
    #[serde(default)]
    value: Value,
}

/// What an operation does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Act {
    Add,
    Replace,
    Remove,
}

/// What an operation is about.
struct Path {
    name: String,
    which: Option<Filter>,
    below: Option<String>,
}

impl Patch {
    /// Makes the changes in their order, all or none.
    ///
    /// # Errors
    /// What is wrong, and what to write instead.
    pub(super) fn apply(&self, resource: &Value) -> Result<Value, String> {
        if self.operations.len() > OPERATIONS_MAX {
            return Err(format!("Operations は一度に {OPERATIONS_MAX} までです"));
        }
        let mut changed = resource.clone();
        for operation in &self.operations {
            operation.apply(&mut changed)?;
        }
        Ok(changed)
    }
}

impl Operation {
    fn apply(&self, resource: &mut Value) -> Result<(), String> {
        let act = match self.op.to_ascii_lowercase().as_str() {
            "add" => Act::Add,
            "replace" => Act::Replace,
            "remove" => Act::Remove,
            other => return Err(format!("op {other:?} は add、replace、remove のどれかにしてください")),
        };
        match (&self.path, act) {
            (Some(path), _) => change(resource, &Path::read(path)?, act, &self.value),
            (None, Act::Remove) => Err("remove には path が要ります".into()),
            (None, _) => {
                let fields = self.value.as_object().ok_or("path を書かないときの value は属性の組にしてください")?;
                for (name, value) in fields {
                    if name.starts_with("urn:") && value.is_object() {
                        change_fields(resource, name, value);
                    } else {
                        change(resource, &Path::read(name)?, act, value)?;
                    }
                }
                Ok(())
            }
        }
    }
}

impl Path {
    /// `name`, `name.below`, `name[filter]` or `name[filter].below`, a schema before it.
    fn read(text: &str) -> Result<Self, String> {
        let Some((name, rest)) = text.split_once('[') else {
            let own = text.rsplit_once(':').map_or(text, |(_, own)| own);
            let (name, below) = own.split_once('.').map_or((own, None), |(name, below)| (name, Some(below.to_owned())));
            return Ok(Self { name: name.to_owned(), which: None, below });
        };
        let (filter, below) = rest.rsplit_once(']').ok_or_else(|| format!("path {text:?} に ] がありません"))?;
        let name = name.rsplit_once(':').map_or(name, |(_, own)| own);
        let below = below.strip_prefix('.').map(str::to_owned);
        Ok(Self { name: name.to_owned(), which: Some(Filter::read(filter)?), below })
    }
}

/// The key of that name as it stands there already, in whatever case.
fn key(fields: &Map<String, Value>, name: &str) -> String {
    fields.keys().find(|key| key.eq_ignore_ascii_case(name)).cloned().unwrap_or_else(|| name.to_owned())
}

fn change_fields(resource: &mut Value, name: &str, value: &Value) {
    let Some(fields) = resource.as_object_mut() else { return };
    let key = key(fields, name);
    let extension = fields.entry(key).or_insert_with(|| json!({}));
    if let (Some(own), Some(new)) = (extension.as_object_mut(), value.as_object()) {
        own.extend(new.clone());
    }
}

fn change(resource: &mut Value, path: &Path, act: Act, value: &Value) -> Result<(), String> {
    let fields = holder(resource, &path.name).ok_or("この資源は変えられません")?;
    let key = key(fields, &path.name);
    if let Some(which) = &path.which {
        return change_some(fields.entry(key).or_insert_with(|| json!([])), which, path, act, value);
    }
    if let Some(below) = &path.below {
        let inner = fields.entry(key).or_insert_with(|| json!({}));
        let inner = inner.as_object_mut().ok_or_else(|| format!("{} には . の付く名前がありません", path.name))?;
        put(inner, below, act, value);
        return Ok(());
    }
    put(fields, &key, act, value);
    Ok(())
}

/// Where an attribute stands: at the top, or in the extension that has it.
fn holder<'a>(resource: &'a mut Value, name: &str) -> Option<&'a mut Map<String, Value>> {
    let fields = resource.as_object_mut()?;
    let is_there = fields.keys().any(|key| key.eq_ignore_ascii_case(name));
    let extension = fields.iter().find(|(key, inner)| key.starts_with("urn:") && found(inner, name).is_some());
    match extension.map(|(key, _)| key.clone()) {
        Some(key) if !is_there => fields.get_mut(&key)?.as_object_mut(),
        _ => Some(fields),
    }
}

fn put(fields: &mut Map<String, Value>, name: &str, act: Act, value: &Value) {
    let key = key(fields, name);
    let present = fields.get_mut(&key).and_then(Value::as_array_mut);
    match (act, present) {
        (Act::Remove, Some(items)) if !value.is_null() => {
            let gone = values_of(value);
            items.retain(|item| !gone.contains(&item["value"]));
        }
        (Act::Remove, _) => drop(fields.remove(&key)),
        (Act::Add, Some(items)) => {
            let new = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
            for item in new {
                if !items.iter().any(|old| *old == item || (!old["value"].is_null() && old["value"] == item["value"])) {
                    items.push(item);
                }
            }
        }
        (Act::Add | Act::Replace, _) => drop(fields.insert(key, value.clone())),
    }
}

fn values_of(value: &Value) -> Vec<Value> {
    let items = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
    items.into_iter().map(|item| if item["value"].is_null() { item } else { item["value"].clone() }).collect()
}

/// Changes those values of a list that fit.
fn change_some(list: &mut Value, which: &Filter, path: &Path, act: Act, value: &Value) -> Result<(), String> {
    let items = list.as_array_mut().ok_or_else(|| format!("{} は一覧ではありません", path.name))?;
    if act == Act::Remove && path.below.is_none() {
        items.retain(|item| !which.fits(item));
        return Ok(());
    }
    let mut fitting = items.iter_mut().filter(|item| which.fits(item)).peekable();
    if fitting.peek().is_none() {
        return Err(format!("{} に当てはまるものがありません", path.name));
    }
    for item in fitting {
        match (&path.below, item.as_object_mut()) {
            (Some(below), Some(fields)) => put(fields, below, act, value),
            _ => *item = value.clone(),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patched(resource: Value, operations: Value) -> Result<Value, String> {
        let patch: Patch = serde_json::from_value(json!({ "Operations": operations })).unwrap();
        patch.apply(&resource)
    }

    #[test]
    fn values_are_added_replaced_and_removed_as_directories_write_it() {
        let user = json!({ "active": true, "name": { "formatted": "a" } });
        let changed = patched(user.clone(), json!([{ "op": "Replace", "path": "active", "value": false }])).unwrap();
        assert_eq!(changed["active"], false);
        let changed =
            patched(user.clone(), json!([{ "op": "replace", "value": { "active": false, "displayName": "b" } }]));
        assert_eq!(changed.unwrap(), json!({ "active": false, "displayName": "b", "name": { "formatted": "a" } }));
        let changed = patched(user, json!([{ "op": "add", "path": "NAME.formatted", "value": "c" }])).unwrap();
        assert_eq!(changed["name"]["formatted"], "c");
    }

    #[test]
    fn members_come_and_go_by_their_value() {
        let group = json!({ "members": [{ "value": "1" }, { "value": "2" }] });
        let changed = |operation: Value| patched(group.clone(), json!([operation])).unwrap()["members"].clone();
        let two = changed(json!({ "op": "add", "path": "members", "value": [{ "value": "2" }, { "value": "3" }] }));
        assert_eq!(two, json!([{ "value": "1" }, { "value": "2" }, { "value": "3" }]));
        let one = changed(json!({ "op": "remove", "path": "members[value eq \"1\"]" }));
        assert_eq!(one, json!([{ "value": "2" }]));
        let one = changed(json!({ "op": "remove", "path": "members", "value": [{ "value": "2" }] }));
        assert_eq!(one, json!([{ "value": "1" }]));
        assert_eq!(changed(json!({ "op": "remove", "path": "members" })), Value::Null);
    }

    #[test]
    fn what_cannot_be_done_says_why_and_changes_nothing() {
        for wrong in [
            json!([{ "op": "move", "path": "active" }]),
            json!([{ "op": "remove" }]),
            json!([{ "op": "replace", "value": 1 }]),
            json!([{ "op": "replace", "path": "members[value eq \"9\"].type", "value": "x" }]),
            json!([{ "op": "replace", "path": "members[value eq", "value": "x" }]),
            json!((0..101).map(|_| json!({ "op": "add", "path": "a", "value": 1 })).collect::<Vec<_>>()),
        ] {
            assert!(!patched(json!({ "members": [] }), wrong.clone()).unwrap_err().is_empty(), "{wrong}");
        }
    }
}
