//! Travel advice of the United Kingdom (FCDO, JSON) and the United States (State Department, JSON and RSS).

use hikyaku_bulletin::{
    Area, AreaReport, AreaScheme, Bulletin, Kind, Origin, Revision, SeriesKey, Severity, SourceId, Standing,
    TravelNotice, TravelReport, TravelScale,
};
use jiff::Timestamp;
use serde::Deserialize;

use crate::index::{Index, plain};
use crate::instant::any_instant;
use crate::reject::Reject;
use crate::reports::readable;
use crate::tables::{countries_in, country_named};

/// One country of the United States' list.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct State {
    title: String,
    #[serde(default)]
    link: Option<String>,
    #[serde(default)]
    summary: Option<String>,
    #[serde(default)]
    published: Option<String>,
    #[serde(default)]
    updated: Option<String>,
}

/// A page of the United Kingdom's content API.
#[derive(Deserialize)]
struct Fcdo {
    base_path: String,
    #[serde(default)]
    title: String,
    public_updated_at: String,
    details: FcdoDetails,
}

#[derive(Deserialize)]
struct FcdoDetails {
    #[serde(default)]
    alert_status: Vec<String>,
    #[serde(default)]
    change_description: String,
    country: FcdoCountry,
}

#[derive(Deserialize)]
struct FcdoCountry {
    name: String,
}

/// Reads JSON, which only these two governments send.
pub(crate) fn bulletins(text: &str) -> Result<Vec<Bulletin>, Reject> {
    let not = |error: &serde_json::Error| Reject::Json {
        line: error.line(),
        column: error.column(),
        reason: error.to_string(),
    };
    if text.trim_start().starts_with('[') {
        let list: Vec<State> = serde_json::from_str(text).map_err(|error| not(&error))?;
        return readable(list.into_iter().map(state)).map_err(|items| Reject::List { items });
    }
    let page: Fcdo = serde_json::from_str(text).map_err(|error| not(&error))?;
    fcdo(page).map(|it| vec![it])
}

/// Whether a feed is the United States' list: its entries carry a level.
pub(crate) fn is_state(index: &Index) -> bool {
    let levelled = index.entries.iter().filter(|it| level_of_title(&it.title).is_some()).count();
    levelled > 0 && levelled * 2 > index.entries.len()
}

/// The advice in a feed of the United States.
///
/// # Errors
/// [`Reject::List`] when none of it can be read.
pub(crate) fn of_index(index: Index) -> Result<Vec<Bulletin>, Reject> {
    let entries = index.entries.into_iter().map(|entry| {
        let updated = entry.updated?;
        Some(advisory(&entry.title, updated, &entry.summary, Some(entry.link).filter(|it| !it.is_empty())))
    });
    readable(entries).map_err(|items| Reject::List { items })
}

fn state(row: State) -> Option<Bulletin> {
    let instant = |it: &Option<String>| it.as_deref().and_then(any_instant);
    let updated = instant(&row.updated).or_else(|| instant(&row.published))?;
    Some(advisory(&row.title, updated, &plain(&row.summary.unwrap_or_default()), row.link))
}

/// `Afghanistan - Level 4: Do Not Travel`: the level stands in the title only.
fn advisory(title: &str, updated: Timestamp, summary: &str, link: Option<String>) -> Bulletin {
    // Some of its titles have blanks that do not break.
    let title = &title.split_whitespace().collect::<Vec<_>>().join(" ");
    let (place, words) = title.rsplit_once(" - ").unwrap_or((title, title));
    let place = place.trim().trim_end_matches("Travel Advisory").trim();
    let level = level_of_title(words);
    let mut bulletin = begin("state", place, updated, TravelScale::UsState, level, true);
    bulletin.origin = Origin::UsState;
    bulletin.publisher = "U.S. Department of State".to_owned();
    bulletin.title = title.trim().to_owned();
    bulletin.headline = bulletin.title.clone();
    bulletin.text = summary.to_owned();
    bulletin.link = link;
    if level.is_none() {
        bulletin.remarks.push(format!("「{title}」 names no level from 1 to 4"));
    }
    bulletin
}

fn level_of_title(title: &str) -> Option<u8> {
    let after = title.split("Level").nth(1)?.trim_start();
    after.chars().next()?.to_digit(10).and_then(|it| u8::try_from(it).ok()).filter(|it| (1..=4).contains(it))
}

/// What is known of `alert_status`: against all travel is 4, against all but essential travel 3; and whether it is the whole country.
const FCDO_STATUS: [(&str, (u8, bool)); 4] = [
    ("avoid_all_travel_to_whole_country", (4, true)),
    ("avoid_all_travel_to_parts", (4, false)),
    ("avoid_all_but_essential_travel_to_whole_country", (3, true)),
    ("avoid_all_but_essential_travel_to_parts", (3, false)),
];

/// Level and extent of one status. What is not known counts as the gravest that its beginning allows.
fn fcdo_status(status: &str, remarks: &mut Vec<String>) -> (u8, bool) {
    let known = FCDO_STATUS.iter().find(|(name, _)| *name == status);
    known.map_or_else(
        || {
            let level = if status.starts_with("avoid_all_but_essential_travel_to_") { 3 } else { 4 };
            remarks.push(format!(
                "alert_status 「{status}」 is not known: it counts as level {level} for the whole country"
            ));
            (level, true)
        },
        |it| it.1,
    )
}

/// A page says the gravest of its statuses; parts of a country count as the whole's level, told apart by `whole`.
fn fcdo(page: Fcdo) -> Result<Bulletin, Reject> {
    let updated = any_instant(&page.public_updated_at).ok_or(Reject::Json {
        line: 0,
        column: 0,
        reason: format!("public_updated_at 「{}」 is no time with its offset", page.public_updated_at),
    })?;
    let mut remarks = Vec::new();
    let statuses = page.details.alert_status.iter().map(|it| it.trim()).filter(|it| !it.is_empty());
    let gravest = statuses.map(|it| fcdo_status(it, &mut remarks)).max();
    let (level, whole) = (gravest.map(|it| it.0), gravest.is_some_and(|it| it.1));
    let mut bulletin = begin("fcdo", &page.details.country.name, updated, TravelScale::Fcdo, level, whole);
    bulletin.origin = Origin::Fcdo;
    bulletin.publisher = "Foreign, Commonwealth & Development Office".to_owned();
    bulletin.title = if page.title.is_empty() { page.details.country.name.clone() } else { page.title };
    bulletin.headline = plain(&page.details.change_description);
    bulletin.link = Some(format!("https://www.gov.uk{}", page.base_path));
    bulletin.remarks = remarks;
    Ok(bulletin)
}

fn begin(who: &str, place: &str, updated: Timestamp, scale: TravelScale, level: Option<u8>, whole: bool) -> Bulletin {
    let areas = advised(place);
    let codes: Vec<&str> = areas.iter().map(|it| it.code.as_str()).collect();
    let named = codes.join("+");
    let source = SourceId::new(format!("{who}-{named}-{updated}"));
    let kind = Kind::Travel(TravelNotice::Country);
    let mut bulletin = Bulletin::new(source, kind, Standing::Real, Revision::Issue, updated);
    bulletin.series.push(SeriesKey::Travel(format!("{who}/{named}")));
    let severity = Severity::Travel(TravelReport { scale, level, whole });
    bulletin.areas = areas.into_iter().map(|area| AreaReport { area, severity: severity.clone() }).collect();
    bulletin
}

/// The countries that one advice is for: one as a rule, several where its title joins them (`Mainland China, Hong Kong & Macau`).
fn advised(place: &str) -> Vec<Area> {
    let joined = || countries_in(place).into_iter().map(crate::tables::Country::area).collect::<Vec<_>>();
    let found = country_named(place).map_or_else(joined, |it| vec![it.area()]);
    if found.is_empty() { vec![Area::new(AreaScheme::Named, place, place, [])] } else { found }
}
