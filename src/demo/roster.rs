//! The demo's roster: people of a ministry that does not exist, the same every time.
//!
//! Shares of carriers, legacy addresses and addresses that no longer exist are those of a real roster of its kind, so
//! that every lane, address form and refusal is met.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::chance::Chance;
use super::names::{FAMILY, GIVEN};

/// A roster and what the carriers think of it.
pub(crate) struct GeneratedRoster {
    /// What import reads: `id,name,kana,group,region,email`, a header and a row a person.
    pub(crate) csv: String,
    /// The addresses that exist, in the order of the roster.
    pub(crate) known: Vec<String>,
    /// The addresses the carriers do not know.
    pub(crate) unknown: Vec<String>,
    /// How many addresses there are in all: known and unknown.
    pub(crate) addresses: usize,
}

/// Domains and their share, in thousandths: docomo 27 %, au 22 %, SoftBank 17 %, Rakuten 5 %, Gmail 16 %,
/// Microsoft 365 8 % and a small provider 5 %.
const DOMAINS: [(&str, usize); 11] = [
    ("docomo.ne.jp", 270),
    ("ezweb.ne.jp", 130),
    ("au.com", 90),
    ("softbank.ne.jp", 90),
    ("i.softbank.jp", 80),
    ("rakumail.jp", 50),
    ("gmail.com", 160),
    ("example.go.jp", 40),
    ("example.lg.jp", 20),
    ("example.or.jp", 20),
    ("asagao.example", 50),
];

/// The domains that once gave out local parts which RFC 5321 does not allow: `a..b`, `abc.`.
const LEGACY_DOMAINS: [&str; 2] = ["docomo.ne.jp", "ezweb.ne.jp"];

/// How many addresses at the legacy domains are of that kind: about 300 of 11,500 people's.
const LEGACY_SHARE: f64 = 0.0625;

/// How many addresses no longer exist: about 250 of 11,500 people's.
const UNKNOWN_SHARE: f64 = 0.021;

/// How many people have a second address.
const SECOND_ADDRESS_SHARE: f64 = 0.04;

/// How many people are in Tokyo; the others are anywhere, Tokyo included.
const TOKYO_SHARE: f64 = 0.6;

/// JIS X 0401 code of Tokyo.
const TOKYO: usize = 13;

/// How many prefectures there are, coded from one.
const PREFECTURES: usize = 47;

/// Of how many people a section (課) is: the least, and how many may come on top.
const SECTION_PEOPLE_MIN: usize = 60;
const SECTION_PEOPLE_RANGE: usize = 241;

const BUREAUS: [&str; 10] = [
    "大臣官房",
    "総合政策局",
    "地域振興局",
    "国土環境局",
    "産業基盤局",
    "交通企画局",
    "水資源局",
    "情報通信局",
    "国際協力局",
    "危機管理局",
];

const SECTIONS: [&str; 12] =
    ["総務", "企画", "人事", "会計", "政策", "調査", "管理", "国際", "業務", "技術", "指導", "監査"];

/// A roster of so many people, drawn from `seed`.
pub(crate) fn roster(people: usize, seed: u64) -> GeneratedRoster {
    let mut chance = Chance::new(seed);
    let mut roster = GeneratedRoster {
        csv: String::from("id,name,kana,group,region,email\n"),
        known: Vec::with_capacity(people),
        unknown: Vec::new(),
        addresses: 0,
    };
    let mut taken = BTreeSet::new();
    let mut section = 0;
    let mut places_left = section_size(&mut chance);
    for number in 1..=people {
        if places_left == 0 {
            section += 1;
            places_left = section_size(&mut chance);
        }
        places_left -= 1;
        let (family, given) = (chance.pick(&FAMILY), chance.pick(&GIVEN));
        let count = if chance.happens(SECOND_ADDRESS_SHARE) { 2 } else { 1 };
        let letters = (family.letters, given.letters);
        let addresses: Vec<String> = (0..count).map(|_| address(&mut chance, letters, &mut taken)).collect();
        let group = group(section);
        let regions = regions(&mut chance);
        // Writing to a String cannot fail.
        let _ = writeln!(
            roster.csv,
            "M{number:06},{} {},{} {},{group},{regions},{}",
            family.written,
            given.written,
            family.kana,
            given.kana,
            addresses.join(";"),
        );
        roster.addresses += addresses.len();
        for address in addresses {
            let side = if chance.happens(UNKNOWN_SHARE) { &mut roster.unknown } else { &mut roster.known };
            side.push(address);
        }
    }
    roster
}

fn section_size(chance: &mut Chance) -> usize {
    SECTION_PEOPLE_MIN + chance.below(SECTION_PEOPLE_RANGE)
}

/// The path of the section of this number: bureaus take turns, and number their sections when the names run out.
fn group(section: usize) -> String {
    let bureau = BUREAUS[section % BUREAUS.len()];
    let place = section / BUREAUS.len();
    let name = SECTIONS[place % SECTIONS.len()];
    match place / SECTIONS.len() {
        0 => format!("本省/{bureau}/{name}課"),
        round => format!("本省/{bureau}/{name}第{}課", round + 1),
    }
}

/// Where somebody works, which is Tokyo for the whole ministry, and where home is if that is elsewhere.
fn regions(chance: &mut Chance) -> String {
    let home = if chance.happens(TOKYO_SHARE) { TOKYO } else { 1 + chance.below(PREFECTURES) };
    if home == TOKYO { format!("{TOKYO:02}") } else { format!("{TOKYO:02};{home:02}") }
}

/// An address that nobody has yet.
fn address(chance: &mut Chance, letters: (&str, &str), taken: &mut BTreeSet<String>) -> String {
    loop {
        let domain = *chance.pick_weighted(&DOMAINS);
        let is_legacy = LEGACY_DOMAINS.contains(&domain) && chance.happens(LEGACY_SHARE);
        let local = if is_legacy { legacy_local_part(chance, letters) } else { local_part(chance, letters) };
        let address = format!("{local}@{domain}");
        if taken.insert(address.clone()) {
            return address;
        }
    }
}

/// A local part as people choose them.
fn local_part(chance: &mut Chance, (family, given): (&str, &str)) -> String {
    let number = chance.below(10_000);
    match chance.below(5) {
        0 => format!("{given}.{family}{number}"),
        1 => format!("{family}-{given}-{number}"),
        2 => format!("{given}_{number:04}"),
        3 => format!("{family}.{}{number:04}", &given[..1]),
        _ => format!("{number}{given}-{family}"),
    }
}

/// A local part as docomo and au gave them out until 2009.
fn legacy_local_part(chance: &mut Chance, (family, given): (&str, &str)) -> String {
    let number = chance.below(10_000);
    match chance.below(3) {
        0 => format!("{given}..{family}{number}"),
        1 => format!("{given}{number}."),
        _ => format!("{family}.{number}...{}", &given[..1]),
    }
}

/// The number of whoever approves.
pub(crate) const APPROVER: &str = "kikikanri";

/// Adds somebody who approves and whom no telegram concerns, at a carrier that is known; their address. `None` if nobody is
/// there whose carrier could be theirs.
pub(crate) fn add_approver(roster: &mut GeneratedRoster) -> Option<String> {
    let (_, domain) = roster.known.first()?.rsplit_once('@')?;
    let address = format!("kikikanri@{domain}");
    // Abroad: nobody who has to decide is at the same time asked.
    let _ = writeln!(roster.csv, "{APPROVER},危機管理官,,危機管理室,FR,{address}");
    roster.known.push(address.clone());
    Some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEOPLE: usize = 11_500;
    const SEED: u64 = 2024;

    fn rows(roster: &GeneratedRoster) -> Vec<Vec<&str>> {
        roster.csv.lines().skip(1).map(|row| row.split(',').collect()).collect()
    }

    fn addresses(roster: &GeneratedRoster) -> Vec<&str> {
        rows(roster).iter().flat_map(|row| row[5].split(';')).collect()
    }

    #[test]
    fn a_seed_gives_the_same_roster_every_time_and_another_seed_another() {
        let first = roster(PEOPLE, SEED);
        assert_eq!(first.csv, roster(PEOPLE, SEED).csv);
        assert_eq!(first.unknown, roster(PEOPLE, SEED).unknown);
        assert_ne!(first.csv, roster(PEOPLE, SEED + 1).csv);
    }

    #[test]
    fn every_person_has_a_row_and_every_address_is_counted_once() {
        for people in [0, 1, 100, PEOPLE] {
            let roster = roster(people, SEED);
            let all: BTreeSet<&str> = addresses(&roster).into_iter().collect();
            let judged: BTreeSet<&str> = roster.known.iter().chain(&roster.unknown).map(String::as_str).collect();
            assert_eq!(rows(&roster).len(), people);
            assert_eq!(all.len(), roster.addresses, "an address is there twice");
            assert_eq!(roster.known.len() + roster.unknown.len(), roster.addresses);
            assert_eq!(all, judged);
        }
    }

    #[test]
    fn carriers_have_their_shares() {
        let roster = roster(PEOPLE, SEED);
        let all = addresses(&roster);
        let share = |domains: &[&str]| {
            let theirs =
                all.iter().filter(|address| domains.iter().any(|domain| address.ends_with(&format!("@{domain}"))));
            100.0 * theirs.count() as f64 / all.len() as f64
        };
        for (domains, percent) in [
            (&["docomo.ne.jp"][..], 27.0),
            (&["au.com", "ezweb.ne.jp"], 22.0),
            (&["softbank.ne.jp", "i.softbank.jp"], 17.0),
            (&["rakumail.jp"], 5.0),
            (&["gmail.com"], 16.0),
            (&["example.go.jp", "example.lg.jp", "example.or.jp"], 8.0),
            (&["asagao.example"], 5.0),
        ] {
            let share = share(domains);
            assert!((share - percent).abs() < 1.0, "{domains:?}: {share} %, not {percent} %");
        }
    }

    #[test]
    fn every_domain_has_a_mock_carrier() {
        for profile in ["calm", "busy", "hostile"] {
            let path = format!("crates/mock/profiles/{profile}.toml");
            let profile: toml::Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
            let carriers = profile["carrier"].as_array().unwrap();
            let served: Vec<&str> = carriers
                .iter()
                .flat_map(|carrier| carrier["domains"].as_array().unwrap())
                .filter_map(|it| it.as_str())
                .collect();
            for (domain, _) in DOMAINS {
                assert!(served.contains(&domain), "nobody serves {domain}");
            }
        }
    }

    #[test]
    fn some_have_two_addresses_some_legacy_ones_and_some_none_that_exists() {
        let roster = roster(PEOPLE, SEED);
        let two = rows(&roster).iter().filter(|row| row[5].contains(';')).count();
        let is_legacy = |address: &&&str| address.contains("..") || address.contains(".@");
        let legacy = addresses(&roster).iter().filter(is_legacy).count();
        assert!((400..520).contains(&two), "{two} people with two addresses");
        assert!((260..340).contains(&legacy), "{legacy} legacy addresses");
        assert!((220..280).contains(&roster.unknown.len()), "{} unknown addresses", roster.unknown.len());
    }

    #[test]
    fn legacy_addresses_are_at_docomo_and_au_only() {
        for address in addresses(&roster(PEOPLE, SEED)) {
            if address.contains("..") || address.contains(".@") {
                assert!(LEGACY_DOMAINS.iter().any(|domain| address.ends_with(domain)), "{address}");
            }
        }
    }

    #[test]
    fn groups_are_a_tree_of_three_levels_with_sections_of_readable_size() {
        let roster = roster(PEOPLE, SEED);
        let mut sizes = std::collections::BTreeMap::new();
        for row in rows(&roster) {
            assert_eq!(row[3].split('/').count(), 3, "{}", row[3]);
            *sizes.entry(row[3].to_owned()).or_insert(0) += 1;
        }
        let bureaus: BTreeSet<_> = sizes.keys().filter_map(|path| path.split('/').nth(1)).collect();
        assert_eq!(bureaus.len(), BUREAUS.len());
        assert!((50..90).contains(&sizes.len()), "{} sections", sizes.len());
        assert!(sizes.values().all(|size| *size <= 300));
    }

    #[test]
    fn all_work_in_tokyo_and_every_prefecture_is_somebodys_home() {
        let roster = roster(PEOPLE, SEED);
        let rows = rows(&roster);
        assert!(rows.iter().all(|row| row[4].starts_with("13")));
        let homes: BTreeSet<&str> = rows.iter().flat_map(|row| row[4].rsplit(';').next()).collect();
        assert_eq!(homes.len(), PREFECTURES);
        assert_eq!((homes.first(), homes.last()), (Some(&"01"), Some(&"47")));
        let tokyo = rows.iter().filter(|row| row[4] == "13").count();
        assert!((6_600..7_500).contains(&tokyo), "{tokyo} live in Tokyo");
    }

    #[test]
    fn ten_times_the_people_still_have_sections_and_addresses_of_their_own() {
        let roster = roster(10 * PEOPLE, SEED);
        let all: BTreeSet<&str> = addresses(&roster).into_iter().collect();
        assert_eq!(all.len(), roster.addresses);
        let sections: BTreeSet<&str> = rows(&roster).iter().map(|row| row[3]).collect();
        assert!(sections.len() > 550, "{} sections", sections.len());
    }
}
