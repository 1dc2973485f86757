//! Reads one SMTP command line.

/// A command, as far as the carriers know any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command<'a> {
    Ehlo,
    Helo,
    /// What follows `MAIL FROM:`.
    Mail(&'a [u8]),
    /// What follows `RCPT TO:`.
    Rcpt(&'a [u8]),
    Data,
    Rset,
    Noop,
    Quit,
    StartTls,
    /// What follows `AUTH`.
    Auth(&'a [u8]),
    /// Known, but its argument makes no sense.
    Malformed,
    Unknown,
}

impl<'a> Command<'a> {
    /// Reads a line without its line end.
    pub(crate) fn read(line: &'a [u8]) -> Self {
        let line = line.trim_ascii_end();
        let (verb, argument) = match memchr::memchr(b' ', line) {
            Some(at) => (&line[..at], line[at + 1..].trim_ascii()),
            None => (line, &b""[..]),
        };
        let is = |name: &[u8]| verb.eq_ignore_ascii_case(name);
        match argument {
            b"" if is(b"DATA") => Self::Data,
            b"" if is(b"RSET") => Self::Rset,
            b"" if is(b"QUIT") => Self::Quit,
            b"" if is(b"STARTTLS") => Self::StartTls,
            _ if is(b"NOOP") => Self::Noop,
            _ if is(b"AUTH") => Self::Auth(argument),
            b"" if is(b"EHLO") || is(b"HELO") => Self::Malformed,
            _ if is(b"EHLO") => Self::Ehlo,
            _ if is(b"HELO") => Self::Helo,
            _ if is(b"MAIL") => after(b"FROM:", argument).map_or(Self::Malformed, Self::Mail),
            _ if is(b"RCPT") => after(b"TO:", argument).map_or(Self::Malformed, Self::Rcpt),
            _ if [&b"DATA"[..], b"RSET", b"QUIT", b"STARTTLS"].into_iter().any(is) => Self::Malformed,
            _ => Self::Unknown,
        }
    }
}

fn after<'a>(key: &[u8], argument: &'a [u8]) -> Option<&'a [u8]> {
    let (head, tail) = argument.split_at_checked(key.len())?;
    head.eq_ignore_ascii_case(key).then_some(tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_in_any_case() {
        for (line, command) in [
            (&b"ehlo client.example\r"[..], Command::Ehlo),
            (b"Mail From:<a@b.example> SIZE=9\r", Command::Mail(b"<a@b.example> SIZE=9")),
            (b"RCPT TO: <a@b.example>", Command::Rcpt(b" <a@b.example>")),
            (b"RCPT <a@b.example>", Command::Malformed),
            (b"data", Command::Data),
            (b"QUIT now", Command::Malformed),
            (b"NOOP anything", Command::Noop),
            (b"BDAT 3 LAST", Command::Unknown),
        ] {
            assert_eq!(Command::read(line), command);
        }
    }
}
