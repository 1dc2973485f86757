//! The ranges of figures on the command line, so that no figure can surprise what computes with it.

use std::ops::RangeInclusive;

/// Seconds, from a millisecond to a year.
pub fn seconds(text: &str) -> Result<f64, String> {
    within(text, 0.001..=31_536_000.0)
}

/// Hours, from less than a second to a year.
pub fn hours(text: &str) -> Result<f64, String> {
    within(text, 0.0001..=8_760.0)
}

/// Mails a second, from one in a quarter of an hour to more than any relay takes.
pub fn per_second(text: &str) -> Result<f64, String> {
    within(text, 0.001..=1_000_000.0)
}

/// A share, from none to all.
pub fn share(text: &str) -> Result<f64, String> {
    within(text, 0.0..=1.0)
}

fn within(text: &str, range: RangeInclusive<f64>) -> Result<f64, String> {
    let figure = text.parse().ok().filter(|figure| range.contains(figure));
    figure.ok_or_else(|| format!("write a number from {} to {}", range.start(), range.end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_finite_figure_of_the_range_is_refused() {
        for wrong in ["0", "-1", "nan", "inf", "1e300", "x", ""] {
            for range in [seconds, hours, per_second] {
                assert!(range(wrong).is_err(), "{wrong}");
            }
        }
        assert!(share("1.01").is_err() && share("-0.1").is_err() && share("nan").is_err());
    }

    #[test]
    fn figures_of_the_range_are_taken_with_its_ends() {
        assert_eq!((share("0"), share("1"), per_second("0.5"), hours("24")), (Ok(0.0), Ok(1.0), Ok(0.5), Ok(24.0)));
    }
}
