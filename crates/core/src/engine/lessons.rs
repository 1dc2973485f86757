//! What the lanes have learned, for other programs that send to the same carriers, and what those have learned.

use std::collections::HashMap;

use super::lane::Lane;
use super::machine::Machine;
use crate::carrier::Carrier;
use crate::congestion::{Learned, Lesson};
use crate::time::Instant;
use crate::via::Via;

/// By which kind of way a lane leads to its carrier: through a relay of this name, or to the MX hosts.
fn relay_of(via: &Via) -> Option<&str> {
    match via {
        Via::Relay(name) => Some(name),
        Via::Direct | Via::Source(_) => None,
    }
}

impl Machine {
    /// What the lanes have learned of the carriers of the table, as far as it was learned under the present share. The names of
    /// other carriers are those of hosts, which may be somebody's own: they are told to nobody.
    pub(super) fn lessons(&self) -> Vec<Lesson> {
        let known = self.groups.iter().filter(|group| self.settings.table.row(&group.carrier).is_some());
        let of_group = known.flat_map(|group| {
            let open = group.lanes.iter().map(|at| &self.lanes[*at]).filter(|lane| !lane.closed);
            let mut kinds: HashMap<Option<&str>, (u32, Vec<Learned>)> = HashMap::new();
            for lane in open {
                let (count, learned) = kinds.entry(relay_of(&lane.via)).or_default();
                *count += 1;
                learned.extend(lane.congestion.learned().filter(|it| self.lessons.has_settled(it)));
            }
            let lesson = |(relay, (count, learned)): (Option<&str>, (u32, Vec<Learned>))| {
                Lesson::of(&group.carrier, relay, &learned, count.saturating_mul(self.share.among()))
            };
            kinds.into_iter().filter_map(lesson).collect::<Vec<_>>()
        });
        let mut lessons: Vec<Lesson> = of_group.collect();
        lessons.sort_by(|one, other| (&one.carrier, &one.relay).cmp(&(&other.carrier, &other.relay)));
        lessons
    }

    /// Hears what others have learned: lanes begin with it that come to be from now on, or have not heard their carrier for long.
    pub(super) fn take_lessons(&mut self, lessons: Vec<Lesson>, now: Instant) {
        for lesson in lessons {
            let carrier = lesson.carrier.clone();
            self.lessons.take(lesson);
            self.teach(&carrier, now);
        }
    }

    /// Another part of the ceilings is ours: what is learned means something else, and so does what others learned.
    pub(super) fn part_lessons(&mut self, now: Instant) {
        self.lessons.part(now);
        self.lessons.carriers().iter().for_each(|carrier| self.teach(carrier, now));
    }

    /// Has the lanes of a carrier that have not heard it for long begin with what others learned.
    fn teach(&mut self, carrier: &Carrier, now: Instant) {
        let Some(group) = self.group_names.get(carrier).copied() else { return };
        let lanes = self.groups[group].lanes.clone();
        let is_direct = |at: &&usize| !self.lanes[**at].closed && relay_of(&self.lanes[**at].via).is_none();
        let direct = lanes.iter().filter(is_direct).count();
        for at in lanes {
            if let Some(learned) = self.lesson_for(carrier, &self.lanes[at].via, direct) {
                self.lanes[at].congestion.begin_from(learned, now);
                self.dirty.insert(at);
            }
        }
    }

    /// What a lane is to begin with that leads to a carrier by this way, one of so many to its MX hosts.
    fn lesson_for(&self, carrier: &Carrier, via: &Via, direct: usize) -> Option<Learned> {
        let relay = relay_of(via);
        let lesson = self.lessons.of(carrier, relay)?;
        let lanes = if relay.is_some() { 1 } else { u32::try_from(direct).unwrap_or(u32::MAX) };
        Some(lesson.begin(lanes.saturating_mul(self.share.among()), via.source().is_some()))
    }

    /// Has a new lane, which is one of these ways, begin with what others learned, if that is newer than what is known here.
    pub(super) fn teach_new(&self, lane: &mut Lane, direct: usize, now: Instant) {
        if let Some(learned) = self.lesson_for(&lane.carrier, &lane.via, direct) {
            lane.congestion.begin_from(learned, now);
        }
    }
}
