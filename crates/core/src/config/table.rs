//! The text of a table: what its rows may refer to, and what is wrong with it.

use thiserror::Error;
use toml::Spanned;

use crate::carrier::Carrier;

/// What is wrong with a table, and where.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{table}: {problem}")]
pub struct TableError {
    /// Which table.
    pub table: String,
    /// What is wrong: line, key and what is allowed.
    pub problem: String,
}

/// What a row may refer to, and the text for the lines of errors.
pub(super) struct Table<'a> {
    pub(super) text: &'a str,
    pub(super) names: Vec<String>,
}

impl Table<'_> {
    /// The carriers of these names.
    pub(super) fn carriers(&self, names: Vec<Spanned<String>>) -> Result<Vec<Carrier>, TableError> {
        let known = |name: Spanned<String>| {
            if self.names.contains(name.get_ref()) {
                return Ok(Carrier::new(name.into_inner()));
            }
            let problem = format!("there is no carrier \"{}\"; there are: {}", name.get_ref(), self.names.join(", "));
            Err(self.wrong(name.span().start, &problem))
        };
        names.into_iter().map(known).collect()
    }

    /// An error at a place of the text.
    pub(super) fn wrong(&self, at: usize, problem: &str) -> TableError {
        let line = self.text.get(..at).unwrap_or_default().matches('\n').count() + 1;
        TableError { table: "carrier table".into(), problem: format!("line {line}: {problem}") }
    }
}
