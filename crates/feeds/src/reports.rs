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
    fn a_telegram_that_names_more_places_than_are_kept_is_refused_before_it_is_built() {
        for name in ["Area", "Station", "cap:area", "targetArea", "country"] {
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
