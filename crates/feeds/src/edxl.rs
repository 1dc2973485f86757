//! L-Alert and other EDXL-DE: the envelope, and what lies in it: JMA telegrams, CAP, evacuation orders, notices, civil protection.

use hikyaku_bulletin::{
    AlertLevel, Area, AreaReport, AreaScheme, Bulletin, Detail, Kind, Origin, Phenomenon, Prefecture, Revision,
    SeriesKey, Severity, SourceId, Standing, WarningChange, WarningGrade, WarningReport,
};
use roxmltree::Node;

use crate::cap;
use crate::civil;
use crate::instant::loose_instant;
use crate::jma;
use crate::loose::{child, child_text, children, text};
use crate::reject::Reject;
use crate::reports::{repeated, within_reports};
use crate::tables::municipality;
use crate::xml::{is_jma_report, not_known};

/// The most sentences kept of a body.
const LINES_MAX: usize = 200;
/// How deep the envelope may lie in a SOAP message: Envelope, Body, publish, message.
const SOAP_DEPTH: usize = 5;

/// The EDXL-DE envelope of a document, itself the root or within SOAP.
pub(crate) fn distribution<'a, 'i>(root: Node<'a, 'i>) -> Option<Node<'a, 'i>> {
    let mut level = vec![root];
    for _ in 0..SOAP_DEPTH {
        if let Some(found) = level.iter().find(|it| it.tag_name().name() == "EDXLDistribution") {
            return Some(*found);
        }
        level = level.iter().flat_map(|it| it.children().filter(Node::is_element)).collect();
    }
    None
}

/// Reads what each content object says; one that cannot be read is remarked on in the first that can, and does not hide the others.
///
/// # Errors
/// [`Reject`] of the first object when none can be read.
pub(crate) fn bulletins(distribution: Node, source_name: &str) -> Result<Vec<Bulletin>, Reject> {
    let sent = loose_instant(distribution, "dateTimeSent", "EDXLDistribution/dateTimeSent")?;
    let objects: Vec<Node> = children(distribution, "contentObject").collect();
    let several = objects.len() > 1;
    let targets = children(distribution, "targetArea");
    let places: usize = targets.map(|it| children(it, "jisX0402").count().max(1)).sum();
    within_reports(0, places, objects.len().max(1), distribution)?;
    let mut found = Vec::new();
    let mut refused: Vec<(usize, Reject)> = Vec::new();
    for (number, object) in (1..).zip(&objects) {
        let name = if several { format!("{source_name}~{number}") } else { source_name.to_owned() };
        match content(distribution, *object, sent, &name) {
            Ok(bulletin) => found.push(bulletin),
            Err(reject) => refused.push((number, reject)),
        }
    }
    if objects.is_empty() {
        // An envelope without content still says whom it concerns.
        found.push(content(distribution, distribution, sent, source_name)?);
    }
    let Some(first) = found.first_mut() else {
        let reason = refused.into_iter().next().map(|(_, reject)| reject);
        return Err(reason.unwrap_or_else(|| not_known(distribution)));
    };
    first
        .remarks
        .extend(refused.iter().map(|(number, reject)| format!("contentObject {number} is left out: {reject}")));
    Ok(found)
}

fn content(distribution: Node, object: Node, sent: jiff::Timestamp, name: &str) -> Result<Bulletin, Reject> {
    let embedded = child(object, "xmlContent").and_then(|it| child(it, "embeddedXMLContent"));
    let payload = embedded.and_then(|it| it.children().find(Node::is_element));
    let standing = standing(&child_text(distribution, "distributionStatus").unwrap_or_default());
    let mut bulletin = match payload {
        Some(report) if is_jma_report(report) => jma::telegram(report, name)?,
        Some(alert) if cap::is_alert(alert) => cap::alert(alert, name)?,
        other => local(distribution, object, other, sent, name),
    };
    // What the envelope calls a drill or a test is one, whatever lies in it.
    if standing != Standing::Real {
        bulletin.standing = standing;
    }
    Ok(bulletin)
}

fn standing(status: &str) -> Standing {
    match status {
        "Actual" => Standing::Real,
        "Exercise" => Standing::Drill,
        "Test" | "System" => Standing::Test,
        other => Standing::Unknown(other.to_owned()),
    }
}

/// A message in L-Alert's own form (pcxml): head and body by local names, for the namespaces differ by version.
fn local(distribution: Node, object: Node, payload: Option<Node>, sent: jiff::Timestamp, name: &str) -> Bulletin {
    let head = payload.and_then(|it| child(it, "Head"));
    let of_head = |field| head.and_then(|it| child_text(it, field));
    let revision = match child_text(distribution, "distributionType").or_else(|| of_head("distributionType")).as_deref()
    {
        Some("Cancel" | "Delete") => Revision::Cancellation,
        Some("Error" | "Correct") => Revision::Correction,
        _ => Revision::Issue,
    };
    let mut bulletin = Bulletin::new(SourceId::from_file_name(name), Kind::LocalNotice, Standing::Real, revision, sent);
    bulletin.origin = Origin::LAlert;
    let category = child_text(object, "category").unwrap_or_default();
    bulletin.telegram = Some(category.clone()).filter(|it| !it.is_empty());
    let described = child_text(object, "contentDescription").unwrap_or_default();
    bulletin.title = of_head("Title").unwrap_or_else(|| described.clone());
    let headline = head.and_then(|it| child(it, "Headline"));
    bulletin.headline = headline.and_then(|it| child_text(it, "Text")).filter(|it| !it.is_empty()).unwrap_or(described);
    bulletin.publisher = publisher(distribution, payload);
    bulletin.serial = child_text(object, "documentRevision").and_then(|it| it.parse().ok());
    let document = child_text(object, "documentID").or_else(|| of_head("documentID"));
    let document = document.or_else(|| child_text(distribution, "distributionID").map(repeated));
    bulletin.series = document.into_iter().map(SeriesKey::Document).collect();
    let mut instant = |field| {
        let word = of_head(field)?;
        let read = word.parse().ok();
        if read.is_none() {
            bulletin.remarks.push(format!("{field} 「{word}」 is no time with its offset"));
        }
        read
    };
    let (reported, valid) = (instant("ReportDateTime"), instant("ValidDateTime"));
    bulletin.issued = reported.unwrap_or(sent);
    bulletin.valid_until = valid;
    let body = payload.and_then(|it| child(it, "Body"));
    bulletin.text = body.map(sentences).unwrap_or_default();
    let whole = format!("{}\n{}\n{}", bulletin.title, bulletin.headline, bulletin.text);
    let places = places(distribution);
    if let Some(said) = civil::read(&category, &whole) {
        bulletin.kind = Kind::CivilProtection;
        if civil::is_retracted(&whole) {
            bulletin.revision = Revision::Cancellation;
        }
        if whole.contains("訓練") {
            // No real announcement speaks of training; one that does and calls itself Actual must not reach anybody as real.
            bulletin.standing = Standing::Drill;
            bulletin.remarks.push("the words speak of 訓練 although the envelope does not".to_owned());
        }
        let phase = Severity::CivilProtection(said.phase);
        let fallen = said.fallen_in.iter().map(|it| Area::prefecture(*it));
        bulletin.areas =
            places.into_iter().chain(fallen).map(|area| AreaReport { area, severity: phase.clone() }).collect();
        bulletin.detail = Some(Detail::CivilProtection(said));
    } else if category.starts_with("Evacuation") || bulletin.title.contains("避難") {
        bulletin.kind = Kind::Evacuation;
        let severity = Severity::Warning(evacuation(&whole));
        bulletin.areas = places.into_iter().map(|area| AreaReport { area, severity: severity.clone() }).collect();
    } else {
        bulletin.areas = places.into_iter().map(|area| AreaReport { area, severity: Severity::Named }).collect();
    }
    bulletin
}

fn publisher(distribution: Node, payload: Option<Node>) -> String {
    let office = payload.and_then(|it| child(it, "Control")).and_then(|it| child(it, "PublishingOffice"));
    let named = office.and_then(|it| it.descendants().find(|it| it.tag_name().name() == "OrganizationName"));
    repeated(named.map(text).or_else(|| child_text(distribution, "senderID")).unwrap_or_default())
}

/// Every sentence of a body, in order, once.
fn sentences(body: Node) -> String {
    let mut lines: Vec<String> = Vec::new();
    for node in body.descendants().filter(|it| it.is_element() && !it.children().any(|it| it.is_element())) {
        let line = text(node);
        if !line.is_ascii() && !lines.contains(&line) {
            lines.push(line);
        }
        if lines.len() == LINES_MAX {
            break;
        }
    }
    lines.join("\n")
}

/// The municipalities that the envelope is for. Six digits (JIS X 0402 with its check digit); two digits and zeros are a prefecture.
fn places(distribution: Node) -> Vec<Area> {
    let mut areas = Vec::new();
    for target in children(distribution, "targetArea") {
        let name = repeated(child_text(target, "areaName").unwrap_or_default());
        if !name.is_empty() && children(target, "jisX0402").all(|it| text(it).is_empty()) {
            let prefecture = Prefecture::all().find(|it| name.starts_with(it.name()));
            areas.push(Area::new(AreaScheme::Named, name.clone(), name.clone(), prefecture));
        }
        for code in children(target, "jisX0402").map(text).filter(|it| !it.is_empty()) {
            let whole = code.get(2..5) == Some("000") || code.len() == 2;
            let prefecture = code.get(..2).and_then(|it| it.parse().ok()).and_then(Prefecture::from_code);
            areas.push(match prefecture.filter(|_| whole) {
                Some(prefecture) => Area::prefecture(prefecture),
                None => municipality(code, name.clone()),
            });
        }
    }
    areas
}

/// The gravest order that the words speak of: 緊急安全確保 5, 避難指示 and the former 避難勧告 4, 高齢者等避難 and 避難準備 3.
fn evacuation(words: &str) -> WarningReport {
    let orders =
        [("緊急安全確保", 5), ("避難指示", 4), ("避難勧告", 4), ("高齢者等避難", 3), ("避難準備", 3), ("自主避難", 2)];
    // 避難勧告・指示情報 is the name of the form, no order.
    let words = words.replace("避難勧告・指示情報", "");
    let (name, level) = orders.iter().find(|(word, _)| words.contains(word)).copied().unwrap_or(("避難情報", 4));
    let lifted = words.contains("解除") && !words.contains("発令");
    let grade = match level {
        _ if lifted => WarningGrade::None,
        5 => WarningGrade::Emergency,
        4 => WarningGrade::Danger,
        3 => WarningGrade::Warning,
        _ => WarningGrade::Advisory,
    };
    WarningReport {
        phenomenon: Phenomenon::Evacuation,
        grade,
        level: if lifted { None } else { AlertLevel::new(level) },
        change: if lifted { WarningChange::Lifted } else { WarningChange::Issued },
        name: name.to_owned(),
        code: String::new(),
    }
}
