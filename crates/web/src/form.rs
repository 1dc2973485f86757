//! The posted answer, brought into the shape that is recorded.

use hikyaku_bulletin::{Prefecture, RegionCode};
use serde::Deserialize;

/// The longest comment, in characters; about one screen of a phone.
pub(crate) use hikyaku_dispatch::COMMENT_CHARS_MAX as COMMENT_MAX_CHARS;

/// The largest posted form, in bytes: a comment three times too long still comes back to its writer.
pub(crate) const FORM_MAX_BYTES: usize = 16 * 1024;

/// What follows the recorded beginning of a comment that was too long, because a cut sentence may say the opposite.
const CUT_MARK: &str = "…（以下略）";

/// The fields of the answer form as posted; the language travels in the address.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct AnswerForm {
    /// The pressed button.
    #[serde(default)]
    pub(crate) choice: String,
    /// The comment as typed.
    #[serde(default)]
    pub(crate) comment: String,
}

/// A message to a manager.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct SayForm {
    /// As typed.
    #[serde(default)]
    pub(crate) text: String,
    /// After how many messages, as the page showed them.
    #[serde(default)]
    pub(crate) after: String,
}

/// The prefecture that was chosen of a list: none for its first entry, an error for what is not on the list.
pub(crate) fn chosen_region(typed: &str) -> Result<Option<RegionCode>, NotListed> {
    match typed {
        "" => Ok(None),
        code => code.parse().ok().and_then(region).map(Some).ok_or(NotListed),
    }
}

/// The prefecture of a code, 1 to 47.
pub(crate) fn region(code: u8) -> Option<RegionCode> {
    Prefecture::from_code(code).map(RegionCode::Prefecture)
}

/// What was posted is not on the list that was shown.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NotListed;

/// A comment as it is recorded.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Comment {
    /// At most [`COMMENT_MAX_CHARS`] characters.
    pub(crate) text: String,
    /// The comment was longer than the limit.
    pub(crate) cut: bool,
}

impl Comment {
    /// Line ends become `\n`, other control characters go, the edges are trimmed, and what is over the limit is cut and marked.
    pub(crate) fn from_typed(typed: &str) -> Self {
        let plain: String =
            typed.replace("\r\n", "\n").replace('\r', "\n").chars().filter(|c| *c == '\n' || !c.is_control()).collect();
        let plain = plain.trim();
        if plain.chars().count() <= COMMENT_MAX_CHARS {
            return Self { text: plain.to_owned(), cut: false };
        }
        let kept = COMMENT_MAX_CHARS - CUT_MARK.chars().count();
        let text = plain.chars().take(kept).chain(CUT_MARK.chars()).collect();
        Self { text, cut: true }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_at_the_limit_is_kept_whole() {
        let typed = "あ".repeat(COMMENT_MAX_CHARS);
        assert_eq!(Comment::from_typed(&typed), Comment { text: typed.clone(), cut: false });
    }

    #[test]
    fn a_comment_over_the_limit_ends_with_a_mark_within_the_limit() {
        let comment = Comment::from_typed(&"あ".repeat(COMMENT_MAX_CHARS + 1));
        assert!(comment.cut);
        assert!(comment.text.ends_with("（以下略）"));
        assert_eq!(comment.text.chars().count(), COMMENT_MAX_CHARS);
    }

    #[test]
    fn line_ends_of_every_phone_become_one() {
        assert_eq!(Comment::from_typed(" a\r\nb\rc\u{7}\n ").text, "a\nb\nc");
    }

    #[test]
    fn only_what_is_on_the_list_of_prefectures_is_one() {
        assert_eq!(chosen_region(""), Ok(None));
        assert_eq!(chosen_region("17"), Ok(Some("17".parse().unwrap())));
        // 131 would be read as an area of earthquakes.
        for typed in ["0", "48", "131", "-1", "x", " "] {
            assert_eq!(chosen_region(typed), Err(NotListed), "{typed}");
        }
    }
}
