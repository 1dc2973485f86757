//! 外務省 海外安全情報オープンデータ: lists of new notices, and the present advice for one country.

use hikyaku_bulletin::{
    Area, AreaReport, AreaScheme, Bulletin, Kind, Origin, Revision, SeriesKey, Severity, SourceId, Standing,
    TravelNotice, TravelReport, TravelScale,
};
use jiff::Timestamp;
use roxmltree::Node;

use crate::loose::{child, child_text, children, text};
use crate::reject::Reject;
use crate::reports::readable;
use crate::tables::{countries_in, country, country_named};
use crate::xml::place;

/// Most characters kept of a notice's main text; some run to thousands.
const TEXT_CHARACTERS: usize = 20_000;

/// Whether the root is 外務省's. An unknown code is answered with an HTML page and status 200, whose root is another.
pub(crate) fn is_opendata(root: Node) -> bool {
    root.tag_name().name() == "opendata"
}

/// Reads a list of notices or a country's file, told by what it holds.
pub(crate) fn bulletins(root: Node, source_name: &str) -> Result<Vec<Bulletin>, Reject> {
    let modified = field(root, "lastModified").and_then(|it| japan(&it));
    let levels = (1..=4).any(|level| child(root, LEVELS[level - 1]).is_some());
    let mut found = Vec::new();
    if levels {
        let issued = modified.ok_or(Reject::Missing { element: "opendata/lastModified", place: place(root) })?;
        found.push(country_file(root, issued, source_name));
    } else {
        let notices = children(root, "mail").chain(children(root, "wideareaSpot")).map(|it| notice(it, modified));
        found = readable(notices).map_err(|items| Reject::List { items })?;
    }
    Ok(found)
}

const LEVELS: [&str; 4] = ["riskLevel1", "riskLevel2", "riskLevel3", "riskLevel4"];
const INFECTION_LEVELS: [&str; 4] = ["infectionLevel1", "infectionLevel2", "infectionLevel3", "infectionLevel4"];

/// A field that is an attribute in some versions and an element in others.
fn field(node: Node, name: &str) -> Option<String> {
    node.attribute(name).map(str::to_owned).or_else(|| child_text(node, name)).filter(|it| !it.trim().is_empty())
}

/// `2020/03/04 08:05:29` in Japan, as 外務省 writes without a zone.
fn japan(word: &str) -> Option<Timestamp> {
    let plain = word.trim().replace('/', "-").replacen(' ', "T", 1);
    let whole = if plain.len() == 10 { format!("{plain}T00:00:00") } else { plain };
    format!("{whole}+09:00").parse().ok()
}

/// Codes as they are met: T41 by one description of the data, T81 and C31, C51 by what was served in 2026.
fn notice_kind(code: &str) -> TravelNotice {
    match code {
        "T40" => TravelNotice::Danger,
        "T41" | "T81" => TravelNotice::Infection,
        "C30" | "C31" => TravelNotice::Spot,
        "C50" | "C51" => TravelNotice::WideArea,
        "R10" => TravelNotice::ConsularMail,
        "R20" => TravelNotice::ConsularUrgent,
        _ => TravelNotice::Other,
    }
}

fn notice(mail: Node, modified: Option<Timestamp>) -> Option<Bulletin> {
    let key = child_text(mail, "keyCd")?;
    let code = child_text(mail, "infoType").unwrap_or_default();
    let left = child_text(mail, "leaveDate");
    let published = left.as_deref().and_then(japan).or(modified)?;
    let kind = Kind::Travel(notice_kind(&code));
    // A notice that is changed comes with another time: another telegram of the same series.
    let source = SourceId::new(format!("mofa-{key}@{published}"));
    let mut bulletin = Bulletin::new(source, kind, Standing::Real, Revision::Issue, published);
    bulletin.origin = Origin::Mofa;
    bulletin.publisher = "外務省".to_owned();
    bulletin.telegram = Some(code).filter(|it| !it.is_empty());
    bulletin.series.push(SeriesKey::Travel(format!("mofa-{key}")));
    let say = |name| child_text(mail, name).unwrap_or_default();
    bulletin.title = say("title");
    bulletin.headline = Some(say("lead")).filter(|it| !it.is_empty()).unwrap_or_else(|| bulletin.title.clone());
    bulletin.text = say("mainText").chars().take(TEXT_CHARACTERS).collect();
    bulletin.link = child_text(mail, "infoUrl");
    let mut areas: Vec<Area> = children(mail, "country").map(area_of).collect();
    if areas.is_empty() {
        // 広域情報 names regions; which countries they mean stands in its words only.
        areas.extend(children(mail, "area").map(region_of));
    }
    let names = if bulletin.kind == Kind::Travel(TravelNotice::Infection) { INFECTION_LEVELS } else { LEVELS };
    let level =
        greatest(mail, names).or_else(|| named_level(&bulletin.title)).or_else(|| named_level(&bulletin.headline));
    let report = |area| {
        let severity = level.map_or(Severity::Named, |level| {
            Severity::Travel(TravelReport { scale: scale(&bulletin.kind), level: Some(level), whole: false })
        });
        AreaReport { area, severity }
    };
    bulletin.areas = areas.into_iter().map(report).collect();
    Some(bulletin)
}

const fn scale(kind: &Kind) -> TravelScale {
    match kind {
        Kind::Travel(TravelNotice::Infection) => TravelScale::MofaInfection,
        _ => TravelScale::Mofa,
    }
}

/// The greatest of the levels that stand (`riskLevel3`), in a notice or a country's file.
fn greatest(node: Node, names: [&str; 4]) -> Option<u8> {
    let stands = |name: &str| child(node, name).map(text).is_some_and(|it| is_yes(&it));
    (1..=4).rev().find(|level| stands(names[usize::from(level - 1)]))
}

/// The greatest level that a title names: `【危険レベル継続】`, `レベル４`, for notices that carry no levels of their own.
fn named_level(words: &str) -> Option<u8> {
    hikyaku_bulletin::AlertLevel::named_in(words).map(hikyaku_bulletin::AlertLevel::number).filter(|it| *it <= 4)
}

/// A country by 外務省's code, which light lists carry alone, else by its name.
fn area_of(node: Node) -> Area {
    let name = child_text(node, "name").unwrap_or_default();
    let code = child_text(node, "cd").unwrap_or_default();
    match country(&code).or_else(|| country_named(&name)) {
        Some(known) => known.area(),
        None => Area::new(AreaScheme::MofaCountry, code, name, []),
    }
}

/// A region of 外務省's, as 広域情報 names it.
fn region_of(node: Node) -> Area {
    let field = |name| child_text(node, name).unwrap_or_default();
    let (code, name) = (field("cd"), field("name"));
    let named = countries_in(&name).into_iter().filter_map(|it| it.alpha2.parse().ok()).collect();
    Area { countries: named, ..Area::new(AreaScheme::MofaRegion, code, name, []) }
}

/// The state of one country: the worst level that stands anywhere in it. Several levels may stand at once, each for a part.
fn country_file(root: Node, issued: Timestamp, source_name: &str) -> Bulletin {
    let source = SourceId::new(format!("{}@{issued}", SourceId::from_file_name(source_name)));
    let kind = Kind::Travel(TravelNotice::Country);
    let mut bulletin = Bulletin::new(source, kind, Standing::Real, Revision::Issue, issued);
    bulletin.origin = Origin::Mofa;
    bulletin.publisher = "外務省".to_owned();
    let area = child(root, "country").map_or_else(
        || {
            // `country/0066L.xml`: the digits at the beginning of the file's name, whatever stands before or behind.
            let file = SourceId::from_file_name(source_name);
            let code: String = file.as_str().chars().take_while(char::is_ascii_digit).collect();
            country(&code)
                .map_or_else(|| Area::new(AreaScheme::MofaCountry, code, "", []), crate::tables::Country::area)
        },
        area_of,
    );
    bulletin.series.push(SeriesKey::Travel(format!("mofa/{}", area.code)));
    bulletin.title = child_text(root, "riskTitle").unwrap_or_else(|| format!("{}の海外安全情報", area.name));
    bulletin.headline = child_text(root, "riskLead").unwrap_or_default();
    for (names, scale) in [(LEVELS, TravelScale::Mofa), (INFECTION_LEVELS, TravelScale::MofaInfection)] {
        let severity = Severity::Travel(TravelReport { scale, level: greatest(root, names), whole: false });
        bulletin.areas.push(AreaReport { area: area.clone(), severity });
    }
    bulletin
}

/// 1 or Y, and any other count of places.
fn is_yes(word: &str) -> bool {
    word.eq_ignore_ascii_case("y") || word.parse::<u32>().is_ok_and(|it| it > 0)
}
