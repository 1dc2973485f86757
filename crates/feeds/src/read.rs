//! The way in for whatever a feed or an endpoint may bring: a telegram, a list, or an index of telegrams.

use hikyaku_bulletin::Bulletin;

use crate::bounds::within_bounds;
use crate::index::{Index, index};
use crate::parse::telegram;
use crate::reject::Reject;
use crate::xml::{document, not_known};

/// What a document turned out to be.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Document {
    /// What is said, told whole: one bulletin from a telegram, several from a list.
    Bulletins(Vec<Bulletin>),
    /// A feed that lists telegrams or news to be fetched.
    Index(Index),
}

/// Reads any document that a configured source may bring, told by its own form, not by its name.
///
/// `source_name` is its file name, path or address.
///
/// # Errors
/// [`Reject`] as [`crate::parse`], and when it is none of the known forms.
pub fn read(bytes: &[u8], source_name: &str) -> Result<Document, Reject> {
    let text = within_bounds(bytes)?;
    let document = document(text)?;
    let root = document.root_element();
    if let Some(index) = index(root) {
        return Ok(Document::Index(index));
    }
    match telegram(root, bytes, source_name)? {
        Some(bulletins) => Ok(Document::Bulletins(bulletins)),
        None => Err(not_known(root)),
    }
}
