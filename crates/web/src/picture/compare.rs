//! The answer curves of several dispatches in one drawing: each line has a letter and a pattern of its own, colour is not needed.

use std::fmt::Write as _;

use super::curve::{self, Curve};

/// Most lines that can be told apart.
pub(crate) const LINES_MAX: usize = 5;

/// The letter of the line at a place.
pub(crate) fn letter(place: usize) -> char {
    ['A', 'B', 'C', 'D', 'E'].get(place).copied().unwrap_or('?')
}

/// The drawing of at most [`LINES_MAX`] curves.
pub(crate) fn together(curves: &[&Curve]) -> String {
    let span = curves.iter().map(|it| it.most() * 3 / 2).max().unwrap_or(0).max(curve::SPAN_MIN_S);
    let (mut lines, mut spoken) = (String::new(), "回答の伸びの比較。".to_owned());
    for (place, it) in curves.iter().take(LINES_MAX).enumerate() {
        let letter = letter(place);
        // Letters stand apart from each other along the line they belong to.
        let x = curve::WIDTH * (place as u64 + 1) / (LINES_MAX as u64 + 1);
        let y = it.height_at(x * span / curve::WIDTH).saturating_sub(4).max(14);
        // Writing to a String cannot fail.
        let _ = write!(
            lines,
            "<path class=\"line l{place}\" d=\"{}\"/><text class=\"name\" x=\"{x}\" y=\"{y}\">{letter}</text>",
            it.line(span)
        );
        let _ = write!(spoken, "{letter} {} 回答率 {}。", it.words(), it.share());
    }
    curve::frame(&lines, span, &spoken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_has_a_letter_a_pattern_and_words_of_its_own() {
        let (quick, slow) = (Curve::new(vec![10, 20], 2, 600), Curve::new(vec![300], 2, 600));
        let svg = together(&[&quick, &slow]);
        for there in ["line l0", "line l1", ">A<", ">B<", "A 25% 10 秒", "B 25% 5 分", "回答率 50.0%"] {
            assert!(svg.contains(there), "{there}: {svg}");
        }
    }
}
