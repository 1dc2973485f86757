//! Incidents (事象): several bulletins, dispatches and answers about the same thing (requirement A10).

use std::collections::BTreeMap;

use hikyaku_bulletin::{Area, AreaScheme, Bulletin, IntensityReport, Kind, Revision};
use jiff::Timestamp;
use jiff::tz::{TimeZone, offset};
use serde::{Deserialize, Serialize};

use crate::answer::Answer;
use crate::id::{DispatchId, IncidentId, PersonId};
use crate::mail::Mode;

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
}

/// One incident.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// Its number.
    pub id: IncidentId,
    /// Whether it is meant in earnest; a drill is an incident of its own.
    pub mode: Mode,
    /// What is known now.
    pub summary: Summary,
    /// When it was opened.
    pub opened: Timestamp,
    /// When its source took it back, if it did.
    pub cancelled: Option<Timestamp>,
    /// Its dispatches in order.
    pub dispatches: Vec<DispatchId>,
    pub(crate) asked: BTreeMap<PersonId, Option<IntensityReport>>,
    pub(crate) answers: BTreeMap<PersonId, Vec<Answer>>,
}

impl Incident {
    /// Every version of a person's answer, the present one last.
    #[must_use]
    pub fn answers(&self, person: PersonId) -> &[Answer] {
        self.answers.get(&person).map_or(&[], Vec::as_slice)
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

    /// Whether a person should be asked about this intensity: never asked, or it became worse for that person.
    pub(crate) fn is_news_for(&self, person: PersonId, now: IntensityReport) -> bool {
        match self.asked.get(&person) {
            None | Some(None) => true,
            Some(Some(before)) => now.floor() > before.floor(),
        }
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
        Summary { title: title(bulletin), facts, occurred: bulletin.occurred, published: bulletin.published }
    }
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
