//! 指定河川洪水予報: the level of a river's forecast area, under its names before and since 2026.

use hikyaku_bulletin::{
    AlertLevel, Area, AreaReport, AreaScheme, Bulletin, Phenomenon, Prefecture, Severity, WarningChange, WarningGrade,
    WarningReport,
};
use roxmltree::Node;

use crate::reports::{repeated, said_once};
use crate::tables::{Table, named_area};
use crate::xml::{child, child_text, children};

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
}

/// Code and name of each area of an item.
fn areas(item: Node) -> Vec<(String, String)> {
    let nodes = children(item, "Areas").flat_map(|it| children(it, "Area"));
    let field = |node, name| child_text(node, name).unwrap_or_default();
    nodes.map(|node| (field(node, "Code"), field(node, "Name"))).collect()
}

/// Codes are two digits, the first of which is the level (10 解除, 20 氾濫注意, 30 警戒, 40 危険, 50 発生); the name may say it too. The graver
/// counts. 22 is 氾濫注意情報（警戒情報解除）: what has ended is the 警戒情報, and the advisory is in force.
fn warning(kind: Node) -> WarningReport {
    let [code, name] = ["Code", "Name"].map(|it| repeated(child_text(kind, it).unwrap_or_default()));
    let of_code = code.get(..1).and_then(|it| it.parse().ok()).filter(|it| *it >= 2).and_then(AlertLevel::new);
    let words = [("発生", 5), ("危険", 4), ("警戒", 3), ("注意", 2)];
    // What stands in brackets tells what came before: 氾濫注意情報（警戒情報解除）.
    let plain_name = name.split(['（', '(']).next().unwrap_or_default();
    let worded = words.iter().find(|(word, _)| plain_name.contains(word));
    let of_words = || worded.and_then(|(_, level)| AlertLevel::new(*level));
    let lifted = code.starts_with('1') || of_code.is_none() && plain_name.contains("解除");
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;

    /// What a river's forecast area is told by JMA's table of kinds, under its names before and since 2026.
    fn told(code: &str, name: &str) -> (Option<u8>, WarningGrade, bool) {
        let text = crate::hostile::seed(6).replace(
            "<Name>レベル４氾濫危険警報</Name><Code>40</Code>",
            &format!("<Name>{name}</Name><Code>{code}</Code>"),
        );
        let bulletin = parse(text.as_bytes(), "VXKO50").unwrap();
        let Severity::Warning(report) = &bulletin.areas[0].severity else { panic!("{bulletin:?}") };
        (report.level.map(AlertLevel::number), report.grade, bulletin.is_lifting())
    }

    #[test]
    fn the_end_of_the_graver_stage_leaves_the_advisory_in_force() {
        for name in ["氾濫注意情報（警戒情報解除）", "はん濫注意情報(警戒情報解除)", "レベル２氾濫注意報（警報解除）"]
        {
            assert_eq!(told("22", name), (Some(2), WarningGrade::Advisory, false), "{name}");
        }
        for name in ["氾濫注意情報解除", "レベル２氾濫注意報解除"] {
            assert_eq!(told("10", name), (None, WarningGrade::None, true), "{name}");
            assert_eq!(told("", name), (None, WarningGrade::None, true), "{name} without a code");
        }
        assert_eq!(told("", "氾濫注意情報（警戒情報解除）"), (Some(2), WarningGrade::Advisory, false));
    }

    #[test]
    fn every_stage_has_its_level_under_both_names() {
        for (code, old, new, level, grade) in [
            ("20", "氾濫注意情報", "レベル２氾濫注意報", 2, WarningGrade::Advisory),
            ("31", "氾濫警戒情報", "レベル３氾濫警報", 3, WarningGrade::Warning),
            ("41", "氾濫危険情報", "レベル４氾濫危険警報", 4, WarningGrade::Danger),
            ("53", "氾濫発生情報（氾濫水の予報）", "レベル５氾濫特別警報", 5, WarningGrade::Emergency),
        ] {
            assert_eq!([told(code, old), told(code, new)], [(Some(level), grade, false); 2], "{code}");
        }
    }
}
