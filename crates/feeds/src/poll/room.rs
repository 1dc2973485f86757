//! How much room there is for telegrams, and what is left unasked while there is little.

use super::spec::Style;

/// How many telegrams of a feed are on its list before, for want of room, its indexes are left alone too.
const LISTED_MAX: usize = 10_000;

/// How much room there is where telegrams are handed over to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Room {
    /// Enough.
    #[default]
    Ample,
    /// Only for what cannot be had later: a headline, a document that is filled anew. What an index lists is listed, and not fetched.
    Scarce,
    /// None.
    None,
}

impl Room {
    /// Whether there is room for the telegrams that an index lists.
    pub(super) fn is_ample(self) -> bool {
        self == Self::Ample
    }

    /// Whether to ask for an index, or for the document that a feed is, with so many telegrams listed that are not here. What an index lists
    /// meanwhile is found as after any other gap.
    pub(super) fn lets_read(self, style: Style, listed: usize) -> bool {
        match style {
            Style::News | Style::Document => self != Self::None,
            Style::Jma | Style::Cap => self.is_ample() || listed < LISTED_MAX,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_on_until_it_is_long_and_what_is_replaced_as_long_as_there_is_any_room() {
        for (room, style, listed, is_read) in [
            (Room::Ample, Style::Jma, usize::MAX, true),
            (Room::Scarce, Style::Jma, 9_999, true),
            (Room::None, Style::Cap, 9_999, true),
            (Room::Scarce, Style::Cap, 10_000, false),
            (Room::Scarce, Style::News, 10_000, true),
            (Room::Scarce, Style::Document, 0, true),
            (Room::None, Style::News, 0, false),
            (Room::None, Style::Document, 0, false),
        ] {
            assert_eq!(room.lets_read(style, listed), is_read, "{room:?} {style:?} {listed}");
        }
    }
}
