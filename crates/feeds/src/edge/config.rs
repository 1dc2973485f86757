//! The feeds of a configuration file.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::ask::ClientSettings;
use super::dial::{Dial, Proxy, Roots};
use super::watcher::Settings;
use crate::news::NewsRules;
use crate::poll::{FeedSpec, Limits, jma_feeds};

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
        feeds.extend(self.feeds.iter().cloned());
        if let Some(twice) =
            feeds.iter().enumerate().find(|(at, it)| feeds[..*at].iter().any(|other| other.name == it.name))
        {
            return Err(format!("feeds: two are called {:?}: give each its own name", twice.1.name));
        }
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
