//! Numbers as people read them in Japan, with a comma between each three digits.

use std::fmt::{self, Write as _};

/// A number as it is read in Japan: `11,500`. Everything that can exceed 999 is shown through it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thousands(pub u64);

impl Thousands {
    /// How many there are of something in memory.
    #[must_use]
    pub fn of(count: usize) -> Self {
        Self(count as u64)
    }
}

impl fmt::Display for Thousands {
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
    fn numbers_are_read_in_thousands() {
        let shown = [0, 999, 1_000, 11_500, 1_234_567].map(|number| Thousands(number).to_string());
        assert_eq!(shown, ["0", "999", "1,000", "11,500", "1,234,567"]);
    }
}
