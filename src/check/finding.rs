//! What a check found: how grave, what, where, why it matters and what to do, for people and for programs.

use serde::Serialize;

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Mails or data are lost, or will be, unless it is mended.
    Error,
    /// It should be mended.
    Warning,
    /// Something could not be looked at, or was not asked for.
    Note,
}

impl Severity {
    fn japanese(self) -> &'static str {
        match self {
            Severity::Error => "誤り",
            Severity::Warning => "警告",
            Severity::Note => "参考",
        }
    }
}

/// One thing that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How grave it is.
    pub severity: Severity,
    /// Its kind, for monitoring; never changed once it is there.
    pub code: &'static str,
    /// The record, key or file.
    #[serde(rename = "where")]
    pub place: String,
    /// What is there.
    pub what: String,
    /// Why it matters.
    pub why: &'static str,
    /// What to do.
    pub remedy: String,
}

/// The kind of a finding and where it is.
type At<'a> = (&'static str, &'a str);

impl Finding {
    /// Something that must be mended.
    pub fn error(at: At<'_>, what: impl Into<String>, why: &'static str, remedy: impl Into<String>) -> Self {
        Self::new(Severity::Error, at, what.into(), why, remedy.into())
    }

    /// Something that should be mended.
    pub fn warning(at: At<'_>, what: impl Into<String>, why: &'static str, remedy: impl Into<String>) -> Self {
        Self::new(Severity::Warning, at, what.into(), why, remedy.into())
    }

    /// Something that could not be looked at.
    pub fn note(at: At<'_>, what: impl Into<String>, why: &'static str, remedy: impl Into<String>) -> Self {
        Self::new(Severity::Note, at, what.into(), why, remedy.into())
    }

    fn new(severity: Severity, (code, place): At<'_>, what: String, why: &'static str, remedy: String) -> Self {
        Finding { severity, code, place: place.to_owned(), what, why, remedy }
    }

    /// Four lines for people.
    pub fn text(&self) -> String {
        let Finding { severity, code, place, what, why, remedy } = self;
        format!("{} {code}  {place}\n  内容: {what}\n  理由: {why}\n  対応: {remedy}\n", severity.japanese())
    }
}

/// How many findings are errors, and how many warnings.
pub fn counts(findings: &[Finding]) -> (usize, usize) {
    let of = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    (of(Severity::Error), of(Severity::Warning))
}
