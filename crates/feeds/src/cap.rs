//! Common Alerting Protocol 1.0, 1.1 and 1.2: one alert, one bulletin, whatever prefix or empty elements it is written with.

use hikyaku_bulletin::{
    Area, AreaReport, AreaScheme, Bulletin, CapCertainty, CapReport, CapSeverity, CapUrgency, CountryCode, Kind,
    Origin, Revision, SeriesKey, Severity, SourceId, Standing,
};
use jiff::Timestamp;
use roxmltree::Node;

use crate::cap_country;
use crate::instant::loose_instant;
use crate::loose::{child_text, children};
use crate::reject::Reject;
use crate::reports::{repeated, said_once};
use crate::xml::place;

/// What the namespaces of CAP begin with; 1.0 has another form.
const NAMESPACES: [&str; 2] = ["urn:oasis:names:tc:emergency:cap:", "http://www.incident.com/cap/"];

/// The name of the place of which an alert speaks that names none.
const NOWHERE: &str = "区域の記載なし";

/// Whether the root is a CAP alert.
pub(crate) fn is_alert(root: Node) -> bool {
    let namespace = root.tag_name().namespace().unwrap_or_default();
    root.tag_name().name() == "alert" && NAMESPACES.iter().any(|it| namespace.starts_with(it))
}

/// Reads a CAP alert.
pub(crate) fn alert(root: Node, source_name: &str) -> Result<Bulletin, Reject> {
    let must = |name, element| child_text(root, name).ok_or(Reject::Missing { element, place: place(root) });
    let identifier = must("identifier", "alert/identifier")?;
    let sender = must("sender", "alert/sender")?;
    let sent = loose_instant(root, "sent", "alert/sent")?;
    let status = must("status", "alert/status")?;
    let message = must("msgType", "alert/msgType")?;
    let revision = revision(&message);
    let source = SourceId::from_file_name(source_name);
    let mut bulletin = Bulletin::new(source, Kind::CapAlert, standing(&status), revision, sent);
    bulletin.origin = Origin::Cap;
    bulletin.publisher.clone_from(&sender);
    let references = child_text(root, "references").unwrap_or_default();
    bulletin.replaces = references.split_whitespace().filter_map(referred).map(SourceId::new).collect();
    bulletin.series = series(root, &sender, &identifier, &bulletin.replaces);
    match child_text(root, "scope").as_deref() {
        Some("Public") => {}
        Some(other) => bulletin.remarks.push(format!("scope is {other}: not meant for everybody")),
        None => bulletin.remarks.push("scope is missing".to_owned()),
    }
    let infos: Vec<Node> = children(root, "info").collect();
    if let Some(info) = spoken(&infos) {
        tell(&mut bulletin, info);
    }
    for info in &infos {
        let severity = Severity::Cap(measures(*info));
        let mut named = children(*info, "area").flat_map(areas).peekable();
        // How grave it is must not be lost with the place, which CAP may leave out.
        let nowhere = named.peek().is_none().then(|| Area::new(AreaScheme::Named, NOWHERE, NOWHERE, []));
        let reports = named.chain(nowhere).map(|area| AreaReport { area, severity: severity.clone() });
        bulletin.areas.extend(reports);
    }
    // Several languages repeat the same areas.
    said_once(&mut bulletin.areas);
    if bulletin.title.is_empty() {
        bulletin.title = child_text(root, "note").unwrap_or_else(|| format!("CAP {message}"));
    }
    Ok(bulletin)
}

/// Only Actual is real; Draft and whatever else is not.
fn standing(status: &str) -> Standing {
    match status {
        "Actual" => Standing::Real,
        "Exercise" => Standing::Drill,
        "Test" | "System" => Standing::Test,
        other => Standing::Unknown(other.to_owned()),
    }
}

/// An update that says AllClear is no cancellation: that what was warned of has ended stands in the measures.
fn revision(message: &str) -> Revision {
    match message {
        "Alert" | "Update" => Revision::Issue,
        "Cancel" => Revision::Cancellation,
        other => Revision::Other(other.to_owned()),
    }
}

/// `sender,identifier,sent` of an earlier message, as one word for it.
fn referred(reference: &str) -> Option<String> {
    let mut parts = reference.split(',');
    let (sender, identifier) = (parts.next()?, parts.next()?);
    Some(message_key(sender, identifier))
}

fn message_key(sender: &str, identifier: &str) -> String {
    format!("{sender},{identifier}")
}

/// An alert, and each message it refers to, are keys: whichever part of the chain was seen ties it together. `incidents` adds its own.
fn series(root: Node, sender: &str, identifier: &str, references: &[SourceId]) -> Vec<SeriesKey> {
    let incidents = child_text(root, "incidents").unwrap_or_default();
    let own = [message_key(sender, identifier)];
    let referred = references.iter().map(|it| it.as_str().to_owned());
    let named = incidents.split_whitespace().map(|it| SeriesKey::Incident(format!("{sender} {it}")));
    own.into_iter().chain(referred).map(SeriesKey::Alert).chain(named).collect()
}

/// The block that people of ours read best: Japanese, else English, else the first.
fn spoken<'a, 'i>(infos: &[Node<'a, 'i>]) -> Option<Node<'a, 'i>> {
    let language = |info: &Node| child_text(*info, "language").unwrap_or_else(|| "en-US".to_owned()).to_lowercase();
    let of = |tongue: &str| infos.iter().find(|it| language(it).starts_with(tongue)).copied();
    of("ja").or_else(|| of("en")).or_else(|| infos.first().copied())
}

fn tell(bulletin: &mut Bulletin, info: Node) {
    let say = |name| child_text(info, name).unwrap_or_default();
    bulletin.title = say("event");
    let headline = say("headline");
    bulletin.headline = if headline.is_empty() { bulletin.title.clone() } else { headline };
    let sentences = [say("description"), say("instruction")];
    bulletin.text = sentences.into_iter().filter(|it| !it.is_empty()).collect::<Vec<_>>().join("\n");
    bulletin.office = say("senderName");
    bulletin.link = child_text(info, "web");
    let mut instant = |name| {
        let word = child_text(info, name)?;
        let read: Option<Timestamp> = word.parse().ok();
        if read.is_none() {
            bulletin.remarks.push(format!("{name} 「{word}」 is no time with its offset"));
        }
        read
    };
    let (onset, effective, expires) = (instant("onset"), instant("effective"), instant("expires"));
    bulletin.occurred = onset;
    bulletin.issued = effective.unwrap_or(bulletin.published);
    bulletin.valid_until = expires;
}

fn measures(info: Node) -> CapReport {
    let word = |name| child_text(info, name).unwrap_or_default();
    let urgency = match word("urgency").as_str() {
        "Immediate" => CapUrgency::Immediate,
        "Expected" => CapUrgency::Expected,
        "Future" => CapUrgency::Future,
        "Past" => CapUrgency::Past,
        _ => CapUrgency::Unknown,
    };
    let severity = match word("severity").as_str() {
        "Extreme" => CapSeverity::Extreme,
        "Severe" => CapSeverity::Severe,
        "Moderate" => CapSeverity::Moderate,
        "Minor" => CapSeverity::Minor,
        _ => CapSeverity::Unknown,
    };
    let certainty = match word("certainty").as_str() {
        "Observed" => CapCertainty::Observed,
        // CAP 1.0 wrote Very Likely.
        "Likely" | "Very Likely" => CapCertainty::Likely,
        "Possible" => CapCertainty::Possible,
        "Unlikely" => CapCertainty::Unlikely,
        _ => CapCertainty::Unknown,
    };
    let responses: Vec<String> = children(info, "responseType").map(crate::loose::text).collect();
    let all_clear = responses.iter().any(|it| it == "AllClear");
    CapReport { urgency, severity, certainty, all_clear, event: repeated(word("event")) }
}

/// An area's geocodes, each in its table; without any, the place in words. What one of them tells of the country holds for all.
fn areas(area: Node) -> Vec<Area> {
    let name = child_text(area, "areaDesc").unwrap_or_default();
    let codes: Vec<(String, String)> = children(area, "geocode").filter_map(geocode).collect();
    let mut countries: Vec<CountryCode> = codes.iter().filter_map(|it| cap_country::of_geocode(&it.0, &it.1)).collect();
    countries.sort_unstable();
    countries.dedup();
    let name = if codes.len() > 1 { repeated(name) } else { name };
    let coded = |(table, code): &(String, String)| {
        let mut area = Area::new(AreaScheme::Geocode, format!("{table}={code}"), name.clone(), []);
        area.countries.clone_from(&countries);
        area
    };
    if codes.is_empty() {
        return vec![Area::new(AreaScheme::Named, name.clone(), name, [])];
    }
    codes.iter().map(coded).collect()
}

/// Table and code of a geocode; CAP 1.0 wrote `table=code` in one text.
fn geocode(geocode: Node) -> Option<(String, String)> {
    let plain = || crate::loose::text(geocode).split_once('=').map(|(table, code)| (table.to_owned(), code.to_owned()));
    let (table, code) = child_text(geocode, "valueName").zip(child_text(geocode, "value")).or_else(plain)?;
    Some((table.trim().to_owned(), code.trim().to_owned()))
}
