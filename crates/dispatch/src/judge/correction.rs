//! What a correction takes back from people: they were asked, or were about to be, and by what is true now they would not be.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use hikyaku_bulletin::{Bulletin, RegionCode};
use jiff::Timestamp;

use super::Scene;
use crate::dispatch::DispatchRecord;
use crate::gravity::Gravity;
use crate::id::{PersonId, ProposalId};
use crate::incident::Incident;
use crate::notice::Channel;
use crate::person::Side;
use crate::reach::Reach;
use crate::rule::Aim;
use crate::state::State;

/// Those whom a telegram of this series asked last in this incident, whom no rule reaches any more, and for whom it is milder than
/// they were told. What another shock asked them stands.
pub(super) fn spared(
    bulletin: &Bulletin,
    scene: &Scene<'_>,
    incident: &Incident,
    reached: &BTreeSet<PersonId>,
    now: Timestamp,
) -> Vec<(PersonId, Option<Gravity>)> {
    let mut truth = Truth::new(bulletin, scene.state, now);
    let Some(scale) = truth.reach.anywhere() else { return Vec::new() };
    let own = scene.state.opened_from(incident, scene.series);
    let of = |person: PersonId| {
        let last = incident.notices.last(person, Channel::Safety, scale)?;
        own.contains(&last.at.into()).then(|| truth.if_milder(person, last.gravity)).flatten()
    };
    incident.notices.people().filter(|person| !reached.contains(person)).filter_map(of).collect()
}

/// Those whom a safety confirmation of this series is to ask that waits for approval, as [`spared`].
pub(super) fn released(
    bulletin: &Bulletin,
    scene: &Scene<'_>,
    incident: &Incident,
    reached: &BTreeSet<PersonId>,
    now: Timestamp,
) -> BTreeMap<ProposalId, BTreeSet<PersonId>> {
    let mut truth = Truth::new(bulletin, scene.state, now);
    let Some(scale) = truth.reach.anywhere() else { return BTreeMap::new() };
    let mut released: BTreeMap<ProposalId, BTreeSet<PersonId>> = BTreeMap::new();
    let drafts = scene.state.waiting().map(|waiting| (waiting.proposal.id, &waiting.proposal.draft));
    let of_series = |draft: &DispatchRecord| draft.cause.as_ref().is_some_and(|it| it.is_of_series(scene.series));
    let is_meant =
        |draft: &DispatchRecord| draft.incident == incident.id && draft.aim == Aim::Safety && of_series(draft);
    for (id, draft) in drafts.filter(|(_, draft)| is_meant(draft)) {
        for asked in draft.asked.iter().filter(|asked| !reached.contains(&asked.person)) {
            let of_scale = asked.gravity.filter(|gravity| gravity.against(scale).is_some());
            if of_scale.is_some_and(|gravity| truth.if_milder(asked.person, gravity).is_some()) {
                released.entry(id).or_default().insert(asked.person);
            }
        }
    }
    released
}

/// How bad it is for each person by what is true now.
struct Truth<'a> {
    state: &'a State,
    abroad: BTreeMap<PersonId, Vec<RegionCode>>,
    reach: Reach<'a>,
    now: Timestamp,
}

impl<'a> Truth<'a> {
    fn new(bulletin: &'a Bulletin, state: &'a State, now: Timestamp) -> Self {
        Truth { state, abroad: state.abroad(Side::Overseas, now), reach: Reach::plain(bulletin), now }
    }

    /// How bad it is for a person now, if at all; `None` unless it is milder than that one was told.
    fn if_milder(&mut self, person: PersonId, told: Gravity) -> Option<(PersonId, Option<Gravity>)> {
        let regions = self.state.people().find(person)?.regions_at(self.now);
        // The regions of a stay are this room's own, so they are not remembered.
        let stays = self.abroad.get(&person).into_iter().flatten().filter_map(|region| self.reach.look_up(region));
        let abroad = stays.reduce(Gravity::max);
        let there = abroad.into_iter().chain(self.reach.at(regions)).reduce(Gravity::max);
        let is_milder = there.is_none_or(|there| there.against(told) == Some(Ordering::Less));
        is_milder.then_some((person, there))
    }
}
