//! What is due without anybody doing anything: calls to approvers, defaults, schedules, reminders. No timers: whoever runs
//! the desk asks when to ask again.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::command::{Command, DispatchCommand, JudgingCommand};
use crate::dispatch::{Asked, Dispatch};
use crate::id::{DispatchId, PersonId};
use crate::proposal::Waiting;
use crate::round::Why;
use crate::state::State;

/// What becomes known within so long of those whom no address reaches is told together.
const TOGETHER: SignedDuration = SignedDuration::from_mins(5);
/// A node that sent something alone gives it back within so long after it was recorded, or is lost.
const REJOINS: SignedDuration = SignedDuration::from_mins(2);

impl State {
    /// The commands that are due at `now`, each harmless if it is given twice.
    #[must_use]
    pub fn due(&self, now: Timestamp) -> Vec<Command> {
        let waiting = self.waiting().filter(|it| it.due() <= now).map(|it| of_waiting(it, now).into());
        let scheduled = self.dispatches.scheduled.iter().filter(|(_, (at, _))| *at <= now);
        let started = scheduled.map(|(key, _)| DispatchCommand::Start { key: key.clone() }.into());
        let followed = self.open_dispatches(now).filter(|it| next_of(self, it).is_some_and(|at| at <= now));
        let followed = followed.map(|it| DispatchCommand::FollowUp { dispatch: it.id() }.into());
        let left = self.apart_due().filter(|(_, at)| *at <= now);
        let rejoined = left.map(|(dispatch, _)| DispatchCommand::Rejoin { dispatch }.into());
        waiting.chain(started).chain(followed).chain(rejoined).collect()
    }

    /// When something is due next, as seen at `now`; an earlier instant if something is due already, `None` if nothing will be
    /// by itself.
    #[must_use]
    pub fn next_due(&self, now: Timestamp) -> Option<Timestamp> {
        let waiting = self.waiting().map(Waiting::due);
        let scheduled = self.dispatches.scheduled.values().map(|(at, _)| *at);
        let followed = self.open_dispatches(now).filter_map(|it| next_of(self, it));
        waiting.chain(scheduled).chain(followed).chain(self.apart_due().map(|(_, at)| at)).min()
    }

    /// What one node sent alone and recorded, and when others need wait for that node no longer.
    fn apart_due(&self) -> impl Iterator<Item = (DispatchId, Timestamp)> {
        let left = self.dispatches.apart.iter().filter(|(_, apart)| !apart.rejoined);
        left.filter_map(|(id, apart)| Some((*id, apart.recorded? + REJOINS)))
    }
}

fn of_waiting(waiting: &Waiting, now: Timestamp) -> JudgingCommand {
    let proposal = waiting.proposal.id;
    if waiting.proposal.deadline() <= now {
        JudgingCommand::Settle { proposal }
    } else {
        JudgingCommand::CallNext { proposal }
    }
}

/// Whether anything more may follow a dispatch: somebody has not answered, and its incident still holds.
pub(crate) fn is_alive(state: &State, dispatch: &Dispatch) -> bool {
    let holds = || state.incident_of(dispatch.id()).is_none_or(|incident| incident.cancelled.is_none());
    dispatch.record().question.is_asked()
        && !dispatch.is_cancelled()
        && dispatch.book.unanswered().next().is_some()
        && holds()
}

/// When something is due for a dispatch.
fn next_of(state: &State, dispatch: &Dispatch) -> Option<Timestamp> {
    let record = dispatch.record();
    let follows = record.follow_up != Default::default() || state.escalation(record.rule) > 0;
    if !follows || !is_alive(state, dispatch) {
        return None;
    }
    let managers = managers(state, dispatch).map(|(at, _)| at);
    let next = [next_reminder(dispatch), unreached_due(dispatch), managers].into_iter().flatten().min();
    let address = next_addresses(dispatch).into_values().map(|(_, at)| at).min();
    next.into_iter().chain(address).min().filter(|at| dispatch.is_open(*at))
}

/// Whose managers are to be told next, and when: of all who have not answered once the time is over, and of those whom no
/// address reaches as soon as that is known, a few minutes' worth of them together.
pub(crate) fn managers(state: &State, dispatch: &Dispatch) -> Option<(Timestamp, Vec<PersonId>)> {
    let over = after(dispatch, state.escalation(dispatch.record().rule), 1)?;
    let (last, told) = dispatch.told();
    let is_new = |person: &PersonId| !told.contains(person) && !dispatch.has_answered(*person);
    let lost: Vec<PersonId> = lost(dispatch).into_iter().filter(is_new).collect();
    let soon = last.map_or(base(dispatch), |last| last + TOGETHER);
    if !lost.is_empty() && soon < over {
        return Some((soon, lost));
    }
    let silent: Vec<PersonId> = dispatch.book.unanswered().filter(is_new).collect();
    (!silent.is_empty()).then_some((last.map_or(over, |last| over.max(last + TOGETHER)), silent))
}

/// Those who have no address, or whose addresses have all refused a mail for good.
fn lost(dispatch: &Dispatch) -> BTreeSet<PersonId> {
    let asked = dispatch.record().asked.iter();
    let without = asked.filter(|asked| asked.places.is_empty()).map(|asked| asked.person);
    let tried_all = |asked: &&Asked| asked.places.iter().all(|place| dispatch.has_failed(asked.person, *place));
    let bounced = dispatch.bounced();
    let asked = dispatch.record().asked.iter().filter(|asked| bounced.contains(&asked.person));
    without.chain(asked.filter(tried_all).map(|asked| asked.person)).collect()
}

/// The instant from which what follows is counted.
fn base(dispatch: &Dispatch) -> Timestamp {
    dispatch.timeline().queued.unwrap_or(dispatch.record().opened)
}

fn after(dispatch: &Dispatch, minutes: u32, times: usize) -> Option<Timestamp> {
    let span = i64::from(minutes).checked_mul(i64::try_from(times).ok()?)?;
    base(dispatch).checked_add(SignedDuration::from_mins(span)).ok().filter(|_| minutes > 0)
}

/// When the next reminder is due, if one is left.
pub(crate) fn next_reminder(dispatch: &Dispatch) -> Option<Timestamp> {
    let follow_up = dispatch.record().follow_up;
    let sent = dispatch.rounds().iter().filter(|round| round.why == Why::Reminder).count();
    let is_left = sent < usize::from(follow_up.remind_times);
    after(dispatch, follow_up.remind_minutes, sent + 1).filter(|_| is_left)
}

/// When the list for other channels is made, unless it was.
pub(crate) fn unreached_due(dispatch: &Dispatch) -> Option<Timestamp> {
    after(dispatch, dispatch.record().follow_up.unreached_minutes, 1).filter(|_| dispatch.unreached().is_none())
}

/// For whoever has not answered and has a further address: which is next, and when. At once if the present one has failed.
pub(crate) fn next_addresses(dispatch: &Dispatch) -> BTreeMap<PersonId, (u8, Timestamp)> {
    let record = dispatch.record();
    let mut next = BTreeMap::new();
    if record.follow_up.next_address_minutes == 0 {
        return next;
    }
    let tried = tried_places(dispatch);
    for asked in record.asked.iter().filter(|asked| !dispatch.has_answered(asked.person)) {
        let mine: &[u8] = tried.get(&asked.person).map_or(&[], Vec::as_slice);
        let Some(place) = asked.places.iter().copied().find(|place| !mine.contains(place)) else { continue };
        let failed = !mine.is_empty() && mine.iter().all(|place| dispatch.has_failed(asked.person, *place));
        let minutes = record.follow_up.next_address_minutes;
        let at = if failed { Some(base(dispatch)) } else { after(dispatch, minutes, mine.len()) };
        next.extend(at.map(|at| (asked.person, (place, at))));
    }
    next
}

/// The addresses of each person that mails went to, in the order of trying.
pub(crate) fn tried_places(dispatch: &Dispatch) -> BTreeMap<PersonId, Vec<u8>> {
    let mut tried: BTreeMap<PersonId, Vec<u8>> = BTreeMap::new();
    let rounds = dispatch.rounds().iter().flat_map(|round| round.mails.iter().copied());
    for (person, place) in dispatch.mails(0).into_iter().chain(rounds) {
        let known = tried.entry(person).or_default();
        if !known.contains(&place) {
            known.push(place);
        }
    }
    tried
}
