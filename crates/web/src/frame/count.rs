//! Counts as they are read in Japan.

use std::fmt::{self, Write as _};

/// A count as it is read in Japan: `11,500`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Count(pub(crate) u32);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                f.write_char(',')?;
            }
            f.write_char(digit)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_in_thousands() {
        let shown = [0, 999, 1_000, 11_500, 1_234_567].map(|number| Count(number).to_string());
        assert_eq!(shown, ["0", "999", "1,000", "11,500", "1,234,567"]);
    }
}
