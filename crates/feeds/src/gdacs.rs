//! GDACS: disasters abroad from its RSS feed, each item an event with a colour.

use hikyaku_bulletin::{
    Area, AreaReport, AreaScheme, Bulletin, Digest, GdacsColour, Hypocentre, Kind, Magnitude, MagnitudeValue, Origin,
    Position, Revision, SeriesKey, Severity, SourceId, Standing,
};
use roxmltree::Node;

use crate::index::plain;
use crate::instant::any_instant;
use crate::loose::{child, child_text, children};
use crate::reject::Reject;
use crate::reports::readable;
use crate::tables::{country, country_named};

/// What GDACS's own elements are in.
const NAMESPACE: &str = "http://www.gdacs.org";

/// The events of a GDACS feed; `None` when the feed is no GDACS feed.
///
/// # Errors
/// [`Reject::List`] when none of its events can be read.
pub(crate) fn bulletins(root: Node) -> Option<Result<Vec<Bulletin>, Reject>> {
    let channel = child(root, "channel").filter(|_| root.tag_name().name() == "rss")?;
    let is_event = |item: &Node| {
        let own = |it: Node| it.tag_name().namespace().is_some_and(|it| it.starts_with(NAMESPACE));
        item.children().any(|it| it.is_element() && own(it))
    };
    let items: Vec<Node> = children(channel, "item").filter(is_event).collect();
    (!items.is_empty()).then(|| readable(items.into_iter().map(event)).map_err(|items| Reject::List { items }))
}

/// One event. An item without identity or time is none: nothing could be done with it.
fn event(item: Node) -> Option<Bulletin> {
    let say = |name| child_text(item, name).unwrap_or_default();
    let kind = say("eventtype");
    let id = format!("{kind}{}", child_text(item, "eventid")?);
    let instant = |name| child_text(item, name).and_then(|it| any_instant(&it));
    let published = instant("datemodified").or_else(|| instant("pubDate")).or_else(|| instant("dateadded"))?;
    let source = SourceId::new(format!("gdacs-{id}-{}-{published}", say("episodeid")));
    let standing = if say("temporary") == "true" { Standing::Unknown("temporary".into()) } else { Standing::Real };
    let mut bulletin = Bulletin::new(source, Kind::GlobalDisaster, standing, Revision::Issue, published);
    bulletin.digest = Digest::default();
    bulletin.origin = Origin::Gdacs;
    bulletin.publisher = "GDACS".to_owned();
    bulletin.telegram = Some(kind.clone());
    bulletin.series.push(SeriesKey::Gdacs(id));
    bulletin.title = plain(&say("title"));
    bulletin.headline = plain(&say("description"));
    bulletin.link = child_text(item, "link");
    bulletin.occurred = instant("fromdate");
    if kind == "EQ" {
        bulletin.hypocentre = hypocentre(item);
    }
    let colour = match say("alertlevel").to_lowercase().as_str() {
        "red" => GdacsColour::Red,
        "orange" => GdacsColour::Orange,
        "green" => GdacsColour::Green,
        other => {
            bulletin.remarks.push(format!("alertlevel 「{other}」 is no colour: it counts as Red"));
            GdacsColour::Red
        }
    };
    let named = say("country");
    let mut areas: Vec<Area> =
        named.split(',').filter_map(|it| country_named(it).map(crate::tables::Country::area)).collect();
    if areas.is_empty() {
        areas.extend(country(&say("iso3")).map(crate::tables::Country::area));
    }
    if areas.is_empty() {
        areas.push(Area::new(AreaScheme::Named, named.clone(), named, []));
    }
    bulletin.areas = areas.into_iter().map(|area| AreaReport { area, severity: Severity::Gdacs(colour) }).collect();
    Some(bulletin)
}

fn hypocentre(item: Node) -> Option<Hypocentre> {
    let point = child_text(item, "point").or_else(|| {
        let point = child(item, "Point")?;
        Some(format!("{} {}", child_text(point, "lat")?, child_text(point, "long")?))
    });
    let position = point.and_then(|it| {
        let mut numbers = it.split_whitespace().map(str::parse::<f64>);
        Position::new(numbers.next()?.ok()?, numbers.next()?.ok()?).ok()
    });
    let severity = child(item, "severity");
    let value = severity.and_then(|it| it.attribute("value")).and_then(|it| it.parse().ok());
    let magnitude = match value.and_then(|it| MagnitudeValue::new(it).ok()) {
        Some(value) => Magnitude::Known { value, scale: "M".to_owned() },
        None => Magnitude::Unknown { words: "Ｍ不明".to_owned() },
    };
    let name = child_text(item, "country").unwrap_or_else(|| "海外".to_owned());
    Some(Hypocentre { name, code: None, prefectures: Vec::new(), detail: None, position, depth_km: None, magnitude })
}
