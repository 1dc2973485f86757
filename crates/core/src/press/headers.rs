//! The headers of a rendered mail one by one, then its body.

use mail_auth::common::headers::HeaderStream;
use memchr::{memchr, memchr_iter};

/// Reads a mail with CRLF line ends from its top.
pub(super) struct Headers<'a> {
    rest: &'a [u8],
}

impl<'a> Headers<'a> {
    pub(super) fn of(mail: &'a [u8]) -> Self {
        Headers { rest: mail }
    }
}

/// Names without the colon, values from the colon to the line end, folds and all.
impl<'a> Iterator for Headers<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.starts_with(b"\r\n") {
            return None;
        }
        let is_folded = |end: usize| matches!(self.rest.get(end + 1), Some(b' ' | b'\t'));
        let end = memchr_iter(b'\n', self.rest).find(|end| !is_folded(*end))? + 1;
        let (header, rest) = self.rest.split_at(end);
        self.rest = rest;
        let colon = memchr(b':', header)?;
        Some((&header[..colon], &header[colon + 1..]))
    }
}

impl<'a> HeaderStream<'a> for Headers<'a> {
    fn next_header(&mut self) -> Option<(&'a [u8], &'a [u8])> {
        self.next()
    }

    fn body(&mut self) -> &'a [u8] {
        while self.next().is_some() {}
        self.rest.strip_prefix(b"\r\n").unwrap_or(self.rest)
    }
}
