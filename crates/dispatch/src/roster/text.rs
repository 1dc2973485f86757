//! From bytes to lines: encodings, and quotation marks that do not match.

use std::borrow::Cow;

use encoding_rs::SHIFT_JIS;

use super::fault::RosterFault;

/// What to do about characters that cannot be read.
const SAVE_AS: &str = "その行を入力し直し、Excel で「CSV UTF-8」を選んで保存してください";

/// The column that a fault of a whole row names.
pub(crate) const WHOLE_ROW: &str = "行";

/// The text of a file: UTF-8 with or without BOM, else Shift_JIS as Windows writes it (CP932). A line that cannot be
/// read is left empty and is a fault, so that every other line is still looked at.
pub(crate) fn decode(bytes: &[u8]) -> (Cow<'_, str>, Vec<RosterFault>) {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        let fault = RosterFault::new(1, WHOLE_ROW, "文字コードが UTF-16 です", SAVE_AS);
        return (Cow::Borrowed(""), vec![fault]);
    }
    let plain = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if let Ok(text) = std::str::from_utf8(plain) {
        return (Cow::Borrowed(text), Vec::new());
    }
    if let Some(text) = shift_jis(plain) {
        return (text, Vec::new());
    }
    // A line end is never the second byte of a Shift_JIS character, so lines can be read one by one. Which of the two
    // encodings was meant is told by which fails on fewer lines.
    let utf8: Vec<Option<Cow<'_, str>>> =
        lines(plain).map(|line| std::str::from_utf8(line).ok().map(Cow::from)).collect();
    let sjis: Vec<Option<Cow<'_, str>>> = lines(plain).map(shift_jis).collect();
    let unread = |lines: &[Option<Cow<'_, str>>]| lines.iter().filter(|line| line.is_none()).count();
    let read = if unread(&utf8) <= unread(&sjis) { utf8 } else { sjis };
    let mut text = String::with_capacity(plain.len());
    let mut faults = Vec::new();
    for (number, line) in (1_u64..).zip(read) {
        match line {
            Some(line) => text.push_str(&line),
            None => {
                faults.push(RosterFault::new(number, WHOLE_ROW, "UTF-8 でも Shift_JIS でもない文字があります", SAVE_AS))
            }
        }
        text.push('\n');
    }
    (Cow::Owned(text), faults)
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|byte| *byte == b'\n')
}

fn shift_jis(bytes: &[u8]) -> Option<Cow<'_, str>> {
    SHIFT_JIS.decode_without_bom_handling_and_without_replacement(bytes)
}

/// The text with broken rows emptied, so that every other row can still be read, and a fault for each.
///
/// No column may hold a line break, so a quotation mark must be closed on its own line. A cell with a line break in it
/// shows as two odd lines, one after the other; that is one fault.
pub(crate) fn without_broken_quotes(text: &str) -> (Cow<'_, str>, Vec<RosterFault>) {
    if text.contains('\r') {
        // The reader of CSV counts a line that Windows ended one too low.
        let unix = text.replace("\r\n", "\n");
        let (kept, faults) = without_broken_quotes_in_lines(&unix);
        return (Cow::Owned(kept.into_owned()), faults);
    }
    without_broken_quotes_in_lines(text)
}

fn without_broken_quotes_in_lines(text: &str) -> (Cow<'_, str>, Vec<RosterFault>) {
    let is_odd = |line: &str| line.bytes().filter(|byte| *byte == b'"').count() % 2 == 1;
    if !text.lines().any(is_odd) {
        return (Cow::Borrowed(text), Vec::new());
    }
    let mut kept = String::with_capacity(text.len());
    let mut faults = Vec::new();
    let mut lines = (1_u64..).zip(text.lines()).peekable();
    while let Some((number, line)) = lines.next() {
        if is_odd(line) {
            let problem = "引用符（\"）が閉じていないか、セルの中に改行があります";
            faults.push(RosterFault::new(number, WHOLE_ROW, problem, "改行を消し、引用符を閉じてください"));
            if lines.next_if(|(_, next)| is_odd(next)).is_some() {
                kept.push('\n');
            }
        } else {
            kept.push_str(line);
        }
        kept.push('\n');
    }
    (Cow::Owned(kept), faults)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quotation_mark_left_open_spoils_its_own_row_only() {
        let text = "id\n\"1\n2\n\"3\n4\"\n5\n";
        for text in [text.to_owned(), text.replace('\n', "\r\n")] {
            let (kept, faults) = without_broken_quotes(&text);
            assert_eq!(kept, "id\n\n2\n\n\n5\n");
            assert_eq!(faults.iter().map(|fault| fault.line).collect::<Vec<_>>(), [2, 4]);
        }
    }

    #[test]
    fn each_line_in_no_known_encoding_is_named_and_the_others_are_read() {
        let (text, faults) = decode(b"id,name\n1,\xff\xff\n2,\xe5\xb1\xb1\n3,\xff\n");
        assert_eq!(faults.iter().map(|fault| fault.line).collect::<Vec<_>>(), [2, 4]);
        assert_eq!(text, "id,name\n\n2,山\n\n\n");
    }
}
