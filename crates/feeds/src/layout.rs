//! Line breaks between elements, as JMA writes them after each one: they mean nothing, and would be a third of a telegram's tree.

/// From this size on it is worth leaving them out, in bytes. Smaller telegrams are read as they are.
const LARGE_BYTES: usize = 1024 * 1024;
/// Within so many bytes a telegram says that it is JMA's.
const BEGINNING_BYTES: usize = 1024;
/// What it says.
const JMA: &[u8] = b"http://xml.kishou.go.jp/jmaxml1/";

/// A large JMA telegram without the line breaks between its elements; `None` for anything else.
///
/// Comments and CDATA could hold line breaks that are their own; JMA writes none, and what has them is left alone.
pub(crate) fn left_out(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let is_jma = || bytes[..BEGINNING_BYTES].windows(JMA.len()).any(|it| it == JMA);
    if text.len() < LARGE_BYTES || !is_jma() || text.contains("<!") {
        return None;
    }
    let mut short = String::with_capacity(text.len());
    let mut pieces = text.split('<');
    short.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        short.push('<');
        let tag = piece.trim_ascii_end();
        let is_layout = tag.ends_with('>') && piece[tag.len()..].starts_with(['\n', '\r']);
        short.push_str(if is_layout { tag } else { piece });
    }
    Some(short)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;

    fn large(inner: &str) -> String {
        let seed = crate::hostile::seed(5);
        let filler = "<Filler>\n<Name>名前はまだない</Name>\n</Filler>\n".repeat(LARGE_BYTES / 50);
        seed.replacen("</Control>", &format!("{inner}{filler}</Control>"), 1)
    }

    #[test]
    fn a_large_telegram_says_the_same_without_its_line_breaks() {
        let (text, small) = (large(""), crate::hostile::seed(5));
        let short = left_out(&text).unwrap();
        assert!(short.len() < text.len() && !short.contains(">\n<"));
        let mut read = parse(text.as_bytes(), "a").unwrap();
        let expected = parse(small.as_bytes(), "a").unwrap();
        read.digest = expected.digest;
        assert_eq!(read, expected);
    }

    #[test]
    fn what_is_small_or_not_jmas_or_has_comments_is_left_as_it_is() {
        assert_eq!(left_out(crate::hostile::seed(5)), None);
        assert_eq!(left_out(&large("<!-- a -->")), None);
        assert_eq!(left_out(&format!("<rss>{}</rss>", "<item>\n</item>\n".repeat(LARGE_BYTES / 10))), None);
    }

    #[test]
    fn line_breaks_in_a_text_stay() {
        let short = left_out(&large("<Text>一行目\n二行目 >\n</Text><Name a=\">\n\">b</Name>")).unwrap();
        assert!(short.contains("<Text>一行目\n二行目 >") && short.contains("a=\">\n\">b</Name>"));
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_place_in_the_telegram_as_it_was_sent() {
        let text = large("") + "</wrong>";
        let lines = text.lines().count();
        let place = parse(text.as_bytes(), "a").unwrap_err().to_string();
        assert!(place.contains(&lines.to_string()), "{place}: {lines}");
    }
}
