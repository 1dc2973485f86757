//! The signing configuration as an operator writes it: TOML with keys by domain and date.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{TimeZone, offset};
use serde::Deserialize;
use toml::value::Datetime;

use super::keys::{DkimKey, Signing, SigningError, SmimeKey, Unsigned};
use crate::time::Instant;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SigningToml {
    #[serde(default)]
    unsigned: Unsigned,
    #[serde(default)]
    dkim: Vec<DkimToml>,
    #[serde(default)]
    smime: Vec<SmimeToml>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DkimToml {
    domain: String,
    selector: String,
    file: PathBuf,
    from: Option<Datetime>,
    until: Option<Datetime>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SmimeToml {
    certificate: PathBuf,
    key: PathBuf,
}

impl Signing {
    /// Reads a table; files are looked for in `folder` unless their path is absolute.
    ///
    /// ```
    /// # use hikyaku_core::signing::Signing;
    /// let signing = Signing::parse(
    ///     r#"
    ///     unsigned = "refuse"         # or "send", the default
    ///
    ///     [[dkim]]
    ///     domain = "example.go.jp"
    ///     selector = "2026a"          # published at 2026a._domainkey.example.go.jp
    ///     file = "2026a.pem"
    ///     until = 2027-01-10          # a day begins at midnight in Japan
    ///
    ///     [[dkim]]
    ///     domain = "example.go.jp"
    ///     selector = "2027a"
    ///     file = "2027a.pem"
    ///     from = 2027-01-01T12:00:00+09:00
    ///     "#,
    ///     "/etc/hikyaku".as_ref(),
    /// )?;
    /// assert_eq!(signing.dkim[1].file.to_str(), Some("/etc/hikyaku/2027a.pem"));
    /// # Ok::<(), hikyaku_core::errors::SigningError>(())
    /// ```
    ///
    /// # Errors
    /// [`SigningError::Keys`] with the line, the key and what is allowed.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, SigningError> {
        let table: SigningToml = toml::from_str(text).map_err(|e| SigningError::Keys(e.to_string()))?;
        let mut signing = Signing { unsigned: table.unsigned, ..Signing::default() };
        for key in table.dkim {
            signing.dkim.push(DkimKey {
                from: key.from.map_or(Ok(Instant::EPOCH), instant)?,
                until: key.until.map_or(Ok(Instant::NEVER), instant)?,
                ..DkimKey::new(key.domain, key.selector, folder.join(key.file))
            });
        }
        for pair in table.smime {
            signing.smime.push(SmimeKey { certificate: folder.join(pair.certificate), key: folder.join(pair.key) });
        }
        Ok(signing)
    }
}

/// A date without a time begins at midnight, and a time without an offset is Japan's.
fn instant(written: Datetime) -> Result<Instant, SigningError> {
    let text = written.to_string();
    let here = || text.parse::<DateTime>()?.to_zoned(TimeZone::fixed(offset(9))).map(|zoned| zoned.timestamp());
    let timestamp: Result<Timestamp, jiff::Error> = if written.offset.is_some() { text.parse() } else { here() };
    let micros = timestamp.ok().and_then(|timestamp| u64::try_from(timestamp.as_microsecond()).ok());
    let wrong =
        || SigningError::Keys(format!("{text}: write a day as 2027-01-31 or an instant as 2027-01-31T09:00:00+09:00"));
    micros.map(Instant::from_micros).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dates(lines: &str) -> Result<(u64, u64), String> {
        let table = format!("[[dkim]]\ndomain = \"a.jp\"\nselector = \"s\"\nfile = \"k.pem\"\n{lines}");
        let signing = Signing::parse(&table, Path::new("/k")).map_err(|e| e.to_string())?;
        Ok((signing.dkim[0].from.as_micros() / 1_000_000, signing.dkim[0].until.as_micros() / 1_000_000))
    }

    #[test]
    fn a_day_begins_at_midnight_in_japan_and_an_instant_when_it_says() {
        let ever = Instant::NEVER.as_micros() / 1_000_000;
        assert_eq!(dates(""), Ok((0, ever)));
        assert_eq!(dates("from = 2026-11-21\n"), Ok((1_795_186_800, ever)));
        assert_eq!(dates("until = 2026-11-21T00:00:00\n"), Ok((0, 1_795_186_800)));
        assert_eq!(dates("until = 2026-11-20T15:00:00Z\n"), Ok((0, 1_795_186_800)));
    }

    #[test]
    fn what_is_written_wrongly_is_named_with_its_line() {
        let error = dates("form = 2026-11-21\n").unwrap_err();
        assert!(error.contains("form") && error.contains("line 5"), "{error}");
        let error = dates("from = 12:00:00\n").unwrap_err();
        assert!(error.contains("12:00:00") && error.contains("2027-01-31"), "{error}");
        let error = Signing::parse("unsigned = \"maybe\"", Path::new("/k")).unwrap_err().to_string();
        assert!(error.contains("refuse"), "{error}");
    }
}
