//! What follows from a bulletin: its judgement, an incident opened or changed, the dispatches that rules want.

use hikyaku_bulletin::{Bulletin, IntensityReport};
use jiff::{Timestamp, ToSpan};

use crate::dispatch::{Asked, DispatchRecord, OPEN_DAYS};
use crate::event::{DispatchEvent, Event, JudgingEvent};
use crate::id::{DispatchId, IncidentId, PersonId};
use crate::incident::{Incident, Summary};
use crate::judge::{Ask, Judgement, Ruling, Scene, Verdict, judge, mode_of};
use crate::rule::Rule;
use crate::state::State;
use crate::timeline::{Origin, whole_micros};

pub(super) fn take(state: &State, bulletin: &Bulletin, received: Timestamp, now: Timestamp) -> Vec<Event> {
    let series = series_of(bulletin);
    let mode = mode_of(bulletin);
    let incident = state.incidents.of_series(mode, &series);
    let known = state.incidents.is_judged(bulletin.source.as_str());
    let cancelled = state.incidents.cancelled(mode, &series);
    let scene = Scene { people: state.people(), rules: state.rules(), incident, cancelled, known };
    let ruling = judge(bulletin, &scene, now);
    let summary = summary_of(bulletin);
    let mut events = Vec::new();
    let into = match (incident, ruling.verdict) {
        (None, Verdict::Asked) => {
            let incident = state.incidents.next_id();
            let (series, summary) = (series.clone(), summary.clone());
            events.push(JudgingEvent::IncidentOpened { incident, mode, series, summary, opened: now }.into());
            Some(incident)
        }
        (None, _) => None,
        (Some(incident), verdict) => {
            events.extend(change(incident, verdict, &series, &summary));
            Some(incident.id)
        }
    };
    let taken = Taken { bulletin, received: whole_micros(received), now };
    // The judgement comes first: it is the cause of what follows.
    events.insert(0, JudgingEvent::BulletinJudged(Box::new(taken.judgement(&ruling, series, into))).into());
    if let Some(incident) = into {
        let asks = ruling.asks.iter().zip(state.dispatches.next_id().0..);
        let open = |(ask, number): (&Ask, u32)| {
            let rule = state.rules().get(&ask.rule)?;
            let record = taken.dispatch(state, &ruling, ask, rule);
            Some(
                DispatchEvent::Opened(Box::new(DispatchRecord { dispatch: DispatchId(number), incident, ..record }))
                    .into(),
            )
        };
        events.extend(asks.filter_map(open));
    }
    events
}

/// What a bulletin changes in the incident it belongs to.
fn change(incident: &Incident, verdict: Verdict, series: &[String], summary: &Summary) -> Option<Event> {
    match verdict {
        Verdict::Cancelled => {
            Some(JudgingEvent::IncidentCancelled { incident: incident.id, published: summary.published }.into())
        }
        Verdict::Asked | Verdict::AskedAlready | Verdict::Nobody if summary.published > incident.summary.published => {
            let (series, summary) = (series.to_vec(), summary.clone());
            Some(JudgingEvent::IncidentChanged { incident: incident.id, series, summary }.into())
        }
        _ => None,
    }
}

/// The series of a bulletin; one without any is a series of its own.
fn series_of(bulletin: &Bulletin) -> Vec<String> {
    if bulletin.series.is_empty() {
        return vec![bulletin.source.to_string()];
    }
    bulletin.series.iter().map(ToString::to_string).collect()
}

fn summary_of(bulletin: &Bulletin) -> Summary {
    let summary = Summary::of(bulletin);
    let (occurred, published) = (summary.occurred.map(whole_micros), whole_micros(summary.published));
    Summary { occurred, published, ..summary }
}

/// A bulletin on its way to becoming events.
struct Taken<'a> {
    bulletin: &'a Bulletin,
    received: Timestamp,
    now: Timestamp,
}

impl Taken<'_> {
    fn judgement(&self, ruling: &Ruling, series: Vec<String>, incident: Option<IncidentId>) -> Judgement {
        let bulletin = self.bulletin;
        let code = |intensity: IntensityReport| match intensity {
            IntensityReport::Measured(step) => step.code().to_owned(),
            IntensityReport::AtLeastFiveLowerUnreported => IntensityReport::UNREPORTED.to_owned(),
        };
        let area = |area: &hikyaku_bulletin::AreaReport| Some((area.area.code.to_string(), code(area.intensity()?)));
        let asked: usize = ruling.asks.iter().map(|ask| ask.people.len()).sum();
        Judgement {
            source: bulletin.source.to_string(),
            kind: bulletin.kind.to_string(),
            standing: bulletin.standing.to_string(),
            revision: bulletin.revision.to_string(),
            series,
            headline: bulletin.headline.clone(),
            areas: bulletin.areas.iter().filter_map(area).collect(),
            occurred: bulletin.occurred.map(whole_micros),
            published: whole_micros(bulletin.published),
            received: self.received,
            judged: self.now,
            mode: ruling.mode,
            verdict: ruling.verdict,
            reasons: ruling.reasons.clone(),
            incident,
            asked_people: u32::try_from(asked).unwrap_or(u32::MAX),
        }
    }

    /// A dispatch still without its number and incident.
    fn dispatch(&self, state: &State, ruling: &Ruling, ask: &Ask, rule: &Rule) -> DispatchRecord {
        let summary = summary_of(self.bulletin);
        let asked = |(person, intensity): &(PersonId, IntensityReport)| Asked {
            person: *person,
            intensity: Some(*intensity),
            mails: mails_to(state, *person),
        };
        DispatchRecord {
            dispatch: state.dispatches.next_id(),
            key: format!("{}/{}", self.bulletin.source, rule.id),
            incident: state.incidents.next_id(),
            rule: Some(rule.id),
            mode: ruling.mode,
            title: summary.title,
            facts: summary.facts,
            template: rule.template.clone(),
            question: rule.question.clone(),
            origin: Origin {
                occurred: summary.occurred,
                reported: Some(summary.published),
                received: Some(self.received),
            },
            opened: self.now,
            expires: expiry(self.now),
            asked: ask.people.iter().map(asked).collect(),
        }
    }
}

pub(super) fn expiry(opened: Timestamp) -> Timestamp {
    opened.checked_add((OPEN_DAYS * 24).hours()).unwrap_or(Timestamp::MAX)
}

pub(super) fn mails_to(state: &State, person: PersonId) -> u8 {
    let addresses = state.people().find(person).map_or(0, |person| person.addresses().len());
    u8::try_from(addresses).unwrap_or(u8::MAX)
}
