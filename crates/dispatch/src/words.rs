//! What people write in free text stays in the journal: the present knows where it stands there, and it is read when somebody
//! looks at it. Five years of long answers from everybody would be a gigabyte of memory.

use serde::{Deserialize, Serialize};

use crate::chain::digest_of;
use crate::question::Detail;

/// What somebody wrote beside a choice; nothing of what was erased or whose time is over.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Words {
    /// Free text; empty if none.
    pub comment: String,
    /// Answers to further questions.
    pub details: Vec<Detail>,
}

impl Words {
    /// A text alone.
    pub(crate) fn of(text: Option<&String>) -> Self {
        Words { comment: text.cloned().unwrap_or_default(), details: Vec::new() }
    }
}

/// Where the journal has what somebody wrote.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Written {
    /// The row; 0, which no journal has, for what was never in one.
    pub(crate) row: u64,
    /// Of the words: tells whether the same is said again.
    digest: u64,
}

impl Written {
    /// What was written in this row; `None` for nothing at all.
    pub(crate) fn of(row: u64, comment: &str, details: &[Detail]) -> Option<Self> {
        let is_something = !comment.is_empty() || !details.is_empty();
        is_something.then(|| Written { row, digest: digest(comment, details) })
    }

    /// Whether these are the words.
    pub(crate) fn is(&self, comment: &str, details: &[Detail]) -> bool {
        self.digest == digest(comment, details)
    }
}

/// The first eight bytes of the SHA-256 of what is said.
fn digest(comment: &str, details: &[Detail]) -> u64 {
    let said = postcard::to_stdvec(&(comment, details)).unwrap_or_default();
    digest_of(&said).first_chunk().map_or(0, |first| u64::from_be_bytes(*first))
}
