//! 指定河川洪水予報: the level of a river's forecast area, under its names before and since 2026.

use hikyaku_bulletin::{
    AlertLevel, Area, AreaReport, AreaScheme, Bulletin, Phenomenon, Prefecture, Severity, WarningChange, WarningGrade,
    WarningReport,
};
use roxmltree::Node;

use crate::reports::said_once;
use crate::tables::{Table, named_area};
use crate::xml::{child, child_text, children, text};

/// Fills in the rivers of the headline, with the prefectures that it names beside them, and the main sentences of the body.
pub(super) fn fill(bulletin: &mut Bulletin, report: Node) {
    let headline = child(report, "Head").and_then(|it| child(it, "Headline"));
    // Every type begins with 指定河川洪水予報; what stands in its brackets tells them apart.
    let information = |what: &'static str| {
        let lists = headline.into_iter().flat_map(|it| children(it, "Information"));
        lists.filter(move |it| it.attribute("type").is_some_and(|it| it.contains(what)))
    };
    let mut prefectures: Vec<Prefecture> = Vec::new();
    for area in information("（府県予報区").flat_map(|it| children(it, "Item")).flat_map(areas) {
        let named = named_area(Table::Weather, area.0, area.1).prefectures;
        prefectures.extend(named);
    }
    prefectures.sort_unstable();
    prefectures.dedup();
    let rivers = ["（予報区域）", "（河川）"].into_iter().flat_map(information).flat_map(|it| children(it, "Item"));
    for item in rivers {
        let Some(kind) = child(item, "Kind") else { continue };
        let warning = warning(kind);
        for (code, name) in areas(item) {
            let area = Area::new(AreaScheme::River, code, name, prefectures.iter().copied());
            bulletin.areas.push(AreaReport { area, severity: Severity::Warning(warning.clone()) });
        }
    }
    said_once(&mut bulletin.areas);
    let body = child(report, "Body");
    let items = body.into_iter().flat_map(|it| children(it, "Warning")).flat_map(|it| children(it, "Item"));
    let properties = items.flat_map(|it| children(it, "Kind")).flat_map(|it| children(it, "Property"));
    let main = properties.filter(|it| child_text(*it, "Type").as_deref() == Some("主文"));
    let sentences: Vec<String> = main.filter_map(|it| child_text(it, "Text")).collect();
    bulletin.text = sentences.join("\n");
    let sample = body.and_then(|it| child(it, "Notice")).map(text).filter(|it| it.contains("テスト"));
    bulletin.remarks.extend(sample.map(|it| format!("the body says 「{it}」 although its status does not")));
}

/// Code and name of each area of an item.
fn areas(item: Node) -> Vec<(String, String)> {
    let nodes = children(item, "Areas").flat_map(|it| children(it, "Area"));
    let field = |node, name| child_text(node, name).unwrap_or_default();
    nodes.map(|node| (field(node, "Code"), field(node, "Name"))).collect()
}

/// Codes are two digits, the first of which is the level (10 解除, 20 氾濫注意, 30 警戒, 40 危険, 50 発生); the name may say it too. The graver
/// counts.
fn warning(kind: Node) -> WarningReport {
    let code = child_text(kind, "Code").unwrap_or_default();
    let name = child_text(kind, "Name").unwrap_or_default();
    let of_code = code.get(..1).and_then(|it| it.parse().ok()).filter(|it| *it >= 2).and_then(AlertLevel::new);
    let words = [("発生", 5), ("危険", 4), ("警戒", 3), ("注意", 2)];
    let of_words = || words.iter().find(|(word, _)| name.contains(word)).and_then(|(_, level)| AlertLevel::new(*level));
    let lifted = name.contains("解除") || code.starts_with('1');
    let level = of_code.max(AlertLevel::named_in(&name)).or_else(of_words).filter(|_| !lifted);
    let grade = match level.map(AlertLevel::number) {
        None | Some(1) => WarningGrade::None,
        Some(2) => WarningGrade::Advisory,
        Some(3) => WarningGrade::Warning,
        Some(4) => WarningGrade::Danger,
        Some(_) => WarningGrade::Emergency,
    };
    let condition = child_text(kind, "Condition").unwrap_or_default();
    let change = match () {
        () if lifted => WarningChange::Lifted,
        () if condition.contains("継続") => WarningChange::Continued,
        () => WarningChange::Issued,
    };
    WarningReport { phenomenon: Phenomenon::RiverFlood, grade, level, change, name, code }
}
