//! The body of earthquake telegrams: observed intensities by area, hypocentre, and the official sentences.

use std::collections::HashSet;

use hikyaku_bulletin::{
    Area, AreaReport, Bulletin, Detail, Earthquake, Hypocentre, IntensityReport, Kind, LongPeriodClass, Magnitude,
    MagnitudeValue, Prefecture, Severity, Stations,
};
use roxmltree::Node;

use super::coordinate::coordinate;
use crate::instant::optional_instant;
use crate::tables::{Table, named_area};
use crate::xml::{at, child, child_text, children, descendants, text};

/// The code table by which intensities are announced.
pub(super) const LOCAL_AREAS: &str = "地震情報／細分区域";

/// Fills in what the body of a 震度速報 or 震源・震度情報 says, and what only the headline says.
pub(crate) fn fill(bulletin: &mut Bulletin, report: Node) {
    let (head, body) = (child(report, "Head"), child(report, "Body"));
    let remarks = &mut bulletin.remarks;
    if let Some(observation) = body.and_then(|it| at(it, &["Intensity", "Observation"])) {
        bulletin.areas = observed(observation, remarks);
        bulletin.detail = stations(observation).map(Detail::Stations);
    }
    if let Some(headline) = head.and_then(|it| child(it, "Headline")) {
        add_headline_areas(headline, &mut bulletin.areas, remarks);
    }
    if bulletin.kind == Kind::IntensityPrompt {
        // Here it is when the shaking was noticed; in 震源・震度情報 it repeats the time of the report.
        bulletin.occurred = head.and_then(|it| optional_instant(it, "TargetDateTime", remarks));
    }
    earthquakes(bulletin, body);
}

/// The earthquakes of a body: the first is the bulletin's own.
pub(super) fn earthquakes(bulletin: &mut Bulletin, body: Option<Node>) {
    for earthquake in body.into_iter().flat_map(|it| children(it, "Earthquake")) {
        let remarks = &mut bulletin.remarks;
        // An early warning without a located hypocentre has no origin time, but a time of arrival.
        let occurred = optional_instant(earthquake, "OriginTime", remarks)
            .or_else(|| optional_instant(earthquake, "ArrivalTime", remarks));
        let hypocentre = hypocentre(earthquake, remarks);
        if bulletin.hypocentre.is_none() && bulletin.further.is_empty() {
            bulletin.occurred = occurred.or(bulletin.occurred);
            bulletin.hypocentre = hypocentre;
        } else if let Some(hypocentre) = hypocentre {
            bulletin.further.push(Earthquake { occurred, hypocentre });
        }
    }
}

/// The stations that are named, by what they report; one whose value cannot be read is not counted.
fn stations(observation: Node) -> Option<Stations> {
    let reports = descendants(observation, "IntensityStation").filter_map(|it| child_text(it, "Int")?.parse().ok());
    let municipalities = descendants(observation, "City").count();
    Stations::of(reports, u32::try_from(municipalities).unwrap_or(u32::MAX))
}

/// Observed intensities, area by area.
fn observed(observation: Node, remarks: &mut Vec<String>) -> Vec<AreaReport> {
    let mut reports = Vec::new();
    for pref in children(observation, "Pref") {
        let prefecture = prefecture(pref);
        let before = reports.len();
        for area in children(pref, "Area") {
            let name = child_text(area, "Name").unwrap_or_default();
            let code = child_text(area, "Code").unwrap_or_default();
            let place = local(code, name, prefecture);
            match intensity(area, remarks).map(Severity::Intensity) {
                Some(severity) => reports.push(AreaReport { area: place.clone(), severity }),
                None => remarks.push(format!("area {} {} has no readable intensity", place.code, place.name)),
            }
            let class = child_text(area, "MaxLgInt").and_then(|it| it.parse().ok()).and_then(LongPeriodClass::new);
            reports.extend(class.map(|class| AreaReport { area: place, severity: Severity::LongPeriod(class) }));
        }
        // A prefecture without a single readable area still shook.
        if reports.len() == before
            && let (Some(prefecture), Some(intensity)) = (prefecture, intensity(pref, remarks))
        {
            reports.push(AreaReport { area: Area::prefecture(prefecture), severity: Severity::Intensity(intensity) });
        }
    }
    reports
}

fn prefecture(pref: Node) -> Option<Prefecture> {
    let by_code = child_text(pref, "Code").and_then(|it| it.parse().ok()).and_then(Prefecture::from_code);
    by_code.or_else(|| child_text(pref, "Name").and_then(|it| Prefecture::from_name(&it)))
}

/// A 細分区域; the prefecture that the telegram lists it under counts before our table.
fn local(code: String, name: String, listed: Option<Prefecture>) -> Area {
    let mut area = named_area(Table::Seismic, code, name);
    if let Some(prefecture) = listed {
        area.prefectures = vec![prefecture];
    }
    area
}

/// The intensity of an area: the official `MaxInt`, else the greatest of its cities; and never less than 5弱 while a city or
/// station in it is 震度５弱以上未入電, even where the others measured less.
fn intensity(area: Node, remarks: &mut Vec<String>) -> Option<IntensityReport> {
    let measured = child_text(area, "MaxInt").and_then(|word| match word.parse::<IntensityReport>() {
        Ok(report) => Some(report),
        Err(error) => {
            remarks.push(format!("MaxInt: {error}"));
            None
        }
    });
    let of_cities = || descendants(area, "MaxInt").filter_map(|it| text(it).parse::<IntensityReport>().ok()).max();
    let unreported = descendants(area, "Condition")
        .chain(descendants(area, "Int"))
        .any(|it| text(it).contains(IntensityReport::UNREPORTED))
        .then_some(IntensityReport::AtLeastFiveLowerUnreported);
    measured.or_else(of_cities).max(unreported)
}

/// Areas that the headline names and the body does not: none in any telegram seen, yet an alarm must not hang on that.
fn add_headline_areas(headline: Node, areas: &mut Vec<AreaReport>, remarks: &mut Vec<String>) {
    let mut told = codes(areas);
    for item in children(headline, "Information").flat_map(|it| children(it, "Item")) {
        let kind = at(item, &["Kind", "Name"]).map(text).and_then(|it| it.parse::<IntensityReport>().ok());
        let Some(intensity) = kind else { continue };
        let lists = children(item, "Areas").filter(|it| it.attribute("codeType") == Some(LOCAL_AREAS));
        for area in lists.flat_map(|it| children(it, "Area")) {
            let code = child_text(area, "Code").unwrap_or_default();
            if !told.insert(code.clone()) {
                continue;
            }
            let name = child_text(area, "Name").unwrap_or_default();
            remarks.push(format!("area {code} {name} stands in the headline only"));
            areas.push(AreaReport { area: local(code, name, None), severity: Severity::Intensity(intensity) });
        }
    }
}

/// The codes of the areas that are told already.
pub(super) fn codes(areas: &[AreaReport]) -> HashSet<String> {
    areas.iter().map(|it| it.area.code.to_string()).collect()
}

/// Where the earthquake began; `None` when neither a name nor a position is told.
fn hypocentre(earthquake: Node, remarks: &mut Vec<String>) -> Option<Hypocentre> {
    let area = at(earthquake, &["Hypocenter", "Area"])?;
    let mut located = None;
    for node in children(area, "Coordinate") {
        let read = coordinate(&text(node));
        if read.is_none() && !text(node).is_empty() {
            remarks.push(format!("Coordinate 「{}」 is not understood", text(node)));
        }
        // Degrees and minutes, where they stand beside degrees, are the more precise.
        let precise = node.attribute("type").is_some_and(|it| it.contains("度分"));
        located = if precise { read.or(located) } else { located.or(read) };
    }
    let name = child_text(area, "Name");
    if name.is_none() && located.is_none() {
        return None;
    }
    Some(Hypocentre {
        name: name.unwrap_or_else(|| "不明".to_owned()),
        prefectures: child_text(area, "Code")
            .and_then(|code| crate::tables::area(Table::Epicentre, &code))
            .map(|it| it.prefectures().collect())
            .unwrap_or_default(),
        code: child_text(area, "Code"),
        detail: child_text(area, "DetailedName"),
        position: located.map(|(position, _)| position),
        depth_km: located.and_then(|(_, depth_km)| depth_km),
        magnitude: magnitude(earthquake),
    })
}

/// The first magnitude that is a number; else the official words of the first.
fn magnitude(earthquake: Node) -> Magnitude {
    let known = |node: Node| {
        let word = text(node);
        // Only plain digits: JMA writes `NaN`, which a float parser would take.
        let plain = !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-'));
        let value = word.parse().ok().filter(|_| plain).and_then(|it| MagnitudeValue::new(it).ok())?;
        Some(Magnitude::Known { value, scale: node.attribute("type").unwrap_or("M").to_owned() })
    };
    let words = || {
        let node = child(earthquake, "Magnitude")?;
        let said = node.attribute("description").or_else(|| node.attribute("condition"))?.trim();
        (!said.is_empty()).then(|| said.to_owned())
    };
    children(earthquake, "Magnitude")
        .find_map(known)
        .unwrap_or_else(|| Magnitude::Unknown { words: words().unwrap_or_else(|| "Ｍ不明".to_owned()) })
}
