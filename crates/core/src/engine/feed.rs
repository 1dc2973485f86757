//! Choosing: which waiting mail goes to which session now, and when a session is opened or ended.

use std::net::SocketAddr;

use super::lane::{Lane, Talk};
use super::machine::{Flight, Machine};
use crate::event::{Action, SessionId};
use crate::message::{History, MailId, Urgency};
use crate::outcome::Settlement;
use crate::pace::{NotUntil, Permit, overtakes};
use crate::plan::{Choice, Field};
use crate::queue::ChunkId;
use crate::time::{Instant, Span};

/// Mails a session has at most: one being answered, one written with its dot, one ready behind them. Where the bound on
/// unsettled attempts is configured higher, its share of that, so that a near server need not wait for the disk.
const DEPTH: (usize, usize) = (4, 32);
/// How long before its departure a mail may be registered: time for the disk, and little to be in doubt after a crash.
const LEAD: Span = Span::from_millis(20);

/// Mails a session carries before it may be ended so that another site of its lane gets its turn.
const TURN_MAILS: u32 = 10;
/// Another session is opened while so many mails wait for each: carriers count connections too.
const SESSION_MAILS: usize = 3;

/// Why a site sends nothing more now.
enum Stop {
    /// Nothing waits, or every session is busy: the next event tells.
    Site,
    /// The site has no session, and other sites' sessions fill the window.
    NoSeat,
    /// The site must wait until then.
    SiteUntil(Instant),
    /// The whole lane must wait until then.
    Lane(Instant),
    /// This mail's domain keeps us out; it was put off.
    Mail,
    /// Addresses without a clean history wait until then.
    Unproven(Instant),
}

/// A session that can take a mail.
enum Seat {
    Open(SessionId),
    New(String, SocketAddr),
}

impl Machine {
    /// Sends what the lane may send now; returns when to look again.
    pub(super) fn feed(&mut self, lane: usize, now: Instant, actions: &mut Vec<Action>) -> Instant {
        if let Some(learned) = self.lanes[lane].congestion.renewed(now) {
            self.keep(format!("lane/{}", self.lanes[lane].name), &learned);
        }
        let group = &self.groups[self.lanes[lane].group];
        let waiting = group.sites.iter().map(|at| self.sites[*at].queue.waiting()).sum();
        let open = |other: &usize| *other != lane && self.lanes[*other].open() > 0;
        let relieved = group.lanes.iter().any(open);
        self.lanes[lane].congestion.foresee(waiting, relieved);
        let mut wake = self.end_idle(lane, now, actions);
        if self.is_halted() {
            return wake;
        }
        wake = wake.min(self.tend_relay(lane, now, actions));
        if !self.is_open(lane) {
            self.lanes[lane].meter.rests(now);
            return wake;
        }
        let held = self.lanes[lane].congestion.held_until();
        if self.lanes[lane].paused || held > now {
            return if self.lanes[lane].paused { wake } else { wake.min(held) };
        }
        let mut field = Field::default();
        for at in self.groups[self.lanes[lane].group].sites.clone() {
            let queue = &mut self.sites[at].queue;
            wake = wake.min(queue.ripen(now));
            queue.heads().for_each(|head| field.add(at, head));
        }
        let sites = &self.sites;
        self.lanes[lane].reserved.retain(|at| sites[*at].queue.urgency().is_some());
        let mut seatless = Vec::new();
        // One mail at a time: the plan says whose turn it is, every time.
        while let Some(choice) = field.choose(&self.lanes[lane].plan, now) {
            match self.feed_mail(lane, choice, now, actions) {
                Ok(()) => {
                    let next = self.sites[choice.site].queue.head(choice.group.batch, choice.group.wait);
                    field.took(&mut self.lanes[lane].plan, choice, next);
                    continue;
                }
                Err(Stop::Mail) => {
                    let next = self.sites[choice.site].queue.head(choice.group.batch, choice.group.wait);
                    field.passed(choice, next);
                    continue;
                }
                Err(Stop::Unproven(until)) => {
                    wake = wake.min(until);
                    field.passed(choice, None);
                    continue;
                }
                Err(Stop::Site) => {}
                Err(Stop::NoSeat) => seatless.push(choice.site),
                Err(Stop::SiteUntil(until)) => wake = wake.min(until),
                Err(Stop::Lane(until)) => {
                    wake = wake.min(until);
                    break;
                }
            }
            field.stop(choice.site);
        }
        // Who could not open another session keeps those that it has.
        if self.lanes[lane].may_connect(now) <= now {
            self.make_room(lane, &seatless);
        }
        self.measure(lane, now);
        wake
    }

    /// Time in which a lane has nothing to send says nothing about its speed.
    fn measure(&mut self, lane: usize, now: Instant) {
        let (own_sites, sites) = (&self.groups[self.lanes[lane].group].sites, &self.sites);
        let lane = &mut self.lanes[lane];
        let rests = lane.talks.values().all(|talk| talk.assigned.is_empty());
        if rests && own_sites.iter().all(|at| sites[*at].queue.urgency().is_none()) {
            lane.meter.rests(now);
        } else {
            lane.meter.runs(now);
        }
    }

    fn feed_mail(&mut self, lane: usize, choice: Choice, now: Instant, actions: &mut Vec<Action>) -> Result<(), Stop> {
        let (group, site) = (choice.group, choice.site);
        let chunk_id = ChunkId { batch: group.batch, number: choice.chunk };
        self.put_off_if_held(site, choice, chunk_id, now)?;
        let unproven = chunk_id.history() != History::Clean;
        let from = self.lanes[lane].congestion.unproven_from();
        if unproven && from > now {
            return Err(Stop::Unproven(from));
        }
        let chunk = self.chunk(chunk_id, Some(lane), actions).ok_or(Stop::Site)?;
        let hurry = chunk.head.is_in_hurry();
        let seat = self.find_seat(lane, choice, hurry, now, actions)?;
        if !self.may_register(lane, matches!(seat, Seat::New(..))) {
            self.starved.insert(lane);
            return Err(Stop::Site);
        }
        let flying: usize = self.lanes[lane].talks.values().map(|talk| talk.ahead_of(choice.urgency).0).sum();
        if flying >= self.lanes[lane].congestion.flight() as usize {
            return Err(Stop::Site);
        }
        let flying = u32::try_from(flying).unwrap_or(u32::MAX);
        if let Some(until) = self.lanes[lane].congestion.used_up_until(flying, now) {
            return Err(Stop::Lane(until));
        }
        self.lanes[lane].set_pace();
        let (ahead, lead) = (self.goes_ahead(lane, choice.urgency), self.lead(lane, choice.urgency));
        let departs = self.lanes[lane].pace.next(now);
        if departs > now + lead {
            return Err(Stop::Lane(departs - lead));
        }
        let pick = self.sites[site].queue.take(group).ok_or(Stop::Site)?;
        let gone = chunk.recipients.get(usize::from(ChunkId::place(pick.mail))).is_none_or(Option::is_none);
        if gone || pick.past.doubts > self.lanes[lane].policy.in_doubt_resends_max {
            let settlement = if gone { Settlement::Cancelled } else { Settlement::Unknown };
            let carrier = self.lanes[lane].carrier.clone();
            self.doom(vec![pick], &carrier, settlement, "");
            return Ok(());
        }
        let Permit(permit) = self.lanes[lane].pace.ask(now, now + lead).map_err(|NotUntil(at)| Stop::Lane(at))?;
        let depart = if ahead { now } else { permit };
        if unproven {
            self.lanes[lane].congestion.on_unproven(now);
        }
        let session = match seat {
            Seat::Open(session) => session,
            Seat::New(host, addr) => self.new_talk(lane, Talk::new(site, host, addr), now),
        };
        if let Some(talk) = self.lanes[lane].talks.get_mut(&session) {
            talk.assigned.add(choice.urgency, pick.mail);
            talk.mails += 1;
        }
        self.write_start(lane, pick.mail, pick.past);
        let style = pick.past.style.unwrap_or(self.lanes[lane].style);
        actions.push(Action::Prepare { mail: pick.mail, chunk: chunk.clone(), style });
        let (past, wait) = (pick.past, pick.wait);
        let flight = Flight { lane, site, session, past, wait, chunk, depart, style, sent: false, recalled: false };
        self.flights.insert(pick.mail, flight);
        Ok(())
    }

    /// Whether a mail goes to its session without waiting for its permit: where a configured ceiling is in force, the gate
    /// gives what overtakes the next departure of all, that of a less urgent mail which was registered before and has not
    /// begun, and that one a later departure. The permit counts all the same, so that the timetable stays as it is.
    fn goes_ahead(&self, lane: usize, urgency: Urgency) -> bool {
        overtakes(urgency) && self.lanes[lane].congestion.is_at_ceiling()
    }

    /// How long before its departure a mail may be registered: what goes ahead, before the permit behind those that were
    /// given out already, so that it is ready when a departure comes.
    fn lead(&self, lane: usize, urgency: Urgency) -> Span {
        let next = if self.goes_ahead(lane, urgency) { self.lanes[lane].pace.interval() } else { Span::ZERO };
        next + LEAD
    }

    /// Puts a mail off whose domain keeps us out.
    fn put_off_if_held(&mut self, site: usize, choice: Choice, chunk: ChunkId, now: Instant) -> Result<(), Stop> {
        let Some(domain) = self.chunk_homes.get(&chunk).map(|home| home.domain.clone()) else { return Ok(()) };
        let Some(until) = self.sites[site].holds.ask(&domain, now) else { return Ok(()) };
        let Some(head) = self.batches.get(&choice.group.batch).map(|batch| batch.head.clone()) else { return Ok(()) };
        let pick = self.sites[site].queue.take(choice.group).ok_or(Stop::Site)?;
        self.sites[site].queue.add_again(until, Self::standing(&head), pick);
        self.wake_group(self.sites[site].group);
        Err(Stop::Mail)
    }

    /// A session for the site's next mail: one where nothing goes before it, else a new one, else the least busy one.
    ///
    /// What is less urgent does not go before it: the mail overtakes whatever the session has not begun.
    /// Where a learned rate is low, no mail waits for a new session while others are open: it would leave whenever that
    /// session is, and come too near to the one behind it.
    fn find_seat(
        &mut self,
        lane: usize,
        choice: Choice,
        hurry: bool,
        now: Instant,
        actions: &mut Vec<Action>,
    ) -> Result<Seat, Stop> {
        let (site, deepest) = (choice.site, self.depth(lane));
        let own = &self.lanes[lane];
        let free = |talk: &Talk| own.carries(talk, site) && !talk.finishing && talk.mails < talk.mails_max;
        let depth = |talk: &Talk| if talk.ready { deepest } else { 1 };
        let talks = self.lanes[lane].talks.iter().filter(|(_, talk)| free(talk));
        // One that is open goes before one that is only being opened, which may take long or never come to be.
        let rank = |talk: &Talk| {
            let (ahead, all) = talk.ahead_of(choice.urgency);
            (ahead, !talk.ready, all)
        };
        let least = talks
            .map(|(id, talk)| (rank(talk), *id, depth(talk)))
            .filter(|((ahead, _, all), _, depth)| ahead < depth && *all < 2 * deepest)
            .min()
            .map(|((ahead, ..), id, _)| (id, ahead));
        if let Some((session, 0)) = least {
            return Ok(Seat::Open(session));
        }
        let seated = own.talks.values().any(|talk| own.carries(talk, site));
        let ahead = own.congestion.is_spaced()
            && own.talks.values().any(|talk| own.carries(talk, site) && talk.ready && !talk.finishing);
        let mut stop = if seated { Stop::Site } else { Stop::NoSeat };
        let seats = own.talks.values().filter(|talk| own.carries(talk, site)).count();
        let is_worth_it = least.is_none() || self.sites[site].queue.waiting() >= SESSION_MAILS * (seats + 1);
        if is_worth_it && self.lanes[lane].has_room(site) {
            let draw = self.draw();
            let draw = |n: usize| (draw % n.max(1) as u64) as usize;
            let chosen = self.lanes[lane].choose_host(&mut self.sites[site], &self.families, now, draw);
            match chosen {
                Err(until) => {
                    self.lanes[lane].reserved.remove(&site);
                    stop = Stop::SiteUntil(until);
                }
                Ok((host, addr)) => match self.lanes[lane].may_connect(now) {
                    at if at <= now && ahead => {
                        let session = self.new_talk(lane, Talk::new(site, host, addr), now);
                        self.open((lane, session), hurry, now, actions);
                    }
                    at if at <= now => return Ok(Seat::New(host, addr)),
                    until => stop = Stop::SiteUntil(until),
                },
            }
        }
        least.map(|(session, _)| Seat::Open(session)).ok_or(stop)
    }

    /// Mails that a session of this lane has at most.
    fn depth(&self, lane: usize) -> usize {
        let seats = self.lanes_at_work.max(1) * self.lanes[lane].policy.sessions_max.max(1) as usize;
        self.settings.unsettled_max.map_or(DEPTH.0, |max| (max / seats).clamp(DEPTH.0, DEPTH.1))
    }

    /// Where other sites' sessions fill the window, one of them ends for the site that has gone without for longest.
    fn make_room(&mut self, lane: usize, seatless: &[usize]) {
        let urgency = |at: usize| self.sites[at].queue.urgency();
        let Lane { talks, reserved, .. } = &self.lanes[lane];
        let next = seatless.iter().filter(|at| !reserved.contains(at));
        let Some(site) = next.min_by_key(|at| (urgency(**at), self.sites[**at].last_turn)).copied() else { return };
        let own = urgency(site);
        let may_end = |talk: &Talk| match urgency(talk.site) {
            _ if !talk.ready || talk.finishing => false,
            Some(other) => Some(other) > own || (Some(other) == own && talk.mails >= TURN_MAILS),
            None => true,
        };
        let others = talks.iter().filter(|(_, talk)| may_end(talk));
        let Some(session) = others.min_by_key(|(_, talk)| talk.assigned.len()).map(|(id, _)| *id) else { return };
        self.lanes[lane].reserved.insert(site);
        let Some(talk) = self.lanes[lane].talks.get_mut(&session) else { return };
        talk.finishing = true;
        // What is less urgent and not begun does not keep the session any longer.
        let waits = |(other, mail): (Urgency, MailId)| (Some(other) > own).then_some(mail);
        let waiting: Vec<MailId> = talk.assigned.iter().filter_map(waits).collect();
        waiting.into_iter().for_each(|mail| self.recall(mail));
        self.dirty.insert(lane);
    }

    pub(super) fn new_talk(&mut self, lane: usize, mut talk: Talk, now: Instant) -> SessionId {
        self.sessions_opened += 1;
        let session = SessionId(self.sessions_opened);
        let lane_at = lane;
        self.sites[talk.site].last_turn = self.sessions_opened;
        let lane = &mut self.lanes[lane];
        // `may_connect` has said that a connection may be made now.
        let _ = lane.connects.ask(now, now);
        let most = lane.policy.mails_per_session_max;
        talk.mails_max = lane.congestion.next_turn().map_or(most, |learned| learned.min(most));
        lane.reserved.remove(&talk.site);
        lane.talks.insert(session, talk);
        lane.counts.sessions += 1;
        self.talk_lanes.insert(session, lane_at);
        session
    }

    /// Ends sessions that have carried enough, have been idle for long, or are above the window.
    fn end_idle(&mut self, lane: usize, now: Instant, actions: &mut Vec<Action>) -> Instant {
        // MX hosts stand by while a relay is up; a relay that is down ends its sessions itself.
        let stands_by = !self.is_open(lane) && (self.lanes[lane].relay.is_none() || self.lanes[lane].closed);
        let (stop, no_room) = (self.is_halted() || stands_by, self.full().is_some());
        let (flights, sites) = (&self.flights, &self.sites);
        let lane = &mut self.lanes[lane];
        let own_sites = &self.groups[lane.group].sites;
        let full = lane.talks.len() >= lane.congestion.wanted() as usize;
        let pressed = full && lane.relay.is_none() && own_sites.iter().any(|at| sites[*at].queue.urgency().is_some());
        let idle = lane.policy.idle;
        let ending = lane.talks.values().filter(|talk| talk.finishing).count();
        let mut surplus = lane.talks.len().saturating_sub(lane.congestion.window() as usize + ending);
        let mut wake = Instant::NEVER;
        for (session, talk) in lane.talks.iter_mut().filter(|(_, talk)| talk.ready && !talk.finish_asked) {
            let rests = talk.assigned.is_empty();
            if !talk.finishing {
                // A session whose site has nothing more to send stands in the way of another site's.
                let in_the_way = pressed && sites[talk.site].queue.urgency().is_none();
                let over = surplus > 0 || (rests && in_the_way);
                talk.finishing =
                    stop || talk.mails >= talk.mails_max || over || (rests && talk.idle_since + idle <= now);
                surplus -= usize::from(talk.finishing && surplus > 0);
            }
            // Mails that still go to the disk are sent to it first, unless the disk does not take them.
            let behind = |(_, mail): (_, _)| flights.get(&mail).is_none_or(|f| f.sent);
            if talk.finishing && (no_room || talk.assigned.iter().all(behind)) {
                talk.finish_asked = true;
                actions.push(Action::Finish(*session));
            } else if rests {
                wake = wake.min(talk.idle_since + idle);
            }
        }
        wake
    }
}
