//! The commands of SMTP as they are written (RFC 5321 §4.1).

/// A command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    Ehlo,
    Helo,
    StartTls,
    /// The envelope sender, empty for nobody, and how large the mail is said to be (RFC 1870).
    Mail {
        sender: String,
        size: Option<u64>,
    },
    Rcpt {
        recipient: String,
    },
    Data,
    Rset,
    Noop,
    Vrfy,
    Quit,
    /// A command that exists and is not offered here.
    NotHere,
}

/// Why a line is no command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Unknown,
    Syntax,
    Parameter,
}

/// Longest path, in bytes (RFC 5321 §4.5.3.1.3).
const PATH_BYTES_MAX: usize = 256;

impl Command {
    /// Reads a line with its end.
    pub(super) fn parse(line: &[u8]) -> Result<Command, Fault> {
        let line = std::str::from_utf8(line).map_err(|_| Fault::Syntax)?.trim_end_matches(['\r', '\n']);
        if line.chars().any(char::is_control) {
            return Err(Fault::Syntax);
        }
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let rest = rest.trim();
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" | "HELO" if rest.is_empty() => Err(Fault::Syntax),
            "EHLO" => Ok(Command::Ehlo),
            "HELO" => Ok(Command::Helo),
            "MAIL" => mail(rest),
            "RCPT" => rcpt(rest),
            "DATA" => bare(rest, Command::Data),
            "RSET" => bare(rest, Command::Rset),
            "QUIT" => bare(rest, Command::Quit),
            "STARTTLS" => bare(rest, Command::StartTls),
            "NOOP" => Ok(Command::Noop),
            "VRFY" => Ok(Command::Vrfy),
            "EXPN" | "HELP" | "AUTH" | "BDAT" | "TURN" | "ETRN" => Ok(Command::NotHere),
            _ => Err(Fault::Unknown),
        }
    }
}

fn bare(rest: &str, command: Command) -> Result<Command, Fault> {
    if rest.is_empty() { Ok(command) } else { Err(Fault::Syntax) }
}

fn mail(rest: &str) -> Result<Command, Fault> {
    let (sender, parameters) = path(keyword(rest, "FROM:")?)?;
    let mut size = None;
    for parameter in parameters.split_ascii_whitespace() {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        match (name.to_ascii_uppercase().as_str(), value.to_ascii_uppercase().as_str()) {
            ("SIZE", number) => size = Some(number.parse().map_err(|_| Fault::Syntax)?),
            ("BODY", "7BIT" | "8BITMIME") => {}
            _ => return Err(Fault::Parameter),
        }
    }
    Ok(Command::Mail { sender, size })
}

fn rcpt(rest: &str) -> Result<Command, Fault> {
    let (recipient, parameters) = path(keyword(rest, "TO:")?)?;
    match (recipient.is_empty(), parameters.is_empty()) {
        (true, _) => Err(Fault::Syntax),
        (_, false) => Err(Fault::Parameter),
        _ => Ok(Command::Rcpt { recipient }),
    }
}

fn keyword<'a>(rest: &'a str, word: &str) -> Result<&'a str, Fault> {
    let (found, after) = rest.split_at_checked(word.len()).ok_or(Fault::Syntax)?;
    if found.eq_ignore_ascii_case(word) { Ok(after.trim_start()) } else { Err(Fault::Syntax) }
}

/// A path in angle brackets without its source route, and what stands behind it.
fn path(rest: &str) -> Result<(String, &str), Fault> {
    let inner = rest.strip_prefix('<').ok_or(Fault::Syntax)?;
    let mut is_quoted = false;
    let mut is_escaped = false;
    let end = inner.char_indices().find(|(_, c)| {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            _ => return *c == '>' && !is_quoted,
        }
        false
    });
    let (end, _) = end.ok_or(Fault::Syntax)?;
    let (address, after) = (&inner[..end], inner[end + 1..].trim());
    let address = address.strip_prefix('@').and_then(|route| route.split_once(':')).map_or(address, |(_, it)| it);
    if address.len() > PATH_BYTES_MAX { Err(Fault::Syntax) } else { Ok((address.to_owned(), after)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Command, Fault> {
        Command::parse(format!("{line}\r\n").as_bytes())
    }

    #[test]
    fn envelopes_are_read_in_every_form_that_the_standard_allows() {
        let mail = |sender: &str, size| Ok(Command::Mail { sender: sender.into(), size });
        assert_eq!(parse("MAIL FROM:<>"), mail("", None));
        assert_eq!(parse("mail from: <a@example.jp> SIZE=12 body=8bitmime"), mail("a@example.jp", Some(12)));
        let rcpt = |recipient: &str| Ok(Command::Rcpt { recipient: recipient.into() });
        assert_eq!(parse("RCPT TO:<@relay.example.jp,@b.example.jp:a@example.jp>"), rcpt("a@example.jp"));
        assert_eq!(parse(r#"RCPT TO:<"a> b\"c"@example.jp>"#), rcpt(r#""a> b\"c"@example.jp"#));
    }

    #[test]
    fn what_is_wrong_with_a_line_is_told_by_its_kind() {
        assert_eq!(parse("HELLO there"), Err(Fault::Unknown));
        for wrong in ["EHLO", "MAIL <a@example.jp>", "RCPT TO:<>", "RCPT TO:<a@example.jp", "DATA now", "NOOP \u{7}"] {
            assert_eq!(parse(wrong), Err(Fault::Syntax), "{wrong}");
        }
        assert_eq!(parse("MAIL FROM:<a@example.jp> SMTPUTF8"), Err(Fault::Parameter));
        assert_eq!(parse("RCPT TO:<a@example.jp> NOTIFY=NEVER"), Err(Fault::Parameter));
        assert_eq!(Command::parse(b"NOOP \xff\r\n"), Err(Fault::Syntax));
    }
}
