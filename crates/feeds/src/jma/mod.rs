//! 気象庁防災情報XML: the envelope that all telegrams share, then one file for each family of bodies.

mod coordinate;
mod envelope;
mod quake;

use hikyaku_bulletin::{Bulletin, Kind, Revision};
use roxmltree::Node;

use crate::reject::Reject;
use crate::xml::{child, child_text, children, place, text};

/// Reads a JMA `Report`.
pub(crate) fn telegram(report: Node, source_name: &str) -> Result<Bulletin, Reject> {
    let mut bulletin = envelope::envelope(report, source_name)?;
    if let Some(body) = child(report, "Body") {
        bulletin.text = sentences(body);
    }
    match bulletin.kind {
        Kind::IntensityPrompt | Kind::HypocentreAndIntensity | Kind::DistantEarthquake => {
            quake::fill(&mut bulletin, report);
        }
        _ => {}
    }
    let must_name_areas = bulletin.kind == Kind::IntensityPrompt && bulletin.revision != Revision::Cancellation;
    if must_name_areas && bulletin.areas.is_empty() {
        return Err(Reject::Missing { element: "Body/Intensity/Observation/Pref/Area", place: place(report) });
    }
    Ok(bulletin)
}

/// The official sentences of a body: its own text and its comments, one to a line.
fn sentences(body: Node) -> String {
    let own = child_text(body, "Text");
    let comments =
        children(body, "Comments").flat_map(|it| it.children().filter(Node::is_element)).filter_map(|comment| {
            match comment.tag_name().name() {
                "FreeFormComment" => Some(text(comment)).filter(|it| !it.is_empty()),
                _ => child_text(comment, "Text"),
            }
        });
    own.into_iter().chain(comments).collect::<Vec<_>>().join("\n")
}
