//! Lists: filtered, and in pages (RFC 7644 §3.4.2).

use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::filter::Filter;
use super::said::{Said, ScimError};

/// Most resources of a page.
pub(super) const COUNT_MAX: usize = 500;
/// Resources of a page where nothing is said.
const COUNT_DEFAULT: usize = 100;

/// Which resources.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Asked {
    filter: Option<String>,
    start_index: Option<i64>,
    count: Option<i64>,
    excluded_attributes: Option<String>,
}

impl Asked {
    /// The filter, if there is one.
    pub(super) fn filter(&self) -> Result<Option<Filter>, ScimError> {
        self.filter.as_deref().map(Filter::read).transpose().map_err(ScimError::filter)
    }

    /// Whether an attribute is not wanted.
    pub(super) fn leaves_out(&self, name: &str) -> bool {
        let names = self.excluded_attributes.as_deref().unwrap_or_default().split(',');
        names.map(str::trim).any(|it| it.eq_ignore_ascii_case(name))
    }

    /// The page of what was found.
    pub(super) fn page<T>(&self, found: &[T], show: impl Fn(&T) -> Value) -> Said {
        // Less than 1 means 1, and a negative count 0 (§3.4.2.4).
        let start = usize::try_from(self.start_index.unwrap_or(1)).unwrap_or(1).max(1);
        let count = self.count.map_or(COUNT_DEFAULT, |count| usize::try_from(count).unwrap_or(0)).min(COUNT_MAX);
        let resources: Vec<Value> = found.iter().skip(start - 1).take(count).map(show).collect();
        let list = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
            "totalResults": found.len(),
            "startIndex": start,
            "itemsPerPage": resources.len(),
            "Resources": resources,
        });
        Said(StatusCode::OK, list)
    }
}
