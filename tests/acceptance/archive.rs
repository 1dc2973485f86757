//! Reports and manuals as PDF/A-2b: what an archive asks of a file, as far as it can be seen without veraPDF.
//!
//! Looked at: syntax (qpdf), part 2 conformance B in the XMP, an output intent with a profile, every font embedded, an identifier,
//! no encryption, no script, nothing attached.

use std::path::Path;
use std::process::{Command, Output};

use crate::command::run;

/// What a program prints; it must succeed.
fn told(program: &str, args: &[&str]) -> String {
    let Output { status, stdout, stderr } = Command::new(program).args(args).output().unwrap();
    assert!(status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&stderr));
    String::from_utf8_lossy(&stdout).into_owned()
}

/// Fails unless the file looks like PDF/A-2b.
fn assert_archivable(pdf: &Path) {
    let path = pdf.to_str().unwrap();
    told("qpdf", &["--check", path]);
    let plain = told("qpdf", &["--qdf", "--object-streams=disable", path, "-"]);
    for part in ["pdfaid:part=\"2\"", "pdfaid:conformance=\"B\"", "/GTS_PDFA1", "/DestOutputProfile", "/ID ["] {
        assert!(plain.contains(part), "{path}: no {part}");
    }
    for forbidden in ["/Encrypt ", "/JavaScript", "/Launch", "/EmbeddedFile ", "/AcroForm"] {
        assert!(!plain.contains(forbidden), "{path}: {forbidden}");
    }
    let fonts = told("pdffonts", &[path]);
    let rows: Vec<&str> = fonts.lines().skip(2).collect();
    // Name and kind have spaces; embedded, subset and Unicode stand before the object's two numbers and the encoding after the kind.
    let is_embedded = |row: &&str| row.split_whitespace().rev().nth(4) == Some("yes");
    assert!(!rows.is_empty() && rows.iter().all(is_embedded), "{path}:\n{fonts}");
}

#[test]
#[ignore = "needs weasyprint, qpdf and pdffonts"]
fn req_m01_reports_of_a_system_are_written_as_html_csv_and_pdf_a() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    let ended = run(folder.path(), ["init", "--folder", home.to_str().unwrap()], 60);
    assert!(ended.status.success(), "{}", ended.stderr);
    let config = home.join("hikyaku.toml");
    let config = config.to_str().unwrap();
    let ended = run(folder.path(), ["report", "monthly", "--month", "2026-11", "--pdf", "--config", config], 120);
    assert!(ended.status.success(), "{}", ended.stderr);
    let reports = home.join("data/reports");
    let html = std::fs::read_to_string(reports.join("2026-11.html")).unwrap();
    assert!(html.contains("2026年11月 月次運用報告書") && html.contains("構成とサポート・有効期限"), "{html}");
    assert!(reports.join("2026-11.csv").exists());
    assert_archivable(&reports.join("2026-11.pdf"));
    let ended = run(folder.path(), ["report", "as-built", "--config", config], 60);
    assert!(ended.status.success() && reports.join("as-built.html").exists(), "{}", ended.stderr);
}

#[test]
#[ignore = "needs weasyprint, python3-markdown, qpdf and pdffonts"]
fn req_m02_the_manuals_are_built_as_html_and_pdf_a_and_every_link_in_them_leads_somewhere() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("manual");
    // One of them as PDF: each takes some ten seconds of a processor, most of it for the fonts.
    told("scripts/manual", &[out.to_str().unwrap(), "responder"]);
    for name in ["install", "administrator", "group-manager", "responder", "configuration", "release"] {
        assert!(out.join(format!("{name}.html")).exists(), "{name}");
    }
    let pdf = out.join("responder.pdf");
    assert_archivable(&pdf);
    let pages = told("pdfinfo", &[pdf.to_str().unwrap()]);
    let pages: u32 = pages.lines().find_map(|line| line.strip_prefix("Pages:")).unwrap().trim().parse().unwrap();
    assert!(pages <= 2, "what a responder is given is two pages, pictures included: {pages}");
}
