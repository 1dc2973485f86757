//! Choosing: which waiting mail goes to which session now, and when a session is opened or ended.

use super::event::{Action, SessionId, Write};
use super::lane::Talk;
use super::machine::{Flight, Machine};
use crate::outcome::Settlement;
use crate::pace::{NotUntil, Permit};
use crate::queue::ChunkId;
use crate::time::{Instant, Span};

/// Mails a session has at most: one being answered, one written with its dot, one ready behind them.
const DEPTH: usize = 3;
/// How long before its departure a mail may be registered: time for the disk, and little to be in doubt after a crash.
const LEAD: Span = Span::from_millis(20);

/// Why a site sends nothing more now.
enum Stop {
    /// Nothing waits, or every session is busy: the next event tells.
    Site,
    /// The site must wait until then.
    SiteUntil(Instant),
    /// The whole lane must wait until then.
    Lane(Instant),
}

/// A session that can take a mail.
enum Seat {
    Open(SessionId),
    New(String, std::net::SocketAddr),
}

impl Machine {
    /// Sends what the lane may send now; returns when to look again.
    pub(super) fn feed(&mut self, lane: usize, now: Instant, actions: &mut Vec<Action>) -> Instant {
        let mut wake = self.end_idle(lane, now, actions);
        if self.shutting_down {
            return wake;
        }
        let held = self.lanes[lane].congestion.held_until();
        if self.lanes[lane].paused || held > now {
            return if self.lanes[lane].paused { wake } else { wake.min(held) };
        }
        let mut order = Vec::new();
        for at in self.lanes[lane].sites.clone() {
            wake = wake.min(self.sites[at].queue.ripen(now));
            order.extend(self.sites[at].queue.first().map(|(rank, _)| (rank, at)));
        }
        order.sort_unstable();
        for (_, site) in order {
            match self.feed_site(lane, site, now, actions) {
                Stop::Site => {}
                Stop::SiteUntil(until) => wake = wake.min(until),
                Stop::Lane(until) => return wake.min(until),
            }
        }
        wake
    }

    fn feed_site(&mut self, lane: usize, site: usize, now: Instant, actions: &mut Vec<Action>) -> Stop {
        loop {
            let Some((_, chunk_id)) = self.sites[site].queue.first() else { return Stop::Site };
            let Some(chunk) = self.chunk(chunk_id, Some(lane), actions) else { return Stop::Site };
            if self.unsettled >= self.unsettled_max() {
                self.starved.insert(lane);
                return Stop::Site;
            }
            let seat = match self.find_seat(lane, site, now, actions) {
                Ok(seat) => seat,
                Err(stop) => return stop,
            };
            let rate = self.lanes[lane].congestion.rate();
            self.lanes[lane].pace.set_rate(rate);
            let depart = match self.lanes[lane].pace.ask(now, now + LEAD) {
                Ok(Permit(depart)) => depart,
                Err(NotUntil(depart)) => return Stop::Lane(depart - LEAD),
            };
            let Some(pick) = self.sites[site].queue.take() else { return Stop::Site };
            let gone = chunk.recipients.get(usize::from(ChunkId::place(pick.mail))).is_none_or(Option::is_none);
            if gone || (pick.past.doubts > 0 && !self.lanes[lane].policy.resend_in_doubt) {
                let settlement = if gone { Settlement::Cancelled } else { Settlement::Unknown };
                let carrier = self.lanes[lane].carrier.clone();
                self.doom(vec![pick], &carrier, settlement, "");
                continue;
            }
            let session = match seat {
                Seat::Open(session) => session,
                Seat::New(host, addr) => self.new_talk(lane, site, host, addr),
            };
            if let Some(talk) = self.lanes[lane].talks.get_mut(&session) {
                talk.assigned.push_back(pick.mail);
                talk.mails += 1;
            }
            self.unsettled += 1;
            self.writes.push(Write::Register(pick.mail, pick.past));
            let flight = Flight { lane, site, session, past: pick.past, chunk, depart, sent: false };
            self.flights.insert(pick.mail, flight);
        }
    }

    /// A session for the site's next mail: an idle one, else a new one, else the least busy one.
    fn find_seat(&mut self, lane: usize, site: usize, now: Instant, actions: &mut Vec<Action>) -> Result<Seat, Stop> {
        let max = self.lanes[lane].policy.mails_per_session_max;
        let free = |talk: &Talk| talk.site == site && !talk.finishing && talk.mails < max;
        let depth = |talk: &Talk| if talk.ready { DEPTH } else { 1 };
        let least = self.lanes[lane]
            .talks
            .iter()
            .filter(|(_, talk)| free(talk) && talk.assigned.len() < depth(talk))
            .min_by_key(|(_, talk)| talk.assigned.len())
            .map(|(id, talk)| (*id, talk.assigned.len()));
        if let Some((session, 0)) = least {
            return Ok(Seat::Open(session));
        }
        let mut stop = Stop::Site;
        if self.lanes[lane].has_room() {
            let draw = self.draw();
            let chosen =
                self.lanes[lane].choose_host(&mut self.sites[site], now, |n| (draw % n.max(1) as u64) as usize);
            match chosen {
                Err(until) => stop = Stop::SiteUntil(until),
                Ok((host, addr)) => match self.lanes[lane].connects.ask(now, now) {
                    Ok(_) => return Ok(Seat::New(host, addr)),
                    Err(NotUntil(until)) => stop = Stop::SiteUntil(until),
                },
            }
        } else if least.is_none() {
            self.make_room(lane, site, actions);
        }
        least.map(|(session, _)| Seat::Open(session)).ok_or(stop)
    }

    /// Where another site's sessions fill the window and this one has none, one of them must end.
    fn make_room(&mut self, lane: usize, site: usize, actions: &mut Vec<Action>) {
        let talks = &mut self.lanes[lane].talks;
        if talks.values().any(|talk| talk.site == site || talk.finishing) {
            return;
        }
        let other = talks.iter_mut().filter(|(_, talk)| talk.ready).min_by_key(|(_, talk)| talk.assigned.len());
        if let Some((session, talk)) = other {
            talk.finishing = true;
            actions.push(Action::Finish(*session));
        }
    }

    fn new_talk(&mut self, lane: usize, site: usize, host: String, addr: std::net::SocketAddr) -> SessionId {
        self.sessions_opened += 1;
        let session = SessionId(self.sessions_opened);
        let talk = Talk {
            site,
            host,
            addr,
            opened: false,
            ready: false,
            finishing: false,
            assigned: std::collections::VecDeque::new(),
            mails: 0,
            idle_since: Instant::NEVER,
        };
        self.lanes[lane].talks.insert(session, talk);
        self.lanes[lane].counts.sessions += 1;
        self.talk_lanes.insert(session, lane);
        session
    }

    /// Ends sessions that have carried enough, have been idle for long, or are above the window.
    fn end_idle(&mut self, lane: usize, now: Instant, actions: &mut Vec<Action>) -> Instant {
        let stop = self.shutting_down;
        let lane = &mut self.lanes[lane];
        let (idle, max) = (lane.policy.idle, lane.policy.mails_per_session_max);
        let mut surplus = lane.talks.len().saturating_sub(lane.congestion.window() as usize);
        let mut wake = Instant::NEVER;
        for (session, talk) in lane.talks.iter_mut().filter(|(_, talk)| talk.ready && !talk.finishing) {
            let rests = talk.assigned.is_empty();
            let over = surplus > 0 && rests;
            if stop || talk.mails >= max || over || (rests && talk.idle_since + idle <= now) {
                talk.finishing = true;
                surplus = surplus.saturating_sub(1);
                actions.push(Action::Finish(*session));
            } else if rests {
                wake = wake.min(talk.idle_since + idle);
            }
        }
        wake
    }
}
