//! What a word of `hikyaku remote` asks of the API, and the files that go with it.

use std::path::Path;

use hyper::Method;
use serde_json::Value;

/// What is asked of the API.
pub(super) enum Ask {
    /// One thing.
    One(String),
    /// All pages of a list.
    All(String),
    /// Something is done.
    Act(String, Value),
    /// The same over SCIM, whose wishes need no key.
    Scim(Method, String, Option<Value>),
}

/// The JSON in a file.
pub(super) fn read(file: &Path) -> Result<Value, String> {
    serde_json::from_str(&text(file)?).map_err(|problem| format!("{}: {problem}", file.display()))
}

/// What is in a file.
pub(super) fn text(file: &Path) -> Result<String, String> {
    std::fs::read_to_string(file).map_err(|problem| format!("{}: {problem}", file.display()))
}
