//! Responder pages within ten kilobytes, whatever was written into them: on a congested network the rest can wait (R05).

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};

/// Most bytes of a responder page with its styles.
pub(crate) const PAGE_BYTES_MAX: usize = 10_000;
/// Bytes of facts, and of each message, that are always shown.
const SHOWN_BYTES_MIN: usize = 240;

/// A page that can say less of what is not what it is for.
pub(crate) trait Shorter: Template {
    /// Leaves out at least so many bytes, if there is anything that can be left out; whether there was.
    fn shorten(&mut self, bytes: usize) -> bool;
}

/// Renders a page, shorter where it is too long.
pub(crate) fn render(status: StatusCode, mut page: impl Shorter) -> Response {
    loop {
        match page.render() {
            Ok(html) if html.len() > PAGE_BYTES_MAX && page.shorten(html.len() - PAGE_BYTES_MAX) => {}
            Ok(html) => return (status, Html(html)).into_response(),
            Err(error) => {
                tracing::error!(%error, "a page could not be rendered");
                return StatusCode::INTERNAL_SERVER_ERROR.into_response();
            }
        }
    }
}

/// Facts as far as there is room for them.
#[derive(Debug)]
pub(crate) struct Facts<'a> {
    pub(crate) lines: Vec<&'a str>,
    /// Whether there are more.
    pub(crate) is_cut: bool,
}

impl<'a> Facts<'a> {
    pub(crate) fn all(facts: &'a [String]) -> Self {
        Self { lines: facts.iter().map(String::as_str).collect(), is_cut: false }
    }

    /// Leaves out so many bytes from the end, down to what is always shown; whether there was anything to leave out.
    pub(crate) fn shorten(&mut self, bytes: usize) -> bool {
        let there: usize = self.lines.iter().map(|line| line.len()).sum();
        if there <= SHOWN_BYTES_MIN {
            return false;
        }
        let mut room = there.saturating_sub(bytes + "<li>…</li>".len()).max(SHOWN_BYTES_MIN);
        self.lines.retain_mut(|line| {
            let whole = *line;
            *line = beginning(whole, room);
            room -= line.len();
            !line.is_empty()
        });
        self.is_cut = true;
        true
    }
}

/// Shortens a text by so many bytes, down to what is always shown, and marks that; whether there was anything to leave out.
pub(crate) fn shorten(text: &mut String, bytes: usize) -> bool {
    // The mark itself has three.
    if text.len() <= SHOWN_BYTES_MIN + "…".len() {
        return false;
    }
    let room = text.len().saturating_sub(bytes + "…".len()).max(SHOWN_BYTES_MIN);
    text.truncate(beginning(text, room).len());
    text.push('…');
    true
}

/// The beginning of a text that has at most so many bytes.
fn beginning(text: &str, bytes_max: usize) -> &str {
    if text.len() <= bytes_max {
        return text;
    }
    let end = (0..=bytes_max).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_cut_from_the_end_at_a_letter_and_the_beginning_always_stays() {
        let facts = ["発生: 14時4分".to_owned(), "長".repeat(200), "最後".to_owned()];
        let mut some = Facts::all(&facts);
        assert!(some.shorten(100) && some.is_cut);
        assert!(some.lines.len() == 2 && some.lines[0] == facts[0] && facts[1].starts_with(some.lines[1]));
        let left: usize = some.lines.iter().map(|line| line.len()).sum();
        assert!((400..=540).contains(&left), "{left}");
        assert!(some.shorten(10_000) && !some.shorten(10_000), "down to what always stays, once");
        assert!(!Facts::all(&facts[..1]).shorten(1));
    }

    #[test]
    fn a_message_is_shortened_until_what_always_stays() {
        let mut text = "長".repeat(400);
        assert!(shorten(&mut text, 300) && text.ends_with('…') && text.len() <= 900, "{}", text.len());
        while shorten(&mut text, 5_000) {}
        assert!((200..=SHOWN_BYTES_MIN + 3).contains(&text.len()), "{}", text.len());
    }
}
