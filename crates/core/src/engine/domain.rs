//! Domains: where their mail goes, what waits until that is known, and what happens when it changes.

use std::sync::Arc;

use super::atlas::{Answer, Way};
use super::lane::Site;
use super::machine::{BatchState, ChunkHome, Machine};
use crate::carrier::Carrier;
use crate::event::{Action, BatchHead, ChunkWork, HostRoute, Route};
use crate::message::BatchId;
use crate::mx::{self, Kept};
use crate::outcome::Settlement;
use crate::queue::{ChunkId, Past, Pick, Places, Queue};
use crate::time::Instant;

impl Machine {
    /// Takes the routes that were good before the start out of what was kept.
    pub(super) fn recall_routes(&mut self) {
        let is_route = |name: &&String| name.starts_with(mx::KEPT_PREFIX);
        let names: Vec<String> = self.settings.kept.keys().filter(is_route).cloned().collect();
        for name in names {
            if let Some(kept) = self.settings.kept.remove(&name).and_then(|bytes| Kept::read(&bytes)) {
                self.atlas.load(name.trim_start_matches(mx::KEPT_PREFIX), kept);
            }
        }
    }

    pub(super) fn on_submitted(
        &mut self,
        head: Arc<BatchHead>,
        mut work: Vec<ChunkWork>,
        now: Instant,
        actions: &mut Vec<Action>,
    ) {
        self.batches.insert(head.id, BatchState { head: head.clone(), over: None });
        // The name service is asked first where most mails wait for it.
        work.sort_by_key(|chunk| core::cmp::Reverse(chunk.fresh.len() + chunk.again.len()));
        for chunk in work {
            let id = ChunkId { batch: head.id, number: chunk.number };
            let open = chunk.fresh.len() + chunk.again.len();
            self.chunk_homes.insert(id, ChunkHome { domain: chunk.domain.as_str().into(), open });
            match self.atlas.way(&chunk.domain, now, actions) {
                Way::Site(site) => self.enqueue(site, &head, chunk),
                Way::Remembered(kept) => {
                    let site = self.go_by_memory(&chunk.domain, *kept, now, actions);
                    self.enqueue(site, &head, chunk);
                }
                Way::Nowhere(why) => self.refuse_chunk(&head, chunk, &why),
                Way::Wait => self.parked.entry(chunk.domain.clone()).or_default().push((head.clone(), chunk)),
            }
        }
    }

    fn enqueue(&mut self, site: usize, head: &BatchHead, work: ChunkWork) {
        Self::add_work(&mut self.sites[site].queue, head, work);
        self.wake_group(self.sites[site].group);
    }

    fn refuse_chunk(&mut self, head: &BatchHead, work: ChunkWork, why: &str) {
        let carrier = Carrier::new(work.domain.clone());
        let mut alone = Queue::default();
        Self::add_work(&mut alone, head, work);
        self.doom(alone.take_batch(head.id), &carrier, Settlement::Bounced, why);
    }

    pub(super) fn on_resolved(
        &mut self,
        domain: String,
        route: Route,
        valid_until: Instant,
        now: Instant,
        actions: &mut Vec<Action>,
    ) {
        match route {
            Route::Hosts { carrier, site: name, hosts } => {
                let site = self.site(&carrier, (name.clone(), hosts.clone()), now, actions);
                let used = self.atlas.used(&domain);
                let kept = Kept { carrier, site: name, hosts, answered: now, valid_until, used };
                let (before, forgotten, write) = self.atlas.on_hosts(&domain, site, kept, now);
                self.remember(&domain, write, forgotten);
                if let Some(before) = before.filter(|before| *before != site) {
                    self.move_mail(&domain, before, site);
                    self.leave(before);
                }
                self.unpark(&domain, site);
            }
            Route::NoMail(why) => match self.atlas.on_denied(&domain, &why, valid_until, now) {
                Answer::GoOn => self.go_on(&domain, now, actions),
                Answer::Nowhere(before) => {
                    for (head, work) in self.parked.remove(&domain).unwrap_or_default() {
                        self.refuse_chunk(&head, work, &why);
                    }
                    self.remember(&domain, None, Some(domain.clone()));
                    if let Some(before) = before {
                        let picks = self.take_mail(&domain, before).into_picks();
                        self.doom(picks, &Carrier::new(domain), Settlement::Bounced, &why);
                        self.leave(before);
                    }
                }
            },
            Route::Failed(why) => {
                self.atlas.on_failed(&domain, why, now);
                self.go_on(&domain, now, actions);
            }
        }
    }

    /// What waits for an answer goes by what was known before, if anything was.
    fn go_on(&mut self, domain: &str, now: Instant, actions: &mut Vec<Action>) {
        let site = match self.atlas.known(domain, now) {
            Some(Way::Site(site)) => site,
            Some(Way::Remembered(kept)) if self.parked.contains_key(domain) => {
                self.go_by_memory(domain, *kept, now, actions)
            }
            _ => match self.relay_site(domain, now, actions) {
                Some(site) => site,
                None => return,
            },
        };
        self.unpark(domain, site);
    }

    /// A carrier with a relay of its own is reached through that, whatever is not known of its MX hosts.
    fn relay_site(&mut self, domain: &str, now: Instant, actions: &mut Vec<Action>) -> Option<usize> {
        let carrier = self.settings.table.of_domain(domain)?.carrier.clone();
        if !self.settings.routes.iter().any(|route| route.serves(&carrier)) {
            return None;
        }
        let site = self.site(&carrier, (mx::BY_RELAY.to_string(), Vec::new()), now, actions);
        self.atlas.settle(domain, site);
        Some(site)
    }

    /// Makes a site of what was kept before the start. The table may name its carrier by now.
    fn go_by_memory(&mut self, domain: &str, kept: Kept, now: Instant, actions: &mut Vec<Action>) -> usize {
        let names: Vec<String> = kept.hosts.iter().map(|host| host.name.clone()).collect();
        let table = &self.settings.table;
        let row = table.of_hosts(&names).or_else(|| table.of_domain(domain));
        let carrier = row.map_or(kept.carrier, |row| row.carrier.clone());
        let site = self.site(&carrier, (kept.site, kept.hosts), now, actions);
        self.atlas.settle(domain, site);
        site
    }

    fn unpark(&mut self, domain: &str, site: usize) {
        for (head, work) in self.parked.remove(domain).unwrap_or_default() {
            self.enqueue(site, &head, work);
        }
    }

    /// Has a route kept across restarts, or what was kept of one forgotten.
    fn remember(&mut self, domain: &str, write: Option<Kept>, forgotten: Option<String>) {
        if let Some(kept) = write {
            let name = mx::kept_name(domain);
            self.keep(name.clone(), &kept);
            // The atlas has it.
            self.settings.kept.remove(&name);
        }
        if let Some(gone) = forgotten {
            self.forget(&mx::kept_name(&gone));
        }
    }

    /// Another site answers for the domain from now on: what waits goes there, once and whole. What is under way ends
    /// where it is; if it must be tried again, it is at the new one.
    fn move_mail(&mut self, domain: &str, from: usize, to: usize) {
        let moving = self.take_mail(domain, from);
        self.sites[to].queue.append(moving);
        self.wake_group(self.sites[from].group);
        self.wake_group(self.sites[to].group);
    }

    fn take_mail(&mut self, domain: &str, site: usize) -> Queue {
        let homes = &self.chunk_homes;
        let is_its = |chunk: ChunkId| homes.get(&chunk).is_some_and(|home| &*home.domain == domain);
        self.sites[site].queue.split_off(is_its)
    }

    /// Has a mail wait that was under way: where its domain's mail goes now, which need not be where it was.
    pub(super) fn wait_again(&mut self, head: &BatchHead, site: usize, pick: Pick, due: Option<Instant>) {
        let domain = self.chunk_homes.get(&ChunkId::of(pick.mail)).map(|home| home.domain.clone());
        let site = match domain.as_ref().and_then(|domain| self.atlas.home(domain)) {
            Some(Way::Site(now)) => now,
            Some(Way::Nowhere(why)) => {
                let carrier = Carrier::new(domain.as_deref().unwrap_or_default());
                return self.doom(vec![pick], &carrier, Settlement::Bounced, &why);
            }
            _ => site,
        };
        let queue = &mut self.sites[site].queue;
        match due {
            // As if nothing had been.
            None if pick.past == Past::default() => {
                let places = Places::List([ChunkId::place(pick.mail)].into());
                queue.add_chunk(Self::standing(head), ChunkId::of(pick.mail), places);
            }
            due => queue.add_again(due.unwrap_or(Instant::EPOCH), Self::standing(head), pick),
        }
        self.wake_group(self.sites[site].group);
    }

    /// Finds or makes the site and its carrier's group.
    fn site(
        &mut self,
        carrier: &Carrier,
        (name, hosts): (String, Vec<HostRoute>),
        now: Instant,
        actions: &mut Vec<Action>,
    ) -> usize {
        // The same hosts may serve domains of two carriers, and another one by a new table.
        let name = (carrier.clone(), name);
        if let Some(at) = self.site_names.get(&name).copied() {
            self.left.retain(|left| *left != at);
            self.sites[at].hosts = hosts;
            // An address that was added may be one that answers.
            self.wake_group(self.sites[at].group);
            return at;
        }
        let at = match self.left_place(carrier, now, actions) {
            Some(at) => at,
            None => {
                let group = self.group(carrier, now, actions);
                self.groups[group].sites.push(self.sites.len());
                self.sites.push(Site::new(group, Vec::new()));
                self.sites.len() - 1
            }
        };
        self.sites[at].hosts = hosts;
        self.site_names.insert(name, at);
        at
    }

    /// Asks again where the name service failed or an answer grows old, and lets mail go by what is known that has
    /// waited long enough for an answer.
    pub(super) fn ask_again(&mut self, now: Instant, actions: &mut Vec<Action>) {
        if now < self.atlas.wake() || self.shutting_down {
            return;
        }
        let (parked, sites) = (&self.parked, &self.sites);
        let waits = |domain: &str, site: Option<usize>| {
            parked.contains_key(domain) || site.is_some_and(|site| sites[site].queue.waiting() > 0)
        };
        let (impatient, old) = self.atlas.tick(waits, now, actions);
        for domain in impatient {
            self.go_on(&domain, now, actions);
        }
        for domain in old {
            self.forget(&mx::kept_name(&domain));
        }
    }

    /// Mails that wait and have no site yet, with what is known of why.
    pub(super) fn take_parked(&mut self, batch: BatchId) -> Vec<(String, Arc<BatchHead>, ChunkWork, String)> {
        let mut out = Vec::new();
        for (domain, works) in &mut self.parked {
            let (gone, kept): (Vec<_>, Vec<_>) = core::mem::take(works).into_iter().partition(|(h, _)| h.id == batch);
            *works = kept;
            let why = self.atlas.trouble(domain).unwrap_or_default();
            out.extend(gone.into_iter().map(|(head, work)| (domain.clone(), head, work, why.to_string())));
        }
        self.parked.retain(|_, works| !works.is_empty());
        out
    }
}
