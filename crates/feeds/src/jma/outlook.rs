//! 気象警報・注意報時系列情報: how grave each danger is expected to be, area by area and period by period.
//!
//! It announces no warning: its areas are named only, so that no rule takes a forecast for what is in force.

use std::collections::{BTreeSet, HashMap};

use hikyaku_bulletin::{
    AlertLevel, AreaCode, AreaReport, Bulletin, Detail, Phenomenon, Severity, WarningGrade, WarningOutlook,
};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use roxmltree::Node;

use super::warning_code::{grade_of_name, phenomenon_named};
use crate::reject::Reject;
use crate::reports::{repeated, said_once, within_reports};
use crate::tables::{Table, named_area};
use crate::xml::{child, child_text, children, descendants, text};

/// Codes of values below an advisory (01), below level 2 (11), and of no value (00).
const BELOW: [&str; 3] = ["00", "01", "11"];

/// Begin and end of each period, by its number.
type Periods = HashMap<String, (Timestamp, Timestamp)>;

/// Fills in the areas and what is expected there, periods of the same value in one.
///
/// # Errors
/// [`Reject::OutOfBounds`] when there is more of it than any telegram tells.
pub(super) fn fill(bulletin: &mut Bulletin, report: Node) -> Result<(), Reject> {
    let (mut expected, mut undefined) = (Vec::new(), BTreeSet::new());
    let body = child(report, "Body").into_iter();
    for series in body.flat_map(|it| children(it, "MeteorologicalInfos")).flat_map(|it| children(it, "TimeSeriesInfo"))
    {
        let periods = periods(series, &mut bulletin.remarks);
        for item in children(series, "Item") {
            let Some(place) = child(item, "Area") else { continue };
            let code = repeated(child_text(place, "Code").unwrap_or_default());
            let table = if code.len() == 7 { Table::City } else { Table::Weather };
            let area = named_area(table, code, child_text(place, "Name").unwrap_or_default());
            let properties = children(item, "Kind").flat_map(|it| children(it, "Property"));
            for value in properties.flat_map(|it| descendants(it, "Significancy")) {
                add(&mut expected, value, &area.code, &periods, &mut undefined);
                within_reports(expected.len(), 0, 0, item)?;
            }
            bulletin.areas.push(AreaReport { area, severity: Severity::Named });
        }
    }
    let unknown = |period: &str| format!("Significancy refID 「{period}」 has no TimeDefine");
    bulletin.remarks.extend(undefined.into_iter().map(unknown));
    said_once(&mut bulletin.areas);
    if !expected.is_empty() {
        bulletin.detail = Some(Detail::Outlook(expected));
    }
    Ok(())
}

fn periods(series: Node, remarks: &mut Vec<String>) -> Periods {
    let mut found = Periods::new();
    for define in children(series, "TimeDefines").flat_map(|it| children(it, "TimeDefine")) {
        let begins = child_text(define, "DateTime").unwrap_or_default();
        let Ok(instant) = begins.parse::<Timestamp>() else {
            remarks.push(format!("TimeDefine/DateTime 「{begins}」 is no time with its offset"));
            continue;
        };
        let span = child_text(define, "Duration").and_then(|it| it.parse::<Span>().ok()).unwrap_or_default();
        let ends = instant.to_zoned(TimeZone::UTC).checked_add(span).map_or(instant, |it| it.timestamp());
        found.insert(define.attribute("timeId").unwrap_or_default().to_owned(), (instant, ends));
    }
    found
}

/// Adds a value, or prolongs the one before it when that says the same until this begins.
fn add<'a>(
    expected: &mut Vec<WarningOutlook>,
    value: Node<'a, '_>,
    area: &AreaCode,
    periods: &Periods,
    undefined: &mut BTreeSet<&'a str>,
) {
    let period = value.attribute("refID").unwrap_or_default();
    // One of JMA's drafts defines two periods and speaks of a third: its value is kept, for it may be grave.
    let (begins, ends) = periods.get(period).copied().unzip();
    if begins.is_none() {
        undefined.insert(period);
    }
    let (danger, part) = (value.attribute("type").unwrap_or_default(), part_of(value));
    let name = child_text(value, "Name").unwrap_or_default();
    let code = child_text(value, "Code").unwrap_or_default();
    if let Some(last) = expected.last_mut() {
        let same =
            (&last.area, &*last.part, &*last.danger, &last.name, &last.code) == (area, &part, danger, &name, &code);
        if same && last.ends == begins {
            last.ends = ends;
            return;
        }
    }
    let (grade, level) = gravity(&code, &name);
    expected.push(WarningOutlook {
        area: area.clone(),
        part,
        phenomenon: phenomenon(danger),
        danger: danger.to_owned(),
        grade,
        level,
        name,
        code,
        begins,
        ends,
    });
}

fn part_of(value: Node) -> String {
    let part = value.parent().filter(|it| it.tag_name().name() == "Local");
    part.and_then(|it| child(it, "AreaName")).map(text).unwrap_or_default()
}

/// Only what code and name both call below counts as nothing; of what they do not agree on, the name's grade counts.
fn gravity(code: &str, name: &str) -> (WarningGrade, Option<AlertLevel>) {
    let is_below = name.is_empty() || name.contains("未満") || name.contains("なし");
    if is_below && BELOW.contains(&code) {
        return (WarningGrade::None, None);
    }
    let level = AlertLevel::named_in(name);
    let grade = match level.map(AlertLevel::number) {
        Some(5) => WarningGrade::Emergency,
        Some(4) => WarningGrade::Danger,
        Some(3) => WarningGrade::Warning,
        Some(2) => WarningGrade::Advisory,
        _ => grade_of_name(name),
    };
    (grade, level)
}

/// 風危険度, 雪危険度 and 波危険度 are named by one character, which stands in the names of other dangers too.
fn phenomenon(danger: &str) -> Phenomenon {
    match danger {
        "風危険度" => Phenomenon::Storm,
        "雪危険度" => Phenomenon::HeavySnow,
        "波危険度" => Phenomenon::HighWaves,
        other => phenomenon_named(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;

    const REPORT: &str = r#"<Report xmlns="http://xml.kishou.go.jp/jmaxml1/"><Control><Title>気象警報・注意報時系列情報（Ｒ０６）</Title>
<DateTime>2026-06-22T02:00:00Z</DateTime><Status>通常</Status><PublishingOffice>稚内地方気象台</PublishingOffice></Control>
<Head xmlns="http://xml.kishou.go.jp/jmaxml1/informationBasis1/"><Title>時系列</Title><ReportDateTime>2026-06-22T11:00:00+09:00</ReportDateTime>
<InfoType>発表</InfoType><Headline><Text>大雨に注意</Text></Headline></Head><Body xmlns="http://xml.kishou.go.jp/jmaxml1/body/meteorology1/">
<MeteorologicalInfos><TimeSeriesInfo><TimeDefines>
<TimeDefine timeId="1"><DateTime>2026-06-22T12:00:00+09:00</DateTime><Duration>PT3H</Duration></TimeDefine>
<TimeDefine timeId="2"><DateTime>2026-06-22T15:00:00+09:00</DateTime><Duration>PT3H</Duration></TimeDefine>
<TimeDefine timeId="3"><DateTime>2026-06-22T18:00:00+09:00</DateTime><Duration>PT3H</Duration></TimeDefine></TimeDefines>
<Item><Kind><Property><Type>大雨浸水危険度</Type><SignificancyPart><Base>VALUES</Base></SignificancyPart></Property></Kind>
<Area><Name>稚内市</Name><Code>0121400</Code></Area></Item></TimeSeriesInfo></MeteorologicalInfos></Body></Report>"#;

    fn expected(values: &[(u8, &str, &str)]) -> (Bulletin, Vec<WarningOutlook>) {
        let value = |(period, code, name): &(u8, &str, &str)| {
            format!(
                r#"<Significancy refID="{period}" type="大雨浸水危険度"><Name>{name}</Name><Code>{code}</Code></Significancy>"#
            )
        };
        let text = REPORT.replace("VALUES", &values.iter().map(value).collect::<String>());
        let bulletin = parse(text.as_bytes(), "VPWP50").unwrap();
        let Some(Detail::Outlook(told)) = bulletin.detail.clone() else { panic!("{bulletin:?}") };
        (bulletin, told)
    }

    #[test]
    fn the_level_of_each_period_is_told_and_equal_periods_are_one() {
        let (bulletin, told) =
            expected(&[(1, "11", "警戒レベル２未満"), (2, "11", "警戒レベル２未満"), (3, "31", "警戒レベル３")]);
        assert_eq!(told.iter().map(|it| it.level.map(AlertLevel::number)).collect::<Vec<_>>(), [None, Some(3)]);
        assert_eq!((told[0].begins, told[0].ends), ("2026-06-22T03:00:00Z".parse().ok(), told[1].begins));
        assert_eq!((told[1].grade, told[1].phenomenon), (WarningGrade::Warning, Phenomenon::HeavyRain));
        assert_eq!((bulletin.headline.as_str(), bulletin.areas[0].area.name.as_str()), ("大雨に注意", "稚内市"));
    }

    #[test]
    fn a_value_of_a_period_that_is_not_defined_is_kept_with_a_remark() {
        let (bulletin, told) =
            expected(&[(1, "11", "警戒レベル２未満"), (9, "41", "警戒レベル４"), (9, "41", "警戒レベル４")]);
        assert_eq!(told.len(), 2);
        assert_eq!((told[1].begins, told[1].grade), (None, WarningGrade::Danger));
        assert_eq!(bulletin.remarks, ["Significancy refID 「9」 has no TimeDefine"]);
    }

    #[test]
    fn what_is_expected_is_no_warning_in_force() {
        let (bulletin, _) = expected(&[(1, "51", "警戒レベル５")]);
        assert_eq!(bulletin.areas[0].severity, Severity::Named);
        assert_eq!(bulletin.max_alert_level(), None);
    }

    #[test]
    fn a_value_that_is_not_known_is_not_made_milder() {
        for (code, name, grade) in [
            ("11", "警戒レベル４", WarningGrade::Danger),
            ("77", "注意報級", WarningGrade::Advisory),
            ("77", "警報級", WarningGrade::Warning),
            ("01", "注意報級未満", WarningGrade::None),
            ("00", "値なし", WarningGrade::None),
        ] {
            assert_eq!(expected(&[(1, code, name)]).1[0].grade, grade, "{code} {name}");
        }
    }
}
