//! Incidents (事象): several bulletins, dispatches and answers about the same thing (requirement A10).

use std::collections::{BTreeMap, BTreeSet};

use hikyaku_bulletin::{Area, AreaScheme, Bulletin, Hazard, IntensityReport, Kind, Prefecture, Revision};
use jiff::Timestamp;
use jiff::tz::{TimeZone, offset};
use serde::{Deserialize, Serialize};

use crate::answer::Answer;
use crate::few::Few;
use crate::gravity::Gravity;
use crate::id::{DispatchId, IncidentId, PersonId};
use crate::mail::Mode;
use crate::notice::Notices;
use crate::pack::pack_map;
use crate::timeline::whole_micros;

/// Most areas that a line of facts names.
const AREAS_NAMED: usize = 5;

/// What is known of an incident at one moment, in words and instants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// What it is called: 石川県能登地方の地震（最大震度６強）.
    pub title: String,
    /// What is known, a line each.
    pub facts: Vec<String>,
    /// When it occurred, if told.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::optional")]
    pub occurred: Option<Timestamp>,
    /// When this was published.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub published: Timestamp,
    /// What it is about; `None` for what a person composed.
    pub hazard: Option<Hazard>,
    /// The greatest gravity anywhere, where there is a scale: the main shock is the one that has most of it.
    pub strength: Option<Gravity>,
    /// The series of the telegram that said it: later words of the same series replace it, also milder ones.
    pub series: Vec<String>,
}

/// One incident.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// Its number.
    pub id: IncidentId,
    /// Whether it is meant in earnest; a drill is an incident of its own.
    pub mode: Mode,
    /// What is known now, of its main shock if it has several.
    pub summary: Summary,
    /// When it was opened.
    pub opened: Timestamp,
    /// When its source took it back, if it did.
    pub cancelled: Option<Timestamp>,
    /// Its dispatches in order.
    pub dispatches: Vec<DispatchId>,
    /// The incident that it was merged into, if it was.
    pub merged_into: Option<IncidentId>,
    /// The incident that it was a part of, if it was.
    pub split_from: Option<IncidentId>,
    /// The series of bulletins that belong to it.
    pub series: BTreeSet<String>,
    /// The prefectures that its bulletins named.
    pub(crate) prefectures: BTreeSet<Prefecture>,
    /// When a bulletin last changed it.
    pub(crate) touched: Timestamp,
    pub(crate) notices: Notices,
    pub(crate) answers: BTreeMap<PersonId, Few<Answer>>,
}

impl Incident {
    pub(crate) fn new(id: IncidentId, mode: Mode, summary: Summary, opened: Timestamp) -> Self {
        Incident {
            id,
            mode,
            touched: opened,
            summary,
            opened,
            cancelled: None,
            dispatches: Vec::new(),
            merged_into: None,
            split_from: None,
            series: BTreeSet::new(),
            prefectures: BTreeSet::new(),
            notices: Notices::default(),
            answers: BTreeMap::new(),
        }
    }

    /// Every version of a person's answer, the present one last.
    #[must_use]
    pub fn answers(&self, person: PersonId) -> &[Answer] {
        self.answers.get(&person).map_or(&[], |versions| versions)
    }

    /// Gives back the room that it needed to grow, as [`crate::Dispatch`] does.
    pub(crate) fn pack(&mut self) {
        pack_map(&mut self.answers);
    }

    /// What a responder may read of it now.
    #[must_use]
    pub fn facts(&self) -> Vec<String> {
        let mut facts = self.summary.facts.clone();
        if self.cancelled.is_some() {
            facts.push("この情報は発表元が取り消しました。".into());
        }
        facts
    }
}

impl Summary {
    /// What a bulletin tells, worded for people.
    #[must_use]
    pub fn of(bulletin: &Bulletin) -> Self {
        let mut facts = Vec::new();
        facts.extend(bulletin.occurred.map(|at| format!("発生: {}ごろ", japan_time(at))));
        if let Some(quake) = &bulletin.hypocentre {
            facts.push(format!("震源: {}（深さ {}）", quake.name, quake.depth_words()));
            facts.push(format!("規模: {}", quake.magnitude));
        }
        if let Some(greatest) = bulletin.max_intensity() {
            facts.push(format!("最大{greatest}: {}", areas_at(bulletin, greatest, AREAS_NAMED)));
        }
        let kind = match bulletin.revision {
            Revision::Issue => bulletin.kind.to_string(),
            ref other => format!("{}（{other}）", bulletin.kind),
        };
        facts
            .push(format!("情報: {} {kind} {}発表", bulletin.publisher, japan_time(bulletin.issued)).trim().to_owned());
        let gravities = bulletin.areas.iter().filter_map(|area| Gravity::of(&area.severity));
        Summary {
            title: title(bulletin),
            facts,
            occurred: bulletin.occurred.map(whole_micros),
            published: whole_micros(bulletin.published),
            hazard: Some(bulletin.hazard()),
            strength: gravities.reduce(Gravity::max),
            series: series_of(bulletin),
        }
    }

    /// What a person composed.
    #[must_use]
    pub fn composed(title: &str, facts: &[String], published: Timestamp) -> Self {
        let (title, facts) = (title.to_owned(), facts.to_vec());
        Summary { title, facts, occurred: None, published, hazard: None, strength: None, series: Vec::new() }
    }

    /// Whether it is about shaking, expected or observed: what aftershocks are rolled up to.
    pub(crate) fn is_quake(&self) -> bool {
        self.hazard.is_some_and(is_quake)
    }
}

/// The series of a bulletin as judgements write them; one without any is a series of its own.
pub(crate) fn series_of(bulletin: &Bulletin) -> Vec<String> {
    if bulletin.series.is_empty() {
        return vec![bulletin.source.to_string()];
    }
    bulletin.series.iter().map(ToString::to_string).collect()
}

pub(crate) fn is_quake(hazard: Hazard) -> bool {
    matches!(hazard, Hazard::Earthquake | Hazard::EarlyWarning)
}

fn title(bulletin: &Bulletin) -> String {
    let quake = matches!(bulletin.kind, Kind::IntensityPrompt | Kind::HypocentreAndIntensity | Kind::DistantEarthquake);
    let Some(greatest) = bulletin.max_intensity().filter(|_| quake) else { return bulletin.title.clone() };
    match &bulletin.hypocentre {
        Some(hypocentre) => format!("{}の地震（最大{greatest}）", hypocentre.name),
        None => format!("{}の地震（最大{greatest}）", areas_at(bulletin, greatest, 1)),
    }
}

/// The first `most` areas of an intensity: 石川県能登、石川県加賀ほか.
fn areas_at(bulletin: &Bulletin, intensity: IntensityReport, most: usize) -> String {
    let there = bulletin.areas.iter().filter(|area| area.intensity() == Some(intensity));
    let (local, wide): (Vec<&Area>, Vec<&Area>) =
        there.map(|area| &area.area).partition(|area| area.scheme == AreaScheme::SeismicLocal);
    let areas = if local.is_empty() { wide } else { local };
    let names: Vec<&str> = areas.iter().take(most).map(|area| area.name.as_str()).collect();
    let more = if areas.len() > most { "ほか" } else { "" };
    format!("{}{more}", names.join("、"))
}

/// `1月1日 16時10分` in Japan (UTC+9, no summer time).
pub(crate) fn japan_time(at: Timestamp) -> String {
    at.to_zoned(TimeZone::fixed(offset(9))).strftime("%-m月%-d日 %-H時%-M分").to_string()
}
