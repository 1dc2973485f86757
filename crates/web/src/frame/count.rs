//! Counts as they are read in Japan.

use std::fmt;

use hikyaku_dispatch::Thousands;

/// A count as it is read in Japan: `11,500`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Count(pub(crate) u32);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Thousands(u64::from(self.0)), f)
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
