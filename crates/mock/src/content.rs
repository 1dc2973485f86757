//! Takes in the content of a mail up to its final dot, strictly: only CRLF ends a line (RFC 5321 §4.1.1.4).

/// Longest piece without CRLF that is borne, in bytes; beyond it the session ends.
pub(crate) const PIECE_BYTES_MAX: usize = 64 * 1024;
/// Longest line that is taken, in bytes, its CRLF included (RFC 5321 §4.5.3.1.6).
const LINE_BYTES_MAX: usize = 1000;

/// A mail on its way in.
#[derive(Debug)]
pub(crate) struct Content {
    bytes: Vec<u8>,
    size_max: usize,
    pub(crate) flaw: Option<Flaw>,
}

/// Why the mail will be refused at its final dot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    TooLarge,
    LineTooLong,
}

/// How far the content has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// More must come.
    More,
    /// The final dot was among the bytes.
    Complete,
    /// A piece without CRLF is longer than anybody bears.
    Endless,
}

impl Content {
    pub(crate) fn new(size_max: usize) -> Self {
        Self { bytes: Vec::with_capacity(2048.min(size_max)), size_max, flaw: None }
    }

    /// Takes whole lines from `input`; tells how many bytes it took and how far it came.
    pub(crate) fn take(&mut self, input: &[u8]) -> (usize, Progress) {
        let mut taken = 0;
        let mut from = 0;
        while let Some(at) = memchr::memchr(b'\n', &input[from..]) {
            let end = from + at + 1;
            from = end;
            let line = &input[taken..end];
            if !line.ends_with(b"\r\n") {
                continue;
            }
            taken = end;
            if line == b".\r\n" {
                return (taken, Progress::Complete);
            }
            self.line(line.strip_prefix(b".").unwrap_or(line));
        }
        if input.len() - taken > PIECE_BYTES_MAX {
            return (taken, Progress::Endless);
        }
        (taken, Progress::More)
    }

    fn line(&mut self, line: &[u8]) {
        if line.len() > LINE_BYTES_MAX {
            self.flaw.get_or_insert(Flaw::LineTooLong);
        }
        if self.bytes.len() + line.len() > self.size_max {
            self.flaw = Some(Flaw::TooLarge);
        }
        if self.flaw.is_none() {
            self.bytes.extend_from_slice(line);
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The Message-ID with its brackets, empty if there is none.
    pub(crate) fn message_id(&self) -> String {
        const NAME: &[u8] = b"message-id:";
        let mut lines = self.bytes.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii_end);
        let mut folded = lines.by_ref().take_while(|line| !line.is_empty());
        let Some(line) = folded.find(|line| line.get(..NAME.len()).is_some_and(|name| name.eq_ignore_ascii_case(NAME)))
        else {
            return String::new();
        };
        let mut value = line[NAME.len()..].trim_ascii();
        if value.is_empty() {
            // folded right after the name
            value = folded
                .next()
                .filter(|next| next.first().is_some_and(u8::is_ascii_whitespace))
                .map_or(&b""[..], <[u8]>::trim_ascii);
        }
        String::from_utf8_lossy(value).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(input: &[u8]) -> (Content, usize, Progress) {
        let mut content = Content::new(10_000);
        let (taken, progress) = content.take(input);
        (content, taken, progress)
    }

    #[test]
    fn stuffed_dots_are_unstuffed_and_the_lone_dot_ends_it() {
        let (content, taken, progress) = take(b"a\r\n..b\r\n.c\r\n.\r\nMAIL");
        assert_eq!(progress, Progress::Complete);
        assert_eq!(content.bytes(), b"a\r\n.b\r\nc\r\n");
        assert_eq!(taken, 15);
    }

    #[test]
    fn only_crlf_dot_crlf_ends_a_mail() {
        for open in [&b"a\n.\r\n"[..], b"a\n.\n", b"a\r\n.\n", b"a\r.\r\n", b"a\r\n.\r"] {
            let (_, _, progress) = take(open);
            assert_eq!(progress, Progress::More, "{open:?}");
        }
        assert_eq!(take(b".\r\n").2, Progress::Complete);
    }

    #[test]
    fn a_mail_in_pieces_is_the_same_mail() {
        let whole = b"Subject: x\r\n\r\n..dot\r\n.\r\n";
        let mut content = Content::new(10_000);
        let mut input = Vec::new();
        let mut progress = Progress::More;
        for byte in whole {
            input.push(*byte);
            let (taken, now) = content.take(&input);
            input.drain(..taken);
            progress = now;
        }
        assert_eq!(progress, Progress::Complete);
        assert_eq!(content.bytes(), b"Subject: x\r\n\r\n.dot\r\n");
    }

    #[test]
    fn lines_and_mails_have_their_bounds() {
        let line = |n: usize| [vec![b'x'; n - 2], b"\r\n".to_vec()].concat();
        assert_eq!(take(&line(1000)).0.flaw, None);
        assert_eq!(take(&line(1001)).0.flaw, Some(Flaw::LineTooLong));
        assert_eq!(take(&line(100).repeat(100)).0.flaw, None);
        assert_eq!(take(&line(100).repeat(101)).0.flaw, Some(Flaw::TooLarge));
        assert_eq!(take(&vec![b'x'; PIECE_BYTES_MAX + 1]).2, Progress::Endless);
    }

    #[test]
    fn the_message_id_is_found_in_the_header_only() {
        let id = |text: &str| take(format!("{text}\r\n").as_bytes()).0.message_id();
        assert_eq!(id("Subject: x\r\nmessage-id: <1@x>"), "<1@x>");
        assert_eq!(id("Message-ID:\r\n <2@x>\r\nTo: y"), "<2@x>");
        assert_eq!(id("To: y\r\n\r\nMessage-ID: <3@x>"), "");
    }
}
