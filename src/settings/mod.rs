//! The configuration file of `hikyaku serve`: what each key means stands in the file that `hikyaku init` writes.

mod check;
mod dmdata;
mod drill;
mod duties;
mod inbound;
mod mail;
mod oidc;
mod pattern;
mod push;
mod reports;
pub mod secret;
mod sites;
#[cfg(test)]
mod tests;
mod web;
mod webhooks;

use std::path::{Path, PathBuf};

use hikyaku_feeds::edge::FeedsConfig;
use serde::Deserialize;

pub use check::CheckSettings;
pub use dmdata::DmdataSettings;
pub use drill::DrillSettings;
pub use duties::{AlertSettings, ChannelSettings, ProbeSettings, RecordSettings, RosterSettings};
pub use inbound::InboundSettings;
pub use mail::MailSettings;
pub use pattern::{Pattern, REPLY, VERP};
pub use push::PushSettings;
pub use reports::{Level, Measure, ReportSettings};
pub use sites::{AnswersSite, ApiSite, ConsoleSite, MetricsSite, ProxySettings, TlsSettings};
pub use web::WebSettings;
pub use webhooks::WebhookSettings;

/// What the file is called where nothing else is said.
pub const FILE: &str = "hikyaku.toml";

/// Everything the server is told. Paths in it are relative to the file's own folder.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Whose system it is.
    pub organisation: String,
    /// The folder of journal, keys, queue and memory of feeds.
    pub data: PathBuf,
    /// The responder pages.
    pub answers: AnswersSite,
    /// The console.
    pub console: ConsoleSite,
    /// How much the pages take on at once.
    #[serde(default)]
    pub web: WebSettings,
    /// The API for programs; left out, nothing is served to them.
    pub api: Option<ApiSite>,
    /// What monitoring reads; left out, nothing is served to it.
    pub metrics: Option<MetricsSite>,
    /// Where sources push telegrams; left out, nobody can.
    pub push: Option<PushSettings>,
    /// The stream of DM-D.S.S; left out, it is not connected to.
    pub dmdata: Option<DmdataSettings>,
    /// The server's own certificate; left out, a proxy in front has one.
    pub tls: Option<TlsSettings>,
    /// The proxy in front, if there is one.
    #[serde(default)]
    pub proxy: ProxySettings,
    /// How mails leave.
    pub mail: MailSettings,
    /// The drill that goes round by itself; left out, there is none.
    pub drill: Option<DrillSettings>,
    /// Where mail comes back to; left out, nothing is read of it.
    pub inbound: Option<InboundSettings>,
    /// Who is told when something goes wrong.
    #[serde(default)]
    pub alerts: AlertSettings,
    /// The system behind the other channels (SMS, telephone); left out, lists are only shown.
    pub channel: Option<ChannelSettings>,
    /// Systems that are told of answers, outcomes and alarms.
    #[serde(default)]
    pub webhooks: Vec<WebhookSettings>,
    /// Where daily rosters come from; none, where they come by hand.
    #[serde(default)]
    pub roster: Vec<RosterSettings>,
    /// How often addresses are probed.
    #[serde(default)]
    pub probes: ProbeSettings,
    /// How long records are kept, and where their signed heads go.
    #[serde(default)]
    pub records: RecordSettings,
    /// Reports of months and incidents.
    #[serde(default)]
    pub reports: ReportSettings,
    /// What `hikyaku check` holds the set-up against.
    #[serde(default)]
    pub check: CheckSettings,
    /// What is polled.
    #[serde(default)]
    pub feeds: FeedsConfig,
    /// The file as it is written, for who documents it.
    #[serde(skip)]
    pub written: toml::Table,
}

impl Settings {
    /// Reads the file.
    ///
    /// # Errors
    /// One line that names the file, the line in it and what to mend.
    pub fn read(path: &Path) -> Result<Self, String> {
        let named = |problem: String| format!("{}: {problem}", path.display());
        let text = std::fs::read_to_string(path)
            .map_err(|e| named(format!("{e}; run `hikyaku init` to make one, or name it with --config")))?;
        let mut settings: Settings = toml::from_str(&text).map_err(|e| named(e.to_string().trim_end().to_owned()))?;
        settings.written = toml::from_str(&text).map_err(|e| named(e.to_string()))?;
        settings.anchor(path.parent().unwrap_or(Path::new("")));
        settings.check().map_err(named)?;
        Ok(settings)
    }

    /// Makes every path independent of the folder in which the command is given.
    fn anchor(&mut self, folder: &Path) {
        self.data = folder.join(&self.data);
        if let Some(tls) = &mut self.tls {
            tls.anchor(folder);
        }
        if let Some(push) = &mut self.push {
            push.anchor(folder);
        }
        if let Some(dmdata) = &mut self.dmdata {
            dmdata.anchor(folder);
        }
        self.mail.anchor(folder);
        if let Some(oidc) = &mut self.console.oidc {
            oidc.anchor(folder);
        }
        self.answers.privacy.anchor(folder);
        self.webhooks.iter_mut().for_each(|hook| hook.anchor(folder));
        self.roster.iter_mut().for_each(|roster| roster.anchor(folder));
        self.records.anchor(folder, &self.data);
        self.reports.anchor(folder, &self.data);
        for path in [&mut self.feeds.memory, &mut self.feeds.roots].into_iter().flatten() {
            *path = folder.join(&*path);
        }
        self.feeds.memory.get_or_insert_with(|| self.data.join("feeds.redb"));
    }

    fn check(&self) -> Result<(), String> {
        let over_tls = self.tls.is_some() || self.proxy.is_there();
        let api = self.api.as_ref().map(|api| ("api", api.listen));
        let sites = [("answers", self.answers.listen), ("console", self.console.listen)];
        for (name, listen) in sites.into_iter().chain(api) {
            if !over_tls && !listen.ip().is_loopback() {
                return Err(format!(
                    "[{name}] listen = \"{listen}\" would be served without TLS: give [tls] a certificate, or [proxy] the networks of the proxy that has one"
                ));
            }
        }
        if !self.answers.address.ends_with('/') {
            return Err("[answers] address must end with a slash, such as https://anpi.example.go.jp/".into());
        }
        if over_tls && !self.answers.address.starts_with("https://") {
            return Err("[answers] address must begin with https://, for it stands in every mail".into());
        }
        self.web.check()?;
        if self.console.passkeys.is_some() && !cfg!(feature = "passkeys") {
            return Err(
                "[console] passkeys: this program was built without them: build it with --features passkeys".into()
            );
        }
        if self.console.oidc.is_some() && !cfg!(feature = "oidc") {
            return Err("[console.oidc]: this program was built without it: build it with --features oidc".into());
        }
        for (at, hook) in self.webhooks.iter().enumerate() {
            hook.check()?;
            if self.webhooks[..at].iter().any(|other| other.name == hook.name) {
                return Err(format!("[[webhooks]] \"{}\": another has this name: give each its own", hook.name));
            }
        }
        self.drill.as_ref().map_or(Ok(()), DrillSettings::check)?;
        match &self.inbound {
            Some(inbound) => inbound.check(&self.mail)?,
            None => self.mail.check_unanswered()?,
        }
        self.check_sources()
    }

    /// The certificates of this server's own, each under the name of its section.
    pub fn certificates(&self) -> Vec<(&'static str, PathBuf)> {
        let pages = self.tls.as_ref().map(|tls| ("tls", tls.files().0.to_owned()));
        let push = self.push.as_ref().and_then(|push| push.certificate()).map(|path| ("push", path.to_owned()));
        pages.into_iter().chain(push).collect()
    }

    /// What can be told of the sources of telegrams before anything is opened.
    fn check_sources(&self) -> Result<(), String> {
        let feeds = self.feeds.settings().map_err(|e| format!("[feeds] {e}"))?;
        let mut names: Vec<&str> = feeds.feeds.iter().map(|feed| feed.name.as_str()).collect();
        if let Some(dmdata) = &self.dmdata {
            dmdata.check()?;
            if names.contains(&dmdata::NAME) {
                return Err(format!("[[feeds.feeds]] \"{}\": [dmdata] has this name: choose another", dmdata::NAME));
            }
            names.push(dmdata::NAME);
        }
        if let Some(push) = &self.push {
            push.check()?;
            if let Some(twice) = push.names().find(|name| names.contains(name)) {
                return Err(format!("[[push.sources]] \"{twice}\": a feed has this name: give each its own"));
            }
        }
        Ok(())
    }
}
