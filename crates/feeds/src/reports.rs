//! What is told of places, gathered: nothing twice, and never more than a telegram can mean.

use std::collections::HashSet;

use hikyaku_bulletin::{AreaCode, AreaReport, Bulletin, Severity};
use roxmltree::Node;

use crate::bounds::MAX_REPORTS;
use crate::reject::Reject;
use crate::xml::place;

/// Leaves out what repeats code and severity of an earlier report; the order stays.
pub(crate) fn said_once(reports: &mut Vec<AreaReport>) {
    let mut seen: HashSet<(&AreaCode, &Severity)> = HashSet::with_capacity(reports.len());
    let mut new = reports.iter().map(|it| seen.insert((&it.area.code, &it.severity))).collect::<Vec<_>>().into_iter();
    reports.retain(|_| new.next().unwrap_or(true));
}

/// The most characters of a word that is kept at each of many places: the name of a warning, of who sends. No real one has half as many.
const REPEATED_MAX: usize = 100;

/// A word that is kept again and again, cut where it is far longer than any real one: a name of a megabyte at each of a thousand places would
/// be a gigabyte.
pub(crate) fn repeated(mut word: String) -> String {
    if word.len() <= REPEATED_MAX {
        return word;
    }
    if let Some((end, _)) = word.char_indices().nth(REPEATED_MAX) {
        word.truncate(end);
        word.push('…');
    }
    word
}

/// What could be read of a list; what could not is told in the first that could.
///
/// # Errors
/// How many could not be read, where none could: a list that says nothing must not look like a quiet day.
pub(crate) fn readable(items: impl Iterator<Item = Option<Bulletin>>) -> Result<Vec<Bulletin>, usize> {
    let mut unread = 0;
    let mut found: Vec<Bulletin> = items
        .filter_map(|it| {
            it.or_else(|| {
                unread += 1;
                None
            })
        })
        .collect();
    match found.first_mut() {
        None if unread > 0 => Err(unread),
        None => Ok(found),
        Some(first) => {
            if unread > 0 {
                first
                    .remarks
                    .push(format!("{unread} items of the list are left out: they have no identity or no time"));
            }
            Ok(found)
        }
    }
}

/// Refuses what would become more reports than are kept: `places` times `kinds` of one element, beside those known already.
pub(crate) fn within_reports(known: usize, places: usize, kinds: usize, near: Node) -> Result<(), Reject> {
    if known.saturating_add(places.saturating_mul(kinds)) > MAX_REPORTS {
        return Err(Reject::OutOfBounds { what: "reports on places", limit: MAX_REPORTS, place: place(near) });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MAX_REPORTS, parse};
    use hikyaku_bulletin::{Area, AreaScheme};

    #[test]
    fn what_is_said_twice_of_one_place_is_kept_once_in_its_order() {
        let report =
            |code: &str| AreaReport { area: Area::new(AreaScheme::Named, code, code, []), severity: Severity::Named };
        let mut reports = ["b", "a", "b", "a", "c"].map(report).to_vec();
        said_once(&mut reports);
        assert_eq!(reports, ["b", "a", "c"].map(report));
    }

    #[test]
    fn a_name_of_any_length_at_many_places_is_not_kept_at_its_length_at_each() {
        let long = "長".repeat(100_000);
        let many = |place: &str| (0..2_000).map(|number| place.replace('#', &number.to_string())).collect::<String>();
        let with = |family: usize, before: &str, what: String| {
            crate::hostile::seed(family).replace(before, &format!("{what}{before}"))
        };
        let kind = format!("<Kind><Name>{long}</Name><Code>{long}</Code></Kind>");
        let areas = many("<Area><Name>a</Name><Code>#</Code></Area>");
        let item = format!("<Item>{kind}<Areas>{areas}</Areas></Item>");
        let codes = many("<geocode><valueName>a</valueName><value>#</value></geocode>");
        let targets = format!("<c:areaName>{long}</c:areaName>{}", many("<c:jisX0402>13#</c:jisX0402>"));
        for (family, text) in [
            ("volcano", with(4, "<Item>", item.clone())),
            ("warning", with(5, "<Item>", item)),
            ("cap", with(8, "<area>", format!("<area><areaDesc>{long}</areaDesc>{codes}</area>"))),
            (
                "cap",
                with(8, "<event>", format!("<event>{long}</event>{}", many("<area><areaDesc>#</areaDesc></area>"))),
            ),
            ("l-alert", with(9, "<c:contentObject>", format!("<c:targetArea>{targets}</c:targetArea>"))),
        ] {
            let bulletin = parse(text.as_bytes(), family).unwrap();
            assert!(bulletin.areas.len() > 1_000, "{family}: {}", bulletin.areas.len());
            let kept = format!("{:?}", bulletin.areas).len();
            assert!(kept < 3_000 * bulletin.areas.len(), "{family}: {kept} bytes of {}", text.len());
        }
    }

    #[test]
    fn a_telegram_that_names_more_places_than_are_kept_is_refused_before_it_is_built() {
        for name in ["Area", "Station", "cap:area", "geocode", "targetArea", "c:jisX0402", "country"] {
            // It never ends: a reader that built it would say so.
            let endless = |places: usize| format!("<Report>{}", format!("<{name} />").repeat(places));
            let said = |places| parse(endless(places).as_bytes(), "wide").unwrap_err();
            let is_refused = |it: &Reject| matches!(it, Reject::OutOfBounds { what: "reports on places", .. });
            assert!(is_refused(&said(MAX_REPORTS + 1)), "{name}");
            assert!(!is_refused(&said(MAX_REPORTS)), "{name}");
        }
        let stations = format!("<Report>{}", "<IntensityStation/>".repeat(MAX_REPORTS + 1));
        assert!(matches!(parse(stations.as_bytes(), "dense"), Err(Reject::Malformed { .. })));
    }

    #[test]
    fn places_and_warnings_that_multiply_beyond_bounds_are_refused_before_they_are_made() {
        let warning = |kinds: usize, places: usize| {
            let (kinds, places) =
                ("<Kind><Code>03</Code></Kind>".repeat(kinds), "<Area><Code>130010</Code></Area>".repeat(places));
            crate::hostile::seed(5).replacen("<Item>", &format!("<Item>{kinds}<Areas>{places}</Areas>"), 1)
        };
        let side = MAX_REPORTS.isqrt();
        assert!(matches!(
            parse(warning(side + 10, side + 10).as_bytes(), "wide"),
            Err(Reject::OutOfBounds { what: "reports on places", .. })
        ));
        assert!(parse(warning(9, 9).as_bytes(), "narrow").is_ok());
    }
}
