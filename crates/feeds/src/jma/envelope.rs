//! The envelope that all JMA telegrams share (Control and Head), as the beginnings of a bulletin.

use hikyaku_bulletin::{Bulletin, Hazard, Kind, Revision, SeriesKey, SourceId, Standing};
use roxmltree::Node;

use super::titles::kind;
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

    let mut remarks = Vec::new();
    let (kind, telegram) = kind(&title, &head_title, &source, &mut remarks);
    let revision = revision(&info_type, &status);
    let mut bulletin = Bulletin::new(source, kind, standing(&status), revision, published);
    bulletin.telegram = telegram;
    bulletin.remarks = remarks;
    bulletin.issued = required_instant(head, "ReportDateTime", "Head/ReportDateTime")?;
    bulletin.title = if head_title.is_empty() { title } else { head_title };
    bulletin.headline = at(head, &["Headline", "Text"]).map(text).unwrap_or_default();
    if bulletin.headline.contains("これは訓練") && bulletin.standing == Standing::Real {
        // Only Status tells drills from real telegrams; where the words contradict it nobody is told that it is real.
        bulletin.remarks.push("the headline says これは訓練 although the status is 通常".to_owned());
        bulletin.standing = Standing::Unknown("通常（見出しは訓練）".to_owned());
    }
    bulletin.office = child_text(control, "EditorialOffice").unwrap_or_default();
    bulletin.publisher = child_text(control, "PublishingOffice").unwrap_or_default();
    let event_id = child_text(head, "EventID").unwrap_or_default();
    bulletin.series = series(&event_id, &bulletin.kind);
    match child_text(head, "Serial").map(|it| it.parse().map_err(|_| it)) {
        None => {}
        Some(Ok(serial)) => bulletin.serial = Some(serial),
        Some(Err(word)) => bulletin.remarks.push(format!("Head/Serial 「{word}」 is no number")),
    }
    bulletin.valid_until = optional_instant(head, "ValidDateTime", &mut bulletin.remarks);
    Ok(bulletin)
}

/// What a telegram belongs to. JMA's EventID means other things in other kinds; where it is empty the kind's own key follows from the body.
fn series(event_id: &str, kind: &Kind) -> Vec<SeriesKey> {
    let is_volcano = |id: &str| id.len() == 3 && id.bytes().all(|b| b.is_ascii_digit());
    // One telegram may carry several events: "20151114055157 20151114061750".
    let key = |id: &str| match kind.hazard() {
        Hazard::Volcano if is_volcano(id) => SeriesKey::Volcano(id.to_owned()),
        Hazard::Flood => SeriesKey::River(id.to_owned()),
        Hazard::Typhoon => SeriesKey::Typhoon(id.to_owned()),
        _ => SeriesKey::Event(id.to_owned()),
    };
    event_id.split_whitespace().map(key).collect()
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
