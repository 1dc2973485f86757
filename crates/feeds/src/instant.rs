//! The times of a telegram: without the required ones it is refused, an unreadable optional one is remarked.

use jiff::Timestamp;
use roxmltree::Node;

use crate::reject::Reject;
use crate::xml::{child, child_text, place, text};

/// A time that must be there.
pub(crate) fn required_instant(parent: Node, name: &'static str, element: &'static str) -> Result<Timestamp, Reject> {
    let node = child(parent, name).ok_or_else(|| Reject::Missing { element, place: place(parent) })?;
    let value = text(node);
    if value.is_empty() {
        return Err(Reject::Missing { element, place: place(node) });
    }
    value.parse().map_err(|_| Reject::Time { element, value: value.chars().take(80).collect(), place: place(node) })
}

/// A time that may be absent, empty or nil; an unreadable one becomes a remark.
pub(crate) fn optional_instant(parent: Node, name: &'static str, remarks: &mut Vec<String>) -> Option<Timestamp> {
    let value = child_text(parent, name)?;
    let parsed = value.parse().ok();
    if parsed.is_none() {
        remarks.push(format!("{name} 「{value}」 is no time with its offset"));
    }
    parsed
}
