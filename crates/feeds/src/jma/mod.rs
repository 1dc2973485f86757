//! 気象庁防災情報XML: the envelope that all telegrams share, then one file for each family of bodies.

mod coordinate;
mod eew;
mod envelope;
mod flood;
mod great_quake;
mod outlook;
mod quake;
mod titles;
mod tsunami;
mod typhoon;
mod volcano;
mod warning;
mod warning_code;

use hikyaku_bulletin::{Bulletin, Kind, Revision};
use roxmltree::Node;

use crate::reject::Reject;
use crate::xml::{child, child_text, children, descendants, place, text};

/// Reads a JMA `Report`.
pub(crate) fn telegram(report: Node, source_name: &str) -> Result<Bulletin, Reject> {
    let mut bulletin = envelope::envelope(report, source_name)?;
    if let Some(body) = child(report, "Body") {
        bulletin.text = sentences(body);
    }
    match bulletin.kind {
        Kind::IntensityPrompt
        | Kind::HypocentreAndIntensity
        | Kind::DistantEarthquake
        | Kind::Hypocentre
        | Kind::HypocentreUpdate
        | Kind::LongPeriod => quake::fill(&mut bulletin, report),
        Kind::EarlyWarning | Kind::EarlyWarningForecast | Kind::EarlyWarningTest => eew::fill(&mut bulletin, report),
        Kind::NankaiExtra | Kind::NankaiCommentary | Kind::SubsequentQuakeAdvisory => {
            great_quake::fill(&mut bulletin, report);
        }
        Kind::TsunamiWarning | Kind::TsunamiInformation | Kind::TsunamiOffshore => tsunami::fill(&mut bulletin, report),
        Kind::VolcanoWarning
        | Kind::VolcanoCommentary
        | Kind::VolcanoObservation
        | Kind::Ashfall
        | Kind::EruptionPrompt
        | Kind::Plume => volcano::fill(&mut bulletin, report),
        Kind::WeatherWarning
        | Kind::WeatherWarningR06
        | Kind::WeatherWarningDigest
        | Kind::EmergencyWarningNotice
        | Kind::WeatherPrompt
        | Kind::LandslideAlert
        | Kind::RecordRain
        | Kind::TornadoAdvisory => warning::fill(&mut bulletin, report)?,
        Kind::WeatherWarningOutlook => outlook::fill(&mut bulletin, report)?,
        Kind::FloodForecast => flood::fill(&mut bulletin, report),
        Kind::Typhoon => typhoon::fill(&mut bulletin, report),
        _ => {}
    }
    let must_name_areas = bulletin.kind == Kind::IntensityPrompt && bulletin.revision != Revision::Cancellation;
    if must_name_areas && bulletin.areas.is_empty() {
        return Err(Reject::Missing { element: "Body/Intensity/Observation/Pref/Area", place: place(report) });
    }
    Ok(bulletin)
}

/// The official sentences of a body: its own text, the main text (本文) of a commentary, and its comments, one to a line.
fn sentences(body: Node) -> String {
    let own = child_text(body, "Text");
    let main = descendants(body, "Text").filter(|it| it.attribute("type") == Some("本文") && it.parent() != Some(body));
    let commentary = main.map(text).filter(|it| !it.is_empty());
    let comments =
        children(body, "Comments").flat_map(|it| it.children().filter(Node::is_element)).filter_map(|comment| {
            match comment.tag_name().name() {
                "FreeFormComment" => Some(text(comment)).filter(|it| !it.is_empty()),
                _ => child_text(comment, "Text"),
            }
        });
    own.into_iter().chain(commentary).chain(comments).collect::<Vec<_>>().join("\n")
}
