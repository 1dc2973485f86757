//! The times of a telegram: without the required ones it is refused, an unreadable optional one is remarked.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
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

/// A time that must be there, in a source whose namespaces vary.
pub(crate) fn loose_instant(parent: Node, name: &str, element: &'static str) -> Result<Timestamp, Reject> {
    let at = place(parent);
    let value = crate::loose::child_text(parent, name).ok_or(Reject::Missing { element, place: at })?;
    value.parse().map_err(|_| Reject::Time { element, value: value.chars().take(80).collect(), place: at })
}

/// A time in any of the forms that feeds use: with its offset (RFC 3339), of mail (RFC 2822: `Tue, 08 Sep 2026 02:14:00 GMT`), or a date
/// alone (`Wed, 11 Feb 2026`, as the State Department writes, or `2026-02-11`).
///
/// A date alone counts from its noon in UTC, the morning in Washington: what is published during that day is then neither of the future nor,
/// when it is seen, a day old.
pub(crate) fn any_instant(value: &str) -> Option<Timestamp> {
    let value = value.trim();
    let mail = || jiff::fmt::rfc2822::parse(value).ok().map(|it| it.timestamp());
    value.parse().ok().or_else(mail).or_else(|| noon(value))
}

fn noon(value: &str) -> Option<Timestamp> {
    let words = value.split_once(", ").map_or(value, |(_, date)| date);
    let date = Date::strptime("%d %b %Y", words).or_else(|_| Date::strptime("%Y-%m-%d", value)).ok()?;
    date.at(12, 0, 0, 0).to_zoned(TimeZone::UTC).ok().map(|it| it.timestamp())
}

#[test]
fn times_of_feeds_are_read_and_a_date_alone_counts_from_noon() {
    for (text, instant) in [
        ("2026-02-11T08:00:00-05:00", Some("2026-02-11T13:00:00Z")),
        ("Wed, 11 Feb 2026 08:00:00 EST", Some("2026-02-11T13:00:00Z")),
        (" Wed, 11 Feb 2026 ", Some("2026-02-11T12:00:00Z")),
        ("2026-02-11", Some("2026-02-11T12:00:00Z")),
        ("Wed, 31 Feb 2026", None),
        ("2026", None),
        ("soon", None),
        ("", None),
    ] {
        assert_eq!(any_instant(text), instant.and_then(|it| it.parse().ok()), "{text}");
    }
}
