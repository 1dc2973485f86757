//! Indexes: Atom and RSS feeds that list telegrams or news, entry by entry.

use hikyaku_bulletin::SourceId;
use jiff::Timestamp;
use roxmltree::Node;

use crate::instant::any_instant;
use crate::loose::{child, child_text, children, text};

/// Most characters kept of an entry's summary.
const SUMMARY_CHARACTERS: usize = 4_000;

/// A feed, as it stood when it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// Its title: `高頻度（地震火山）`; may be empty.
    pub title: String,
    /// When it says that it was last made. JMA's is made anew each minute: an old one is a dead feed, whatever the server answers.
    pub updated: Option<Timestamp>,
    /// Its entries in its own order, newest first as a rule.
    pub entries: Vec<Entry>,
}

impl Index {
    /// How long ago the feed was made. `None`: it does not say.
    #[must_use]
    pub fn age(&self, now: Timestamp) -> Option<jiff::SignedDuration> {
        self.updated.map(|updated| now.duration_since(updated))
    }
}

/// One entry of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The feed's own id for it. JMA adds `#r1` when it makes a feed anew: tell telegrams apart by [`Entry::source`].
    pub id: String,
    /// Where the telegram or the article is; may be empty.
    pub link: String,
    /// Its title.
    pub title: String,
    /// Its summary or content as text; markup is taken out, at most 4,000 characters.
    pub summary: String,
    /// When it was published or last changed.
    pub updated: Option<Timestamp>,
}

impl Entry {
    /// The identity of the telegram it points to: by its link, or by its id where it has no link.
    #[must_use]
    pub fn source(&self) -> SourceId {
        SourceId::from_file_name(if self.link.is_empty() { &self.id } else { &self.link })
    }
}

/// Reads an Atom `feed`, an RSS 2.0 `rss` or an RSS 1.0 `RDF`; `None` for any other root.
pub(crate) fn index(root: Node) -> Option<Index> {
    match root.tag_name().name() {
        "feed" => Some(Index {
            title: child_text(root, "title").unwrap_or_default(),
            updated: instant_of(root, &["updated"]),
            entries: children(root, "entry").map(atom_entry).collect(),
        }),
        "rss" => child(root, "channel").map(|channel| rss(channel, channel)),
        "RDF" => child(root, "channel").map(|channel| rss(channel, root)),
        _ => None,
    }
}

fn rss(channel: Node, items: Node) -> Index {
    Index {
        title: child_text(channel, "title").unwrap_or_default(),
        updated: instant_of(channel, &["lastBuildDate", "pubDate", "date"]),
        entries: children(items, "item").map(rss_entry).collect(),
    }
}

fn atom_entry(entry: Node) -> Entry {
    let rank = |link: &Node| match (link.attribute("type"), link.attribute("rel")) {
        (Some("application/cap+xml" | "application/common-alerting-protocol+xml"), _) => 0,
        (Some(kind), None | Some("alternate")) if kind.ends_with("xml") => 1,
        (_, None | Some("alternate")) => 2,
        _ => 3,
    };
    let link = children(entry, "link").min_by_key(rank).and_then(|it| it.attribute("href"));
    Entry {
        id: child_text(entry, "id").unwrap_or_default(),
        link: link.unwrap_or_default().trim().to_owned(),
        title: child_text(entry, "title").unwrap_or_default(),
        summary: plain(&child_text(entry, "summary").or_else(|| child_text(entry, "content")).unwrap_or_default()),
        updated: instant_of(entry, &["updated", "published"]),
    }
}

fn rss_entry(item: Node) -> Entry {
    let link = child_text(item, "link")
        .or_else(|| children(item, "guid").find(|it| it.attribute("isPermaLink") != Some("false")).map(text));
    let link = link.filter(|it| it.contains("://")).unwrap_or_default();
    let id = child_text(item, "guid").or_else(|| child_text(item, "identifier")).unwrap_or_else(|| link.clone());
    Entry {
        id,
        link,
        title: plain(&child_text(item, "title").unwrap_or_default()),
        summary: plain(&child_text(item, "description").unwrap_or_default()),
        updated: instant_of(item, &["pubDate", "date", "updated"]),
    }
}

fn instant_of(node: Node, names: &[&str]) -> Option<Timestamp> {
    names.iter().find_map(|name| child_text(node, name).and_then(|it| any_instant(&it)))
}

/// A text without HTML: tags become blanks, the commonest character references are read, runs of blanks become one.
pub(crate) fn plain(html: &str) -> String {
    let mut words = String::with_capacity(html.len().min(SUMMARY_CHARACTERS));
    let mut rest = html;
    while let Some(open) = rest.find('<') {
        let tag = &rest[open..];
        let is_tag = tag[1..].starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!'));
        let close = if is_tag { tag.find('>') } else { Some(0) };
        // Where nothing closes this tag nothing closes a later one: looking again would take the square of the length.
        let Some(close) = close else { break };
        words.push_str(&rest[..open]);
        words.push(if is_tag { ' ' } else { '<' });
        rest = &tag[close + 1..];
    }
    words.push_str(rest);
    let references = [("&nbsp;", " "), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    let read = references.iter().fold(words, |text, (from, to)| text.replace(from, to));
    let spaced = read.split_whitespace().collect::<Vec<_>>().join(" ");
    spaced.chars().take(SUMMARY_CHARACTERS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_taken_out_and_words_stay() {
        assert_eq!(plain("<p>Do&nbsp;not <b>travel</b>\n &amp; leave</p>"), "Do not travel & leave");
        assert_eq!(plain("１ < ２"), "１ < ２");
        assert_eq!(plain("5 <"), "5 <");
        assert_eq!(plain("<unclosed"), "<unclosed");
    }
}
