//! The one way in: bytes become a bulletin or a reason.

use hikyaku_bulletin::{Bulletin, Kind, Revision};
use roxmltree::Node;

use crate::bounds::within_bounds;
use crate::envelope::envelope;
use crate::reject::Reject;
use crate::seismic;
use crate::xml::{child, child_text, children, document, place, report, text};

/// Reads one telegram.
///
/// `source_name` is its file name, path or address; the bulletin's identity is made from it, so two telegrams must not share one.
/// What is optional and unreadable is left out with a word in [`Bulletin::remarks`].
///
/// # Errors
/// [`Reject`] when the bytes are out of bounds, hostile, damaged, no JMA telegram, or lack what a telegram must have: title and
/// times, and in a 震度速報 that is no cancellation at least one area.
pub fn parse(bytes: &[u8], source_name: &str) -> Result<Bulletin, Reject> {
    let document = document(within_bounds(bytes)?)?;
    let report = report(&document)?;
    let mut bulletin = envelope(report, source_name)?;
    if let Some(body) = child(report, "Body") {
        bulletin.text = sentences(body);
    }
    match bulletin.kind {
        Kind::IntensityPrompt | Kind::HypocentreAndIntensity | Kind::DistantEarthquake => {
            seismic::fill(&mut bulletin, report);
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
