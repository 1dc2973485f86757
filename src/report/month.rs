//! A month as Japan counts it.

use std::fmt;
use std::str::FromStr;

use hikyaku_dispatch::japan_date;
use jiff::civil::Date;
use jiff::tz::{TimeZone, offset};
use jiff::{Timestamp, ToSpan};

/// A month of Japan Standard Time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month(Date);

impl Month {
    /// The month in which this instant lies.
    pub fn of(at: Timestamp) -> Self {
        Month(japan_date(at).first_of_month())
    }

    /// The month before.
    pub fn previous(self) -> Self {
        Month(self.0.yesterday().map_or(self.0, |last| last.first_of_month()))
    }

    /// Its first instant, and the first one after it.
    pub fn bounds(self) -> (Timestamp, Timestamp) {
        let japan = TimeZone::fixed(offset(9));
        let instant = |day: Date| japan.to_timestamp(day.at(0, 0, 0, 0));
        let next = self.0.saturating_add(1.month());
        (instant(self.0).unwrap_or(Timestamp::MIN), instant(next).unwrap_or(Timestamp::MAX))
    }

    /// Whether an instant lies in it.
    pub fn contains(self, at: Timestamp) -> bool {
        let (first, next) = self.bounds();
        first <= at && at < next
    }

    /// `2026年11月`
    pub fn words(self) -> String {
        self.0.strftime("%Y年%-m月").to_string()
    }
}

/// `2026-11`, as files are named.
impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.strftime("%Y-%m"))
    }
}

impl FromStr for Month {
    type Err = String;

    fn from_str(typed: &str) -> Result<Self, String> {
        let first: Result<Date, _> = format!("{typed}-01").parse();
        first.map(Month).map_err(|_| format!("\"{typed}\" is no month: write it as in 2026-11"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_begins_at_midnight_in_japan_also_over_the_end_of_a_year() {
        let month: Month = "2026-12".parse().unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert!(month.contains(at("2026-11-30T15:00:00Z")) && !month.contains(at("2026-11-30T14:59:59Z")));
        assert!(month.contains(at("2026-12-31T14:59:59Z")) && !month.contains(at("2026-12-31T15:00:00Z")));
        assert_eq!((month.to_string(), month.words()), ("2026-12".into(), "2026年12月".into()));
        assert_eq!(Month::of(at("2027-01-05T00:00:00Z")).previous(), month);
        assert!("12-2026".parse::<Month>().is_err());
    }
}
