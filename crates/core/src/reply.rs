//! What an SMTP server said: reply lines, codes and the reader that cuts them out of a stream.

use memchr::memchr;
use thiserror::Error;

/// Longest reply line that is read, in bytes; RFC 5321 §4.5.3.1.5 allows 512, real servers send more.
const LINE_BYTES_MAX: usize = 4 * 1024;
/// Longest reply over all its lines, in bytes.
const REPLY_BYTES_MAX: usize = 32 * 1024;

/// One reply: its code and its text, kept verbatim with the lines joined by `\n`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Reply {
    /// The three-digit code.
    pub code: u16,
    /// The text after the code of each line. Bytes that are not UTF-8 are shown as U+FFFD.
    pub text: String,
}

impl Reply {
    /// A reply as it would be read from `"code text"`.
    #[cfg(test)]
    pub fn new(code: u16, text: impl Into<String>) -> Self {
        Reply { code, text: text.into() }
    }

    /// 2yz: the command was done.
    #[must_use]
    pub fn is_positive(&self) -> bool {
        (200..300).contains(&self.code)
    }

    /// 3yz: go on with the content.
    #[must_use]
    pub fn is_intermediate(&self) -> bool {
        (300..400).contains(&self.code)
    }

    /// 5yz: not like this.
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        (500..600).contains(&self.code)
    }

    /// The enhanced status code at the start of the text (RFC 3463), three digits a part as Microsoft uses them.
    #[must_use]
    pub fn enhanced(&self) -> Option<(u16, u16, u16)> {
        let word = self.text.split([' ', '\n', '\t']).next()?;
        let mut parts = word.splitn(3, '.');
        let mut part = || -> Option<u16> {
            let digits = parts.next()?;
            let sane = (1..=3).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
            if sane { digits.parse().ok() } else { None }
        };
        let code = (part()?, part()?, part()?);
        matches!(code.0, 2 | 4 | 5).then_some(code)
    }

    /// The reply with every form of the recipient's address replaced by `<rcpt>` (requirement A29).
    ///
    /// `forms` are the written forms of the address; a bare local part is replaced too where it stands as a word.
    #[must_use]
    pub fn redacted(&self, forms: &[&str]) -> String {
        let mut text = self.text.clone();
        for form in forms.iter().filter(|form| !form.is_empty()) {
            text = replace_words(&text, form);
        }
        format!("{} {}", self.code, text.replace("<<rcpt>>", "<rcpt>"))
    }
}

/// Replaces `form` by `<rcpt>` wherever it is not part of a longer word, whatever its letters' case.
fn replace_words(text: &str, form: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let needle = form.to_ascii_lowercase();
    let part_of_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    while let Some(found) = lower[from..].find(&needle) {
        let start = from + found;
        let end = start + needle.len();
        let before = start.checked_sub(1).map(|at| lower.as_bytes()[at]);
        let after = lower.as_bytes().get(end).copied();
        let edge = |near: u8, b: Option<u8>| !(part_of_word(near) && b.is_some_and(part_of_word));
        let bytes = needle.as_bytes();
        out.push_str(&text[from..start]);
        if edge(bytes[0], before) && edge(bytes[bytes.len() - 1], after) {
            out.push_str("<rcpt>");
        } else {
            out.push_str(&text[start..end]);
        }
        from = end;
    }
    out.push_str(&text[from..]);
    out
}

impl core::fmt::Display for Reply {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} {}", self.code, self.text)
    }
}

/// The server does not speak SMTP.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ReplyError {
    /// A line without a three-digit code.
    #[error("a reply line has no three-digit code")]
    NoCode,
    /// Lines of one reply carry different codes.
    #[error("a reply changes its code from {0} to {1} between lines")]
    CodeChanged(u16, u16),
    /// A line or a whole reply is longer than is read.
    #[error("a reply is longer than {0} bytes")]
    TooLong(usize),
}

/// Cuts replies out of a stream of bytes; keeps what is not complete yet.
#[derive(Debug, Default)]
pub struct ReplyReader {
    buffer: Vec<u8>,
    at: usize,
}

impl ReplyReader {
    /// Adds bytes as they came from the socket.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.at > 0 && self.at == self.buffer.len() {
            self.buffer.clear();
            self.at = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// Whether bytes are waiting that belong to no reply yet.
    #[must_use]
    pub fn has_leftover(&self) -> bool {
        self.at < self.buffer.len()
    }

    /// The next whole reply, or `None` if more bytes are needed.
    ///
    /// # Errors
    /// [`ReplyError`] if the server does not speak SMTP; the connection is of no use then.
    pub fn next_reply(&mut self) -> Result<Option<Reply>, ReplyError> {
        let mut at = self.at;
        let mut code = None;
        let mut text = String::new();
        loop {
            let rest = &self.buffer[at..];
            let Some(end) = memchr(b'\n', rest) else {
                let open = self.buffer.len() - self.at;
                if rest.len() > LINE_BYTES_MAX || open > REPLY_BYTES_MAX {
                    return Err(ReplyError::TooLong(LINE_BYTES_MAX));
                }
                return Ok(None);
            };
            if end > LINE_BYTES_MAX || at + end - self.at > REPLY_BYTES_MAX {
                return Err(ReplyError::TooLong(LINE_BYTES_MAX));
            }
            let line = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
            let (line_code, last, words) = split_line(line)?;
            match code {
                Some(first) if first != line_code => return Err(ReplyError::CodeChanged(first, line_code)),
                Some(_) => text.push('\n'),
                None => code = Some(line_code),
            }
            text.push_str(&String::from_utf8_lossy(words));
            at += end + 1;
            if last {
                self.at = at;
                self.compact();
                return Ok(Some(Reply { code: line_code, text }));
            }
        }
    }

    fn compact(&mut self) {
        if self.at > REPLY_BYTES_MAX {
            self.buffer.drain(..self.at);
            self.at = 0;
        }
    }
}

/// Splits `250-text` into code, whether it is the last line, and text.
fn split_line(line: &[u8]) -> Result<(u16, bool, &[u8]), ReplyError> {
    let (digits, rest) = line.split_at_checked(3).ok_or(ReplyError::NoCode)?;
    if !digits.iter().all(u8::is_ascii_digit) || !(b'2'..=b'5').contains(&digits[0]) {
        return Err(ReplyError::NoCode);
    }
    let code = digits.iter().fold(0, |n, d| n * 10 + u16::from(d - b'0'));
    match rest.split_first() {
        None => Ok((code, true, rest)),
        Some((b'-', words)) => Ok((code, false, words)),
        Some((b' ', words)) => Ok((code, true, words)),
        // docomo writes "554:Transaction failed" (facts: carriers §2).
        Some((b':', words)) => Ok((code, true, words)),
        Some(_) => Err(ReplyError::NoCode),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(bytes: &[u8]) -> Vec<Reply> {
        let mut reader = ReplyReader::default();
        reader.push(bytes);
        core::iter::from_fn(|| reader.next_reply().unwrap()).collect()
    }

    #[test]
    fn replies_in_one_packet_come_out_one_by_one() {
        let got = all(b"250 2.1.0 Ok\r\n250-a\r\n250 b\r\n354 go\r\n25");
        assert_eq!(got, [Reply::new(250, "2.1.0 Ok"), Reply::new(250, "a\nb"), Reply::new(354, "go")]);
    }

    #[test]
    fn three_digit_enhanced_codes_of_microsoft_survive() {
        assert_eq!(Reply::new(550, "5.7.509 Access denied").enhanced(), Some((5, 7, 509)));
        assert_eq!(Reply::new(451, "4.7.650 The mail server [ip]").enhanced(), Some((4, 7, 650)));
        assert_eq!(Reply::new(550, "User unknown").enhanced(), None);
        assert_eq!(Reply::new(550, "192.0.2.1 is blocked").enhanced(), None);
    }

    #[test]
    fn docomo_writes_a_colon_after_the_code() {
        assert_eq!(all(b"554:Transaction failed\r\n"), [Reply::new(554, "Transaction failed")]);
    }

    #[test]
    fn nonsense_is_an_error_not_a_reply() {
        for bytes in [&b"hello\r\n"[..], b"2 0 x\r\n", b"250-a\r\n550 b\r\n", b"\r\n", b"999 x\r\n"] {
            let mut reader = ReplyReader::default();
            reader.push(bytes);
            assert!(reader.next_reply().is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn an_endless_line_and_an_endless_reply_are_cut_off() {
        let mut reader = ReplyReader::default();
        reader.push(b"250 ");
        reader.push(&vec![b'x'; LINE_BYTES_MAX]);
        assert!(matches!(reader.next_reply(), Err(ReplyError::TooLong(_))));
        let mut reader = ReplyReader::default();
        for _ in 0..5000 {
            reader.push(b"250-again\r\n");
        }
        assert!(matches!(reader.next_reply(), Err(ReplyError::TooLong(_))));
    }

    #[test]
    fn req_a29_a_reply_shows_rcpt_in_place_of_the_address_in_every_form() {
        let reply =
            Reply::new(550, "Unknown user A..b@docomo.ne.jp (\"a..b\"@docomo.ne.jp), mailbox a..b; aa..bb stays");
        let forms = ["\"a..b\"@docomo.ne.jp", "a..b@docomo.ne.jp", "a..b"];
        assert_eq!(reply.redacted(&forms), "550 Unknown user <rcpt> (<rcpt>), mailbox <rcpt>; aa..bb stays");
        assert_eq!(Reply::new(550, "<x@y.jp>: User unknown").redacted(&["x@y.jp", "x"]), "550 <rcpt>: User unknown");
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_pieces_never_panic_and_split_alike(bytes in prop::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), Just(b'2'), Just(b'5'), Just(b'0'), Just(b' '), Just(b'-'), any::<u8>()], 0..200), cut in 0usize..200) {
            let read = |pieces: &[&[u8]]| {
                let mut reader = ReplyReader::default();
                let mut out = Vec::new();
                for piece in pieces {
                    reader.push(piece);
                    loop {
                        match reader.next_reply() {
                            Ok(Some(reply)) => out.push(Ok(reply)),
                            Ok(None) => break,
                            Err(e) => { out.push(Err(e)); return out; }
                        }
                    }
                }
                out
            };
            let cut = cut.min(bytes.len());
            prop_assert_eq!(read(&[&bytes]), read(&[&bytes[..cut], &bytes[cut..]]));
        }
    }
}
