//! What an SMTP server said: reply lines, codes and the reader that cuts them out of a stream.

mod redact;

use memchr::memchr;
use thiserror::Error;

use crate::address::Address;

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

    /// Reads a reply as it is written in tables: `550 text`, further lines without their code.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let (first, rest) = text.split_once('\n').map_or((text, String::new()), |(a, b)| (a, format!("\n{b}")));
        let (code, _, words) = split_line(first.as_bytes()).ok()?;
        Some(Reply { code, text: String::from_utf8_lossy(words).into_owned() + &rest })
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

    /// 4yz: not now.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        (400..500).contains(&self.code)
    }

    /// 5yz: not like this.
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        (500..600).contains(&self.code)
    }

    /// The enhanced status code (RFC 3463), three digits a part as Microsoft uses them: at the start of the text, where
    /// Cisco writes `#` before it, or in brackets as qmail writes it, `(#5.1.1)`.
    #[must_use]
    pub fn enhanced(&self) -> Option<(u16, u16, u16)> {
        let first = self.text.split([' ', '\n', '\t']).next()?;
        let start = first.strip_prefix('#').unwrap_or(first);
        enhanced(start).or_else(|| {
            let (_, behind) = self.text.split_once("(#")?;
            enhanced(behind.split([')', ' ']).next()?)
        })
    }

    /// The reply as it may be stored and shown: `<rcpt>` for the recipient in whatever form, `***` for the local part of
    /// any other address, and at most about a thousand characters (requirement A29).
    #[must_use]
    pub fn shown(&self, rcpt: Option<&Address>) -> String {
        format!("{} {}", self.code, redact::redact(&self.text, rcpt))
    }
}

fn enhanced(word: &str) -> Option<(u16, u16, u16)> {
    let mut parts = word.splitn(3, '.');
    let mut part = || -> Option<u16> {
        let digits = parts.next()?;
        let sane = (1..=3).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        if sane { digits.parse().ok() } else { None }
    };
    let code = (part()?, part()?, part()?);
    matches!(code.0, 2 | 4 | 5).then_some(code)
}

impl core::fmt::Display for Reply {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} {}", self.code, self.text)
    }
}

/// Any line of a conversation as it may be shown: see [`Reply::shown`].
#[must_use]
pub fn shown(text: &str, rcpt: Option<&Address>) -> String {
    redact::redact(text, rcpt)
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
    fn enhanced_codes_are_found_where_qmail_and_cisco_write_them() {
        assert_eq!(Reply::new(550, "sorry, no mailbox here (#5.1.1 - chkuser)").enhanced(), Some((5, 1, 1)));
        assert_eq!(Reply::new(550, "can't accept user... (#5.7.1)").enhanced(), Some((5, 7, 1)));
        assert_eq!(Reply::new(550, "#5.1.0 Address rejected.").enhanced(), Some((5, 1, 0)));
        assert_eq!(Reply::new(421, "#4.x.2 Too many messages").enhanced(), None);
        assert_eq!(Reply::new(550, "see (#12) there").enhanced(), None);
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
