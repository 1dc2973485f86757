//! Why bytes are not taken as a telegram: what is wrong, where, and what to do about it.

use std::fmt;

/// A place in the telegram, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Line.
    pub line: u32,
    /// Character within the line.
    pub column: u32,
}

impl Place {
    /// The place of a byte of the text; a byte within a character counts as that character.
    pub(crate) fn of_byte(text: &[u8], at: usize) -> Self {
        let before = &text[..at.min(text.len())];
        let line_start = before.iter().rposition(|&b| b == b'\n').map_or(0, |newline| newline + 1);
        let newlines = before.iter().filter(|&&b| b == b'\n').count();
        let characters = before[line_start..].iter().filter(|&&b| b & 0xC0 != 0x80).count();
        let from_one = |count: usize| u32::try_from(count).unwrap_or(u32::MAX).saturating_add(1);
        Self { line: from_one(newlines), column: from_one(characters) }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// Why bytes are not taken as a telegram.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reject {
    /// More bytes than any telegram has; nothing of it was read.
    #[error("the telegram has {bytes} bytes, more than the {limit} that are read: check what the source really sent")]
    TooLarge {
        /// Its size in bytes.
        bytes: usize,
        /// What is read at most, in bytes.
        limit: usize,
    },
    /// Declared to be in another encoding than UTF-8.
    #[error("the telegram is declared as {declared}; only UTF-8 is read: convert it, or ask the source for UTF-8")]
    Encoding {
        /// What the XML declaration or the byte order mark says.
        declared: String,
    },
    /// Not UTF-8 although nothing else is declared.
    #[error("{place}: the bytes are not UTF-8: the telegram is damaged or in another encoding, fetch it again")]
    NotUtf8 {
        /// The first byte that is wrong.
        place: Place,
    },
    /// A document type declaration. No telegram has one; attacks do.
    #[error("{place}: the telegram has a DTD (<!DOCTYPE …>), which is never read: find out who sent it")]
    Dtd {
        /// Where it begins.
        place: Place,
    },
    /// Nested, repeated or attributed beyond what any telegram needs.
    #[error("{place}: more than {limit} {what}, which no telegram has: find out who sent it")]
    OutOfBounds {
        /// What there is too much of: `nested elements`, `attributes on one element`, …
        what: &'static str,
        /// How many are read at most.
        limit: usize,
        /// Where the limit was passed.
        place: Place,
    },
    /// Not well-formed XML.
    #[error("{place}: not well-formed XML ({reason}): the telegram is cut short or damaged, fetch it again")]
    Malformed {
        /// Where reading stopped.
        place: Place,
        /// What was wrong there.
        reason: String,
    },
    /// XML, but of no form that is read here.
    #[error(
        "the root element is <{root}> in namespace “{namespace}”; expected JMA XML, CAP, EDXL-DE, 外務省 opendata, Atom or RSS: check the file"
    )]
    NotKnown {
        /// The name of the root element.
        root: String,
        /// Its namespace; empty when it has none.
        namespace: String,
    },
    /// An operator's entry that says too little or what cannot be.
    #[error("{faults}")]
    Entry {
        /// What the operator must mend, in Japanese.
        faults: String,
    },
    /// An element without which the telegram means nothing is absent or empty.
    #[error("{place}: {element} is missing or empty: the telegram is incomplete, fetch it again or read it by eye")]
    Missing {
        /// Its path.
        element: &'static str,
        /// Where it was looked for.
        place: Place,
    },
    /// A time without which telegrams cannot be ordered is unreadable.
    #[error(
        "{place}: {element} is 「{value}」, not a time with its offset such as 2026-11-21T14:31:00+09:00: read it by eye"
    )]
    Time {
        /// Its path.
        element: &'static str,
        /// What it says.
        value: String,
        /// Where.
        place: Place,
    },
    /// JSON that is not what the two governments that send JSON send.
    #[error(
        "line {line}, column {column}: {reason}: neither advice of FCDO nor of the State Department, check the address"
    )]
    Json {
        /// Line, counted from 1; 0 when a value and not the form is wrong.
        line: usize,
        /// Column, counted from 1.
        column: usize,
        /// What was wrong there.
        reason: String,
    },
    /// A list of which no item has an identity and a time.
    #[error(
        "none of the {items} items of the list has an identity and a time that can be read: its form may have changed, read it by eye"
    )]
    List {
        /// How many there are.
        items: usize,
    },
    /// A page for people where data should be: 外務省 answers an unknown code so, with status 200.
    #[error("this is a page for people (HTML), not data: check the address, above all the code in it")]
    Page,
}
