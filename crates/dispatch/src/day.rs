//! The calendar of Japan (UTC+9, no summer time).

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{TimeZone, offset};

/// The date in Japan.
#[must_use]
pub fn japan_date(now: Timestamp) -> Date {
    now.to_zoned(TimeZone::fixed(offset(9))).date()
}
