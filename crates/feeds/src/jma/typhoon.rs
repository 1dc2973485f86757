//! 台風解析・予報情報: the typhoon now, in an hour, and on the days to come.

use hikyaku_bulletin::{Bulletin, Detail, Typhoon, TyphoonPoint};
use roxmltree::Node;

use super::coordinate::coordinate;
use crate::xml::{at, child, child_text, children, descendants, text};

/// Fills in the typhoon, the analysis first.
pub(super) fn fill(bulletin: &mut Bulletin, report: Node) {
    let Some(body) = child(report, "Body") else { return };
    let lists = children(body, "MeteorologicalInfos").filter(|it| it.attribute("type") == Some("台風情報"));
    let infos: Vec<Node> = lists.flat_map(|it| children(it, "MeteorologicalInfo")).collect();
    if infos.is_empty() {
        return;
    }
    let name = infos.iter().find_map(|info| descendants(*info, "TyphoonNamePart").next());
    let of_name = |field| name.and_then(|it| child_text(it, field)).unwrap_or_default();
    let points: Vec<TyphoonPoint> = infos.iter().filter_map(|info| point(*info, &mut bulletin.remarks)).collect();
    bulletin.occurred = points.first().map(|it| it.at);
    bulletin.detail = Some(Detail::Typhoon(Box::new(Typhoon {
        number: of_name("Number"),
        name: of_name("Name"),
        name_kana: of_name("NameKana"),
        remark: of_name("Remark"),
        points,
    })));
}

fn point(info: Node, remarks: &mut Vec<String>) -> Option<TyphoonPoint> {
    let time = child(info, "DateTime")?;
    let Ok(instant) = text(time).parse() else {
        remarks.push(format!("DateTime 「{}」 is no time with its offset", text(time)));
        return None;
    };
    let item = child(info, "Item")?;
    let properties: Vec<Node> = children(item, "Kind").flat_map(|it| children(it, "Property")).collect();
    let part = |name| properties.iter().find_map(|it| child(*it, name));
    let (class, centre, wind) = (part("ClassPart"), part("CenterPart"), part("WindPart"));
    let circle = centre.and_then(|it| child(it, "ProbabilityCircle"));
    let of_class = |name| class.and_then(|it| child_text(it, name)).unwrap_or_default();
    let place =
        circle.and_then(|it| position(it, "BasePoint")).or_else(|| centre.and_then(|it| position(it, "Coordinate")));
    let of_centre = |name| centre.and_then(|it| child_text(it, name)).unwrap_or_default();
    Some(TyphoonPoint {
        what: time.attribute("type").unwrap_or_default().to_owned(),
        at: instant,
        class: of_class("TyphoonClass"),
        size: of_class("AreaClass"),
        strength: of_class("IntensityClass"),
        position: place,
        circle_km: circle.and_then(radius),
        location: of_centre("Location"),
        direction: of_centre("Direction"),
        speed_kmh: centre.and_then(|it| number(it, "Speed", "km/h", "")),
        pressure_hpa: centre.and_then(|it| number(it, "Pressure", "hPa", "")),
        wind_ms: wind.and_then(|it| number(it, "WindSpeed", "m/s", "最大風速")),
        gust_ms: wind.and_then(|it| number(it, "WindSpeed", "m/s", "最大瞬間風速")),
        storm_km: area(&properties, "暴風域"),
        gale_km: area(&properties, "強風域"),
    })
}

/// The position in degrees, told by its `type`; a second one in degrees and minutes says the same.
fn position(node: Node, name: &'static str) -> Option<hikyaku_bulletin::Position> {
    children(node, name).find_map(|it| coordinate(&text(it))).map(|(position, _)| position)
}

/// A number in a unit; `of` narrows by the `type` where one element name stands for several things.
fn number(node: Node, name: &'static str, unit: &str, of: &str) -> Option<u16> {
    let fits = |it: &Node| it.attribute("unit") == Some(unit) && (of.is_empty() || it.attribute("type") == Some(of));
    children(node, name).find(fits).and_then(|it| text(it).parse().ok())
}

/// The greatest radius among the axes, in kilometres; a radius of `なし` is none.
fn radius(node: Node) -> Option<u16> {
    let radii = descendants(node, "Radius").filter(|it| it.attribute("unit") == Some("km"));
    radii.filter_map(|it| text(it).parse().ok()).max()
}

fn area(properties: &[Node], what: &str) -> Option<u16> {
    let parts = properties.iter().flat_map(|it| children(*it, "WarningAreaPart"));
    parts.filter(|it| it.attribute("type") == Some(what)).filter_map(|it| at(it, &["Circle"]).and_then(radius)).max()
}
