//! Whether a document is whole and what it should be, and where a link leads: nothing more is read of it here.

use super::spec::Expects;

/// The address of a link in a document at `base`.
pub(crate) fn absolute(base: &str, link: &str) -> String {
    if link.contains("://") {
        return link.to_owned();
    }
    if link.starts_with("//") {
        return format!("{}:{link}", base.split_once("://").map_or("https", |(scheme, _)| scheme));
    }
    let host_end =
        base.find("://").and_then(|at| base[at + 3..].find('/').map(|slash| at + 3 + slash)).unwrap_or(base.len());
    if link.starts_with('/') {
        return format!("{}{link}", &base[..host_end]);
    }
    let folder = base.rfind('/').filter(|&at| at >= host_end).map_or(base, |at| &base[..=at]);
    format!("{}/{link}", folder.trim_end_matches('/'))
}

/// The address of what an index lists, asked for over HTTPS where the index is: nobody on the way may change what a proven index names.
pub(super) fn no_less_secure(base: &str, url: String) -> String {
    match url.strip_prefix("http://") {
        Some(rest) if base.starts_with("https://") => format!("https://{rest}"),
        _ => url,
    }
}

/// Whether a document is what it should be and has its end. Nothing more is read of it.
pub(super) fn looks_whole(bytes: &[u8], expects: Expects) -> Result<(), &'static str> {
    let body = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii();
    match expects {
        Expects::Json => match (body.first(), body.last()) {
            (Some(b'{'), Some(b'}')) | (Some(b'['), Some(b']')) => Ok(()),
            (Some(b'{' | b'['), _) => Err("it ends too early"),
            _ => Err("it is no JSON"),
        },
        Expects::Xml => {
            let head = String::from_utf8_lossy(&body[..body.len().min(512)]).to_ascii_lowercase();
            if !head.starts_with('<') || head.starts_with("<!doctype html") || head.starts_with("<html") {
                return Err("it is no XML but a page or a text: the address, a proxy or a block");
            }
            let body = without_comments(body);
            let tail = String::from_utf8_lossy(&body[body.len().saturating_sub(512)..]).into_owned();
            if root_ends(&head, &tail) { Ok(()) } else { Err("it ends too early") }
        }
    }
}

/// The bytes without comments behind the root.
fn without_comments(mut body: &[u8]) -> &[u8] {
    while let Some(at) = body.ends_with(b"-->").then(|| body.windows(4).rposition(|it| it == b"<!--")).flatten() {
        body = body[..at].trim_ascii_end();
    }
    body
}

/// Whether the text ends with the end tag of the root, whose name the beginning tells.
fn root_ends(head: &str, tail: &str) -> bool {
    let Some(tail) = tail.strip_suffix('>') else { return false };
    let mut rest = head;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if rest.starts_with(['?', '!']) {
            continue;
        }
        let name: String = rest.chars().take_while(|c| !c.is_whitespace() && !matches!(c, '>' | '/')).collect();
        let is_alone = !rest.contains('<') && tail.ends_with('/');
        let last = tail.rfind("</").map(|at| tail[at + 2..].trim_end());
        return is_alone || last.is_some_and(|last| last.eq_ignore_ascii_case(&name));
    }
    // A beginning of so many comments that the root is not in it: the parser will tell.
    head.len() >= 512
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_cut_anywhere_is_not_whole() {
        let whole =
            "<?xml version='1.0'?>\n<!-- a -->\n<Report xmlns='a'><Control/><Body><Text>津波</Text></Body></Report>\n";
        assert_eq!(looks_whole(whole.as_bytes(), Expects::Xml), Ok(()));
        for end in 0..whole.len() - 2 {
            assert!(
                looks_whole(&whole.as_bytes()[..end], Expects::Xml).is_err(),
                "{}",
                &whole.as_bytes()[..end].escape_ascii()
            );
        }
        assert_eq!(looks_whole(b"<a b='1'/>", Expects::Xml), Ok(()));
        assert_eq!(looks_whole(b"<a><b/></a><!-- c -->", Expects::Xml), Ok(()));
        let remarked = format!("<a><b/></a><!-- {} --> <!-- d -->", "c".repeat(2_000));
        assert_eq!(looks_whole(remarked.as_bytes(), Expects::Xml), Ok(()));
        assert_eq!(looks_whole(b"{\"a\": [1]}\n", Expects::Json), Ok(()));
        assert!(looks_whole(b"{\"a\": [1", Expects::Json).is_err());
    }

    #[test]
    fn a_page_that_comes_with_200_is_no_document() {
        let page = looks_whole(b"<!DOCTYPE html><html><body>unknown</body></html>", Expects::Xml);
        assert!(page.is_err_and(|why| why.contains("page")));
        assert!(looks_whole(b"", Expects::Xml).is_err() && looks_whole(b"OK", Expects::Json).is_err());
    }

    #[test]
    fn what_an_index_over_https_lists_is_asked_for_over_https_too() {
        let listed = |base: &str, url: &str| no_less_secure(base, url.to_owned());
        assert_eq!(listed("https://a.example/f", "http://b.example/x"), "https://b.example/x");
        assert_eq!(listed("https://a.example/f", "https://b.example/x"), "https://b.example/x");
        assert_eq!(listed("http://localhost:1/f", "http://localhost:1/x"), "http://localhost:1/x");
    }

    #[test]
    fn links_are_followed_from_where_they_stand() {
        let base = "https://a.example/feed/eqvol.xml";
        assert_eq!(absolute(base, "http://b.example/x"), "http://b.example/x");
        assert_eq!(absolute(base, "/data/x.xml"), "https://a.example/data/x.xml");
        assert_eq!(absolute(base, "x.xml"), "https://a.example/feed/x.xml");
        assert_eq!(absolute("https://a.example", "x.xml"), "https://a.example/x.xml");
        assert_eq!(absolute(base, "//b.example/x"), "https://b.example/x");
    }
}
