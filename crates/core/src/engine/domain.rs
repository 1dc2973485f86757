//! Domains: where their mail goes, what waits until that is known, and when it is asked again.

use std::sync::Arc;

use super::lane::Site;
use super::machine::{BatchState, DomainState, Machine};
use crate::carrier::Carrier;
use crate::event::{Action, BatchHead, ChunkWork, HostRoute, Route};
use crate::message::BatchId;
use crate::outcome::Settlement;
use crate::queue::Queue;
use crate::time::{Instant, Span};

/// First and longest wait before a domain is looked up again after the name service failed.
const RESOLVE_WAIT: (Span, Span) = (Span::from_secs(1), Span::from_secs(30));
impl Machine {
    pub(super) fn on_submitted(
        &mut self,
        head: Arc<BatchHead>,
        work: Vec<ChunkWork>,
        now: Instant,
        actions: &mut Vec<Action>,
    ) {
        self.batches.insert(head.id, BatchState { head: head.clone(), over: None });
        for chunk in work {
            match self.domains.get(&chunk.domain) {
                Some(DomainState::At { site, .. }) => self.enqueue(*site, &head, chunk),
                Some(DomainState::NoMail { why, valid_until }) if *valid_until > now => {
                    let why = why.clone();
                    self.refuse_chunk(&head, chunk, &why);
                }
                known => {
                    if matches!(known, None | Some(DomainState::NoMail { .. })) {
                        self.domains.insert(chunk.domain.clone(), DomainState::Resolving { waits: 0 });
                        actions.push(Action::Resolve(chunk.domain.clone()));
                    }
                    self.parked.entry(chunk.domain.clone()).or_default().push((head.clone(), chunk));
                }
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
            Route::Hosts { carrier, site, hosts } => {
                let known = match self.domains.get(&domain) {
                    Some(DomainState::At { site, .. }) => Some(*site),
                    _ => None,
                };
                let site = match known.filter(|at| self.sites[*at].hosts.is_empty()) {
                    // Until now only a relay could take its mails, which wait there.
                    Some(at) => {
                        self.sites[at].hosts = hosts;
                        self.wake_group(self.sites[at].group);
                        at
                    }
                    None => self.site(&carrier, site, hosts, actions),
                };
                self.domain_wake = self.domain_wake.min(valid_until);
                self.domains.insert(domain.clone(), DomainState::At { site, valid_until, asked: false });
                for (head, work) in self.parked.remove(&domain).unwrap_or_default() {
                    self.enqueue(site, &head, work);
                }
            }
            Route::NoMail(why) => {
                for (head, work) in self.parked.remove(&domain).unwrap_or_default() {
                    self.refuse_chunk(&head, work, &why);
                }
                self.domains.insert(domain, DomainState::NoMail { why, valid_until });
            }
            Route::Failed(_) => match self.domains.get_mut(&domain) {
                // What is known goes on being used while the name service is down.
                Some(DomainState::At { asked, valid_until, .. }) => {
                    *asked = false;
                    *valid_until = now + RESOLVE_WAIT.1;
                    self.domain_wake = self.domain_wake.min(*valid_until);
                }
                Some(DomainState::Resolving { waits }) => {
                    let wait = RESOLVE_WAIT.0.saturating_mul(1 << (*waits).min(5)).min(RESOLVE_WAIT.1);
                    let state = DomainState::Failed { waits: *waits + 1, again: now + wait };
                    self.domain_wake = self.domain_wake.min(now + wait);
                    self.domains.insert(domain, state);
                }
                _ => {}
            },
        }
    }

    /// Finds or makes the site and its carrier's group.
    fn site(&mut self, carrier: &Carrier, name: String, hosts: Vec<HostRoute>, actions: &mut Vec<Action>) -> usize {
        let before = self.site_names.get(&name).copied();
        // Once after each new table a site may find itself another carrier's.
        if let Some(at) = before {
            let same = self.groups[self.sites[at].group].carrier == *carrier;
            if same || self.sites[at].table == self.reloads {
                self.sites[at].table = self.reloads;
                self.sites[at].hosts = hosts;
                return at;
            }
        }
        let group = self.group(carrier, actions);
        let at = self.sites.len();
        self.sites.push(Site::new(group, hosts));
        self.sites[at].table = self.reloads;
        self.groups[group].sites.push(at);
        self.site_names.insert(name, at);
        if let Some(before) = before {
            self.move_site(before, at);
        }
        at
    }

    /// Looks domains up again whose name service failed, or whose route has grown old while mail waits.
    pub(super) fn ask_again(&mut self, now: Instant, actions: &mut Vec<Action>) {
        if now < self.domain_wake {
            return;
        }
        self.domain_wake = Instant::NEVER;
        for (domain, state) in &mut self.domains {
            match state {
                DomainState::Failed { waits, again } if *again <= now => {
                    *state = DomainState::Resolving { waits: *waits };
                    actions.push(Action::Resolve(domain.clone()));
                }
                DomainState::At { site, valid_until, asked } if *valid_until <= now && !*asked => {
                    if self.sites[*site].queue.waiting() > 0 {
                        *asked = true;
                        actions.push(Action::Resolve(domain.clone()));
                    } else {
                        *valid_until = now + RESOLVE_WAIT.1;
                    }
                }
                _ => {}
            }
            self.domain_wake = self.domain_wake.min(match state {
                DomainState::Failed { again, .. } => *again,
                DomainState::At { valid_until, asked: false, .. } => *valid_until,
                _ => Instant::NEVER,
            });
        }
    }

    /// Mails that wait and have no site yet.
    pub(super) fn take_parked(&mut self, batch: BatchId) -> Vec<(String, Arc<BatchHead>, ChunkWork)> {
        let mut out = Vec::new();
        for (domain, works) in &mut self.parked {
            let (gone, kept): (Vec<_>, Vec<_>) = core::mem::take(works).into_iter().partition(|(h, _)| h.id == batch);
            *works = kept;
            out.extend(gone.into_iter().map(|(head, work)| (domain.clone(), head, work)));
        }
        out
    }
}
