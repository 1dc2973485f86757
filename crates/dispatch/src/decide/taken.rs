//! A bulletin on its way to becoming events: what it is called, where it belongs, what dispatch a rule makes of it.

use hikyaku_bulletin::{Bulletin, Kind, Prefecture};
use jiff::{SignedDuration, Timestamp};

use super::opening::places_of;
use crate::dispatch::{Asked, Cause, Decided, DispatchRecord};
use crate::event::News;
use crate::gravity::Gravity;
use crate::id::{IncidentId, PersonId};
use crate::incident::{Incident, Summary, series_of};
use crate::judge::{Ask, Ruling, mode_of};
use crate::judgement::{Judgement, Verdict};
use crate::mail::Mode;
use crate::rule::{Rule, WINDOW_HOURS};
use crate::state::State;
use crate::timeline::{Origin, believed, whole_micros};

/// A bulletin on its way to becoming events.
pub(super) struct Taken<'a> {
    pub(super) bulletin: &'a Bulletin,
    pub(super) mode: Mode,
    pub(super) series: Vec<String>,
    pub(super) slot: String,
    pub(super) summary: Summary,
    pub(super) received: Timestamp,
}

/// What takes each other's place within a series: telegrams of a kind, except where several of a kind stand side by side.
fn slot_of(bulletin: &Bulletin) -> String {
    if let Some(event) = bulletin.local_event() {
        return format!("{} {event}", bulletin.kind);
    }
    match (&bulletin.kind, &bulletin.telegram) {
        (Kind::WeatherWarningR06 | Kind::WeatherWarning | Kind::Ashfall, Some(telegram)) => telegram.clone(),
        (kind, _) => kind.to_string(),
    }
}

impl<'a> Taken<'a> {
    pub(super) fn new(bulletin: &'a Bulletin, received: Timestamp) -> Self {
        let received = whole_micros(received);
        let mut summary = Summary::of(bulletin);
        // Else no true telegram would ever be later.
        summary.published = believed(summary.published, received);
        Taken {
            bulletin,
            mode: mode_of(bulletin),
            series: series_of(bulletin),
            slot: slot_of(bulletin),
            summary,
            received,
        }
    }

    /// The incident that the bulletin belongs to: that of its series, else the quake that it is a further shock of.
    pub(super) fn incident<'s>(&self, state: &'s State, now: Timestamp) -> Option<&'s Incident> {
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
    pub(super) fn tells(&self, ruling: &Ruling, incident: &Incident) -> bool {
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
    pub(super) fn news(&self, known: Option<&Incident>, now: Timestamp) -> News {
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
        let is_same_shock = new.series.iter().any(|key| old.series.contains(key));
        is_stronger || is_same_shock
    }

    pub(super) fn judgement(&self, ruling: &Ruling, incident: Option<IncidentId>, now: Timestamp) -> Judgement {
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
            published: whole_micros(bulletin.published),
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
    pub(super) fn draft(
        &self,
        state: &State,
        ask: &Ask,
        rule: &Rule,
        incident: IncidentId,
        now: Timestamp,
    ) -> DispatchRecord {
        let asked = |(person, gravity): &(PersonId, Gravity)| Asked {
            person: *person,
            gravity: Some(*gravity),
            places: places_of(state, *person),
        };
        DispatchRecord {
            dispatch: state.dispatches.next_id(),
            key: format!("{}/{}", self.bulletin.source, rule.id),
            incident,
            rule: Some(rule.id),
            cause: Some(self.cause()),
            aim: rule.aim,
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

    /// The telegram as what follows from it names it.
    pub(super) fn cause(&self) -> Cause {
        let source = self.bulletin.source.to_string();
        Cause { source, series: self.series.clone(), slot: self.slot.clone() }
    }
}
