//! What is known of each domain: where its mail goes, until when, and when the name service is asked again.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::event::Action;
use crate::mx::{self, Kept};
use crate::report::DomainTrouble;
use crate::time::{Instant, Span};
use crate::trust::Published;

/// Questions under way beyond which none is asked unprompted, so that renewing thousands of routes delays no new one.
const UNPROMPTED_MAX: usize = 32;
/// How long those wait that are too many.
const UNPROMPTED_WAIT: Span = Span::from_secs(1);
/// How often a domain is asked whether it still publishes what its hosts do not show.
const DOUBT_AGAIN: Span = Span::from_secs(30);
/// How soon a "no" is asked about again that is not believed yet.
const DENIAL_WAIT: Span = Span::from_secs(60);

/// Where a domain's mail goes at this moment.
#[derive(Clone, Debug, PartialEq)]
pub enum Way {
    /// To this site.
    Site(usize),
    /// To the site that was kept before the start; it is to be made.
    Remembered(Box<Kept>),
    /// Nowhere, and why.
    Nowhere(String),
    /// Not known yet: an answer is awaited.
    Wait,
}

/// What follows from "there is no such domain".
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// It is not believed yet: what was known goes on being used.
    GoOn,
    /// Its mail goes nowhere; what waits at this site is its too.
    Nowhere(Option<usize>),
}

/// One domain.
#[derive(Clone, Debug, Default)]
struct Domain {
    site: Option<usize>,
    nowhere: Option<String>,
    /// The last good answer, kept across restarts too.
    last: Option<Box<Kept>>,
    /// When that was written.
    written: Option<Instant>,
    valid_until: Instant,
    /// Whether a question is under way.
    asked: bool,
    /// When it is asked about next; `Instant::NEVER` if nobody needs it.
    again: Option<Instant>,
    /// Until when mail waits for a new answer, although an old one is known.
    patient_until: Option<Instant>,
    /// Questions in a row without a usable answer.
    fails: u32,
    trouble: Option<(String, Instant)>,
    denied_since: Option<Instant>,
    /// When it was asked last because a host did not show what it publishes.
    doubted: Instant,
    used: Instant,
    /// Whether somebody asked to have it ready.
    warm: bool,
}

impl Domain {
    fn known(&self, now: Instant) -> Option<Way> {
        let kept = self.last.as_ref().filter(|kept| kept.is_fresh_enough(now));
        self.site.map(Way::Site).or_else(|| kept.cloned().map(Way::Remembered))
    }

    /// When something is to be done about it.
    fn wake(&self) -> Instant {
        let again = self.again.filter(|_| !self.asked).unwrap_or(Instant::NEVER);
        again.min(self.patient_until.unwrap_or(Instant::NEVER))
    }

    fn ask(&mut self, name: &str, actions: &mut Vec<Action>) {
        if !core::mem::replace(&mut self.asked, true) {
            actions.push(Action::Resolve(name.to_string()));
        }
    }

    fn answered(&mut self) {
        (self.asked, self.patient_until) = (false, None);
    }
}

/// All domains.
#[derive(Debug, Default)]
pub struct Atlas {
    domains: BTreeMap<String, Domain>,
    /// How many domains' mail goes to a site, where any does.
    homes: BTreeMap<usize, usize>,
    wake: Instant,
    written: usize,
}

impl Atlas {
    /// Takes what was kept before the start.
    pub fn load(&mut self, name: &str, kept: Kept) {
        self.written += 1;
        let again = mx::renewal(kept.answered, kept.valid_until);
        // What was published may have been taken back meanwhile: its mail asks first, and goes by it if nothing is answered.
        let published = kept.hosts.iter().any(|host| host.published != Published::Nothing);
        let valid_until = if published { Instant::EPOCH } else { kept.valid_until };
        let (used, written) = (kept.used, Some(kept.answered));
        let last = Some(Box::new(kept));
        let domain = Domain { last, written, valid_until, used, again: Some(again), ..Domain::default() };
        self.domains.insert(name.to_string(), domain);
    }

    /// When `tick` has something to do.
    #[must_use]
    pub fn wake(&self) -> Instant {
        self.wake
    }

    /// Where mail to this domain goes that has just come; asks the name service if need be.
    pub fn way(&mut self, name: &str, now: Instant, actions: &mut Vec<Action>) -> Way {
        let domain = self.domains.entry(name.to_string()).or_default();
        domain.used = now;
        if domain.valid_until > now {
            match (&domain.nowhere, domain.known(now)) {
                (Some(why), _) => return Way::Nowhere(why.clone()),
                (None, Some(way)) => return way,
                (None, None) => {}
            }
        }
        domain.ask(name, actions);
        match domain.known(now) {
            // The name service has shown that it does not answer.
            Some(way) if domain.fails > 0 => way,
            Some(_) => {
                let until = *domain.patient_until.get_or_insert(now + mx::STALE_AFTER);
                self.wake = self.wake.min(until);
                Way::Wait
            }
            None => Way::Wait,
        }
    }

    /// Has everything looked up again: by a new table the answers may mean other carriers.
    pub fn reconsider(&mut self, now: Instant) {
        for domain in self.domains.values_mut() {
            domain.nowhere = None;
            domain.valid_until = domain.valid_until.min(now);
            // What is under way may be answered by the old table: the later answer counts.
            (domain.asked, domain.again) = (false, Some(now));
        }
        self.wake = now;
    }

    /// A host of this site did not show what its domains publish: before their mail waits any longer they are asked whether
    /// they still do (RFC 8461 §5.1).
    pub fn doubt(&mut self, site: usize, now: Instant) {
        for domain in self.domains.values_mut().filter(|domain| domain.site == Some(site)) {
            if now.since(domain.doubted) >= DOUBT_AGAIN {
                domain.doubted = now;
                domain.again = Some(now);
                self.wake = now;
            }
        }
    }

    /// Has a domain's route ready from now on.
    pub fn warm_up(&mut self, name: &str, now: Instant, actions: &mut Vec<Action>) {
        let domain = self.domains.entry(name.to_string()).or_default();
        domain.warm = true;
        if domain.valid_until <= now {
            domain.ask(name, actions);
        }
    }

    /// Where a domain's mail goes as far as is known, however old that is.
    #[must_use]
    pub fn known(&self, name: &str, now: Instant) -> Option<Way> {
        self.domains.get(name)?.known(now)
    }

    /// Where a domain's mail goes that was under way until now.
    #[must_use]
    pub fn home(&self, name: &str) -> Option<Way> {
        let domain = self.domains.get(name)?;
        domain.nowhere.clone().map(Way::Nowhere).or(domain.site.map(Way::Site))
    }

    /// Every domain whose site is known, by name.
    pub fn homes(&self) -> impl Iterator<Item = (&str, usize)> {
        self.domains.iter().filter_map(|(name, domain)| Some((name.as_str(), domain.site?)))
    }

    /// When the domain last had mail.
    #[must_use]
    pub fn used(&self, name: &str) -> Instant {
        self.domains.get(name).map_or(Instant::EPOCH, |domain| domain.used)
    }

    /// What was remembered of the domain has become this site.
    pub fn settle(&mut self, name: &str, site: usize) {
        if let Some(domain) = self.domains.get_mut(name) {
            let before = domain.site.replace(site);
            self.moved(before, Some(site));
        }
    }

    /// Whether any domain's mail goes to this site.
    #[must_use]
    pub fn is_home(&self, site: usize) -> bool {
        self.homes.contains_key(&site)
    }

    fn moved(&mut self, from: Option<usize>, to: Option<usize>) {
        if let Some(site) = to {
            *self.homes.entry(site).or_default() += 1;
        }
        if let Some(site) = from
            && let Entry::Occupied(mut home) = self.homes.entry(site)
        {
            *home.get_mut() -= 1;
            if *home.get() == 0 {
                home.remove();
            }
        }
    }

    /// The name service named hosts. Gives the site before, the domain whose kept route is forgotten for it, and what is
    /// to be kept.
    pub fn on_hosts(
        &mut self,
        name: &str,
        site: usize,
        kept: Kept,
        now: Instant,
    ) -> (Option<usize>, Option<String>, Option<Kept>) {
        let domain = self.domains.entry(name.to_string()).or_default();
        domain.answered();
        (domain.fails, domain.trouble, domain.denied_since, domain.nowhere) = (0, None, None, None);
        domain.valid_until = kept.valid_until;
        // Shortly before it ends; `tick` waits longer if no mail waits.
        let early = kept.valid_until.since(now) / 10;
        domain.again = Some(kept.valid_until - early);
        self.wake = self.wake.min(domain.wake());
        let changed = domain.last.as_ref().is_none_or(|last| last.hosts != kept.hosts || last.site != kept.site);
        let old = domain.written.is_none_or(|written| now.since(written) >= mx::REWRITTEN);
        let write = (changed || old).then(|| kept.clone());
        let first = write.is_some() && domain.written.is_none();
        if write.is_some() {
            domain.written = Some(now);
        }
        domain.last = Some(Box::new(kept));
        let before = domain.site.replace(site);
        self.moved(before, Some(site));
        self.written += usize::from(first);
        (before, if first { self.one_too_many(name) } else { None }, write)
    }

    /// The domain that went without mail for longest, if more are kept than may be.
    fn one_too_many(&mut self, newest: &str) -> Option<String> {
        if self.written <= mx::KEPT_MAX {
            return None;
        }
        let kept = self.domains.iter_mut().filter(|(name, domain)| domain.written.is_some() && *name != newest);
        let (name, domain) = kept.min_by_key(|(_, domain)| domain.used)?;
        domain.written = None;
        self.written -= 1;
        Some(name.clone())
    }

    /// The name service says that there is no such domain, or that it takes no mail.
    pub fn on_denied(&mut self, name: &str, why: &str, valid_until: Instant, now: Instant) -> Answer {
        let domain = self.domains.entry(name.to_string()).or_default();
        domain.answered();
        let since = *domain.denied_since.get_or_insert(now);
        if domain.known(now).is_some() && now.since(since) < mx::DENIAL_CONFIRMED {
            let why = format!("{why}; it did before, so its last known hosts are used until this is certain");
            domain.trouble = Some((why, domain.trouble.take().map_or(now, |(_, since)| since)));
            domain.fails = domain.fails.max(1);
            domain.again = Some(now + DENIAL_WAIT);
            self.wake = self.wake.min(domain.wake());
            return Answer::GoOn;
        }
        (domain.fails, domain.trouble, domain.last, domain.again) = (0, None, None, None);
        domain.nowhere = Some(why.to_string());
        domain.valid_until = valid_until;
        self.written -= usize::from(domain.written.take().is_some());
        let before = domain.site.take();
        self.moved(before, None);
        Answer::Nowhere(before)
    }

    /// The name service did not answer.
    pub fn on_failed(&mut self, name: &str, why: String, now: Instant) {
        let domain = self.domains.entry(name.to_string()).or_default();
        domain.answered();
        domain.fails = domain.fails.saturating_add(1);
        domain.trouble = Some((why, domain.trouble.take().map_or(now, |(_, since)| since)));
        domain.again = Some(now + mx::retry_wait(domain.fails));
        self.wake = self.wake.min(domain.wake());
    }

    /// Asks again where it is time. `waits` says whether mail waits for a domain or at its site. Gives the domains whose
    /// mail has waited long enough for an answer, and those whose kept route is too old.
    pub fn tick(
        &mut self,
        waits: impl Fn(&str, Option<usize>) -> bool,
        now: Instant,
        actions: &mut Vec<Action>,
    ) -> (Vec<String>, Vec<String>) {
        let (mut impatient, mut old) = (Vec::new(), Vec::new());
        let mut under_way = self.domains.values().filter(|domain| domain.asked).count();
        let mut wake = Instant::NEVER;
        for (name, domain) in &mut self.domains {
            if domain.patient_until.is_some_and(|until| until <= now) {
                domain.patient_until = None;
                impatient.push(name.clone());
            }
            if domain.site.is_none() && domain.last.as_ref().is_some_and(|last| !last.is_fresh_enough(now)) {
                (domain.last, domain.written) = (None, None);
                self.written -= 1;
                old.push(name.clone());
            }
            if !domain.asked && domain.again.is_some_and(|again| again <= now) {
                let waiting = waits(name, domain.site);
                domain.again = match (domain.renews(waiting, now), under_way < UNPROMPTED_MAX || waiting) {
                    (None, _) => None,
                    (Some(at), _) if at > now => Some(at),
                    (Some(_), false) => Some(now + UNPROMPTED_WAIT),
                    (Some(_), true) => {
                        under_way += 1;
                        domain.ask(name, actions);
                        domain.again
                    }
                };
            }
            wake = wake.min(domain.wake());
        }
        self.wake = wake;
        (impatient, old)
    }

    /// Why the domain cannot be resolved, if it cannot.
    #[must_use]
    pub fn trouble(&self, name: &str) -> Option<&str> {
        self.domains.get(name)?.trouble.as_ref().map(|(why, _)| why.as_str())
    }

    /// Every domain that cannot be resolved at present; `waiting` says how many mails wait for an answer.
    pub fn troubles(&self, waiting: impl Fn(&str) -> u64) -> Vec<DomainTrouble> {
        let troubled = self.domains.iter().filter_map(|(name, domain)| Some((name, domain, domain.trouble.as_ref()?)));
        let view = |(name, domain, (why, since)): (&String, &Domain, &(String, Instant))| DomainTrouble {
            domain: name.clone(),
            why: why.clone(),
            since: *since,
            waiting: waiting(name),
            goes_on: domain.site.is_some() || domain.last.is_some(),
        };
        troubled.map(view).collect()
    }
}

impl Domain {
    /// When it is to be asked about again: now if mail waits or the name service failed, otherwise not more often than
    /// every few minutes, and not at all if it had no mail for long.
    fn renews(&self, waiting: bool, now: Instant) -> Option<Instant> {
        if waiting {
            return Some(now);
        }
        let unknown = self.site.is_none() && self.last.is_none();
        if !self.warm && (unknown || now.since(self.used) > mx::IN_USE) {
            return None;
        }
        let answered = self.last.as_ref().map_or(Instant::EPOCH, |last| last.answered);
        Some(if self.fails > 0 { now } else { mx::renewal(answered, self.valid_until).max(now) })
    }
}
