//! In which country the areas of a CAP alert lie: what the table of a geocode says for certain, else what is known of who sends it.

use hikyaku_bulletin::{Bulletin, CountryCode, Kind};

use crate::tables;

/// The country that a geocode tells; `None` for codes of which that is not certain.
///
/// Known are the tables that name the country in each code (ISO 3166, EMMA_ID of MeteoAlarm, NUTS of the European Union) and
/// those of one country alone: FIPS6, SAME and UGC of the United States, CAP-CP of Canada.
pub(crate) fn of_geocode(table: &str, code: &str) -> Option<CountryCode> {
    if table.starts_with("profile:CAP-CP:Location") || table.starts_with("layer:EC-MSC-SMC") {
        return "CA".parse().ok();
    }
    let table: String = table.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase();
    match table.as_str() {
        "ISO3166" | "ISO31661" => tables::country(code).and_then(|it| it.alpha2.parse().ok()),
        "ISO31662" | "EMMAID" | "NUTS" | "NUTS0" | "NUTS1" | "NUTS2" | "NUTS3" => european(code.get(..2)?),
        "FIPS6" | "SAME" => american(of_number(code)?),
        "UGC" => american(code.get(..2).filter(|_| is_zone(code))?),
        _ => None,
    }
}

/// The country of two letters; the European Union writes two otherwise than ISO does.
fn european(letters: &str) -> Option<CountryCode> {
    let letters = match letters {
        "UK" => "GB",
        "EL" => "GR",
        other => other,
    };
    tables::country(letters).and_then(|it| it.alpha2.parse().ok())
}

/// The state's letters for the number in `PSSCCC`, where that is a territory with a country code of its own.
fn of_number(code: &str) -> Option<&'static str> {
    let is_code = code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit());
    Some(match code.get(1..3).filter(|_| is_code)? {
        "60" => "AS",
        "66" => "GU",
        "69" => "MP",
        "72" => "PR",
        "78" => "VI",
        _ => "US",
    })
}

/// A zone or county of the National Weather Service: `AKZ185`, `CAC109`.
fn is_zone(code: &str) -> bool {
    let bytes = code.as_bytes();
    bytes.len() == 6
        && bytes[..2].iter().all(u8::is_ascii_uppercase)
        && matches!(bytes[2], b'C' | b'Z')
        && bytes[3..].iter().all(u8::is_ascii_digit)
}

/// The country of a state's letters: the United States, but for territories with a code of their own.
fn american(state: &str) -> Option<CountryCode> {
    let country = if matches!(state, "AS" | "GU" | "MP" | "PR" | "VI") { state } else { "US" };
    country.parse().ok()
}

/// Places the areas of a CAP alert that tell no place of their own in the country of which its source is known to speak.
///
/// Without this a rule about that country, and those who travel there, would not be reached by what says `Riverside` only.
pub fn place_in(bulletin: &mut Bulletin, country: CountryCode) {
    if bulletin.kind != Kind::CapAlert {
        return;
    }
    let areas = bulletin.areas.iter_mut().map(|it| &mut it.area);
    for area in areas.filter(|it| it.prefectures.is_empty() && it.countries.is_empty()) {
        area.countries.push(country);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert(area: &str) -> Bulletin {
        let seed = crate::hostile::SEEDS.iter().find(|it| it.0 == "cap").unwrap().1;
        let (before, rest) = seed.split_once("<area>").unwrap();
        let after = rest.split_once("</area>").unwrap().1;
        crate::parse(format!("{before}{area}{after}").as_bytes(), "a.cap").unwrap()
    }

    fn concerned(alert: &Bulletin) -> Vec<&'static str> {
        let concerns = |it: &&str| alert.areas.iter().any(|area| area.area.concerns(&it.parse().unwrap()));
        ["NZ", "US", "JP", "13"].into_iter().filter(concerns).collect()
    }

    #[test]
    fn an_area_without_a_country_lies_in_the_one_that_is_told_of_its_source() {
        let new_zealand = "NZ".parse().unwrap();
        for (area, before, after) in [
            ("<area><areaDesc>Canterbury</areaDesc></area>", vec![], vec!["NZ"]),
            ("", vec![], vec!["NZ"]),
            (
                "<area><areaDesc>Maui</areaDesc><geocode><valueName>VTEC</valueName><value>x</value></geocode><geocode><valueName>UGC</valueName><value>HIC009</value></geocode></area>",
                vec!["US"],
                vec!["US"],
            ),
        ] {
            let mut alert = alert(area);
            assert_eq!(concerned(&alert), before, "{area}");
            place_in(&mut alert, new_zealand);
            assert_eq!(concerned(&alert), after, "{area}");
            assert!(alert.areas.iter().all(|it| !it.area.countries.is_empty()), "{area}");
            assert_eq!(alert.hazard(), hikyaku_bulletin::Hazard::Overseas);
        }
        let mut telegram = crate::parse(crate::samples::DEMO_VXSE51, "vxse51").unwrap();
        let as_sent = telegram.clone();
        place_in(&mut telegram, new_zealand);
        assert_eq!(telegram, as_sent, "only CAP leaves its country open");
    }

    #[test]
    fn an_alert_of_our_own_country_is_no_risk_abroad() {
        let mut alert = alert("<area><areaDesc>Kanto</areaDesc></area>");
        place_in(&mut alert, CountryCode::JAPAN);
        assert_eq!((alert.hazard(), concerned(&alert)), (hikyaku_bulletin::Hazard::Other, vec!["JP", "13"]));
    }

    #[test]
    fn a_geocode_tells_its_country_only_where_that_is_certain() {
        for (table, code, country) in [
            ("ISO3166-2", "NZ-WGN", Some("NZ")),
            ("ISO 3166-1", "THA", Some("TH")),
            ("EMMA_ID", "FI801", Some("FI")),
            ("EMMA_ID", "UK003", Some("GB")),
            ("EMMA_ID", "611104", None),
            ("NUTS3", "EL301", Some("GR")),
            ("NUTS3", "ZZ301", None),
            ("SAME", "006109", Some("US")),
            ("SAME", "072001", Some("PR")),
            ("SAME", "SVA", None),
            ("FIPS6", "066010", Some("GU")),
            ("UGC", "AKZ185", Some("US")),
            ("UGC", "PRC127", Some("PR")),
            ("UGC", "Alaska", None),
            ("profile:CAP-CP:Location:0.3", "3537001", Some("CA")),
            ("layer:EC-MSC-SMC:1.0:CLC", "041420", Some("CA")),
            ("VTEC", "/O.NEW.KMTR.FF.W/", None),
            ("WARNCELLID", "105315000", None),
            ("EMMA_ID", "日本", None),
        ] {
            let country = country.map(|it| it.parse().unwrap());
            assert_eq!(of_geocode(table, code), country, "{table}={code}");
        }
    }
}
