//! MTA-STS (RFC 8461): the TXT record, the policy text, and which hosts it names.

use serde::{Deserialize, Serialize};

use crate::time::Span;

/// Longest life of a policy (RFC 8461 §3.2: one year).
const MAX_AGE: u64 = 31_557_600;
/// Longest `id` (RFC 8461 §3.1).
const ID_CHARS: usize = 32;

/// What a policy asks of those who send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StsMode {
    /// Stop what does not fit.
    Enforce,
    /// Tell what does not fit, and send.
    Testing,
    /// Nothing: the domain takes its policy back.
    None,
}

/// A policy (RFC 8461 §3.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StsPolicy {
    /// What it asks.
    pub mode: StsMode,
    /// Names of hosts in lower case; one that begins with `*.` stands for every name with one label in its place.
    pub mx: Vec<String>,
    /// How long it may be kept.
    pub max_age: Span,
}

impl StsPolicy {
    /// Reads a policy.
    ///
    /// # Errors
    /// A text that names what is wrong with it.
    pub fn parse(text: &str) -> Result<StsPolicy, String> {
        let mut lines = text.lines().map(|line| line.trim_matches([' ', '\t'])).filter(|line| !line.is_empty());
        let pair = |line: &str| -> Option<(String, String)> {
            let (key, value) = line.split_once(':')?;
            Some((key.trim_end().to_string(), value.trim().to_string()))
        };
        if lines.next().and_then(pair) != Some(("version".into(), "STSv1".into())) {
            return Err("the policy does not begin with `version: STSv1`".into());
        }
        let (mut mode, mut max_age, mut mx) = (None, None, Vec::new());
        for line in lines {
            // Unknown keys are for later versions; of a key that stands twice the first counts (RFC 8461 §3.2).
            let Some((key, value)) = pair(line) else { return Err(format!("`{line}` is not a key and a value")) };
            match key.as_str() {
                "mode" => mode = mode.or(Some(parse_mode(&value)?)),
                "max_age" => max_age = max_age.or(Some(parse_age(&value)?)),
                "mx" => mx.push(parse_pattern(&value)?),
                _ => {}
            }
        }
        let mode = mode.ok_or("the policy has no `mode`")?;
        let max_age = max_age.ok_or("the policy has no `max_age`")?;
        if mx.is_empty() && mode != StsMode::None {
            return Err("the policy names no `mx`".into());
        }
        Ok(StsPolicy { mode, mx, max_age })
    }

    /// Whether the policy names a host (RFC 8461 §4.1).
    #[must_use]
    pub fn names(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        self.mx.iter().any(|pattern| match pattern.strip_prefix("*.") {
            Some(rest) => host.split_once('.').is_some_and(|(label, under)| !label.is_empty() && under == rest),
            None => *pattern == host,
        })
    }
}

fn parse_mode(value: &str) -> Result<StsMode, String> {
    match value {
        "enforce" => Ok(StsMode::Enforce),
        "testing" => Ok(StsMode::Testing),
        "none" => Ok(StsMode::None),
        _ => Err(format!("`mode: {value}` is none of enforce, testing, none")),
    }
}

fn parse_age(value: &str) -> Result<Span, String> {
    let digits = !value.is_empty() && value.len() <= 10 && value.bytes().all(|b| b.is_ascii_digit());
    let seconds = value.parse::<u64>().ok().filter(|_| digits);
    let seconds = seconds.ok_or_else(|| format!("`max_age: {value}` is not a number of seconds"))?;
    Ok(Span::from_secs(seconds.min(MAX_AGE)))
}

fn parse_pattern(value: &str) -> Result<String, String> {
    let pattern = value.trim_end_matches('.').to_ascii_lowercase();
    let name = pattern.strip_prefix("*.").unwrap_or(&pattern);
    let label = |label: &str| {
        !label.is_empty() && label.len() <= 63 && label.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    };
    if name.len() <= 253 && name.split('.').all(label) {
        Ok(pattern)
    } else {
        Err(format!("`mx: {value}` is no host name"))
    }
}

/// The `id` of a domain's policy in its TXT records at `_mta-sts`; none if there is not exactly one record of ours
/// (RFC 8461 §3.1).
#[must_use]
pub fn record_id<S: AsRef<str>>(records: &[S]) -> Option<String> {
    let ours = |text: &&str| text.split(';').next().is_some_and(|first| first.trim_end() == "v=STSv1");
    let mut ours = records.iter().map(AsRef::as_ref).filter(ours);
    let (Some(record), None) = (ours.next(), ours.next()) else { return None };
    let id = record.split(';').skip(1).find_map(|field| field.trim().strip_prefix("id="))?;
    let fits = (1..=ID_CHARS).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric());
    fits.then(|| id.to_string())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EXAMPLE: &str = "version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.example.net\r\n\
                           mx: backupmx.example.com\r\nmax_age: 604800\r\n";

    #[test]
    fn the_policy_of_the_rfc_is_read() {
        let policy = StsPolicy::parse(EXAMPLE).unwrap();
        assert_eq!((policy.mode, policy.max_age), (StsMode::Enforce, Span::from_secs(604_800)));
        assert_eq!(policy.mx, ["mail.example.com", "*.example.net", "backupmx.example.com"]);
        assert_eq!(StsPolicy::parse(&EXAMPLE.replace("\r\n", "\n")), Ok(policy.clone()));
        assert_eq!(StsPolicy::parse(EXAMPLE.trim_end()), Ok(policy));
    }

    #[test]
    fn a_pattern_stands_for_one_label_and_letter_case_does_not_matter() {
        let policy = StsPolicy::parse(EXAMPLE).unwrap();
        for (host, named) in [
            ("mail.example.com", true),
            ("MAIL.Example.com.", true),
            ("mx1.example.net", true),
            ("example.net", false),
            (".example.net", false),
            ("a.b.example.net", false),
            ("mail.example.com.evil.example", false),
            ("xmail.example.com", false),
        ] {
            assert_eq!(policy.names(host), named, "{host}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_policy_is_named() {
        for (text, word) in [
            ("", "version"),
            ("mode: enforce\nversion: STSv1\nmx: a.example\nmax_age: 1\n", "version"),
            ("version: STSv2\nmode: enforce\nmx: a.example\nmax_age: 1\n", "version"),
            ("version: STSv1\nmx: a.example\nmax_age: 1\n", "mode"),
            ("version: STSv1\nmode: strict\nmx: a.example\nmax_age: 1\n", "strict"),
            ("version: STSv1\nmode: enforce\nmax_age: 1\n", "mx"),
            ("version: STSv1\nmode: enforce\nmx: a b\nmax_age: 1\n", "a b"),
            ("version: STSv1\nmode: enforce\nmx: *.*.example\nmax_age: 1\n", "*.*.example"),
            ("version: STSv1\nmode: enforce\nmx: a.example\n", "max_age"),
            ("version: STSv1\nmode: enforce\nmx: a.example\nmax_age: -1\n", "max_age"),
            ("version: STSv1\nmode: enforce\nmx: a.example\nmax_age: 99999999999\n", "max_age"),
            ("version: STSv1\n<html>\n", "<html>"),
        ] {
            let told = StsPolicy::parse(text).unwrap_err();
            assert!(told.contains(word), "{text:?}: {told}");
        }
    }

    #[test]
    fn a_policy_may_be_taken_back_without_naming_hosts_and_lives_a_year_at_most() {
        let policy = StsPolicy::parse("version: STSv1\nmode: none\nmax_age: 4000000000\nnew_key: x\n").unwrap();
        assert_eq!((policy.mode, policy.max_age), (StsMode::None, Span::from_secs(MAX_AGE)));
    }

    #[test]
    fn there_is_a_policy_only_where_one_record_says_so() {
        for (records, id) in [
            (&["v=STSv1; id=20160831085700Z;"][..], Some("20160831085700Z")),
            (&["v=STSv1;id=a"], Some("a")),
            (&["v=spf1 -all", "v=STSv1; id=1; x=y"], Some("1")),
            (&["v=STSv1; id=1", "v=STSv1; id=2"], None),
            (&["v=STSv10; id=1"], None),
            (&["v=STSv1"], None),
            (&["v=STSv1; id="], None),
            (&["v=STSv1; id=a-b"], None),
            (&["id=1; v=STSv1"], None),
            (&[], None),
        ] {
            assert_eq!(record_id(records).as_deref(), id, "{records:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_a_policy_host_serves_is_read_or_refused(text in "(version: STSv1\n)?(mode: enforce\n)?[ -~\r\n\u{3042}]{0,200}") {
            if let Ok(policy) = StsPolicy::parse(&text) {
                prop_assert!(policy.mx.iter().all(|mx| !mx.contains(['\r', '\n', ' '])));
                prop_assert!(!policy.names(""));
            }
        }
    }
}
