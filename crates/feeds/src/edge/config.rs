//! The feeds of a configuration file.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::ask::ClientSettings;
use super::dial::{Dial, Proxy, Roots};
use super::watcher::Settings;
use crate::news::NewsRules;
use crate::poll::{Adjusted, FeedSpec, Limits, jma_feeds};

/// What a configuration file says of the feeds to poll.
///
/// ```
/// let config: hikyaku_feeds::edge::FeedsConfig = toml::from_str(r#"
///     dial = "internet"
///     proxy = "http://proxy.example:3128"
///     memory = "feeds.redb"
///     jma = ["eqvol", "extra", "other"]
///     mofa = true
///
///     [[feeds]]
///     name = "wire"
///     url = "https://news.example/japan.rss"
///     style = "news"
///     every_s = 60
///
///     [[feeds]]
///     name = "geonet"
///     url = "https://api.geonet.org.nz/cap/1.2/GPA1.0/feed/atom1.0/quake"
///     style = "cap"
/// "#)?;
/// assert_eq!(config.settings()?.feeds.len(), 6);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FeedsConfig {
    /// Where connections may go; loopback unless told otherwise.
    pub dial: Dial,
    /// A proxy that is asked to CONNECT.
    pub proxy: Option<String>,
    /// A PEM file of the certificates to trust instead of the system's.
    pub roots: Option<PathBuf>,
    /// Who asks, for the feeds' operators.
    pub user_agent: Option<String>,
    /// How long an answer may take, in seconds.
    pub answer_patience_s: Option<u64>,
    /// The file in which it is remembered what was taken.
    pub memory: Option<PathBuf>,
    /// JMA's feeds by name: `eqvol`, `extra`, `other`, `regular`.
    pub jma: Vec<String>,
    /// Whether 外務省 海外安全情報 is polled.
    pub mofa: bool,
    /// What is otherwise of the feeds above, by name: `eqvol`, …, `mofa`.
    pub adjust: BTreeMap<String, Adjusted>,
    /// Any other feed.
    pub feeds: Vec<FeedSpec>,
    /// How much and how patiently.
    pub limits: Limits,
    /// What makes a headline of a news agency important.
    pub news: NewsRules,
}

impl FeedsConfig {
    /// What a watcher is started with.
    ///
    /// # Errors
    /// A text that says what cannot be used.
    pub fn settings(&self) -> Result<Settings, String> {
        let mut feeds = Vec::new();
        for name in &self.jma {
            let known = jma_feeds().into_iter().find(|it| it.name == *name);
            feeds.push(known.ok_or_else(|| format!("jma: {name:?} is none of eqvol, extra, other, regular"))?);
        }
        feeds.extend(self.mofa.then(FeedSpec::mofa));
        for (name, to) in &self.adjust {
            let feed = feeds.iter_mut().find(|it| it.name == *name);
            let unknown = || format!("adjust: {name:?} is none of the feeds that are polled by jma and mofa");
            feed.ok_or_else(unknown)?.adjust(*to);
        }
        feeds.extend(self.feeds.iter().cloned());
        if let Some(twice) =
            feeds.iter().enumerate().find(|(at, it)| feeds[..*at].iter().any(|other| other.name == it.name))
        {
            return Err(format!("feeds: two are called {:?}: give each its own name", twice.1.name));
        }
        feeds.iter().try_for_each(FeedSpec::check)?;
        self.limits.check()?;
        if self.news.victims_min == 0 {
            return Err("news: victims_min is 0, and every headline would matter: write 1 or more".to_owned());
        }
        let (limits, news, memory) = (self.limits, self.news, self.memory.clone());
        Ok(Settings { feeds, limits, client: self.client()?, memory, news, ..Settings::default() })
    }

    /// How whatever connects outwards connects: the feeds, and a stream beside them.
    ///
    /// # Errors
    /// A text that says what cannot be used.
    pub fn client(&self) -> Result<ClientSettings, String> {
        let mut client = ClientSettings {
            dial: self.dial,
            proxy: self.proxy.as_deref().map(Proxy::parse).transpose()?,
            roots: self.roots.clone().map_or(Roots::System, Roots::File),
            ..ClientSettings::default()
        };
        if let Some(user_agent) = &self.user_agent {
            client.user_agent.clone_from(user_agent);
        }
        if let Some(seconds) = self.answer_patience_s {
            client.answer_patience = Duration::from_secs(seconds.max(1));
        }
        Ok(client)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> Result<Settings, String> {
        toml::from_str::<FeedsConfig>(text).map_err(|e| e.to_string())?.settings()
    }

    #[test]
    fn a_jma_feed_written_by_hand_has_the_phase_the_watchdog_and_the_long_feed_of_the_built_in_ones() {
        let by_hand = r#"feeds = [{ name = "eqvol", style = "jma", url = "https://www.data.jma.go.jp/developer/xml/feed/eqvol.xml" }]"#;
        let (by_hand, built_in) = (settings(by_hand).unwrap(), settings(r#"jma = ["eqvol"]"#).unwrap());
        assert_eq!(by_hand.feeds, built_in.feeds);
        assert_eq!((by_hand.feeds[0].phase_s, by_hand.feeds[0].stale_after_s), (Some(20), Some(300)));
        let news =
            settings(r#"feeds = [{ name = "wire", style = "news", url = "https://news.example/a.xml", phase_s = 5 }]"#);
        let news = news.unwrap().feeds.remove(0);
        assert_eq!((news.history_s, news.phase_s, news.stale_after_s, news.long_url), (6 * 3_600, Some(5), None, None));
    }

    #[test]
    fn phase_and_watchdog_of_a_built_in_feed_can_be_set_and_of_none_else() {
        let feeds =
            settings("jma = [\"eqvol\", \"extra\"]\n[adjust.eqvol]\nphase_s = 35\nstale_after_s = 600").unwrap().feeds;
        assert_eq!((feeds[0].phase_s, feeds[0].stale_after_s), (Some(35), Some(600)));
        assert_eq!((feeds[1].phase_s, feeds[1].stale_after_s), (Some(20), Some(300)));
        let wrong = [
            ("jma = [\"extra\"]\nadjust.eqvol.phase_s = 35", "eqvol"),
            ("jma = [\"extra\"]\nadjust.extra.phase_s = 60", "phase_s is 60"),
            ("jma = [\"extra\"]\nadjust.extra.stale_after_s = 0", "stale_after_s is 0"),
            ("jma = [\"extra\"]\nadjust.extra.url = \"x\"", "unknown field"),
        ];
        for (text, why) in wrong {
            assert!(settings(text).is_err_and(|e| e.contains(why)), "{text}");
        }
    }

    #[test]
    fn the_country_of_a_feeds_alerts_is_a_known_one_and_of_alerts_only() {
        let with = |style: &str, country: &str| {
            let row = format!("name = 'a', url = 'https://a.example/b.xml', style = '{style}', country = '{country}'");
            settings(&format!("feeds = [{{ {row} }}]"))
        };
        assert_eq!(with("cap", "nz").unwrap().feeds[0].country, "NZ".parse().ok());
        assert!(with("document", "NZ").is_ok());
        for (style, country, why) in
            [("cap", "UK", "GB"), ("cap", "NZL", "NZL"), ("news", "NZ", "CAP"), ("jma", "JP", "CAP")]
        {
            assert!(with(style, country).is_err_and(|e| e.contains(why)), "{style} {country}");
        }
    }

    #[test]
    fn limits_above_what_is_ever_read_are_refused() {
        for key in ["index_bytes", "body_bytes"] {
            let with = |bytes: usize| settings(&format!("[limits]\n{key} = {bytes}"));
            assert!(with(16 * 1024 * 1024).is_ok());
            assert!(with(16 * 1024 * 1024 + 1).is_err_and(|e| e.contains(key) && e.contains("16 MiB")));
            assert!(with(0).is_err());
        }
    }
}
