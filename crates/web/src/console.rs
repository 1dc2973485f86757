//! What every console page has around its contents, and how the viewer wants it.

use std::fmt::{self, Write as _};

use crate::mode::Marks;
use crate::style;

/// How often a page loads itself again, in seconds, as there is no script yet.
const REFRESH_S: u32 = 5;

/// What every console page has around its contents.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) css: &'static str,
    pub(crate) mode: Marks,
    pub(crate) now: String,
    pub(crate) refresh_s: Option<u32>,
    pub(crate) refresh_link: Option<Link>,
}

/// A link with its words.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) href: String,
    pub(crate) label: &'static str,
}

/// How the viewer wants the page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View {
    /// The opened group.
    pub(crate) group: Option<u32>,
    /// The page stands still [JIS X 8341-3 2.2.2].
    pub(crate) still: bool,
}

impl View {
    fn query(self) -> String {
        let group = self.group.map(|id| format!("group={id}"));
        let still = self.still.then(|| "refresh=off".to_owned());
        let pairs: Vec<String> = [group, still].into_iter().flatten().collect();
        pairs.join("&")
    }

    /// A link to `path` with this view.
    pub(crate) fn href(self, path: &str) -> String {
        let query = self.query();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }
}

impl Frame {
    /// The frame of the page at `path`.
    pub(crate) fn new(path: &str, view: View, mode: Marks, now: String) -> Self {
        let other = View { still: !view.still, ..view };
        let label = if view.still { "自動更新を始める" } else { "自動更新を止める" };
        Self {
            css: style::CONSOLE,
            mode,
            now,
            refresh_s: (!view.still).then_some(REFRESH_S),
            refresh_link: Some(Link { href: other.href(path), label }),
        }
    }

    /// The frame of a page that stands still, as waiting would not change it.
    pub(crate) fn still(now: String) -> Self {
        Self { css: style::CONSOLE, mode: Marks::default(), now, refresh_s: None, refresh_link: None }
    }
}

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
