//! Local time: the zones of countries, and an instant in the words of both places (requirement O05).

use std::collections::BTreeMap;
use std::sync::OnceLock;

use hikyaku_bulletin::CountryCode;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::day::japan_date;

/// Zones by country, made from the tz database's zone.tab.
const ZONES: &str = include_str!("../../data/zones.tsv");

/// The names of all zones of a country, that of the capital or of most people first; none where we know none.
#[must_use]
pub fn zones_of(country: CountryCode) -> &'static [&'static str] {
    static KNOWN: OnceLock<BTreeMap<CountryCode, Vec<&'static str>>> = OnceLock::new();
    let known = KNOWN.get_or_init(|| ZONES.lines().filter_map(row).collect());
    known.get(&country).map_or(&[], Vec::as_slice)
}

/// The zone of the capital or of most people of a country; that of Greenwich where we know none.
#[must_use]
pub fn zone_of(country: CountryCode) -> TimeZone {
    zones_of(country).first().and_then(|name| TimeZone::get(name).ok()).unwrap_or(TimeZone::UTC)
}

/// An instant as it is told to somebody abroad: `11月21日 10時05分（Asia/Bangkok）／日本時間 11月21日 12時05分`.
#[must_use]
pub fn local_time(at: Timestamp, country: CountryCode) -> String {
    const FORM: &str = "%-m月%-d日 %-H時%M分";
    let name = zones_of(country).first().copied().unwrap_or("UTC");
    let here = at.to_zoned(zone_of(country)).strftime(FORM).to_string();
    let japan = at.to_zoned(zone_of(CountryCode::JAPAN)).strftime(FORM).to_string();
    format!("{here}（{name}）／日本時間 {japan}")
}

/// The first and the last date that it is now in any zone of a country or in Japan.
pub(super) fn today(country: CountryCode, now: Timestamp) -> (Date, Date) {
    let zones = zones_of(country).iter().filter_map(|name| TimeZone::get(name).ok());
    let dates = zones.map(|zone| now.to_zoned(zone).date());
    let japan = japan_date(now);
    dates.fold((japan, japan), |(first, last), date| (first.min(date), last.max(date)))
}

fn row(line: &'static str) -> Option<(CountryCode, Vec<&'static str>)> {
    let mut fields = line.split('\t');
    let (country, main, others) = (fields.next()?.parse().ok()?, fields.next()?, fields.next()?);
    Some((country, std::iter::once(main).chain(others.split(',').filter(|zone| !zone.is_empty())).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_names_a_country_and_zones_that_exist() {
        let lines: Vec<&str> = ZONES.lines().filter(|line| !line.starts_with('#')).collect();
        assert!(lines.len() > 240);
        for line in lines {
            let (_, zones) = row(line).unwrap();
            for zone in zones {
                assert!(TimeZone::get(zone).is_ok(), "{zone}");
            }
        }
    }

    #[test]
    fn req_o05_an_instant_is_told_in_local_time_and_in_that_of_japan() {
        let at = "2026-11-21T03:05:00Z".parse().unwrap();
        let told = local_time(at, "TH".parse().unwrap());
        assert_eq!(told, "11月21日 10時05分（Asia/Bangkok）／日本時間 11月21日 12時05分");
        let told = local_time(at, "US".parse().unwrap());
        assert_eq!(told, "11月20日 22時05分（America/New_York）／日本時間 11月21日 12時05分");
    }
}
