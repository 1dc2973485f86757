//! What is refused before an XML reader sees it: size, encoding, DTDs, and shapes that cost far more than they weigh.

use crate::reject::{Place, Reject};

/// The most bytes a telegram may have. The largest official sample has 4.0 MB.
pub const MAX_TELEGRAM_BYTES: usize = 16 * 1024 * 1024;
/// The deepest nesting of elements. JMA telegrams stay under 16.
pub const MAX_DEPTH_ELEMENTS: usize = 64;
/// The most attributes on one element; they are compared pairwise when read.
pub const MAX_ATTRIBUTES_PER_ELEMENT: usize = 32;
/// The most namespace declarations in a telegram; elements inherit them by copy. Official samples have at most 15.
pub const MAX_NAMESPACE_DECLARATIONS: usize = 1024;
/// The most nodes (elements, texts, comments); this bounds memory. A telegram of fewer bytes may have fewer: [`nodes_limit`].
pub const MAX_NODES: u32 = 2_000_000;
/// The most reports on places that one telegram may become. Every municipality of Japan with
/// ten warnings makes 20,000.
pub const MAX_REPORTS: usize = 40_000;
/// Bytes that a node has at least on average, in a telegram that is not small. JMA's warnings with a line for each element have 8 to 10, their
/// headlines, which are a part of them, 6.
const BYTES_PER_NODE: usize = 7;
/// Nodes that any telegram may have, however small.
const NODES_ANYWAY: usize = 10_000;

/// The most nodes of a telegram of so many bytes: one whose nodes are smaller than any real one's costs far more memory than it weighs.
pub(crate) fn nodes_limit(bytes: usize) -> u32 {
    u32::try_from(NODES_ANYWAY + bytes / BYTES_PER_NODE).map_or(MAX_NODES, |it| it.min(MAX_NODES))
}

/// Whether the markup of a text is within bounds.
pub(crate) fn within_bounds(text: &str) -> Result<(), Reject> {
    Scan::new(text).run()
}

/// Whether an element of this name may become a report on a place: of JMA, CAP, EDXL-DE and 外務省.
fn is_place(name: &str) -> bool {
    matches!(name, "Area" | "Station" | "area" | "geocode" | "targetArea" | "jisX0402" | "country")
}

/// The bytes as text, if they are not too many and UTF-8.
pub(crate) fn text(bytes: &[u8]) -> Result<&str, Reject> {
    if bytes.len() > MAX_TELEGRAM_BYTES {
        return Err(Reject::TooLarge { bytes: bytes.len(), limit: MAX_TELEGRAM_BYTES });
    }
    if bytes.starts_with(&[0xFE, 0xFF]) || bytes.starts_with(&[0xFF, 0xFE]) {
        return Err(Reject::Encoding { declared: "UTF-16".to_owned() });
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    if let Some(declared) = declared_encoding(bytes)
        && !declared.eq_ignore_ascii_case("utf-8")
        && !declared.eq_ignore_ascii_case("us-ascii")
    {
        return Err(Reject::Encoding { declared });
    }
    std::str::from_utf8(bytes).map_err(|error| Reject::NotUtf8 { place: Place::of_byte(bytes, error.valid_up_to()) })
}

/// Whether a text is a page for people. Its `<!DOCTYPE html>` is no attack, it is the answer of a server that has no such data.
pub(crate) fn is_page(text: &str) -> bool {
    let start: String = text.trim_start().chars().take(200).collect::<String>().to_lowercase();
    start.starts_with("<!doctype html") || start.starts_with("<html")
}

/// What the XML declaration says, when there is one that says anything.
fn declared_encoding(bytes: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(256)]).into_owned();
    let declaration = head.strip_prefix("<?xml")?.split("?>").next()?;
    let value = declaration.split_once("encoding")?.1.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    value[1..].split(quote).next().map(str::to_owned)
}

/// One pass over the markup that counts and understands nothing else.
///
/// Where the markup is broken it stops in silence: the XML reader behind it says so better, and stops at the same place.
struct Scan<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    namespace_declarations: usize,
    places: usize,
    nodes: usize,
    nodes_limit: usize,
}

impl<'a> Scan<'a> {
    fn new(text: &'a str) -> Self {
        let nodes_limit = usize::try_from(nodes_limit(text.len())).unwrap_or(usize::MAX);
        Self { text, at: 0, depth: 0, namespace_declarations: 0, places: 0, nodes: 0, nodes_limit }
    }

    fn run(mut self) -> Result<(), Reject> {
        while let Some(next) = self.text[self.at..].find('<') {
            self.at += next;
            // A text before it, and what begins here unless it ends an element, are nodes of the tree.
            let rest = &self.text[self.at..];
            self.nodes += usize::from(next > 0) + usize::from(!rest.starts_with("</"));
            self.check("nodes", self.nodes, self.nodes_limit)?;
            let length = if rest.starts_with("<!--") {
                length_to(rest, "-->")
            } else if rest.starts_with("<![CDATA[") {
                length_to(rest, "]]>")
            } else if rest.starts_with("<?") {
                length_to(rest, "?>")
            } else if rest.as_bytes().get(..9).is_some_and(|it| it.eq_ignore_ascii_case(b"<!DOCTYPE")) {
                return Err(Reject::Dtd { place: self.place() });
            } else if rest.starts_with("</") {
                self.depth = self.depth.saturating_sub(1);
                rest.bytes().position(|it| it == b'>').map(|it| it + 1)
            } else {
                self.start_tag(rest)?
            };
            let Some(length) = length else { return Ok(()) };
            self.at += length;
        }
        Ok(())
    }

    /// Counts what one start tag adds; its length in bytes, or `None` when it never ends.
    fn start_tag(&mut self, rest: &str) -> Result<Option<usize>, Reject> {
        let bytes = rest.as_bytes();
        if is_place(local_name(rest)) {
            self.places += 1;
            self.check("reports on places", self.places, MAX_REPORTS)?;
        }
        if let Some(end) = end_of_plain_tag(bytes) {
            self.depth += usize::from(bytes[end - 1] != b'/');
            self.check("nested elements", self.depth, MAX_DEPTH_ELEMENTS)?;
            return Ok(Some(end + 1));
        }
        let (mut attributes, mut quote) = (0, None);
        for (i, &b) in bytes.iter().enumerate() {
            match (quote, b) {
                (Some(open), _) if b == open => quote = None,
                (Some(_), _) => {}
                (None, b'"' | b'\'') => quote = Some(b),
                (None, b'=') => attributes += 1,
                (None, b'x') if rest[i..].starts_with("xmlns") => self.namespace_declarations += 1,
                (None, b'>') => {
                    if bytes[i - 1] != b'/' {
                        self.depth += 1;
                    }
                    self.check("nested elements", self.depth, MAX_DEPTH_ELEMENTS)?;
                    self.check("attributes on one element", attributes, MAX_ATTRIBUTES_PER_ELEMENT)?;
                    let declarations = self.namespace_declarations;
                    self.check("namespace declarations", declarations, MAX_NAMESPACE_DECLARATIONS)?;
                    return Ok(Some(i + 1));
                }
                (None, _) => {}
            }
        }
        Ok(None)
    }

    fn check(&self, what: &'static str, count: usize, limit: usize) -> Result<(), Reject> {
        if count > limit { Err(Reject::OutOfBounds { what, limit, place: self.place() }) } else { Ok(()) }
    }

    fn place(&self) -> Place {
        Place::of_byte(self.text.as_bytes(), self.at)
    }
}

/// Where a start tag without attributes ends, as most do: at its `>`, with neither `=` nor quotes before it.
fn end_of_plain_tag(tag: &[u8]) -> Option<usize> {
    let end = tag.iter().position(|b| matches!(b, b'>' | b'=' | b'"' | b'\''))?;
    (tag[end] == b'>').then_some(end)
}

/// The name of the element that a start tag begins, without its prefix.
fn local_name(tag: &str) -> &str {
    let end = tag.bytes().skip(1).position(|b| b.is_ascii_whitespace() || matches!(b, b'>' | b'/')).unwrap_or(0);
    let name = &tag[1..=end];
    name.rsplit(':').next().unwrap_or(name)
}

/// Bytes up to and with the end mark.
fn length_to(rest: &str, end: &str) -> Option<usize> {
    rest.find(end).map(|at| at + end.len())
}
