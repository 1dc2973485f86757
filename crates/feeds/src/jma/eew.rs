//! 緊急地震速報: expected intensities by area, whether they are warned, and the hypocentre, which may be assumed only.

use hikyaku_bulletin::{
    AreaReport, Bulletin, Detail, EarlyWarning, ExpectedIntensity, Intensity, Kind, LongPeriodClass, Revision, Severity,
};
use roxmltree::Node;

use super::quake;
use crate::tables::{Table, named_area};
use crate::xml::{at, child, child_text, children, text};

/// The code from which on an area is warned: 10 not yet there, 11 there, 19 without arrival time (PLUM). 00 to 09 are forecasts.
const WARNED_FROM: u8 = 10;

/// Fills in what the body says, and the areas that only the headline warns.
pub(super) fn fill(bulletin: &mut Bulletin, report: Node) {
    let (head, body) = (child(report, "Head"), child(report, "Body"));
    quake::earthquakes(bulletin, body);
    let earthquake = body.and_then(|it| child(it, "Earthquake"));
    let assumed = earthquake.and_then(|it| child_text(it, "Condition")).is_some_and(|it| it.contains("仮定震源要素"));
    let forecast = body.and_then(|it| at(it, &["Intensity", "Forecast"]));
    let mut warned = bulletin.kind == Kind::EarlyWarning;
    for area in forecast.into_iter().flat_map(|it| children(it, "Pref")).flat_map(|it| children(it, "Area")) {
        warned |= at(area, &["Category", "Kind", "Code"])
            .and_then(|it| text(it).parse::<u8>().ok())
            .is_some_and(|it| it >= WARNED_FROM);
        let code = child_text(area, "Code").unwrap_or_default();
        let place = named_area(Table::Seismic, code, child_text(area, "Name").unwrap_or_default());
        if let Some(class) = child(area, "ForecastLgInt").and_then(class) {
            bulletin.areas.push(AreaReport { area: place.clone(), severity: Severity::LongPeriod(class) });
        }
        match child(area, "ForecastInt").map(expected) {
            Some(expected) => bulletin.areas.push(AreaReport { area: place, severity: Severity::Expected(expected) }),
            None => bulletin.remarks.push(format!("area {} has no expected intensity", place.code)),
        }
    }
    if let Some(headline) = head.and_then(|it| child(it, "Headline")) {
        warned |= add_warned(headline, &mut bulletin.areas);
    }
    let whole = |name| forecast.and_then(|it| child(it, name));
    let of_areas = bulletin.areas.iter().filter_map(|it| match &it.severity {
        Severity::Expected(expected) => Some(*expected),
        _ => None,
    });
    let of_areas = of_areas.max_by_key(|it| it.at_least());
    if bulletin.revision == Revision::Cancellation {
        return;
    }
    let last = body.and_then(|it| child_text(it, "NextAdvisory")).is_some();
    bulletin.detail = Some(Detail::EarlyWarning(EarlyWarning {
        greatest: [whole("ForecastInt").map(expected), of_areas].into_iter().flatten().max_by_key(|it| it.at_least()),
        greatest_long_period: whole("ForecastLgInt").and_then(class),
        warned,
        last,
        assumed,
    }));
}

/// `From` and `To`: steps, `over` for no upper end, `不明` or `0` for nothing to compare with.
fn expected(node: Node) -> ExpectedIntensity {
    let word = |name| child_text(node, name).unwrap_or_default();
    let step = |word: &str| word.parse::<Intensity>().ok();
    let (from, to) = (word("From"), word("To"));
    ExpectedIntensity { from: step(&from), to: step(&to), or_more: to == "over" }
}

fn class(node: Node) -> Option<LongPeriodClass> {
    let number = |name| child_text(node, name).and_then(|it| it.parse().ok()).and_then(LongPeriodClass::new);
    number("To").max(number("From"))
}

/// Areas that the headline warns and the body does not list: warned means 震度４ or more. Says whether anything is warned at all.
fn add_warned(headline: Node, areas: &mut Vec<AreaReport>) -> bool {
    let mut warned = false;
    let mut told = quake::codes(areas);
    for item in children(headline, "Information").flat_map(|it| children(it, "Item")) {
        if at(item, &["Kind", "Code"]).map(text).as_deref() != Some("31") {
            continue;
        }
        warned = true;
        let lists = children(item, "Areas").filter(|it| it.attribute("codeType") == Some(quake::LOCAL_AREAS));
        for area in lists.flat_map(|it| children(it, "Area")) {
            let code = child_text(area, "Code").unwrap_or_default();
            if told.insert(code.clone()) {
                let place = named_area(Table::Seismic, code, child_text(area, "Name").unwrap_or_default());
                let least = ExpectedIntensity { from: Some(Intensity::Four), to: None, or_more: true };
                areas.push(AreaReport { area: place, severity: Severity::Expected(least) });
            }
        }
    }
    warned
}
