//! Bars as SVG made on the server, each with its text alternative; the counts beside it are always in the page too.

use std::fmt::Write as _;

/// How many answers have a colour of their own; further ones start again from the first.
const COLOURS: usize = 8;

/// The gap between two segments in thousandths of the bar, so that neighbours differ without colour too.
const SEAM: u64 = 3;

/// One horizontal bar: a segment for each answer count in order, the rest unanswered.
///
/// Drawn on a fixed 1000-unit width with presentation attributes only, because the policy admits no style attribute.
pub(crate) fn stacked(counts: &[u32], of: u32, spoken: &str) -> String {
    let mut svg = format!(
        "<svg viewBox=\"0 0 1000 10\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{}\">\
         <rect class=\"rest\" width=\"1000\" height=\"10\"/>",
        escape(spoken)
    );
    let mut before = 0;
    for (place, count) in counts.iter().enumerate() {
        let from = share_of_thousand(before, of);
        before += count;
        let to = share_of_thousand(before, of);
        if to > from {
            let colour = place % COLOURS;
            let width = to - from;
            // Writing to a String cannot fail.
            let _ = write!(svg, "<rect class=\"p{colour}\" x=\"{from}\" width=\"{width}\" height=\"10\"/>");
            if from > 0 && width > 2 * SEAM {
                let _ = write!(svg, "<rect class=\"seam\" x=\"{from}\" width=\"{SEAM}\" height=\"10\"/>");
            }
        }
    }
    svg.push_str("</svg>");
    svg
}

/// The coloured square that ties a row of the table to its segment; decoration, hidden from screen readers.
pub(crate) fn swatch(place: Option<usize>) -> String {
    let class = place.map_or_else(|| "rest".to_owned(), |place| format!("p{}", place % COLOURS));
    format!("<svg viewBox=\"0 0 1 1\" aria-hidden=\"true\"><rect class=\"{class}\" width=\"1\" height=\"1\"/></svg>")
}

/// A share in percent with one decimal, rounded down: 100 % means all, and nothing less.
pub(crate) fn percent(part: u32, of: u32) -> String {
    let tenths = (u64::from(part) * 1000).checked_div(u64::from(of)).unwrap_or(0);
    format!("{}.{}%", tenths / 10, tenths % 10)
}

fn share_of_thousand(part: u32, of: u32) -> u64 {
    (u64::from(part) * 1000).checked_div(u64::from(of)).unwrap_or(0).min(1000)
}

/// Text that cannot leave an attribute.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_missing_answer_is_never_rounded_to_all() {
        assert_eq!(percent(11_499, 11_500), "99.9%");
        assert_eq!(percent(11_500, 11_500), "100.0%");
        assert_eq!(percent(0, 0), "0.0%");
    }

    #[test]
    fn segments_lie_end_to_end_and_keep_their_colour_when_one_is_empty() {
        let bar = stacked(&[500, 0, 250], 1000, "x");
        assert!(bar.contains("class=\"p0\" x=\"0\" width=\"500\""), "{bar}");
        assert!(bar.contains("class=\"p2\" x=\"500\" width=\"250\""), "{bar}");
        assert!(!bar.contains("class=\"p1\""), "{bar}");
    }

    #[test]
    fn the_text_alternative_cannot_leave_its_attribute() {
        let bar = stacked(&[], 0, "\"><script>");
        assert!(bar.contains("aria-label=\"&quot;&gt;&lt;script&gt;\""), "{bar}");
    }
}
