//! Where a server that sends us on may send us: from HTTPS to HTTPS alone.

use hyper::StatusCode;
use hyper::header::{HeaderMap, LOCATION};

use crate::poll::{Failure, absolute};

/// How often one question is sent on at most.
pub(super) const REDIRECTS_MAX: usize = 3;

/// The address to ask next after an answer from `url`; `None` where the answer sends nobody anywhere.
///
/// # Errors
/// [`Failure::Redirect`] where it leads nowhere or to another scheme, or where what was asked was not HTTPS: whoever sits on the way
/// could have said so.
pub(super) fn next_address(url: &str, status: StatusCode, headers: &HeaderMap) -> Result<Option<String>, Failure> {
    if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let location = headers.get(LOCATION).and_then(|it| it.to_str().ok()).unwrap_or_default().trim();
    if location.is_empty() {
        return Err(Failure::Redirect(format!("{url} answered {} without saying where", status.as_u16())));
    }
    let next = absolute(url, location);
    let is_https = |it: &str| it.starts_with("https://");
    if is_https(url) && is_https(&next) {
        Ok(Some(next))
    } else {
        Err(Failure::Redirect(format!("from {url} to {next}; only HTTPS to HTTPS is followed")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(url: &str, status: u16, location: &str) -> Result<Option<String>, Failure> {
        let mut headers = HeaderMap::new();
        headers.insert(LOCATION, location.parse().unwrap());
        next_address(url, StatusCode::from_u16(status).unwrap(), &headers)
    }

    #[test]
    fn only_https_to_https_is_followed_relative_or_not() {
        let from = "https://a.example/feed/x.xml";
        for (location, to) in [
            ("https://b.example/y", "https://b.example/y"),
            ("/y", "https://a.example/y"),
            ("y", "https://a.example/feed/y"),
            ("//b.example/y", "https://b.example/y"),
        ] {
            assert_eq!(next(from, 302, location), Ok(Some(to.to_owned())), "{location}");
        }
        for location in ["http://a.example/feed/x.xml", "ftp://a.example/x", "HTTP://a.example/", ""] {
            assert!(matches!(next(from, 301, location), Err(Failure::Redirect(_))), "{location}");
        }
        assert!(matches!(next("http://a.example/", 301, "https://a.example/"), Err(Failure::Redirect(_))));
    }

    #[test]
    fn other_answers_send_nobody_anywhere() {
        for status in [200, 201, 300, 304, 404, 503] {
            assert_eq!(next("https://a.example/", status, "https://b.example/"), Ok(None), "{status}");
        }
    }
}
