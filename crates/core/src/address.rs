//! A mailbox as carriers really issue them, safe to write on the wire and unreadable in logs.

use thiserror::Error;

/// Longest local part in bytes (RFC 5321 §4.5.3.1.1).
const LOCAL_BYTES_MAX: usize = 64;
/// Longest domain in bytes (RFC 5321 §4.5.3.1.2).
const DOMAIN_BYTES_MAX: usize = 255;

/// A mailbox: local part without quotes, and domain as lower-case A-labels.
///
/// Legacy addresses of docomo and au (`a..b@docomo.ne.jp`, `abc.@ezweb.ne.jp`) are accepted; they cannot be written
/// bare under RFC 5321, see [`AddressStyle`]. `Debug` and `Display` show only the domain (requirement A29).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Address {
    local: String,
    domain: String,
}

/// How a local part that RFC 5321 does not allow bare is written in `RCPT TO`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AddressStyle {
    /// `"a..b"@docomo.ne.jp`: the correct form (RFC 5321 §4.1.2).
    #[default]
    Quoted,
    /// `a..b@docomo.ne.jp`: what some servers of Japanese carriers want.
    Raw,
}

impl AddressStyle {
    /// The other style, tried when a server rejects this one as a syntax error.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            AddressStyle::Quoted => AddressStyle::Raw,
            AddressStyle::Raw => AddressStyle::Quoted,
        }
    }
}

/// Why a text is not an address. The text itself is not repeated, because it may be somebody's real address.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AddressError {
    /// There is no `@`, or nothing before or after it.
    #[error("not an address: write it as local@domain")]
    Shape,
    /// A character that would break out of the SMTP command or the header.
    #[error("the address holds {0}: remove it")]
    Forbidden(&'static str),
    /// A part is longer than RFC 5321 allows.
    #[error("the {part} is {bytes} bytes, at most {max} are allowed")]
    TooLong {
        /// Which part.
        part: &'static str,
        /// How long it is, in bytes.
        bytes: usize,
        /// How long it may be, in bytes.
        max: usize,
    },
    /// The domain is not a host name.
    #[error("the domain is not a valid host name: check its spelling")]
    Domain,
}

impl Address {
    /// Reads `local@domain` or `"local"@domain`.
    ///
    /// # Errors
    /// [`AddressError`] says what to mend, without repeating the address.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let (local, domain) = text.rsplit_once('@').ok_or(AddressError::Shape)?;
        let local = unquote(local)?;
        if local.is_empty() || domain.is_empty() {
            return Err(AddressError::Shape);
        }
        if local.len() > LOCAL_BYTES_MAX {
            return Err(AddressError::TooLong { part: "local part", bytes: local.len(), max: LOCAL_BYTES_MAX });
        }
        Ok(Address { local, domain: normalise_domain(domain)? })
    }

    /// The local part, without quotes. Never show it: it is personal data.
    #[must_use]
    pub fn local(&self) -> &str {
        &self.local
    }

    /// The domain in lower-case A-labels; it may be shown (requirement A29).
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// Whether the local part can only be written quoted, or raw against the rules.
    #[must_use]
    pub fn is_legacy(&self) -> bool {
        !is_dot_string(&self.local)
    }

    /// Whether the local part needs SMTPUTF8 (RFC 6531).
    #[must_use]
    pub fn needs_smtputf8(&self) -> bool {
        !self.local.is_ascii()
    }

    /// The form for `RCPT TO:<…>` and for a `To` header.
    #[must_use]
    pub fn wire(&self, style: AddressStyle) -> String {
        if self.is_legacy() && (style == AddressStyle::Quoted || !self.can_be_raw()) {
            format!("{}@{}", quote(&self.local), self.domain)
        } else {
            format!("{}@{}", self.local, self.domain)
        }
    }

    /// Whether writing the local part bare is safe, even if RFC 5321 frowns: only dots are out of place.
    fn can_be_raw(&self) -> bool {
        self.local.chars().all(|c| c == '.' || is_atext(c))
    }
}

fn unquote(local: &str) -> Result<String, AddressError> {
    let quoted = local.len() >= 2 && local.starts_with('"') && local.ends_with('"');
    let inner = if quoted { &local[1..local.len() - 1] } else { local };
    let mut out = String::with_capacity(inner.len());
    let mut escaped = false;
    for c in inner.chars() {
        match c {
            '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' => return Err(AddressError::Forbidden("a control character")),
            '\\' if quoted && !escaped => {
                escaped = true;
                continue;
            }
            '"' if !escaped => return Err(AddressError::Forbidden("a quotation mark")),
            ' ' | '@' | '<' | '>' | '(' | ')' | ',' | ';' | ':' | '[' | ']' | '\\' if !quoted => {
                return Err(AddressError::Forbidden("a space or one of @ < > ( ) , ; : [ ] \\ outside quotes"));
            }
            _ => {}
        }
        // A '>' would end the path early for servers that do not honour quotes: no carrier issues such a mailbox.
        if c == '>' || c == '<' {
            return Err(AddressError::Forbidden("< or >"));
        }
        escaped = false;
        out.push(c);
    }
    if escaped { Err(AddressError::Forbidden("an unfinished escape")) } else { Ok(out) }
}

fn quote(local: &str) -> String {
    let mut out = String::with_capacity(local.len() + 2);
    out.push('"');
    for c in local.chars() {
        if c == '"' || c == '\\' {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
    out
}

/// Turns a domain into lower-case A-labels and checks that it is a host name.
pub(crate) fn normalise_domain(domain: &str) -> Result<String, AddressError> {
    let ascii = if domain.is_ascii() {
        domain.to_ascii_lowercase()
    } else {
        idna::domain_to_ascii(domain).map_err(|_| AddressError::Domain)?
    };
    if ascii.len() > DOMAIN_BYTES_MAX {
        return Err(AddressError::TooLong { part: "domain", bytes: ascii.len(), max: DOMAIN_BYTES_MAX });
    }
    let label_ok = |l: &str| {
        (1..=63).contains(&l.len())
            && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !l.starts_with('-')
            && !l.ends_with('-')
    };
    if ascii.split('.').all(label_ok) { Ok(ascii) } else { Err(AddressError::Domain) }
}

/// atext of RFC 5322 §3.2.3, with the UTF-8 extension of RFC 6531.
fn is_atext(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || !c.is_ascii()
}

/// Dot-string of RFC 5321 §4.1.2.
fn is_dot_string(local: &str) -> bool {
    local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atext))
}

impl core::fmt::Display for Address {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "***@{}", self.domain)
    }
}

impl core::fmt::Debug for Address {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Address(***@{})", self.domain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn legacy_local_parts_are_quoted_by_default_and_raw_on_request() {
        for (text, quoted) in [
            ("a..b@docomo.ne.jp", "\"a..b\"@docomo.ne.jp"),
            ("abc.@ezweb.ne.jp", "\"abc.\"@ezweb.ne.jp"),
            (".abc@docomo.ne.jp", "\".abc\"@docomo.ne.jp"),
        ] {
            let address = Address::parse(text).unwrap();
            assert!(address.is_legacy());
            assert_eq!(address.wire(AddressStyle::Quoted), quoted);
            assert_eq!(address.wire(AddressStyle::Raw), text);
            assert_eq!(Address::parse(quoted).unwrap(), address, "the quotes are syntax, not part of the name");
        }
    }

    #[test]
    fn an_ordinary_address_is_never_quoted() {
        let address = Address::parse("taro-yamada_1@Example.JP").unwrap();
        assert_eq!(address.wire(AddressStyle::Quoted), "taro-yamada_1@example.jp");
    }

    #[test]
    fn a_japanese_domain_travels_as_a_labels() {
        assert_eq!(Address::parse("info@日本語.jp").unwrap().domain(), "xn--wgv71a119e.jp");
    }

    #[test]
    fn what_could_break_out_of_a_command_is_refused() {
        for bad in [
            "a\r\nRCPT TO:<x@y.jp>@b.jp",
            "a\0@b.jp",
            "a>@b.jp",
            "\"a>\"@b.jp",
            "a b@c.jp",
            "a@b@c.jp",
            "@b.jp",
            "a@",
            "a",
            "a@b c.jp",
            "a@b..jp",
            "a@-b.jp",
            "a@b.jp\r\n",
            "\"a@b.jp",
            "a\"b@c.jp",
        ] {
            assert!(Address::parse(bad).is_err(), "{bad:?} was taken");
        }
    }

    #[test]
    fn req_a29_neither_display_nor_debug_shows_the_local_part() {
        let address = Address::parse("hanako@softbank.ne.jp").unwrap();
        assert_eq!(format!("{address} {address:?}"), "***@softbank.ne.jp Address(***@softbank.ne.jp)");
    }

    proptest! {
        #[test]
        fn no_text_becomes_an_address_that_breaks_a_command(text in "\\PC{0,40}@\\PC{0,20}|[\\x00-\\x7f]{0,40}") {
            if let Ok(address) = Address::parse(&text) {
                for style in [AddressStyle::Quoted, AddressStyle::Raw] {
                    let wire = address.wire(style);
                    prop_assert!(!wire.contains(['\r', '\n', '\0', '<', '>']));
                    prop_assert_eq!(Address::parse(&wire).ok(), Some(address.clone()));
                }
            }
        }
    }
}
