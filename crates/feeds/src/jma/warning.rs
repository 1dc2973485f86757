//! Warnings of weather, landslide, tornado and record rain, old family and new: what is in force, place by place.

use std::iter::repeat_n;

use hikyaku_bulletin::{AreaReport, Bulletin, Kind, SeriesKey, Severity, WarningChange, WarningReport};
use roxmltree::Node;

use super::warning_code::{Meaning, meaning};
use crate::reject::Reject;
use crate::reports::{repeated, within_reports};
use crate::tables::{Table, area, named_area};
use crate::xml::{at, child, child_text, children, text};

/// Fills in the state by place, from the body where it has one, else from the headline; and the key of the office.
///
/// # Errors
/// [`Reject::OutOfBounds`] when places and warnings multiply beyond what any telegram tells.
pub(super) fn fill(bulletin: &mut Bulletin, report: Node) -> Result<(), Reject> {
    let (head, body) = (child(report, "Head"), child(report, "Body"));
    let headline = head.and_then(|it| child(it, "Headline"));
    let items = body.into_iter().flat_map(|it| children(it, "Warning")).flat_map(|it| children(it, "Item"));
    for item in items {
        add(bulletin, item)?;
    }
    if bulletin.areas.is_empty() {
        let items = headline.into_iter().flat_map(|it| children(it, "Information")).flat_map(|it| children(it, "Item"));
        for item in items {
            add(bulletin, item)?;
        }
    }
    if bulletin.kind == Kind::WeatherWarningDigest {
        // It speaks for all offices: no forecast area's series is its own.
        bulletin.series.push(SeriesKey::Warnings("集約通報".to_owned()));
    } else if let Some(key) = office(bulletin, body, headline) {
        bulletin.series.extend(first_issue(bulletin));
        bulletin.series.push(key);
    }
    Ok(())
}

/// Each warning of an item, at each of its places: bodies name one, headlines a list.
fn add(bulletin: &mut Bulletin, item: Node) -> Result<(), Reject> {
    let kinds = children(item, "Kind").map(|kind| warning(kind, &bulletin.kind, &mut bulletin.remarks));
    let mut kinds: Vec<Severity> = kinds.map(Severity::Warning).collect();
    let places: Vec<Node> =
        children(item, "Area").chain(children(item, "Areas").flat_map(|it| children(it, "Area"))).collect();
    within_reports(bulletin.areas.len(), places.len(), kinds.len(), item)?;
    for (number, node) in places.iter().enumerate() {
        let node = *node;
        let [code, name] = ["Code", "Name"].map(|it| repeated(child_text(node, it).unwrap_or_default()));
        let table = if code.len() == 7 { Table::City } else { Table::Weather };
        let area = named_area(table, code, name);
        // The last place needs no copy of the warnings: bodies name one alone.
        let kinds = if number + 1 == places.len() { std::mem::take(&mut kinds) } else { kinds.clone() };
        let reports = repeat_n(area, kinds.len()).zip(kinds).map(|(area, severity)| AreaReport { area, severity });
        bulletin.areas.extend(reports);
    }
    Ok(())
}

fn warning(kind: Node, telegram: &Kind, remarks: &mut Vec<String>) -> WarningReport {
    let said = |name| repeated(child_text(kind, name).unwrap_or_default());
    let (code, status, condition) = (said("Code"), said("Status"), said("Condition"));
    let name = [said("Name"), condition, status.clone()];
    // A tag of 府県気象防災速報 is named 情報タグ and says in its condition what it is; where no warning stands only the status speaks.
    let tag = usize::from(name[0] == "情報タグ" || name[0].is_empty());
    let name = name.into_iter().skip(tag).find(|it| !it.is_empty()).unwrap_or_default();
    let Meaning { phenomenon, grade, level } = meaning(telegram, &code, &name, remarks);
    let change = match status.as_str() {
        "解除" => WarningChange::Lifted,
        "継続" => WarningChange::Continued,
        it if it.contains("なし") => WarningChange::None,
        _ if name.contains("解除") => WarningChange::Lifted,
        _ if name == "なし" => WarningChange::None,
        _ => WarningChange::Issued,
    };
    if matches!(change, WarningChange::Lifted | WarningChange::None) {
        let grade = hikyaku_bulletin::WarningGrade::None;
        return WarningReport { phenomenon, grade, level: None, change, name, code };
    }
    WarningReport { phenomenon, grade, level, change, name, code }
}

/// The key of the forecast area whose office speaks, which both families share.
fn office(bulletin: &Bulletin, body: Option<Node>, headline: Option<Node>) -> Option<SeriesKey> {
    let target = body.and_then(|it| at(it, &["TargetArea", "Code"])).map(text).filter(|it| !it.is_empty());
    let widest = || {
        let of_headline = headline.into_iter().flat_map(|it| children(it, "Information"));
        let of_headline = of_headline.flat_map(|it| children(it, "Item")).flat_map(|it| children(it, "Areas"));
        let named = of_headline.flat_map(|it| children(it, "Area")).filter_map(|it| child_text(it, "Code"));
        let codes = bulletin.areas.iter().map(|it| it.area.code.to_string()).chain(named);
        codes.filter(|it| matches!(it.len(), 6 | 7)).map(|it| forecast_area(&it)).next()
    };
    let code = target.or_else(widest).or_else(|| Some(bulletin.office.clone()))?;
    (!code.is_empty()).then_some(SeriesKey::Warnings(code))
}

/// The 府県予報区 that an area is part of, climbing our table.
fn forecast_area(code: &str) -> String {
    let table = if code.len() == 7 { Table::City } else { Table::Weather };
    let Some(mut at) = area(table, code) else { return code.to_owned() };
    while let Some(wider) = area(Table::Weather, at.parent) {
        at = wider;
    }
    at.code.to_owned()
}

/// The part of an EventID such as `JPSP201903281834_201903281953` that all issues of one event share.
fn first_issue(bulletin: &Bulletin) -> Option<SeriesKey> {
    bulletin.series.iter().find_map(|key| match key {
        SeriesKey::Event(id) => id.split_once('_').map(|(first, _)| SeriesKey::Event(first.to_owned())),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use crate::parse;
    use hikyaku_bulletin::SeriesKey;

    #[test]
    fn a_digest_of_the_country_in_jmas_own_form_is_within_bounds_and_no_part_of_an_offices_series() {
        let kind = "<Kind>\n<Name>雷注意報</Name>\n<Code>14</Code>\n</Kind>\n";
        let place = "<Area>\n<Name>宗谷地方</Name>\n<Code>011000</Code>\n</Area>\n";
        let headline = format!("<Item>\n{}<Areas>\n{place}</Areas>\n</Item>\n", kind.repeat(6));
        let more = "<Status>継続</Status>\n<LastKind>\n<Name>雷注意報</Name>\n<Code>14</Code>\n</LastKind>\n<DateTime type=\"発表時刻\">2019-10-12T08:17:00+09:00</DateTime>\n</Kind>";
        let told = kind.replace("</Kind>", more);
        let body = format!("<Item>\n{}{place}<ChangeStatus>変化無</ChangeStatus>\n</Item>\n", told.repeat(6));
        let seed = crate::hostile::seed(5).replace("（土砂）", "（集約通報）");
        let (before, rest) = seed.split_once("<Text>見出し</Text>").unwrap();
        let (between, after) = rest.split_once("<Item>").unwrap();
        let text = format!(
            "{before}<Text/><Information>{}</Information>{between}{}<Item>{after}",
            headline.repeat(3_000),
            body.repeat(3_000)
        );
        assert!(text.len() > 2_000_000);
        let digest = parse(text.as_bytes(), "20261121120000_0_VPWS50_010000").unwrap();
        assert!(digest.areas.len() > 18_000, "{}", digest.areas.len());
        assert_eq!(digest.series, [SeriesKey::Warnings("集約通報".into())]);
    }
}
