//! Which municipalities and 細分区域 an area touches, where it does not cover its prefectures whole.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::OnceLock;

use hikyaku_bulletin::{Area, List, LocalAreaCode, MunicipalityCode};

use super::{KnownArea, Table, area, areas};

/// What an area touches.
#[derive(Debug, Default)]
struct Extent {
    locals: List<LocalAreaCode>,
    municipalities: List<MunicipalityCode>,
}

/// Fills in what the tables know of an area's extent, beside what its own code says.
pub(super) fn fill(table: Table, named: &mut Area) {
    let known = extents();
    if table == Table::City {
        let city = named.municipalities.first().map(|it| it.city());
        let locals = city.and_then(|it| known.of_city.get(&it));
        named.locals = locals.cloned().unwrap_or_default();
    } else if let Some(extent) = known.of_area.get(&table).and_then(|it| it.get(named.code.as_str())) {
        named.municipalities.clone_from(&extent.municipalities);
        if named.locals.is_empty() {
            named.locals.clone_from(&extent.locals);
        }
    }
}

/// The extents of all areas.
#[derive(Debug, Default)]
struct Extents {
    of_area: HashMap<Table, HashMap<&'static str, Extent>>,
    of_city: HashMap<MunicipalityCode, List<LocalAreaCode>>,
}

fn extents() -> &'static Extents {
    static EXTENTS: OnceLock<Extents> = OnceLock::new();
    EXTENTS.get_or_init(gather)
}

fn gather() -> Extents {
    let mut found: BTreeMap<(Table, &'static str), BTreeSet<(MunicipalityCode, LocalAreaCode)>> = BTreeMap::new();
    let mut whole: BTreeMap<u8, BTreeSet<MunicipalityCode>> = BTreeMap::new();
    for city in areas().filter(|it| it.table == Table::City) {
        let Some(municipality) = MunicipalityCode::from_digits(city.code).map(MunicipalityCode::city) else { continue };
        for prefecture in city.prefectures() {
            whole.entry(prefecture.code()).or_default().insert(municipality);
        }
        for local in locals(city) {
            let seismic = seismic_area(local);
            for at in wider(city).chain(seismic) {
                found.entry((at.table, at.code)).or_default().insert((municipality, local));
            }
        }
    }
    for wide in areas().filter(|it| matches!(it.table, Table::Tsunami | Table::Weather)) {
        let parts: BTreeSet<_> = locals(wide)
            .filter_map(seismic_area)
            .filter_map(|it| found.get(&(it.table, it.code)))
            .flatten()
            .copied()
            .collect();
        if !parts.is_empty() {
            found.insert((wide.table, wide.code), parts);
        }
    }
    let mut extents = Extents::default();
    let mut of_city: BTreeMap<MunicipalityCode, Vec<LocalAreaCode>> = BTreeMap::new();
    for (key, parts) in found {
        let municipalities: BTreeSet<MunicipalityCode> = parts.iter().map(|it| it.0).collect();
        let of_prefectures = area(key.0, key.1).into_iter().flat_map(KnownArea::prefectures);
        let all: BTreeSet<MunicipalityCode> =
            of_prefectures.filter_map(|it| whole.get(&it.code())).flatten().copied().collect();
        for (municipality, local) in &parts {
            let known = of_city.entry(*municipality).or_default();
            if !known.contains(local) {
                known.push(*local);
            }
        }
        // What covers its prefectures whole needs no list.
        if municipalities == all {
            continue;
        }
        let locals: BTreeSet<LocalAreaCode> = parts.iter().map(|it| it.1).collect();
        let extent =
            Extent { locals: locals.into_iter().collect(), municipalities: municipalities.into_iter().collect() };
        extents.of_area.entry(key.0).or_default().insert(key.1, extent);
    }
    extents.of_city = of_city.into_iter().map(|(city, locals)| (city, locals.into())).collect();
    extents
}

fn locals(known: KnownArea) -> impl Iterator<Item = LocalAreaCode> {
    known.local_codes.split(',').filter_map(LocalAreaCode::from_digits)
}

fn seismic_area(local: LocalAreaCode) -> Option<KnownArea> {
    area(Table::Seismic, &local.to_string())
}

/// The forecast areas that an area is part of, climbing.
fn wider(from: KnownArea) -> impl Iterator<Item = KnownArea> {
    std::iter::successors(area(Table::Weather, from.parent), |at| area(Table::Weather, at.parent))
}

#[cfg(test)]
mod tests {
    use super::super::{municipality, named_area};
    use super::*;
    use hikyaku_bulletin::{Prefecture, RegionCode};

    fn concerns(area: &Area, region: &str) -> bool {
        area.concerns(&region.parse::<RegionCode>().unwrap())
    }

    fn of(table: Table, code: &str) -> Area {
        named_area(table, code.to_owned(), String::new())
    }

    #[test]
    fn a_local_area_concerns_its_municipalities_and_not_its_neighbours() {
        let wards = of(Table::Seismic, "350");
        assert!(["13", "350", "13101", "13100", "JP"].into_iter().all(|it| concerns(&wards, it)));
        assert!(!["13201", "13421", "351", "12203"].into_iter().any(|it| concerns(&wards, it)));
    }

    #[test]
    fn a_forecast_area_concerns_what_lies_in_it_at_every_step() {
        let noto = of(Table::Weather, "170020");
        assert!(["17", "390", "17202"].into_iter().all(|it| concerns(&noto, it)));
        assert!(!["391", "17201"].into_iter().any(|it| concerns(&noto, it)));
        let izu = of(Table::Weather, "130020");
        assert!(concerns(&izu, "355") && concerns(&izu, "13361"));
        assert!(!concerns(&izu, "350") && !concerns(&izu, "13101"));
    }

    #[test]
    fn a_whole_prefecture_needs_no_list_and_a_part_of_one_has_it() {
        assert!(of(Table::Weather, "170000").municipalities.is_empty());
        assert!(of(Table::Weather, "016000").municipalities.len() > 5, "Hokkaido has several offices");
        for it in areas().filter(|it| it.table == Table::Seismic) {
            let area = of(Table::Seismic, it.code);
            let own = area.locals.first().and_then(|it| it.prefecture());
            assert_eq!(own.into_iter().collect::<Vec<Prefecture>>(), area.prefectures, "{}", it.name);
        }
    }

    #[test]
    fn a_coast_concerns_its_islands_where_these_are_told_apart_else_its_prefectures() {
        let ogasawara = of(Table::Tsunami, "321");
        assert!(concerns(&ogasawara, "13421") && concerns(&ogasawara, "359"));
        assert!(!concerns(&ogasawara, "13101") && !concerns(&ogasawara, "350"));
        let bay = of(Table::Tsunami, "312");
        assert!(["13101", "12100", "14101", "350"].into_iter().all(|it| concerns(&bay, it)));
        assert!(!["13421", "13201"].into_iter().any(|it| concerns(&bay, it)));
        assert!(concerns(&of(Table::Tsunami, "350"), "16201"), "all of 富山県, for nothing finer is known");
    }

    #[test]
    fn a_municipality_lies_in_its_local_area_whatever_form_its_code_has() {
        for area in [of(Table::City, "1310100"), municipality("131016".to_owned(), String::new())] {
            assert!(["13", "350", "13101"].into_iter().all(|it| concerns(&area, it)), "{area:?}");
            assert!(!["351", "13102"].into_iter().any(|it| concerns(&area, it)));
        }
        let sapporo = of(Table::City, "0110000");
        assert!(concerns(&sapporo, "101") && concerns(&sapporo, "01103"), "a city concerns its wards");
        let split = of(Table::City, "1410099");
        assert!(concerns(&split, "14101") && concerns(&split, "360"), "a new part of a known city");
    }
}
