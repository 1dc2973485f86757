//! The way in for whatever a feed or an endpoint may bring: a telegram, a list, or an index of telegrams.

use hikyaku_bulletin::Bulletin;
use roxmltree::Node;

use crate::advice;
use crate::bounds;
use crate::gdacs;
use crate::index::{Index, index};
use crate::manual;
use crate::parse::{digest, telegrams, with_tree};
use crate::reject::Reject;
use crate::xml::not_known;

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
/// JMA XML, CAP, EDXL-DE (within SOAP too), 外務省 opendata, GDACS, travel advice of FCDO and the State Department, an
/// operator's entry as JSON, Atom, RSS.
/// `source_name` is its file name, path or address.
///
/// # Errors
/// [`Reject`] as [`crate::parse`], and when it is none of the known forms.
pub fn read(bytes: &[u8], source_name: &str) -> Result<Document, Reject> {
    let text = bounds::text(bytes)?;
    if text.trim_start().starts_with(['{', '[']) {
        if manual::is_entry(text) {
            let mut bulletin = manual::of_json(text)?;
            bulletin.digest = digest(bytes);
            return Ok(Document::Bulletins(vec![bulletin]));
        }
        return advice::bulletins(text).map(Document::Bulletins);
    }
    if bounds::is_page(text) {
        return Err(Reject::Page);
    }
    bounds::within_bounds(text)?;
    with_tree(text, |root| understood(root, bytes, source_name))
}

fn understood(root: Node, bytes: &[u8], source_name: &str) -> Result<Document, Reject> {
    if let Some(events) = gdacs::bulletins(root) {
        return events.map(Document::Bulletins);
    }
    if let Some(index) = index(root) {
        let state = advice::is_state(&index);
        return if state { advice::of_index(index).map(Document::Bulletins) } else { Ok(Document::Index(index)) };
    }
    let mut bulletins = telegrams(root, bytes, source_name)?.ok_or_else(|| not_known(root))?;
    // A telegram is known by its bytes too; the items of a list are known by their own keys only.
    if let [one] = bulletins.as_mut_slice() {
        one.digest = digest(bytes);
    }
    Ok(Document::Bulletins(bulletins))
}
