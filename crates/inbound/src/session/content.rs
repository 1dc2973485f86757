//! The content of a mail while it comes in: dots undone, its beginning kept, its end found (RFC 5321 §4.1.1.4).

use super::Limits;

/// A line of content is looked at in pieces of so many bytes at most.
const PIECE_BYTES: usize = 4_096;

/// What came so far.
#[derive(Debug, Default)]
pub(super) struct Content {
    kept: Vec<u8>,
    bytes: usize,
    /// What came last was not the end of a line.
    is_inside_line: bool,
}

/// How far a mail has come.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Progress {
    More,
    TooLarge,
    /// All of it; its beginning.
    Whole(Vec<u8>),
}

impl Content {
    /// Takes what it can out of `input`, up to the end of the mail and no further.
    pub(super) fn take(&mut self, input: &mut Vec<u8>, limits: &Limits) -> Progress {
        let mut taken = 0;
        let mut progress = Progress::More;
        while let Some(piece) = piece(&input[taken..]) {
            taken += piece.len();
            // Only a whole line that is a dot ends the mail: other line ends are content.
            if !self.is_inside_line && piece == b".\r\n" {
                progress = Progress::Whole(std::mem::take(&mut self.kept));
                break;
            }
            self.add(piece, limits);
            if self.bytes > limits.mail_bytes {
                self.kept = Vec::new();
                progress = Progress::TooLarge;
                break;
            }
        }
        input.drain(..taken);
        progress
    }

    fn add(&mut self, piece: &[u8], limits: &Limits) {
        let unstuffed = if self.is_inside_line { piece } else { piece.strip_prefix(b".").unwrap_or(piece) };
        self.is_inside_line = !piece.ends_with(b"\r\n");
        self.bytes += piece.len();
        let room = limits.kept_bytes.saturating_sub(self.kept.len());
        self.kept.extend_from_slice(&unstuffed[..unstuffed.len().min(room)]);
    }
}

/// The next line with its end, or a part of one that is long; nothing while it may go on.
fn piece(input: &[u8]) -> Option<&[u8]> {
    let head = &input[..input.len().min(PIECE_BYTES)];
    match memchr::memchr(b'\n', head) {
        Some(end) => Some(&head[..=end]),
        // Not its last byte: it may be half of a line's end.
        None if head.len() == PIECE_BYTES => Some(&head[..PIECE_BYTES - 1]),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The content, given in pieces of so many bytes, and what is left.
    fn read(bytes: &[u8], step: usize) -> (Progress, Vec<u8>) {
        let limits = Limits { kept_bytes: 100, mail_bytes: 10_000, ..Limits::default() };
        let (mut content, mut input) = (Content::default(), Vec::new());
        let mut pieces = bytes.chunks(step);
        for piece in pieces.by_ref() {
            input.extend_from_slice(piece);
            let progress = content.take(&mut input, &limits);
            if progress != Progress::More {
                input.extend(pieces.flatten());
                return (progress, input);
            }
        }
        (Progress::More, input)
    }

    #[test]
    fn the_end_is_found_and_dots_are_undone_however_the_bytes_come() {
        for step in 1..20 {
            let (whole, rest) = read(b"a\r\n..b\r\n.\nc\n.\r\n\r\n.\r\nQUIT\r\n", step);
            assert_eq!(whole, Progress::Whole(b"a\r\n.b\r\n\nc\n.\r\n\r\n".to_vec()), "{step}");
            assert_eq!(rest, b"QUIT\r\n");
        }
    }

    #[test]
    fn much_is_taken_a_little_kept_and_too_much_refused() {
        let long = [vec![b'x'; 9_000], b"\r\n.\r\n".to_vec()].concat();
        assert_eq!(read(&long, 500).0, Progress::Whole(vec![b'x'; 100]));
        assert_eq!(read(&vec![b'x'; 20_000], 500).0, Progress::TooLarge);
    }
}
