//! Which SMTP extensions a host offers in its reply to EHLO, and what it then bears after MAIL.

use crate::auth::AuthProfile;
use crate::replies;
use crate::settings::{Manner, Pipelining, Tls, Wording};

/// Largest mail taken where the profile names none, in bytes (au's published bound).
const SIZE_MAX: usize = 3_000_000;

/// Largest mail taken, in bytes.
pub(crate) fn size_max(manner: &Manner) -> usize {
    manner.size_max.unwrap_or(SIZE_MAX)
}

/// Whether a bare session may go on under TLS.
pub(crate) fn offers_tls(manner: &Manner) -> bool {
    manner.tls.is_some_and(|tls| tls != Tls::None)
}

/// Answers EHLO; `bare` while the session is not under TLS.
pub(crate) fn introduce(
    host: &str,
    wording: Wording,
    manner: &Manner,
    (bare, auth): (bool, Option<&AuthProfile>),
    out: &mut Vec<u8>,
) {
    let auth = auth.filter(|auth| !bare || auth.in_clear).map(AuthProfile::offer);

    let offered = [
        (true, host),
        (manner.pipelining != Some(Pipelining::Absent), "PIPELINING"),
        (bare && offers_tls(manner), "STARTTLS"),
        (manner.smtputf8 == Some(true), "SMTPUTF8"),
        // the Japanese carriers' replies have no enhanced codes
        (!matches!(wording, Wording::Docomo | Wording::Au), "ENHANCEDSTATUSCODES"),
        (auth.is_some(), auth.as_deref().unwrap_or_default()),
        (true, "8BITMIME"),
    ];
    for (_, words) in offered.iter().filter(|(holds, _)| *holds) {
        out.extend_from_slice(format!("250-{words}\r\n").as_bytes());
    }
    out.extend_from_slice(format!("250 SIZE {}\r\n", size_max(manner)).as_bytes());
}

/// What is wrong with the parameters of MAIL, as a reply.
pub(crate) fn parameter_flaw(parameters: &[u8], manner: &Manner) -> Option<&'static str> {
    let size_max = size_max(manner);
    let mut words = parameters.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    words.find_map(|word| {
        let word = String::from_utf8_lossy(word).to_ascii_uppercase();
        match word.split_once('=') {
            Some(("SIZE", size)) => match size.parse::<usize>() {
                Ok(size) if size <= size_max => None,
                Ok(_) => Some(replies::TOO_LARGE),
                Err(_) => Some(replies::BAD_SYNTAX),
            },
            Some(("BODY", "7BIT" | "8BITMIME")) => None,
            None if word == "SMTPUTF8" && manner.smtputf8 == Some(true) => None,
            _ => Some(replies::NO_PARAMETER),
        }
    })
}
