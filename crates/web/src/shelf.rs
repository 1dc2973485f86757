//! The reports that the system wrote by itself: of months, of incidents, of its configuration; to be taken away as files [P06 M01].
//!
//! They are of both halves, so that whoever reads the records of the whole system may have them. They are never shown within the
//! console: what somebody edited in a folder has no business there.

use std::cmp::Reverse;

use askama::Template;
use axum::{
    extract::{Path, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use hikyaku_dispatch::{Action, Side, State as Present, Thousands};

use crate::console::{Console, ReportFile, Shelf, Viewer};
use crate::frame::{Frame, Place};
use crate::moment;
use crate::page;

#[derive(Debug, Template)]
#[template(path = "reports.html")]
struct ReportsPage {
    frame: Frame,
    trouble: Option<String>,
    reports: Vec<Row>,
}

/// One report, with its files.
#[derive(Debug)]
struct Row {
    title: String,
    written: String,
    /// Name, form and size.
    files: Vec<(String, &'static str, String)>,
}

/// `GET /reports`.
pub(crate) async fn list(State(console): State<Console>, viewer: Viewer) -> Response {
    let frame = viewer.frame(&console, Place::History);
    let (reports, trouble) = match files(&console).await {
        Ok(files) => (rows(files), None),
        Err(problem) => (Vec::new(), Some(format!("報告書の一覧を読めません: {problem}"))),
    };
    let status = if trouble.is_some() { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    page::render(status, &ReportsPage { frame, trouble, reports })
}

/// `GET /reports/{report}`: one that the list names, and nothing else.
pub(crate) async fn take(State(console): State<Console>, viewer: Viewer, Path(report): Path<String>) -> Response {
    let known = files(&console).await.unwrap_or_default().into_iter().find(|it| it.name == report);
    let Some((file, kind)) = known.and_then(|it| Kind::of(&it.name).map(|kind| (it, kind))) else {
        let frame = viewer.frame(&console, Place::History);
        return page::nothing(frame, "報告書がありません", "報告書の一覧から選んでください。");
    };
    let name = file.name.clone();
    match on_disk(&console, move |shelf| shelf.read(&file.name)).await {
        Ok(bytes) => {
            tracing::info!(account = %viewer.account, report, "a report was taken");
            let attached = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""));
            let attached = attached.unwrap_or_else(|_| HeaderValue::from_static("attachment"));
            let headers = [
                (header::CONTENT_TYPE, HeaderValue::from_static(kind.media_type())),
                (header::CONTENT_DISPOSITION, attached),
            ];
            (headers, bytes).into_response()
        }
        Err(problem) => {
            tracing::error!(%problem, report, "a report could not be read");
            let frame = viewer.frame(&console, Place::History);
            page::nothing(
                frame,
                "報告書を読めません",
                "報告書のフォルダーを確かめてください。1時間ごとに作り直します。",
            )
        }
    }
}

/// Whether there are reports here that the viewer may have.
pub(crate) fn opens(console: &Console, viewer: &Viewer, state: &Present) -> bool {
    console.settings().shelf.is_some() && console.scope(state, viewer, Action::ReadAudit).is_wide(Side::Domestic)
}

async fn files(console: &Console) -> Result<Vec<ReportFile>, String> {
    on_disk(console, |shelf| shelf.list()).await
}

/// Asks the shelf, which may wait for a disk; one that is not there holds nothing.
async fn on_disk<T: Default + Send + 'static>(
    console: &Console,
    ask: impl FnOnce(&dyn Shelf) -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    let Some(shelf) = console.settings().shelf.clone() else { return Ok(T::default()) };
    tokio::task::spawn_blocking(move || ask(&*shelf)).await.map_err(|error| error.to_string())?
}

/// In what form a report is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Html,
    Pdf,
    Csv,
}

impl Kind {
    /// That of a file, if it is a report at all.
    fn of(name: &str) -> Option<Self> {
        match name.rsplit_once('.')? {
            (_, "html") => Some(Self::Html),
            (_, "pdf") => Some(Self::Pdf),
            (_, "csv") => Some(Self::Csv),
            _ => None,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Html => "HTML（編集用の原本）",
            Self::Pdf => "PDF",
            Self::Csv => "CSV（数値）",
        }
    }

    fn media_type(self) -> &'static str {
        match self {
            Self::Html => "text/html; charset=utf-8",
            Self::Pdf => "application/pdf",
            Self::Csv => "text/csv; charset=utf-8",
        }
    }
}

/// The reports of these files, those of months first, then those of incidents, each newest first.
fn rows(files: Vec<ReportFile>) -> Vec<Row> {
    let mut known: Vec<(String, Kind, ReportFile)> = Vec::new();
    for file in files {
        if let Some(((stem, _), kind)) = file.name.rsplit_once('.').zip(Kind::of(&file.name)) {
            known.push((stem.to_owned(), kind, file));
        }
    }
    known.sort_by_key(|(stem, kind, _)| (order(stem), stem.clone(), *kind));
    let same = |one: &(String, Kind, ReportFile), other: &(String, Kind, ReportFile)| one.0 == other.0;
    let row = |files: &[(String, Kind, ReportFile)]| {
        let (stem, ..) = files.first()?;
        let written = files.iter().map(|(.., file)| file.written).max()?;
        let file = |(_, kind, file): &(String, Kind, ReportFile)| {
            (file.name.clone(), kind.word(), format!("{} KB", Thousands(file.bytes.div_ceil(1_000))))
        };
        Some(Row { title: title(stem), written: moment::for_console(written), files: files.iter().map(file).collect() })
    };
    known.chunk_by(same).filter_map(row).collect()
}

/// The month of a report, if it is that of a month.
fn month(stem: &str) -> Option<(u16, u8)> {
    let (year, month) = stem.split_once('-')?;
    Some((year.parse().ok()?, month.parse().ok().filter(|month| (1..=12).contains(month))?))
}

/// The incident of a report, if it is that of one.
fn incident(stem: &str) -> Option<u32> {
    stem.strip_prefix('i')?.parse().ok()
}

/// What comes first.
fn order(stem: &str) -> (u8, Reverse<u32>) {
    match (month(stem), incident(stem)) {
        (Some((year, month)), _) => (0, Reverse(u32::from(year) * 12 + u32::from(month))),
        (None, Some(number)) => (1, Reverse(number)),
        (None, None) => (2, Reverse(0)),
    }
}

/// What a report is called.
fn title(stem: &str) -> String {
    match (month(stem), incident(stem)) {
        (Some((year, month)), _) => format!("{year}年{month}月の運用報告書"),
        (None, Some(number)) => format!("事象 {number} の報告書"),
        (None, None) if stem == "as-built" => "環境設定書".to_owned(),
        (None, None) => stem.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn file(name: &str) -> ReportFile {
        ReportFile { name: name.into(), written: Timestamp::UNIX_EPOCH, bytes: 1 }
    }

    #[test]
    fn req_p06_reports_are_told_apart_months_first_and_what_is_no_report_is_not_listed() {
        let names = [
            "i3.csv",
            "as-built.html",
            "2026-10.html",
            "i12.html",
            "2026-11.csv",
            "2026-11.html",
            "2026-11.mailed",
            "x",
        ];
        let rows = rows(names.map(file).to_vec());
        let titles: Vec<&str> = rows.iter().map(|row| row.title.as_str()).collect();
        let expected =
            ["2026年11月の運用報告書", "2026年10月の運用報告書", "事象 12 の報告書", "事象 3 の報告書", "環境設定書"];
        assert_eq!(titles, expected);
        let of_november: Vec<&str> = rows[0].files.iter().map(|(name, ..)| name.as_str()).collect();
        assert_eq!(of_november, ["2026-11.html", "2026-11.csv"]);
    }
}
