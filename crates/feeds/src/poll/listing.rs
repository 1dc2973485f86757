//! Indexes of feeds: Atom, RSS 2.0 and RSS 1.0, each entry with what is needed to fetch it once and to judge its headline.

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use roxmltree::Node;

use crate::bounds::within_bounds;
use crate::reject::{Place, Reject};
use crate::xml::document;

/// The most entries of an index that are read; JMA's long feeds have some thousand.
pub const MAX_INDEX_ENTRIES: usize = 20_000;
/// The longest address of an entry, in bytes; longer ones are left out.
const MAX_LINK_BYTES: usize = 2_048;

/// A feed's list of what it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// The feed's title: `高頻度（地震火山）`.
    pub title: String,
    /// When the feed says it was made. It is what shows that a feed has stopped: the server of a dead one still answers.
    pub updated: Option<Timestamp>,
    /// Its entries in the feed's order, which is newest first where the feed keeps to custom.
    pub entries: Vec<Entry>,
}

/// One entry of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where the document is, as written.
    pub link: String,
    /// The entry's own identity. JMA adds `#r1` to it when a feed is made anew, so nothing is known by it alone.
    pub id: String,
    /// The headline.
    pub title: String,
    /// The summary without markup.
    pub summary: String,
    /// When it was issued or last changed.
    pub updated: Option<Timestamp>,
}

/// Reads an index.
///
/// Entries without an address, with one longer than 2,048 bytes, and those past [`MAX_INDEX_ENTRIES`] are left out; a time that
/// cannot be read is no time.
///
/// # Errors
/// [`Reject`] when the bytes are out of bounds, hostile, damaged or no feed, such as the page of a proxy.
pub fn read_index(bytes: &[u8]) -> Result<Index, Reject> {
    let document = document(within_bounds(bytes)?)?;
    let root = document.root_element();
    match root.tag_name().name() {
        "feed" => Ok(atom(root)),
        "rss" => match named(root, "channel").next() {
            Some(channel) => Ok(rss(channel, channel)),
            None => Err(Reject::Missing { element: "rss/channel", place: Place { line: 1, column: 1 } }),
        },
        "RDF" => Ok(rss(named(root, "channel").next().unwrap_or(root), root)),
        other => Err(Reject::NotAnIndex { root: other.chars().take(80).collect() }),
    }
}

fn atom(root: Node) -> Index {
    let entries = named(root, "entry").map(|entry| Entry {
        link: atom_link(entry),
        id: text_of(entry, &["id"]),
        title: plain(&text_of(entry, &["title"])),
        summary: plain(&text_of(entry, &["content", "summary"])),
        updated: time_of(entry, &["updated", "published"]),
    });
    Index { title: text_of(root, &["title"]), updated: time_of(root, &["updated"]), entries: bounded(entries) }
}

/// Of several links the one to the data: its type ends in xml; else the first that leads to a document.
fn atom_link(entry: Node) -> String {
    let links: Vec<Node> = named(entry, "link").collect();
    let is_data = |it: &&Node| it.attribute("type").is_some_and(|kind| kind.ends_with("xml"));
    let is_document = |it: &&Node| matches!(it.attribute("rel"), None | Some("alternate" | "related"));
    let chosen = links.iter().find(is_data).or_else(|| links.iter().find(is_document));
    chosen.and_then(|it| it.attribute("href")).unwrap_or_default().trim().to_owned()
}

fn rss(channel: Node, items: Node) -> Index {
    let entries = named(items, "item").map(|item| Entry {
        link: text_of(item, &["link"]),
        id: text_of(item, &["guid"]),
        title: plain(&text_of(item, &["title"])),
        summary: plain(&text_of(item, &["description"])),
        updated: time_of(item, &["pubDate", "date"]),
    });
    Index {
        title: text_of(channel, &["title"]),
        updated: time_of(channel, &["lastBuildDate", "pubDate", "date"]),
        entries: bounded(entries),
    }
}

fn bounded(entries: impl Iterator<Item = Entry>) -> Vec<Entry> {
    let usable = |it: &Entry| !it.link.is_empty() && it.link.len() <= MAX_LINK_BYTES;
    entries.filter(usable).take(MAX_INDEX_ENTRIES).collect()
}

/// The child elements of a name in whatever namespace: feeds disagree about theirs.
fn named<'a, 'i: 'a>(node: Node<'a, 'i>, name: &'static str) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(move |it| it.is_element() && it.tag_name().name() == name)
}

/// The text of the first of these children that has one.
fn text_of(node: Node, names: &[&'static str]) -> String {
    let texts = names.iter().flat_map(|name| named(node, name)).map(|it| {
        let whole: String = it.descendants().filter(Node::is_text).filter_map(|text| text.text()).collect();
        whole.trim().to_owned()
    });
    texts.into_iter().find(|it| !it.is_empty()).unwrap_or_default()
}

fn time_of(node: Node, names: &[&'static str]) -> Option<Timestamp> {
    names.iter().flat_map(|name| named(node, name)).filter_map(|it| time(it.text()?.trim())).next()
}

/// A time as Atom writes it (RFC 3339) or as RSS does (RFC 2822).
pub(crate) fn time(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| rfc2822::parse(text).ok().map(|zoned| zoned.timestamp()))
}

/// Text without markup: summaries often carry HTML in disguise.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(before);
        // Only what looks like a tag is one; a lone sign of inequality stays.
        match after.split_once('>') {
            Some((tag, behind)) if tag.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!') => {
                rest = behind;
                out.push(' ');
            }
            _ => {
                out.push('<');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const JMA: &str = r##"<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" lang="ja"><title>高頻度（地震火山）</title><subtitle>JMAXML publishing feed</subtitle>
<updated>2024-01-01T20:53:23+09:00</updated><id>https://www.example.jp/feed/eqvol.xml#short_1704110003</id>
<link rel="self" href="https://www.example.jp/feed/eqvol.xml"/><rights type="html"><![CDATA[<a href="x">利用規約</a>]]></rights>
<entry><title>津波警報・注意報・予報a</title><id>https://www.example.jp/data/20240101071254_0_VTSE41_010000.xml#r1</id>
<updated>2024-01-01T07:12:54Z</updated><author><name>気象庁</name></author>
<link type="application/xml" href="https://www.example.jp/data/20240101071254_0_VTSE41_010000.xml"/>
<content type="text">【津波警報・注意報】津波警報を発表しました。</content></entry></feed>"##;

    #[test]
    fn a_jma_index_is_read_with_its_own_time_and_each_entry_is_known_by_its_link() {
        let index = read_index(JMA.as_bytes()).unwrap();
        assert_eq!(index.title, "高頻度（地震火山）");
        assert_eq!(index.updated, Some("2024-01-01T11:53:23Z".parse().unwrap()));
        let [entry] = index.entries.as_slice() else { panic!("{index:?}") };
        assert_eq!(entry.link, "https://www.example.jp/data/20240101071254_0_VTSE41_010000.xml");
        assert_eq!(entry.updated, Some("2024-01-01T07:12:54Z".parse().unwrap()));
        assert_eq!(entry.summary, "【津波警報・注意報】津波警報を発表しました。");
    }

    #[test]
    fn both_ages_of_rss_are_read_and_markup_is_no_part_of_a_summary() {
        let two = r"<rss version='2.0'><channel><title>海外</title><lastBuildDate>Sat, 21 Nov 2026 12:00:00 GMT</lastBuildDate>
            <item><title>非常事態宣言</title><link>https://news.example/1</link><guid>1</guid>
            <pubDate>Sat, 21 Nov 2026 20:59:00 +0900</pubDate>
            <description><![CDATA[<p>死者 &lt; 100 人<br>1 < 2</p>]]></description></item></channel></rss>";
        let index = read_index(two.as_bytes()).unwrap();
        assert_eq!(index.updated, Some("2026-11-21T12:00:00Z".parse().unwrap()));
        assert_eq!(index.entries[0].updated, Some("2026-11-21T11:59:00Z".parse().unwrap()));
        assert_eq!(index.entries[0].summary, "死者 &lt; 100 人 1 < 2");
        let one = r#"<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
            xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>海外</title><dc:date>2026-11-21T12:00:00Z</dc:date></channel>
            <item><title>地震</title><link>https://news.example/2</link><dc:date>2026-11-21T11:00:00Z</dc:date></item></rdf:RDF>"#;
        let index = read_index(one.as_bytes()).unwrap();
        assert_eq!((index.title.as_str(), index.entries.len()), ("海外", 1));
        assert_eq!(index.entries[0].updated, Some("2026-11-21T11:00:00Z".parse().unwrap()));
    }

    #[test]
    fn a_page_is_no_index_and_an_entry_without_an_address_is_left_out() {
        let page = read_index(b"<html><body>blocked</body></html>");
        assert!(matches!(page, Err(Reject::NotAnIndex { root }) if root == "html"));
        let cut = read_index(&JMA.as_bytes()[..JMA.len() / 2]);
        assert!(matches!(cut, Err(Reject::Malformed { .. })), "{cut:?}");
        let bare = "<feed xmlns='http://www.w3.org/2005/Atom'><entry><title>a</title></entry></feed>";
        assert_eq!(read_index(bare.as_bytes()).unwrap().entries, []);
    }
}
