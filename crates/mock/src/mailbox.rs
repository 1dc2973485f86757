//! Reads the path of MAIL and RCPT as leniently as a Japanese carrier: dots anywhere, bare or in quotes.

/// A mailbox as it stood in RCPT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mailbox {
    /// `local@domain`: the local part without quotes (they are syntax, not name), the domain in lower case.
    pub name: String,
    /// Where the domain starts in `name`.
    domain_at: usize,
    /// Whether the local part came in quotes.
    pub quoted: bool,
    /// Whether the local part is no dot-atom (RFC 5321 §4.1.2) and so should have come in quotes.
    pub legacy: bool,
}

impl Mailbox {
    pub(crate) fn domain(&self) -> &str {
        &self.name[self.domain_at..]
    }

    pub(crate) fn local(&self) -> &str {
        &self.name[..self.domain_at - 1]
    }
}

/// A path that no carrier takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoPath;

/// Splits `<path> PARAM PARAM` after the colon of MAIL or RCPT into the path without brackets and the parameters.
pub(crate) fn split_path(argument: &[u8]) -> Result<(&[u8], &[u8]), NoPath> {
    let argument = argument.trim_ascii_start();
    if argument.first() != Some(&b'<') {
        return Err(NoPath);
    }
    let mut quoted = false;
    let mut escaped = false;
    for (at, &byte) in argument.iter().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'>' if !quoted => return Ok((&argument[1..at], argument[at + 1..].trim_ascii())),
            _ => {}
        }
    }
    Err(NoPath)
}

/// Reads the mailbox between the brackets of RCPT.
pub(crate) fn mailbox(path: &[u8]) -> Result<Mailbox, NoPath> {
    let path = std::str::from_utf8(path).map_err(|_| NoPath)?;
    if path.len() > 320 || path.chars().any(|c| c.is_control()) {
        return Err(NoPath);
    }
    let (local, domain, quoted) = match path.strip_prefix('"') {
        Some(rest) => {
            let (local, rest) = unquote(rest)?;
            (local, rest.strip_prefix('@').ok_or(NoPath)?, true)
        }
        None => {
            let (local, domain) = path.split_once('@').ok_or(NoPath)?;
            (local.to_owned(), domain, false)
        }
    };
    let atoms = |c: char| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    let bare_wrong = !quoted && !local.chars().all(atoms);
    let host = |c: char| c.is_alphanumeric() || c == '-' || c == '.';
    let domain_wrong = !domain.chars().all(host) || domain.split('.').any(str::is_empty);
    if local.is_empty() || bare_wrong || domain_wrong {
        return Err(NoPath);
    }
    let legacy = !local.chars().all(atoms) || local.split('.').any(str::is_empty);
    let mut name = local;
    name.push('@');
    let domain_at = name.len();
    name.push_str(&domain.to_lowercase());
    Ok(Mailbox { name, domain_at, quoted, legacy })
}

/// Reads a quoted-string after its opening quote; hands back what was quoted and what follows the closing quote.
fn unquote(text: &str) -> Result<(String, &str), NoPath> {
    let mut local = String::with_capacity(text.len());
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((local, &text[at + 1..])),
            '\\' => local.push(chars.next().ok_or(NoPath)?.1),
            c => local.push(c),
        }
    }
    Err(NoPath)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str) -> Mailbox {
        mailbox(path.as_bytes()).unwrap()
    }

    #[test]
    fn quotes_are_syntax_and_not_part_of_the_name() {
        for path in ["a..b@DOCOMO.ne.jp", "\"a..b\"@docomo.ne.jp"] {
            let mailbox = read(path);
            assert_eq!(mailbox.name, "a..b@docomo.ne.jp");
            assert_eq!((mailbox.local(), mailbox.domain()), ("a..b", "docomo.ne.jp"));
            assert!(mailbox.legacy);
            assert_eq!(mailbox.quoted, path.starts_with('"'));
        }
    }

    #[test]
    fn dots_in_wrong_places_are_legacy_and_others_are_not() {
        for (local, legacy) in [("a..b", true), ("abc.", true), (".a", true), ("a.b", false), ("-a-_-", false)] {
            assert_eq!(read(&format!("{local}@ezweb.ne.jp")).legacy, legacy, "{local}");
        }
        assert_eq!(read(r#""a\"b"@au.com"#).name, "a\"b@au.com");
    }

    #[test]
    fn nonsense_is_no_mailbox() {
        for path in
            ["", "taro", "@au.com", "a b@au.com", "a@b@au.com", "a@", "a@au..com", "\"a@au.com", "\"a\"b@au.com"]
        {
            assert_eq!(mailbox(path.as_bytes()), Err(NoPath), "{path}");
        }
    }

    #[test]
    fn a_path_ends_at_its_bracket_but_not_at_one_in_quotes() {
        assert_eq!(split_path(b" <a@b.example> SIZE=3"), Ok((&b"a@b.example"[..], &b"SIZE=3"[..])));
        assert_eq!(split_path(b"<\"a>b\"@b.example>"), Ok((&b"\"a>b\"@b.example"[..], &b""[..])));
        assert_eq!(split_path(b"a@b.example"), Err(NoPath));
        assert_eq!(split_path(b"<a@b.example"), Err(NoPath));
    }
}
