//! What a feed is and how patiently it is asked: values for a configuration file, with what suits the known feeds.

use hikyaku_bulletin::CountryCode;
use serde::Deserialize;

use super::schedule::Backoff;
use crate::bounds::MAX_TELEGRAM_BYTES;
use crate::index::Entry;

/// Where JMA publishes its feeds.
const JMA_BASE: &str = "https://www.data.jma.go.jp/developer/xml/feed/";
/// Where the ministry of foreign affairs publishes what is new; the light form.
const MOFA_NEW: &str = "https://www.ezairyu.mofa.go.jp/opendata/area/newarrivalL.xml";

/// The digest of all warnings of the country: megabytes, several times an hour, of what each office's own telegram says.
const DIGEST: &str = "VPWS50";

/// How a feed is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Style {
    /// An Atom index of JMA telegrams, each known by its file name, each fetched once.
    Jma,
    /// An Atom or RSS index of documents such as CAP, each known by its address and the time of its entry.
    Cap,
    /// An Atom or RSS index whose entries are all there is: headlines of a news agency. No article is fetched.
    News,
    /// One document that is itself what is wanted, handed over whenever it changes.
    Document,
}

/// What kind of document a feed consists of; anything else is an error page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expects {
    /// XML.
    #[default]
    Xml,
    /// JSON.
    Json,
}

/// One feed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "Written")]
pub struct FeedSpec {
    /// Its name in pages, metrics and logs.
    pub name: String,
    /// What is asked every time.
    pub url: String,
    /// The longer form of the same index, asked at the start and after a gap.
    pub long_url: Option<String>,
    /// How it is read.
    pub style: Style,
    /// The period of asking, in seconds.
    pub every_s: u32,
    /// The second of the period at which it is asked; without one, a period after the last time.
    pub phase_s: Option<u32>,
    /// How far back the short index promises to reach, in seconds. After a longer silence the long one is asked.
    pub promised_s: u32,
    /// The age of the feed's own time, in seconds, from which the feed counts as dead whatever its server answers.
    pub stale_after_s: Option<u32>,
    /// Entries older than this when they are first seen, in seconds by the feed's own clock, are left alone.
    pub history_s: u32,
    /// Beginnings of telegram types that are wanted, such as `VXSE`; empty: all. Only of JMA feeds.
    pub types: Vec<String>,
    /// Beginnings of telegram types that are not wanted even so.
    pub except_types: Vec<String>,
    /// What its documents are.
    pub expects: Expects,
    /// The country in which the areas of its CAP alerts lie that tell none themselves.
    pub country: Option<CountryCode>,
}

/// A feed as a configuration file has it: what is left out is what suits its style.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    url: String,
    style: Style,
    long_url: Option<String>,
    every_s: Option<u32>,
    phase_s: Option<u32>,
    promised_s: Option<u32>,
    stale_after_s: Option<u32>,
    history_s: Option<u32>,
    #[serde(default)]
    types: Vec<String>,
    except_types: Option<Vec<String>>,
    #[serde(default)]
    expects: Expects,
    country: Option<CountryCode>,
}

impl From<Written> for FeedSpec {
    fn from(it: Written) -> Self {
        let usual = Self::new(it.style, it.name, it.url);
        Self {
            long_url: it.long_url.or(usual.long_url),
            every_s: it.every_s.unwrap_or(usual.every_s),
            phase_s: it.phase_s.or(usual.phase_s.filter(|phase| it.every_s.is_none_or(|every| *phase < every))),
            promised_s: it.promised_s.unwrap_or(usual.promised_s),
            stale_after_s: it.stale_after_s.or(usual.stale_after_s),
            history_s: it.history_s.unwrap_or(usual.history_s),
            types: it.types,
            except_types: it.except_types.unwrap_or(usual.except_types),
            expects: it.expects,
            country: it.country,
            ..usual
        }
    }
}

/// What may be set otherwise of a feed that comes with the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Adjusted {
    /// The second of the period at which it is asked.
    pub phase_s: Option<u32>,
    /// The age of the feed's own time, in seconds, from which it counts as dead.
    pub stale_after_s: Option<u32>,
}

impl FeedSpec {
    /// A feed with what suits its style: JMA's minutely, at second 20, dead after five minutes, without the digest (集約通報) and with the long
    /// form of an index that has the name of one of JMA's.
    pub fn new(style: Style, name: impl Into<String>, url: impl Into<String>) -> Self {
        let (is_jma, url) = (style == Style::Jma, url.into());
        Self {
            name: name.into(),
            long_url: if is_jma { long_form(&url) } else { None },
            url,
            style,
            every_s: 60,
            phase_s: is_jma.then_some(20),
            promised_s: 600,
            stale_after_s: is_jma.then_some(300),
            history_s: if style == Style::News { 6 * 3_600 } else { 86_400 },
            types: Vec::new(),
            except_types: if is_jma { vec![DIGEST.to_owned()] } else { Vec::new() },
            expects: Expects::Xml,
            country: None,
        }
    }

    /// One of JMA's four feeds under a base address that ends in `/`: `regular`, `extra`, `eqvol` or `other`.
    #[must_use]
    pub fn jma(group: &str, base: &str) -> Self {
        Self::new(Style::Jma, group, format!("{base}{group}.xml"))
    }

    /// What the ministry of foreign affairs has published in the last 48 hours, asked every five minutes.
    #[must_use]
    pub fn mofa() -> Self {
        let mut spec = Self::new(Style::Document, "mofa", MOFA_NEW);
        spec.every_s = 300;
        spec
    }

    /// Sets otherwise what is told.
    pub fn adjust(&mut self, to: Adjusted) {
        self.phase_s = to.phase_s.or(self.phase_s);
        self.stale_after_s = to.stale_after_s.or(self.stale_after_s);
    }

    /// Whether its numbers make sense.
    ///
    /// # Errors
    /// A text that names the feed and the key.
    pub fn check(&self) -> Result<(), String> {
        let (name, every) = (&self.name, self.every_s);
        if every == 0 {
            return Err(format!("feed {name:?}: every_s is 0: write the seconds between two questions, 60 as a rule"));
        }
        if let Some(phase) = self.phase_s.filter(|it| *it >= every) {
            return Err(format!(
                "feed {name:?}: phase_s is {phase}, and the period only {every} s: write 0 to {}",
                every - 1
            ));
        }
        if self.stale_after_s == Some(0) {
            return Err(format!(
                "feed {name:?}: stale_after_s is 0, and it would always count as dead: write 60 or more"
            ));
        }
        match self.country {
            Some(_) if matches!(self.style, Style::Jma | Style::News) => Err(format!(
                "feed {name:?}: country is for CAP alerts, which this feed does not bring: take it out, or write style = \"cap\""
            )),
            Some(country) => known_country(country).map_err(|why| format!("feed {name:?}: {why}")),
            None => Ok(()),
        }
    }

    /// Whether an entry is of a wanted type.
    pub(super) fn wants(&self, entry: &Entry) -> bool {
        if self.style != Style::Jma {
            return true;
        }
        // A name that tells no type is fetched: what is unknown is looked at.
        let Some(kind) = telegram_type(entry) else { return true };
        let begins = |with: &String| kind.starts_with(with.as_str());
        (self.types.is_empty() || self.types.iter().any(begins)) && !self.except_types.iter().any(begins)
    }

    /// The identity of what an entry leads to.
    pub(super) fn key(&self, entry: &Entry) -> String {
        if self.style == Style::Jma {
            return stem(entry).to_owned();
        }
        // Elsewhere one address may be filled anew; the entry's time tells it.
        let time = entry.updated.map(|it| it.to_string()).unwrap_or_default();
        format!("{}@{time}", entry.link)
    }
}

/// Whether a country of a configuration is in our table: `UK` is not, it is `GB`.
///
/// # Errors
/// A text that names the code and says what to write.
pub fn known_country(country: CountryCode) -> Result<(), String> {
    match crate::tables::country(&country.to_string()) {
        Some(_) => Ok(()),
        None => {
            Err(format!("country {country} is not known: write the two letters of ISO 3166, such as \"NZ\" or \"GB\""))
        }
    }
}

/// The file name of an entry's document without its ending: the identity of a JMA telegram.
fn stem(entry: &Entry) -> &str {
    let name = entry.link.split(['#', '?']).next().unwrap_or(&entry.link);
    let name = name.rsplit('/').next().unwrap_or(name);
    name.strip_suffix(".xml").unwrap_or(name)
}

/// The type of a JMA telegram, from its file name `{stamp}_{n}_{TYPE}_{office}.xml`; `None` for other names. The title does not tell
/// it: 震源・震度に関する情報 is also the title of what is far away.
fn telegram_type(entry: &Entry) -> Option<&str> {
    let mut parts = stem(entry).split('_');
    let stamp = parts.next().filter(|it| it.len() == 14 && it.bytes().all(|b| b.is_ascii_digit()));
    stamp.and_then(|_| parts.nth(1)).filter(|it| it.len() >= 6 && it.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// JMA's four feeds, what matters most first.
const JMA_GROUPS: [&str; 4] = ["eqvol", "extra", "other", "regular"];

/// The address of the long form of one of JMA's indexes, wherever it is served: `…/eqvol_l.xml` of `…/eqvol.xml`.
fn long_form(url: &str) -> Option<String> {
    let stem = url.strip_suffix(".xml")?;
    let is_known = stem.rsplit('/').next().is_some_and(|name| JMA_GROUPS.contains(&name));
    is_known.then(|| format!("{stem}_l.xml"))
}

/// JMA's four feeds, what matters most first.
#[must_use]
pub fn jma_feeds() -> Vec<FeedSpec> {
    JMA_GROUPS.map(|group| FeedSpec::jma(group, JMA_BASE)).into()
}

/// How much is asked at once, how large an answer may be, and how long failures are borne.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// The largest index, in bytes when unpacked.
    pub index_bytes: usize,
    /// The largest telegram, in bytes when unpacked.
    pub body_bytes: usize,
    /// How many telegrams of one feed are fetched at once.
    pub bodies_at_once: usize,
    /// How long a telegram waits for an earlier one that is on its way, in milliseconds, to keep their order.
    pub order_wait_ms: u32,
    /// Pauses after a failure of the network or the server.
    pub backoff: Backoff,
    /// Pauses after being refused (403, 429, 451): asking on makes it worse.
    pub refused: Backoff,
    /// How long a telegram that is missing, damaged or too large is asked for, in seconds, before it is given up.
    pub damaged_patience_s: u32,
    /// How long a telegram is asked for whose server does not answer, in seconds.
    pub silent_patience_s: u32,
    /// How often the long index is asked again while it does not yet cover a gap, in seconds.
    pub long_every_s: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            index_bytes: MAX_TELEGRAM_BYTES,
            body_bytes: MAX_TELEGRAM_BYTES,
            bodies_at_once: 4,
            order_wait_ms: 500,
            backoff: Backoff { first_ms: 2_000, longest_ms: 60_000, jitter_percent: 25 },
            refused: Backoff { first_ms: 60_000, longest_ms: 900_000, jitter_percent: 25 },
            damaged_patience_s: 600,
            silent_patience_s: 6 * 3_600,
            long_every_s: 300,
        }
    }
}

impl Limits {
    /// Whether the sizes can be kept: nothing larger than 16 MiB is ever read, whatever is fetched.
    ///
    /// # Errors
    /// A text that names the key.
    pub fn check(&self) -> Result<(), String> {
        for (key, bytes) in [("index_bytes", self.index_bytes), ("body_bytes", self.body_bytes)] {
            if !(1..=MAX_TELEGRAM_BYTES).contains(&bytes) {
                return Err(format!(
                    "limits: {key} is {bytes}, and nothing above {MAX_TELEGRAM_BYTES} bytes (16 MiB) is ever read: write 1 to {MAX_TELEGRAM_BYTES}"
                ));
            }
        }
        Ok(())
    }
}
