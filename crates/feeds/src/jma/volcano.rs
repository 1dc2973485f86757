//! Volcano telegrams: level or keyword by volcano and municipality, eruptions, ash.

use hikyaku_bulletin::{
    Area, AreaReport, AreaScheme, Bulletin, Kind, Prefecture, Severity, VolcanoChange, VolcanoReport,
};
use roxmltree::Node;

use crate::instant::optional_instant;
use crate::reports::{repeated, said_once};
use crate::tables::{Table, named_area};
use crate::xml::{at, child, child_text, children, text};

/// Fills in what the body says, else what the headline says.
pub(super) fn fill(bulletin: &mut Bulletin, report: Node) {
    let (head, body) = (child(report, "Head"), child(report, "Body"));
    let of_body = body.into_iter().flat_map(|it| children(it, "VolcanoInfo")).flat_map(|it| children(it, "Item"));
    let headline = head.and_then(|it| child(it, "Headline"));
    let of_headline =
        headline.into_iter().flat_map(|it| children(it, "Information")).flat_map(|it| children(it, "Item"));
    let mut items: Vec<Node> = of_body.collect();
    if items.is_empty() {
        items = of_headline.collect();
    }
    for item in &items {
        add(*item, bulletin);
    }
    // Ash fall repeats a municipality for each amount and hour.
    said_once(&mut bulletin.areas);
    share_prefectures(&mut bulletin.areas);
    if matches!(bulletin.kind, Kind::EruptionPrompt | Kind::VolcanoObservation | Kind::Plume) {
        let event = items.iter().find_map(|it| child(*it, "EventTime"));
        let told = event.and_then(|it| optional_instant(it, "EventDateTime", &mut bulletin.remarks));
        let target = || head.and_then(|it| optional_instant(it, "TargetDateTime", &mut bulletin.remarks));
        bulletin.occurred = told.or_else(target);
    }
    let content = body.and_then(|it| child(it, "VolcanoInfoContent"));
    let sentences = ["VolcanoHeadline", "VolcanoActivity", "VolcanoPrevention", "Text"];
    let said = content.into_iter().flat_map(|it| sentences.into_iter().filter_map(move |name| child_text(it, name)));
    let own = std::mem::take(&mut bulletin.text);
    bulletin.text = std::iter::once(own).chain(said).filter(|it| !it.is_empty()).collect::<Vec<_>>().join("\n");
}

fn add(item: Node, bulletin: &mut Bulletin) {
    let Some(kind) = child(item, "Kind") else { return };
    let [code, name] = ["Code", "Name"].map(|it| repeated(child_text(kind, it).unwrap_or_default()));
    let report = VolcanoReport {
        level: VolcanoReport::level_of_code(&code),
        change: match child_text(kind, "Condition").as_deref() {
            Some("引上げ") => VolcanoChange::Raised,
            Some("引下げ") => VolcanoChange::Lowered,
            Some("継続") => VolcanoChange::Continued,
            Some(word) if word.contains("解除") => VolcanoChange::Lifted,
            _ => VolcanoChange::Issued,
        },
        name,
        code,
    };
    for list in children(item, "Areas") {
        for node in children(list, "Area") {
            let area = area(list.attribute("codeType").unwrap_or_default(), node);
            bulletin.areas.push(AreaReport { area, severity: Severity::Volcano(report.clone()) });
        }
    }
}

fn area(code_type: &str, node: Node) -> Area {
    let name = child_text(node, "Name").unwrap_or_default();
    let code = at(node, &["Code"]).map(text).unwrap_or_default();
    match code_type {
        "火山名" => named_area(Table::Volcano, code, name),
        it if it.contains("市町村") => named_area(Table::City, code, name),
        it if it.contains("海上") => Area::new(AreaScheme::Sea, code, name, []),
        _ => named_area(Table::Weather, code, name),
    }
}

/// A volcano counts for the prefectures of the municipalities that its telegram names too.
fn share_prefectures(areas: &mut [AreaReport]) {
    let cities = areas.iter().filter(|it| it.area.scheme == AreaScheme::City);
    let mut named: Vec<Prefecture> = cities.flat_map(|it| it.area.prefectures.iter().copied()).collect();
    named.sort_unstable();
    named.dedup();
    for report in areas.iter_mut().filter(|it| it.area.scheme == AreaScheme::Volcano) {
        for prefecture in &named {
            if !report.area.prefectures.contains(prefecture) {
                report.area.prefectures.push(*prefecture);
            }
        }
    }
}
