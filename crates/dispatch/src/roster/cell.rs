//! Cells: several values in one, and cells that a spreadsheet would run as formulas.

/// What makes Excel take a cell for a formula, full-width forms included.
const FORMULA_STARTS: [char; 10] = ['=', '+', '-', '@', '＝', '＋', '－', '＠', '\t', '\r'];

/// A cell as it is written: `'` before what a spreadsheet would run.
pub(crate) fn guarded(text: &str) -> String {
    if text.starts_with(FORMULA_STARTS) || restored(text) != text { format!("'{text}") } else { text.to_owned() }
}

/// A cell as it was before [`guarded`].
pub(crate) fn restored(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if rest.starts_with('\'') || rest.starts_with(FORMULA_STARTS) => rest,
        _ => text,
    }
}

/// The values of a cell that holds several, each with its number from 1.
pub(crate) fn values(cell: &str) -> impl Iterator<Item = (usize, &str)> {
    let values = cell.split([';', '；']).map(str::trim).filter(|value| !value.is_empty());
    values.enumerate().map(|(at, value)| (at + 1, value))
}

/// Digits, letters and signs of a code in their ASCII form: Japanese input writes `１３` as easily as `13`.
pub(crate) fn narrow(text: &str) -> String {
    let narrow = |c: char| match c {
        '！'..='～' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '　' => ' ',
        other => other,
    };
    text.chars().map(narrow).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

    proptest! {
        #[test]
        fn what_is_guarded_is_no_formula_and_comes_back_as_it_was(text in "[-=+@'＝ a\t]{0,6}") {
            let guarded = guarded(&text);
            prop_assert!(!guarded.starts_with(FORMULA_STARTS));
            prop_assert_eq!(restored(&guarded), text);
        }
    }

    #[test]
    fn wide_digits_are_read_as_digits() {
        assert_eq!(narrow("１３　Ａ＠山"), "13 A@山");
    }
}
