//! What people were mailed about within an incident: nobody is mailed again unless it became worse for that one.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::gravity::Gravity;
use crate::id::{PersonId, RuleId};
use crate::timeline::Micros;

/// That somebody was mailed about something. One for nearly everybody who was ever asked: it is kept small.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Notice {
    pub(crate) person: PersonId,
    pub(crate) channel: Channel,
    pub(crate) gravity: Gravity,
    pub(crate) at: Micros,
}

/// Safety confirmations are one channel, for nobody is asked twice for two rules; each subscription is another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Channel {
    Safety,
    Subscription(RuleId),
}

impl Notice {
    /// Whether it is about the same channel and on the same scale, so that the later of both is what holds.
    fn is_like(&self, other: &Notice) -> bool {
        self.channel == other.channel && self.gravity.against(other.gravity).is_some()
    }
}

/// The notices of an incident: in the order of people's numbers, those of one person in the order of mailing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Notices(Vec<Notice>);

impl Notices {
    /// Adds what people were mailed about now, in place of what they were mailed about before on that scale.
    pub(crate) fn add(&mut self, later: impl IntoIterator<Item = Notice>) {
        let mut all = std::mem::take(&mut self.0);
        all.extend(later);
        // The sort is stable: what was mailed later stays later.
        all.sort_by_key(|notice| notice.person);
        self.0.reserve_exact(all.len());
        for own in all.chunk_by(|one, next| one.person == next.person) {
            let holds = |(place, notice): &(usize, &Notice)| !own[place + 1..].iter().any(|it| it.is_like(notice));
            self.0.extend(own.iter().enumerate().filter(holds).map(|(_, notice)| *notice));
        }
        self.0.shrink_to_fit();
    }

    /// Takes those of some people out.
    pub(crate) fn take(&mut self, people: &BTreeSet<PersonId>) -> Vec<Notice> {
        let all = std::mem::take(&mut self.0);
        let (theirs, others) = all.into_iter().partition(|notice| people.contains(&notice.person));
        self.0 = others;
        theirs
    }

    /// Takes all out.
    pub(crate) fn take_all(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.0)
    }

    /// Forgets what these people were mailed at those instants.
    pub(crate) fn take_back(&mut self, people: &BTreeSet<PersonId>, instants: &BTreeSet<Timestamp>) {
        self.0.retain(|notice| !people.contains(&notice.person) || !instants.contains(&notice.at.into()));
    }

    /// Whoever was mailed, each once.
    pub(crate) fn people(&self) -> impl Iterator<Item = PersonId> {
        self.0.chunk_by(|one, next| one.person == next.person).map(|own| own[0].person)
    }

    /// Whether a person should be mailed about this: never mailed by this channel, it became worse, it is another hazard, or
    /// the last mail is not later than `since`.
    pub(crate) fn is_news_for(&self, person: PersonId, channel: Channel, now: Gravity, since: Timestamp) -> bool {
        let since = Micros::from(since);
        let mut same = self.of(person).iter().filter(|it| it.channel == channel && it.at > since);
        same.all(|it| now.against(it.gravity).is_none_or(|change| change == Ordering::Greater))
    }

    /// What a person was last mailed about by a channel, on the scale of `now`.
    pub(crate) fn last(&self, person: PersonId, channel: Channel, now: Gravity) -> Option<Notice> {
        let mut own = self.of(person).iter().rev();
        own.find(|it| it.channel == channel && now.against(it.gravity).is_some()).copied()
    }

    fn of(&self, person: PersonId) -> &[Notice] {
        let start = self.0.partition_point(|notice| notice.person < person);
        let rest = &self.0[start..];
        &rest[..rest.partition_point(|notice| notice.person == person)]
    }
}

#[cfg(test)]
mod tests {
    use hikyaku_bulletin::{Intensity, IntensityReport};

    use super::*;

    const SHAKEN: Gravity = Gravity::Shaking(IntensityReport::Measured(Intensity::FiveLower));
    const WORSE: Gravity = Gravity::Shaking(IntensityReport::Measured(Intensity::SixUpper));

    fn notice(person: u32, gravity: Gravity, at: i64) -> Notice {
        let at = Timestamp::from_microsecond(at).unwrap().into();
        Notice { person: PersonId(person), channel: Channel::Safety, gravity, at }
    }

    fn is_news(notices: &Notices, gravity: Gravity) -> bool {
        notices.is_news_for(PersonId(2), Channel::Safety, gravity, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn a_later_notice_takes_the_place_of_the_one_before_on_its_scale_only() {
        let mut notices = Notices::default();
        notices.add([notice(3, WORSE, 1), notice(1, SHAKEN, 1), notice(2, WORSE, 1), notice(2, Gravity::Struck, 2)]);
        assert!(!is_news(&notices, WORSE));
        notices.add([notice(2, SHAKEN, 3)]);
        assert!(is_news(&notices, WORSE), "it was milder in between");
        assert!(!is_news(&notices, SHAKEN) && !is_news(&notices, Gravity::Struck));
        assert_eq!(notices.of(PersonId(2)), [notice(2, Gravity::Struck, 2), notice(2, SHAKEN, 3)]);
        assert_eq!(notices.people().collect::<Vec<_>>(), [1, 2, 3].map(PersonId));
    }

    #[test]
    fn who_goes_takes_the_own_notices_along_and_no_others() {
        let mut notices = Notices::default();
        notices.add((1..=4).map(|person| notice(person, SHAKEN, 1)));
        let theirs = notices.take(&BTreeSet::from([PersonId(2), PersonId(4), PersonId(9)]));
        assert_eq!(theirs.iter().map(|it| it.person.0).collect::<Vec<_>>(), [2, 4]);
        assert_eq!(notices.people().collect::<Vec<_>>(), [1, 3].map(PersonId));
        assert!(is_news(&notices, SHAKEN));
    }
}
