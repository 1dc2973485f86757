//! What the machine knows that a forecast needs: what each lane has to carry, what goes before it, and how fast it is.

use std::collections::BTreeMap;

use super::atlas::Way;
use super::group::direct;
use super::lane::Lane;
use super::machine::Machine;
use super::relay::is_open;
use crate::carrier::Carrier;
use crate::forecast::{ASSUMED_TURN, Basis, Composition, Forecast, Load, Outlook, Speed, Subject, forecast};
use crate::message::{BatchId, Urgency};
use crate::plan::Standing;
use crate::time::Instant;

impl Lane {
    /// How fast it is, and how that is known.
    #[must_use]
    pub fn speed(&self, now: Instant) -> Speed {
        let ceiling = self.congestion.rate();
        let (per_second, basis) = match (self.meter.per_second(now), ceiling) {
            (Some(measured), ceiling) => (ceiling.map_or(measured, |max| measured.min(max)), Basis::Measured),
            (None, Some(rate)) if self.policy.mails_per_second_max == Some(rate) => (rate, Basis::Configured),
            (None, Some(rate)) => (rate, Basis::Learned),
            (None, None) => (f64::from(self.congestion.window()) / ASSUMED_TURN.as_secs_f64(), Basis::Assumed),
        };
        let speed = Speed::of_one(per_second, basis, self.congestion.held_until().since(now));
        if self.paused { speed.stopped() } else { speed }
    }
}

/// What waits for one carrier, by batch.
type Waiting = BTreeMap<BatchId, (Standing, u64, Instant)>;

/// The speed of a carrier's lanes together: of those that are open, and where one is not blocked, of those that are not.
fn together(lanes: &[&Lane], now: Instant) -> Speed {
    let open = lanes.iter().filter(|lane| is_open(lane, lanes.iter().copied()));
    let (blocked, free): (Vec<&Lane>, Vec<&Lane>) = open.partition(|lane| lane.congestion.is_blocked());
    let runs = if free.is_empty() { blocked } else { free };
    Speed::together(runs.into_iter().map(|lane| lane.speed(now)).collect())
}

impl Machine {
    /// How fast all the ways to a carrier are together.
    fn speed_of(&self, group: usize, now: Instant) -> Speed {
        let lanes: Vec<&Lane> = self.groups[group].lanes.iter().map(|at| &self.lanes[*at]).collect();
        together(&lanes, now)
    }

    /// When the mails in question will have settled, as things stand.
    #[must_use]
    pub fn forecast(&self, subject: &Subject, now: Instant) -> Forecast {
        forecast(match subject {
            Subject::All => self.outlook_for_all(now),
            Subject::Batch(batch) => self.outlook_for_batch(*batch, now),
            Subject::Composition(composition) => self.outlook_for(composition, now),
        })
    }

    fn outlook_for_all(&self, now: Instant) -> Outlook {
        let load = |waiting: &Waiting| Load {
            waiting: waiting.values().map(|(_, mails, _)| mails).sum(),
            put_off: waiting.values().map(|(_, _, until)| until.since(now)).max().unwrap_or_default(),
            ..Load::default()
        };
        let groups = self.groups.iter().enumerate();
        let mut lanes: Vec<_> = groups
            .map(|(at, group)| (group.carrier.clone(), load(&self.waiting_in(at)), self.speed_of(at, now)))
            .collect();
        for (domain, works) in &self.parked {
            let mails = works.iter().map(|(_, work)| (work.fresh.len() + work.again.len()) as u64).sum();
            self.add_unresolved(&mut lanes, domain, mails, now);
        }
        let going = self.batches.values().filter(|batch| batch.over.is_none());
        let goal = going.filter_map(|batch| Some(goal(&Self::standing(&batch.head), batch.head.submitted)?.since(now)));
        Outlook { lanes, goal: goal.max(), ..Outlook::default() }
    }

    fn outlook_for_batch(&self, batch: BatchId, now: Instant) -> Outlook {
        // A batch that settled before a restart is not known any more: nothing is left to wait for.
        let Some(state) = self.batches.get(&batch) else { return Outlook::default() };
        let standing = Self::standing(&state.head);
        let mut lanes = Vec::new();
        for (at, group) in self.groups.iter().enumerate() {
            let waiting = self.waiting_in(at);
            let done = group.lanes.iter().filter_map(|lane| self.lanes[*lane].settled.get(&batch)).sum();
            let (_, mails, put_off) = waiting.get(&batch).copied().unwrap_or((standing, 0, Instant::EPOCH));
            if mails + done > 0 {
                let load =
                    Load { done, put_off: put_off.since(now), ..self.load(&waiting, &standing, Some(batch), mails) };
                lanes.push((group.carrier.clone(), load, self.speed_of(at, now)));
            }
        }
        for (domain, works) in &self.parked {
            let own = works.iter().filter(|(head, _)| head.id == batch);
            let mails: usize = own.map(|(_, work)| work.fresh.len() + work.again.len()).sum();
            self.add_unresolved(&mut lanes, domain, mails as u64, now);
        }
        let known: u64 = lanes.iter().map(|(_, load, _)| load.done + load.waiting).sum();
        Outlook {
            lanes,
            settled: u64::from(state.head.recipients).saturating_sub(known),
            deadline: state.head.deadline.map(|deadline| deadline.since(now)),
            goal: goal(&standing, state.head.submitted).map(|goal| goal.since(now)),
        }
    }

    fn outlook_for(&self, composition: &Composition, now: Instant) -> Outlook {
        let deadline = composition.deadline;
        let standing = Standing { urgency: composition.urgency, deadline: deadline.unwrap_or(Instant::NEVER) };
        let mut by_group: BTreeMap<usize, u64> = BTreeMap::new();
        let mut lanes = Vec::new();
        for (domain, mails) in &composition.domains {
            match self.group_of(domain, now) {
                Some(group) => *by_group.entry(group).or_default() += mails,
                None => self.add_unresolved(&mut lanes, domain, *mails, now),
            }
        }
        for (at, mails) in by_group {
            let load = self.load(&self.waiting_in(at), &standing, None, mails);
            lanes.push((self.groups[at].carrier.clone(), load, self.speed_of(at, now)));
        }
        let goal = goal(&standing, now).map(|goal| goal.since(now));
        Outlook { lanes, settled: 0, deadline: deadline.map(|deadline| deadline.since(now)), goal }
    }

    /// What mails of this standing meet at a carrier.
    fn load(&self, waiting: &Waiting, standing: &Standing, own: Option<BatchId>, mails: u64) -> Load {
        let others = || waiting.iter().filter(move |(batch, _)| Some(**batch) != own).map(|(_, other)| other);
        let before = others().filter(|(other, ..)| other.is_before(standing)).map(|(_, mails, _)| mails).sum();
        let beside = others().filter(|(other, ..)| other.is_beside(standing)).map(|(_, mails, _)| *mails).collect();
        Load { waiting: mails, before, beside, ..Load::default() }
    }

    /// What waits for a carrier or is under way to it, and until when some of it is put off.
    fn waiting_in(&self, group: usize) -> Waiting {
        let mut out = Waiting::new();
        for at in &self.groups[group].sites {
            for (batch, standing, mails, until) in self.sites[*at].queue.batches() {
                let entry = out.entry(batch).or_insert((standing, 0, until));
                *entry = (standing, entry.1 + mails as u64, entry.2.max(until));
            }
        }
        for flight in self.flights.values().filter(|flight| self.sites[flight.site].group == group) {
            let head = self.head_of(&flight.chunk);
            out.entry(head.id).or_insert((Self::standing(&head), 0, Instant::EPOCH)).1 += 1;
        }
        out
    }

    fn group_of(&self, domain: &str, now: Instant) -> Option<usize> {
        match self.atlas.known(domain, now) {
            Some(Way::Site(site)) => Some(self.sites[site].group),
            _ => self.group_names.get(&self.settings.table.of_domain(domain)?.carrier).copied(),
        }
    }

    /// Adds mails of a domain whose lane does not exist yet: by the table, else the domain stands for itself.
    fn add_unresolved(&self, lanes: &mut Vec<(Carrier, Load, Speed)>, domain: &str, mails: u64, now: Instant) {
        if mails == 0 {
            return;
        }
        let row = self.settings.table.of_domain(domain);
        let carrier = row.map_or_else(|| Carrier::new(domain), |row| row.carrier.clone());
        match lanes.iter_mut().find(|(known, ..)| *known == carrier) {
            Some((_, load, _)) => load.waiting += mails,
            None => {
                let ways = self.ways_to(&carrier);
                let among = direct(&ways);
                let made = |way| self.new_lane((usize::MAX, &carrier), (way, among), now);
                let made: Vec<Lane> = ways.into_iter().map(made).collect();
                let speed = together(&made.iter().collect::<Vec<_>>(), now);
                lanes.push((carrier, Load { waiting: mails, ..Load::default() }, speed));
            }
        }
    }
}

/// When all should be through: the deadline, or what the urgency asks for.
fn goal(standing: &Standing, submitted: Instant) -> Option<Instant> {
    match (standing.deadline, standing.urgency) {
        (Instant::NEVER, Urgency::Routine) => None,
        (Instant::NEVER, urgency) => Some(submitted + urgency.hurry()),
        (deadline, _) => Some(deadline),
    }
}
