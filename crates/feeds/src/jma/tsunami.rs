//! Tsunami telegrams: grades, arrivals and heights by coast, measurements by station, and the earthquakes behind them.

use hikyaku_bulletin::{
    Area, AreaReport, AreaScheme, Bulletin, Revision, Severity, TsunamiGrade, TsunamiReport, WaterHeight,
};
use roxmltree::Node;

use super::quake;
use crate::instant::optional_instant;
use crate::tables::{Table, named_area};
use crate::xml::{at, child, child_text, children, text};

/// Fills in what the body says; the headline counts only where the body has no forecast, for its areas are aggregates.
pub(super) fn fill(bulletin: &mut Bulletin, report: Node) {
    let (head, body) = (child(report, "Head"), child(report, "Body"));
    quake::earthquakes(bulletin, body);
    let tsunami = body.and_then(|it| child(it, "Tsunami"));
    let items = |name| tsunami.and_then(|it| child(it, name)).into_iter().flat_map(|it| children(it, "Item"));
    for item in items("Forecast") {
        let report = forecast(item, &mut bulletin.remarks);
        bulletin.areas.extend(report);
    }
    for item in items("Estimation") {
        let severity = Severity::Tsunami(water(item, false, &mut bulletin.remarks));
        bulletin.areas.extend(coast(item).map(|area| AreaReport { area, severity }));
    }
    for item in items("Observation") {
        measured(item, &mut bulletin.areas, &mut bulletin.remarks);
    }
    if bulletin.areas.is_empty() && bulletin.revision != Revision::Cancellation {
        let headline = head.and_then(|it| child(it, "Headline"));
        bulletin.areas = headline.map(of_headline).unwrap_or_default();
        if !bulletin.areas.is_empty() {
            bulletin.remarks.push("coasts stand in the headline only, as wider areas".to_owned());
        }
    }
}

fn coast(item: Node) -> Option<Area> {
    let area = child(item, "Area")?;
    Some(named_area(Table::Tsunami, child_text(area, "Code")?, child_text(area, "Name").unwrap_or_default()))
}

fn forecast(item: Node, remarks: &mut Vec<String>) -> Option<AreaReport> {
    let area = coast(item)?;
    let said = |path: &[&'static str]| at(item, path).map(text).unwrap_or_default();
    let [code, name] = ["Code", "Name"].map(|it| said(&["Category", "Kind", it]));
    let before =
        TsunamiGrade::from_code(&said(&["Category", "LastKind", "Code"]), &said(&["Category", "LastKind", "Name"]));
    let grade = TsunamiGrade::from_code(&code, &name);
    if grade.is_none() {
        remarks.push(format!("coast {} has the unknown grade {code} 「{name}」", area.code));
    }
    let lifted = matches!(code.as_str(), "50" | "60" | "72" | "73") || name.contains("解除");
    let report = TsunamiReport { grade, before, lifted, ..water(item, false, remarks) };
    Some(AreaReport { area, severity: Severity::Tsunami(report) })
}

/// What was measured, station by station; a station lies where its coast does, one in the open sea nowhere.
fn measured(item: Node, areas: &mut Vec<AreaReport>, remarks: &mut Vec<String>) {
    let coast = coast(item);
    for station in children(item, "Station") {
        let code = child_text(station, "Code").unwrap_or_default();
        let name = child_text(station, "Name").unwrap_or_default();
        let mut area = Area::new(AreaScheme::Station, code, name, []);
        if let Some(coast) = &coast {
            area.prefectures.clone_from(&coast.prefectures);
            area.locals = coast.locals.clone();
            area.municipalities = coast.municipalities.clone();
        }
        areas.push(AreaReport { area, severity: Severity::Tsunami(water(station, true, remarks)) });
    }
}

/// First wave and greatest height of a coast or a station.
fn water(node: Node, measured: bool, remarks: &mut Vec<String>) -> TsunamiReport {
    let (first, greatest) = (child(node, "FirstHeight"), child(node, "MaxHeight"));
    TsunamiReport {
        grade: None,
        before: None,
        lifted: false,
        arrival: first.and_then(|it| optional_instant(it, "ArrivalTime", remarks)),
        arrival_words: first.and_then(|it| child_text(it, "Condition")).unwrap_or_default(),
        height: greatest.and_then(height),
        measured,
    }
}

/// A height: its number in metres where it has one (JMA writes `NaN` where it has not), and the official words.
fn height(greatest: Node) -> Option<WaterHeight> {
    let node = child(greatest, "TsunamiHeight");
    let metres = node.map(text).and_then(|it| it.parse::<f64>().ok()).filter(|it| (0.0..=1000.0).contains(it));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100,000, checked")]
    let centimetres = metres.map(|it| (it * 100.0).round() as u32);
    let described = node.and_then(|it| it.attribute("description")).filter(|it| !it.trim().is_empty());
    let words = described.map(|it| it.trim().to_owned()).or_else(|| child_text(greatest, "Condition"));
    let words = words.or_else(|| metres.map(|it| format!("{it}m")))?;
    Some(WaterHeight { centimetres, words })
}

fn of_headline(headline: Node) -> Vec<AreaReport> {
    let mut reports = Vec::new();
    for item in children(headline, "Information").flat_map(|it| children(it, "Item")) {
        let said = |name| at(item, &["Kind", name]).map(text).unwrap_or_default();
        let Some(grade) = TsunamiGrade::from_code(&said("Code"), &said("Name")) else { continue };
        for area in children(item, "Areas").flat_map(|it| children(it, "Area")) {
            let code = child_text(area, "Code").unwrap_or_default();
            let area = named_area(Table::Tsunami, code, child_text(area, "Name").unwrap_or_default());
            let report = TsunamiReport {
                grade: Some(grade),
                before: None,
                lifted: grade == TsunamiGrade::None,
                arrival: None,
                arrival_words: String::new(),
                height: None,
                measured: false,
            };
            reports.push(AreaReport { area, severity: Severity::Tsunami(report) });
        }
    }
    reports
}
