//! What follows from a bulletin: its judgement, an incident opened or changed, dispatches sent, proposed, or taken back.

use hikyaku_bulletin::{Bulletin, Fate, Kind, Prefecture};
use jiff::{SignedDuration, Timestamp};

use super::opening::{Opening, addresses_of};
use super::{drill, proposal, withdrawal};
use crate::dispatch::{Asked, Cause, Decided, DispatchRecord};
use crate::event::{Event, JudgingEvent, News};
use crate::gravity::Gravity;
use crate::id::{IncidentId, PersonId};
use crate::incident::{Incident, Summary};
use crate::judge::{Ask, Ruling, Scene, judge, mode_of};
use crate::judgement::{Judgement, Verdict};
use crate::mail::Mode;
use crate::rule::{Rule, Sending, WINDOW_HOURS};
use crate::state::State;
use crate::timeline::{Origin, whole_micros};

/// A bulletin on its way to becoming events.
pub(super) struct Taken<'a> {
    pub(super) bulletin: &'a Bulletin,
    pub(super) mode: Mode,
    pub(super) series: Vec<String>,
    pub(super) slot: String,
    pub(super) summary: Summary,
    pub(super) received: Timestamp,
}

pub(super) fn take(state: &State, bulletin: &Bulletin, fate: Fate, received: Timestamp, now: Timestamp) -> Vec<Event> {
    let taken = Taken {
        bulletin,
        mode: mode_of(bulletin),
        series: series_of(bulletin),
        slot: slot_of(bulletin),
        summary: Summary::of(bulletin),
        received: whole_micros(received),
    };
    let incident = taken.incident(state, now);
    let scene = Scene { state, fate, incident, series: &taken.series, slot: &taken.slot };
    let ruling = judge(bulletin, &scene, now);
    let acts = !ruling.asks.is_empty() || ruling.verdict == Verdict::OperatorNeeded;
    let into = incident.map(|incident| incident.id).or_else(|| acts.then(|| state.incidents.next_id()));
    let mut opening = Opening::new(state, now);
    // The judgement comes first: it is the cause of what follows.
    opening.push(JudgingEvent::BulletinJudged(Box::new(taken.judgement(&ruling, into, now))));
    match (incident, into) {
        (None, Some(incident)) => {
            let (mode, news) = (taken.mode, taken.news(None, now));
            opening.push(JudgingEvent::IncidentOpened { incident, mode, news, opened: now });
        }
        (Some(known), _) if ruling.verdict == Verdict::Cancelled => withdrawal::follow(&mut opening, &taken, known),
        (Some(known), _) if taken.tells(&ruling, known) => {
            let (incident, news) = (known.id, taken.news(Some(known), now));
            opening.push(JudgingEvent::IncidentChanged { incident, news });
        }
        _ => {}
    }
    let Some(into) = into else { return opening.events };
    for ask in &ruling.asks {
        let Some(rule) = state.rules().get(&ask.rule) else { continue };
        let draft = taken.draft(state, ask, rule, into, now);
        match &rule.sending {
            Sending::AtOnce => opening.dispatch(draft),
            Sending::Hold(hold) => proposal::propose(&mut opening, draft, hold),
            Sending::Never => {}
        }
    }
    if incident.is_none() {
        drill::suspend_for(&mut opening, taken.mode, &taken.summary.title);
    }
    withdrawal::tell_spared(&mut opening, &taken, into, &ruling.spared);
    if ruling.verdict == Verdict::OperatorNeeded {
        proposal::call_operators(&mut opening, &taken, into, &ruling.reasons);
    }
    opening.events
}

/// The series of a bulletin; one without any is a series of its own.
fn series_of(bulletin: &Bulletin) -> Vec<String> {
    if bulletin.series.is_empty() {
        return vec![bulletin.source.to_string()];
    }
    bulletin.series.iter().map(ToString::to_string).collect()
}

/// What takes each other's place within a series: telegrams of a kind, except where several of a kind stand side by side.
fn slot_of(bulletin: &Bulletin) -> String {
    match (&bulletin.kind, &bulletin.telegram) {
        (Kind::WeatherWarningR06 | Kind::WeatherWarning | Kind::Ashfall, Some(telegram)) => telegram.clone(),
        (kind, _) => kind.to_string(),
    }
}

impl Taken<'_> {
    /// The incident that the bulletin belongs to: that of its series, else the quake that it is a further shock of.
    fn incident<'s>(&self, state: &'s State, now: Timestamp) -> Option<&'s Incident> {
        let of_shock = || {
            let hours = state.rules().values().map(|rule| rule.window_hours).max().unwrap_or(WINDOW_HOURS);
            let since = now.checked_sub(SignedDuration::from_hours(i64::from(hours))).unwrap_or(Timestamp::MIN);
            state.incidents.of_shock(self.mode, &self.prefectures(), since)
        };
        let found = state.incidents.of_series(self.mode, &self.series);
        found.or_else(|| self.summary.is_quake().then(of_shock).flatten())
    }

    fn prefectures(&self) -> Vec<Prefecture> {
        let mut all: Vec<Prefecture> =
            self.bulletin.areas.iter().flat_map(|report| report.area.prefectures.iter().copied()).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Whether it changes what is known of its incident.
    fn tells(&self, ruling: &Ruling, incident: &Incident) -> bool {
        let judged = matches!(
            ruling.verdict,
            Verdict::Asked | Verdict::AskedAlready | Verdict::Nobody | Verdict::Held | Verdict::Corrected
        );
        judged && (self.summary.published > incident.summary.published || !self.is_known_in(incident))
    }

    fn is_known_in(&self, incident: &Incident) -> bool {
        self.series.iter().any(|key| incident.series.contains(key))
    }

    /// What becomes known. A further shock gives the incident its name only if it is the stronger one (requirement A12), and a
    /// hazard that follows a quake (a tsunami) never takes the quake's name.
    fn news(&self, known: Option<&Incident>, now: Timestamp) -> News {
        let summary = match known {
            Some(incident) if !self.is_main_in(incident) => {
                let mut summary = incident.summary.clone();
                let line = format!("続報: {}", self.summary.title);
                summary.facts.retain(|fact| *fact != line);
                summary.facts.push(line);
                summary
            }
            _ => self.summary.clone(),
        };
        News { series: self.series.clone(), prefectures: self.prefectures(), summary, at: now }
    }

    fn is_main_in(&self, incident: &Incident) -> bool {
        let (new, old) = (&self.summary, &incident.summary);
        if incident.cancelled.is_some() {
            return true;
        }
        if new.hazard != old.hazard && !(new.is_quake() && old.is_quake()) {
            return false;
        }
        let is_stronger = match (new.strength, old.strength) {
            (Some(new), Some(old)) => new.against(old).is_none_or(std::cmp::Ordering::is_gt),
            _ => true,
        };
        // A later word on the same shock counts, also where it is milder.
        let is_same_shock = self.is_known_in(incident) && new.occurred == old.occurred;
        is_stronger || is_same_shock
    }

    fn judgement(&self, ruling: &Ruling, incident: Option<IncidentId>, now: Timestamp) -> Judgement {
        let bulletin = self.bulletin;
        let area = |report: &hikyaku_bulletin::AreaReport| (report.area.code.to_string(), report.severity.to_string());
        let asked: usize = ruling.asks.iter().map(|ask| ask.people.len()).sum();
        Judgement {
            source: bulletin.source.to_string(),
            kind: bulletin.kind.to_string(),
            slot: self.slot.clone(),
            standing: bulletin.standing.to_string(),
            revision: bulletin.revision.to_string(),
            series: self.series.clone(),
            headline: bulletin.headline.clone(),
            areas: bulletin.areas.iter().map(area).collect(),
            occurred: self.summary.occurred,
            published: self.summary.published,
            received: self.received,
            judged: now,
            mode: ruling.mode,
            verdict: ruling.verdict,
            reasons: ruling.reasons.clone(),
            incident,
            asked_people: u32::try_from(asked).unwrap_or(u32::MAX),
        }
    }

    /// The dispatch that a rule wants.
    fn draft(&self, state: &State, ask: &Ask, rule: &Rule, incident: IncidentId, now: Timestamp) -> DispatchRecord {
        let asked = |(person, gravity): &(PersonId, Gravity)| Asked {
            person: *person,
            gravity: Some(*gravity),
            mails: addresses_of(state, *person),
        };
        DispatchRecord {
            dispatch: state.dispatches.next_id(),
            key: format!("{}/{}", self.bulletin.source, rule.id),
            incident,
            rule: Some(rule.id),
            cause: Some(self.cause()),
            purpose: rule.purpose,
            decided: Decided::Rule,
            class: rule.class,
            follow_up: rule.follow_up,
            mode: self.mode,
            title: self.summary.title.clone(),
            facts: self.summary.facts.clone(),
            template: rule.template.clone(),
            question: rule.question.clone(),
            origin: Origin {
                occurred: self.summary.occurred,
                reported: Some(self.summary.published),
                received: Some(self.received),
                judged: Some(now),
            },
            opened: self.received,
            expires: self.received,
            asked: ask.people.iter().map(asked).collect(),
        }
    }

    pub(super) fn cause(&self) -> Cause {
        let source = self.bulletin.source.to_string();
        Cause { source, series: self.series.clone(), slot: self.slot.clone() }
    }
}
