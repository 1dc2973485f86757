//! Who goes next in a lane: urgency, deadline, fair turns between batches, and a budget for what is tried again.
//!
//! A lane asks for one mail at a time. Whatever waits for it is seen here as *groups*: one batch, one kind of wait. The
//! order, in this order:
//!
//! 1. the higher urgency (design §2: Immediate > Bulletin > Safety > Confirmed > Hazard > Routine);
//! 2. what was not tried yet, and what was tried and presses; the rest of what was tried waits behind;
//! 3. the earlier deadline, compared to the minute ([`DEADLINE_CLASS`]): nearer ones are one class;
//! 4. within a class, the batch whose turn it is: start-time fair queueing (Goyal, Vin and Cheng 1996) with a mail as the
//!    unit and equal weights, so that two batches share the permits of a lane evenly whatever their sizes.
//!
//! A mail that is tried again may still not take more than its budget: while fresh mail waits, two fresh mails pay for
//! one retry ([`RETRY_PRICE`]). What was put off for the recipient's own sake (greylisted, mailbox busy or full) pays
//! whatever its urgency; what the carrier put off because it was busy pays only beside fresh mail of its own urgency.

use std::collections::{BTreeMap, BTreeSet};

use crate::message::{BatchId, Urgency};
use crate::time::{Instant, Span};

/// Deadlines in the same minute are one class.
const DEADLINE_CLASS: Span = Span::from_secs(60);
/// A retry presses when its deadline is this near, or has passed.
const PRESSING_DEADLINE: Span = Span::from_secs(60);
/// A retry presses when it has been due for this long.
const PRESSING_WAIT: Span = Span::from_secs(30);
/// Fresh mails that pay for one retry: a retry has at most every third permit.
const RETRY_PRICE: u32 = 2;
/// Fresh mails whose payment is kept for later, so that a long calm does not buy a flood.
const CREDIT_MAX: u32 = 6;
/// Turns remembered before those of batches that are gone are swept out.
const TURNS_MAX: usize = 64;

/// How a batch stands among others, whatever waits of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Standing {
    /// Its hurry.
    pub urgency: Urgency,
    /// Its deadline, `Instant::NEVER` where it has none.
    pub deadline: Instant,
}

impl Standing {
    /// Whether both take fair turns with each other: same urgency, deadlines in the same minute.
    #[must_use]
    pub fn is_beside(&self, other: &Standing) -> bool {
        (self.urgency, self.class()) == (other.urgency, other.class())
    }

    /// Whether everything of this one goes before the other.
    #[must_use]
    pub fn is_before(&self, other: &Standing) -> bool {
        (self.urgency, self.class()) < (other.urgency, other.class())
    }

    fn class(&self) -> u64 {
        let minute = u64::try_from(DEADLINE_CLASS.as_micros()).unwrap_or(u64::MAX);
        self.deadline.as_micros() / minute
    }
}

/// Why something waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Wait {
    /// It was not tried yet.
    #[default]
    Fresh,
    /// The carrier could not take it: the address is as good as any.
    Again,
    /// It was put off for its recipient's sake.
    PutOff,
}

/// What waits of one batch for one reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Group {
    /// Which batch.
    pub batch: BatchId,
    /// Why it waits.
    pub wait: Wait,
}

/// Who had which turn in a lane.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The turn each batch has next.
    turns: BTreeMap<BatchId, u64>,
    /// The turn that was taken last: a batch that comes anew begins here, so that it has saved up nothing.
    clock: u64,
    /// Fresh mails that have paid for retries, at most `CREDIT_MAX`.
    credit: u32,
}

impl Plan {
    fn turn(&self, batch: BatchId) -> u64 {
        self.turns.get(&batch).map_or(self.clock, |turn| (*turn).max(self.clock))
    }

    fn took(&mut self, batch: BatchId) {
        let turn = self.turn(batch);
        self.clock = turn;
        self.turns.insert(batch, turn + 1);
        if self.turns.len() > TURNS_MAX {
            let clock = self.clock;
            self.turns.retain(|_, turn| *turn > clock);
        }
    }
}

/// A group as a lane sees it now.
#[derive(Debug)]
struct Row {
    standing: Standing,
    /// Since when something of it is due.
    ripe_since: Instant,
    /// Where it waits: the place in the batch of the first mail there, and the site.
    sites: BTreeSet<(u32, usize)>,
}

/// Everything that waits for a lane now, by group: made anew for each look at the lane.
#[derive(Debug, Default)]
pub struct Field {
    rows: BTreeMap<Group, Row>,
    stopped: BTreeSet<usize>,
}

/// The first mail of a group at a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The group.
    pub group: Group,
    /// How its batch stands.
    pub standing: Standing,
    /// The number of its chunk in the batch.
    pub chunk: u32,
    /// Since when something of it is due.
    pub ripe_since: Instant,
}

/// What goes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Of which group.
    pub group: Group,
    /// For which site.
    pub site: usize,
    /// The hurry of its batch.
    pub urgency: Urgency,
    /// The number of its chunk in the batch.
    pub chunk: u32,
    /// Whether fresh mails must pay for it.
    paid: bool,
}

impl Field {
    /// Adds what is first at a site.
    pub fn add(&mut self, site: usize, head: Head) {
        let row = self.rows.entry(head.group);
        let row =
            row.or_insert_with(|| Row { standing: head.standing, ripe_since: head.ripe_since, sites: BTreeSet::new() });
        row.ripe_since = row.ripe_since.min(head.ripe_since);
        row.sites.insert((head.chunk, site));
    }

    /// Nothing more is asked of this site.
    pub fn stop(&mut self, site: usize) {
        self.stopped.insert(site);
    }

    /// Who goes next; `None` if nobody may.
    pub fn choose(&mut self, plan: &Plan, now: Instant) -> Option<Choice> {
        let stopped = &self.stopped;
        self.rows.retain(|_, row| {
            while row.sites.first().is_some_and(|(_, site)| stopped.contains(site)) {
                row.sites.pop_first();
            }
            !row.sites.is_empty()
        });
        let fresh = self.rows.iter().filter(|(group, _)| group.wait == Wait::Fresh);
        let fresh = fresh.map(|(_, row)| row.standing.urgency).min();
        let must_pay = |group: &Group, row: &Row| match (group.wait, fresh) {
            (Wait::Fresh, _) | (_, None) => false,
            (Wait::Again, Some(fresh)) => fresh <= row.standing.urgency,
            (Wait::PutOff, Some(_)) => true,
        };
        let may_go = |(group, row): &(&Group, &Row)| !must_pay(group, row) || plan.credit >= RETRY_PRICE;
        let first = self.rows.iter().filter(may_go).min_by_key(|(group, row)| key(plan, group, row, now));
        first.and_then(|(group, row)| {
            let (chunk, site) = *row.sites.first()?;
            let urgency = row.standing.urgency;
            Some(Choice { group: *group, site, urgency, chunk, paid: must_pay(group, row) })
        })
    }

    /// The choice has left: whose turn is next, and what is first at that site now.
    pub fn took(&mut self, plan: &mut Plan, choice: Choice, next: Option<Head>) {
        plan.took(choice.group.batch);
        match choice.group.wait {
            Wait::Fresh => plan.credit = (plan.credit + 1).min(CREDIT_MAX),
            _ if choice.paid => plan.credit = plan.credit.saturating_sub(RETRY_PRICE),
            _ => {}
        }
        self.passed(choice, next);
    }

    /// The choice was put off, which takes nobody's turn: what is first at that site now.
    pub fn passed(&mut self, choice: Choice, next: Option<Head>) {
        if let Some(row) = self.rows.get_mut(&choice.group) {
            row.sites.remove(&(choice.chunk, choice.site));
        }
        if let Some(head) = next {
            self.add(choice.site, head);
        }
    }
}

fn key(plan: &Plan, group: &Group, row: &Row, now: Instant) -> (Urgency, bool, u64, u64, Wait, BatchId) {
    let Standing { urgency, deadline } = row.standing;
    let presses = deadline <= now + PRESSING_DEADLINE || row.ripe_since + PRESSING_WAIT <= now;
    let behind = group.wait != Wait::Fresh && !presses;
    (urgency, behind, row.standing.class(), plan.turn(group.batch), group.wait, group.batch)
}

#[cfg(test)]
mod tests;
