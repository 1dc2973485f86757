//! The envelope that all JMA telegrams share (Control and Head), as the beginnings of a bulletin.

use hikyaku_bulletin::{Bulletin, Kind, Revision, SeriesKey, SourceId, Standing};
use roxmltree::Node;

use crate::instant::{optional_instant, required_instant};
use crate::reject::Reject;
use crate::xml::{at, child, child_text, place, text};

/// Reads Control and Head.
pub(crate) fn envelope(report: Node, source_name: &str) -> Result<Bulletin, Reject> {
    let missing = |element, near| Reject::Missing { element, place: place(near) };
    let control = child(report, "Control").ok_or_else(|| missing("Control", report))?;
    let head = child(report, "Head").ok_or_else(|| missing("Head", report))?;

    let source = SourceId::from_file_name(source_name);
    let title = child_text(control, "Title").ok_or_else(|| missing("Control/Title", control))?;
    let status = child_text(control, "Status").unwrap_or_default();
    let info_type = child_text(head, "InfoType").unwrap_or_default();
    let published = required_instant(control, "DateTime", "Control/DateTime")?;
    let head_title = child_text(head, "Title").unwrap_or_default();

    let kind = kind(&title, &head_title, &source);
    let revision = revision(&info_type, &status);
    let mut bulletin = Bulletin::new(source, kind, standing(&status), revision, published);
    bulletin.issued = required_instant(head, "ReportDateTime", "Head/ReportDateTime")?;
    bulletin.title = if head_title.is_empty() { title } else { head_title };
    bulletin.headline = at(head, &["Headline", "Text"]).map(text).unwrap_or_default();
    bulletin.office = child_text(control, "EditorialOffice").unwrap_or_default();
    bulletin.publisher = child_text(control, "PublishingOffice").unwrap_or_default();
    // One telegram may carry several events: "20151114055157 20151114061750".
    let event_id = child_text(head, "EventID").unwrap_or_default();
    bulletin.series = event_id.split_whitespace().map(|id| SeriesKey::Event(id.to_owned())).collect();
    match child_text(head, "Serial").map(|it| it.parse().map_err(|_| it)) {
        None => {}
        Some(Ok(serial)) => bulletin.serial = Some(serial),
        Some(Err(word)) => bulletin.remarks.push(format!("Head/Serial 「{word}」 is no number")),
    }
    bulletin.valid_until = optional_instant(head, "ValidDateTime", &mut bulletin.remarks);
    Ok(bulletin)
}

/// What kind a telegram is. Control/Title decides; the file name only tells the type of kinds we do not know.
fn kind(title: &str, head_title: &str, source: &SourceId) -> Kind {
    match title {
        "震度速報" => Kind::IntensityPrompt,
        // One Control/Title serves both; only Head/Title tells them apart.
        "震源・震度に関する情報" if head_title.contains("遠地地震") => Kind::DistantEarthquake,
        "震源・震度に関する情報" => Kind::HypocentreAndIntensity,
        other => Kind::Other { code: type_code(source), title: other.to_owned() },
    }
}

/// The telegram type in a file name such as `20240101071254_0_VTSE41_010000`: V, three letters, two digits or letters.
fn type_code(source: &SourceId) -> Option<String> {
    let is_type = |part: &&str| {
        let bytes = part.as_bytes();
        bytes.len() == 6
            && bytes[0] == b'V'
            && bytes[1..4].iter().all(u8::is_ascii_uppercase)
            && bytes[4..].iter().all(u8::is_ascii_alphanumeric)
    };
    source.as_str().split(['_', '.', '-']).find(is_type).map(str::to_owned)
}

fn standing(status: &str) -> Standing {
    match status {
        "通常" => Standing::Real,
        "訓練" => Standing::Drill,
        "試験" => Standing::Test,
        other => Standing::Unknown(other.to_owned()),
    }
}

/// InfoType decides. Where it says no more than 発表, a WMO mark in Status may: CC? and AA? correct, RR? is late.
fn revision(info_type: &str, status: &str) -> Revision {
    let is_mark = status.len() == 3 && status.bytes().all(|b| b.is_ascii_uppercase());
    match (info_type, status.get(..2).filter(|_| is_mark)) {
        ("発表", Some("CC" | "AA")) => Revision::Correction,
        ("発表", Some("RR")) => Revision::Delayed,
        ("発表", _) => Revision::Issue,
        ("訂正", _) => Revision::Correction,
        ("取消", _) => Revision::Cancellation,
        ("遅延", _) => Revision::Delayed,
        (other, _) => Revision::Other(other.to_owned()),
    }
}
