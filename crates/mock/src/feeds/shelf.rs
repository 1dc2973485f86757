//! The telegrams and documents that a feed server has, and the indexes that it makes of them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::digest::{SHA256, digest};

use super::moment::{rfc3339, rfc3339_jst};

/// The folder of the indexes.
pub(super) const FEED_FOLDER: &str = "/developer/xml/feed/";
/// The folder of the telegrams.
pub(super) const DATA_FOLDER: &str = "/developer/xml/data/";
/// How far back a long index reaches, in seconds.
const LONG_REACH: i64 = 7 * 86_400;

/// A telegram as a feed serves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MockTelegram {
    /// Its file name, `{stamp}_{n}_{TYPE}_{office}.xml`.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// When it appears, in seconds since 1970.
    pub at: i64,
}

/// What tells a feed server the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeedClock {
    /// The machine's clock.
    Wall,
    /// Stands at this second since 1970 until set.
    Fixed(i64),
}

impl FeedClock {
    /// Seconds since 1970.
    pub(super) fn now(self) -> i64 {
        match self {
            Self::Fixed(at) => at,
            Self::Wall => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
            }
        }
    }
}

/// When indexes are made anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Regeneration {
    /// The short ones every minute, the long ones every hour, changed or not: as JMA does.
    EveryMinute,
    /// All at the moment when something changes.
    OnChange,
}

/// A document to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) bytes: Vec<u8>,
    pub(super) kind: &'static str,
    pub(super) modified: i64,
    pub(super) etag: String,
}

impl Page {
    fn new(bytes: Vec<u8>, kind: &'static str, modified: i64) -> Self {
        let sum = digest(&SHA256, &bytes);
        let etag = sum.as_ref().iter().take(8).fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
        Self { bytes, kind, modified, etag: format!("\"{etag}\"") }
    }
}

/// A telegram on the shelf.
struct Kept {
    bytes: Vec<u8>,
    /// What an index says of it: title and headline.
    about: [String; 2],
}

/// All that a server has.
pub(super) struct Shelf {
    telegrams: BTreeMap<(i64, String), Kept>,
    documents: BTreeMap<String, Page>,
    /// Paths that send elsewhere, and where to.
    moved: BTreeMap<String, String>,
    regeneration: Regeneration,
    /// How far back short indexes reach, in seconds.
    reach: i64,
}

impl Shelf {
    pub(super) fn new(regeneration: Regeneration) -> Self {
        Self {
            telegrams: BTreeMap::new(),
            documents: BTreeMap::new(),
            moved: BTreeMap::new(),
            regeneration,
            reach: 600,
        }
    }

    pub(super) fn put(&mut self, telegram: MockTelegram) {
        let about = ["Title", "Headline"].map(|element| escaped(&first_text(&telegram.bytes, element)));
        self.telegrams.insert((telegram.at, telegram.name), Kept { bytes: telegram.bytes, about });
    }

    pub(super) fn place(&mut self, path: &str, bytes: Vec<u8>, at: i64) {
        let kind =
            if bytes.starts_with(b"{") || bytes.starts_with(b"[") { "application/json" } else { "application/xml" };
        self.documents.insert(path.to_owned(), Page::new(bytes, kind, at));
    }

    pub(super) fn move_to(&mut self, path: &str, location: &str) {
        self.moved.insert(path.to_owned(), location.to_owned());
    }

    /// Where a path sends to, if it does.
    pub(super) fn moved(&self, path: &str) -> Option<String> {
        self.moved.get(path).cloned()
    }

    pub(super) fn set_reach(&mut self, seconds: i64) {
        self.reach = seconds;
    }

    /// What is at a path, as of a time; `base` is how the server calls itself.
    pub(super) fn page(&self, path: &str, base: &str, now: i64) -> Option<Page> {
        if let Some(page) = self.documents.get(path) {
            return Some(page.clone());
        }
        if let Some(name) = path.strip_prefix(DATA_FOLDER) {
            let ((at, _), kept) = self.telegrams.iter().find(|((at, own), _)| own == name && *at <= now)?;
            return Some(Page::new(kept.bytes.clone(), "application/xml", *at));
        }
        let name = path.strip_prefix(FEED_FOLDER)?.strip_suffix(".xml")?;
        let (group, is_long) = name.strip_suffix("_l").map_or((name, false), |group| (group, true));
        let title = title(group)?;
        let mine = |name: &str| group_of(name) == group;
        let made = match self.regeneration {
            Regeneration::EveryMinute => now - now.rem_euclid(if is_long { 3_600 } else { 60 }),
            Regeneration::OnChange => {
                let last = self.telegrams.keys().rfind(|(at, own)| *at <= now && mine(own));
                last.map_or(0, |(at, _)| *at)
            }
        };
        let since = made - if is_long { LONG_REACH } else { self.reach };
        let mut text = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\" lang=\"ja\">\n\
             <title>{}（{title}）</title>\n<subtitle>JMAXML publishing feed</subtitle>\n<updated>{}</updated>\n\
             <id>{base}{path}#{}_{made}</id>\n<link rel=\"self\" href=\"{base}{path}\"/>\n",
            if is_long { "長期" } else { "高頻度" },
            rfc3339_jst(made),
            if is_long { "long" } else { "short" },
        );
        let listed = self.telegrams.range((since, String::new())..=(made, "~".repeat(8))).rev();
        for ((at, name), kept) in listed.filter(|((_, name), _)| mine(name)) {
            let [control, headline] = &kept.about;
            // Writing to a text cannot fail.
            let _ = write!(
                text,
                "<entry>\n<title>{control}</title>\n<id>{base}{DATA_FOLDER}{name}</id>\n<updated>{}</updated>\n\
                 <author><name>気象庁</name></author>\n<link type=\"application/xml\" href=\"{base}{DATA_FOLDER}{name}\"/>\n\
                 <content type=\"text\">{headline}</content>\n</entry>\n",
                rfc3339(*at),
            );
        }
        text.push_str("</feed>\n");
        Some(Page::new(text.into_bytes(), "application/xml", made))
    }
}

fn title(group: &str) -> Option<&'static str> {
    Some(match group {
        "regular" => "定時",
        "extra" => "随時",
        "eqvol" => "地震火山",
        "other" => "その他",
        _ => return None,
    })
}

/// The feed in which JMA lists telegrams of this type; by the file name.
fn group_of(name: &str) -> &'static str {
    let kind = name.split('_').nth(2).unwrap_or_default();
    match kind.get(..2) {
        Some("VX") if !kind.starts_with("VXSE") => "extra",
        Some("VX" | "VT" | "VY" | "VF") => "eqvol",
        Some("VP") if ["VPZ", "VPC", "VPF", "VPT"].iter().any(|it| kind.starts_with(it)) => "regular",
        Some("VP") => "extra",
        _ => "other",
    }
}

/// The text of the first element of a name, as far as a plain search finds it.
fn first_text(bytes: &[u8], element: &str) -> String {
    let text = String::from_utf8_lossy(bytes);
    let inside =
        text.split_once(&format!("<{element}>")).and_then(|(_, rest)| rest.split_once(&format!("</{element}>")));
    let inside = inside.map_or("", |(inside, _)| inside).trim();
    let inside =
        inside.split_once("<Text>").and_then(|(_, rest)| rest.split_once("</Text>")).map_or(inside, |(text, _)| text);
    inside.to_owned()
}

fn escaped(text: &str) -> String {
    text.replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn telegram(name: &str, at: i64) -> MockTelegram {
        let text = "<Report><Control><Title>震度速報</Title></Control><Head><Headline><Text>地震</Text></Headline></Head></Report>";
        MockTelegram { name: name.to_owned(), bytes: text.into(), at }
    }

    fn eqvol(shelf: &Shelf, now: i64) -> String {
        let page = shelf.page("/developer/xml/feed/eqvol.xml", "http://localhost:1", now).unwrap();
        String::from_utf8(page.bytes).unwrap()
    }

    #[test]
    fn a_telegram_appears_with_the_next_minute_and_leaves_the_short_index_after_its_reach() {
        let mut shelf = Shelf::new(Regeneration::EveryMinute);
        shelf.put(telegram("20261121120030_0_VXSE51_010000.xml", 1_795_262_430));
        shelf.put(telegram("20261121120030_0_VPWW54_010000.xml", 1_795_262_430));
        assert!(!eqvol(&shelf, 1_795_262_459).contains("<entry>"));
        let listed = eqvol(&shelf, 1_795_262_460);
        assert_eq!(listed.matches("<entry>").count(), 1);
        assert!(
            listed.contains("<title>震度速報</title>") && listed.contains("<updated>2026-11-21T12:00:30Z</updated>")
        );
        assert!(!eqvol(&shelf, 1_795_262_430 + 700).contains("<entry>"));
        let long = shelf.page("/developer/xml/feed/eqvol_l.xml", "http://localhost:1", 1_795_262_430 + 3_600).unwrap();
        assert!(String::from_utf8(long.bytes).unwrap().contains("<entry>"));
    }

    #[test]
    fn an_index_made_on_change_is_the_same_until_something_changes() {
        let mut shelf = Shelf::new(Regeneration::OnChange);
        shelf.put(telegram("20261121120030_0_VXSE51_010000.xml", 1_795_262_430));
        assert_eq!(eqvol(&shelf, 1_795_262_431), eqvol(&shelf, 1_795_262_900));
        shelf.put(telegram("20261121120100_0_VXSE51_010000.xml", 1_795_262_460));
        assert_eq!(eqvol(&shelf, 1_795_262_900).matches("<entry>").count(), 2);
    }
}
