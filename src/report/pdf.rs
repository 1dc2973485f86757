//! PDF/A-2b out of an HTML file, by WeasyPrint: a program of its own, because fonts, line breaks and the archive format are its trade.

use std::path::Path;
use std::process::{Command, Stdio};

/// The program.
const PROGRAM: &str = "weasyprint";

/// Writes `html` as PDF/A-2b, which archives take (ISO 19005-2): fonts inside, colours defined, nothing from elsewhere.
///
/// # Errors
/// One line that says what to install, or what the program complained of.
pub fn write(html: &Path, pdf: &Path) -> Result<(), String> {
    let mut command = Command::new(PROGRAM);
    command.args(["--pdf-variant", "pdf/a-2b", "--quiet"]).arg(html).arg(pdf).stdin(Stdio::null());
    let output = command.output().map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => format!(
            "PDF/A needs {PROGRAM} 57 or later and a Japanese font: apt-get install weasyprint fonts-noto-cjk; {} is written",
            html.display()
        ),
        _ => format!("{PROGRAM}: {e}"),
    })?;
    if !output.status.success() {
        return Err(format!("{PROGRAM} {}: {}", html.display(), String::from_utf8_lossy(&output.stderr).trim()));
    }
    Ok(())
}
