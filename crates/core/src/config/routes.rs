//! The rows of the carrier table about relays of carriers (特定接続), and the passwords for them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use toml::Spanned;

use super::limits::LimitsToml;
use super::table::{Table, TableError};
use crate::policy::{Policy, TlsPolicy};
use crate::route::{Login, RelayRoute, WhenDown};
use crate::time::Span;

/// How long a relay must fail before it is called down, where the table does not say.
const PATIENCE: Span = Span::from_secs(10);

/// `[[route]]`: a relay through which the mails of some carriers go.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RouteToml {
    name: Spanned<String>,
    relay: Spanned<String>,
    carriers: Spanned<Vec<Spanned<String>>>,
    auth: Option<Spanned<AuthToml>>,
    #[serde(default)]
    limits: LimitsToml,
    #[serde(default)]
    when_down: WhenDown,
    patience_seconds: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AuthToml {
    user: String,
    password_file: PathBuf,
    #[serde(default)]
    in_clear: bool,
}

impl RouteToml {
    /// The route, if its relay can be read, its carriers are known and its password may be told.
    pub(super) fn build(self, table: &Table<'_>, base: &Policy) -> Result<RelayRoute, TableError> {
        let at = self.relay.span().start;
        let problem = "write relay as \"host:port\", such as \"relay.example.jp:587\"";
        let (host, port) = self.relay.get_ref().rsplit_once(':').ok_or_else(|| table.wrong(at, problem))?;
        let port = port.parse().map_err(|_| table.wrong(at, problem))?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_string();
        let policy = self.limits.policy(base, self.name.get_ref())?;
        let carriers = self.carriers.span().start;
        if self.carriers.get_ref().is_empty() {
            return Err(table.wrong(carriers, "name the carriers whose mails go through this relay"));
        }
        if (policy.sessions_max as usize) < self.carriers.get_ref().len() {
            let problem = "the carriers of a route share its limits evenly: sessions_max must be at least one for each";
            return Err(table.wrong(carriers, problem));
        }
        let login = self.auth.map(|auth| auth_of(auth, &policy, table)).transpose()?;
        Ok(RelayRoute {
            name: self.name.into_inner(),
            host,
            port,
            carriers: table.carriers(self.carriers.into_inner())?,
            policy,
            login,
            when_down: self.when_down,
            patience: self.patience_seconds.map_or(PATIENCE, Span::from_secs),
        })
    }
}

fn auth_of(auth: Spanned<AuthToml>, policy: &Policy, table: &Table<'_>) -> Result<Arc<Login>, TableError> {
    let at = auth.span().start;
    let auth = auth.into_inner();
    if !matches!(policy.tls, TlsPolicy::Required | TlsPolicy::Pinned) && !auth.in_clear {
        let problem = "a password is told only to a relay whose certificate verifies: add limits = { tls = \"required\" }, or \
                       for a relay on this machine in_clear = true to auth";
        return Err(table.wrong(at, problem));
    }
    let password = read_password(&auth.password_file).map_err(|problem| table.wrong(at, &problem))?;
    let mut login = Login::new(auth.user, password);
    login.in_clear = auth.in_clear;
    Ok(Arc::new(login))
}

/// The first line of a file that only its owner may read.
fn read_password(path: &Path) -> Result<String, String> {
    let shown = path.display();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(path).map_err(|e| format!("password_file {shown}: {e}"))?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(format!("password_file {shown}: others may read it; run chmod 600 {shown}"));
        }
    }
    let text = fs::read_to_string(path).map_err(|e| format!("password_file {shown}: {e}"))?;
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(line.to_string()),
        _ => Err(format!("password_file {shown}: its first line is empty; write the password there")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Carriers;

    const TABLE: &str = "[default]\n[[carrier]]\nname = \"docomo\"\ndomains = []\nsource = \"test\"\n";

    fn read(rows: &str) -> Result<Carriers, String> {
        Carriers::read(&format!("{TABLE}[[route]]\nname = \"tokutei\"\n{rows}")).map_err(|e| e.to_string())
    }

    #[test]
    fn a_route_has_a_relay_carriers_limits_and_what_becomes_of_mails_while_it_is_down() {
        let rows = "relay = \"[2001:db8::1]:587\"\ncarriers = [\"docomo\"]\nwhen_down = \"mx\"\n\
                    limits = { sessions_max = 3 }\npatience_seconds = 30\n";
        let carriers = read(rows).unwrap();
        let [route] = &carriers.routes[..] else { panic!("{:?}", carriers.routes) };
        assert_eq!((route.host.as_str(), route.port, route.policy.sessions_max), ("2001:db8::1", 587, 3));
        assert_eq!((route.when_down, route.patience), (WhenDown::Mx, Span::from_secs(30)));
    }

    #[test]
    fn what_is_wrong_with_a_route_is_named_with_its_line() {
        let auth = "relay = \"a:25\"\ncarriers = [\"docomo\"]\nauth = { user = \"u\", password_file = \"/none\" }\n";
        for (rows, words, line) in [
            ("relay = \"a\"\ncarriers = [\"docomo\"]\n", "host:port", "line 8"),
            ("relay = \"a:b\"\ncarriers = [\"docomo\"]\n", "host:port", "line 8"),
            ("relay = \"a:25\"\n", "carriers", "line 6"),
            ("relay = \"a:25\"\ncarriers = []\n", "name the carriers", "line 9"),
            (
                "relay = \"a:25\"\ncarriers = [\"docomo\", \"docomo\"]\nlimits = { sessions_max = 1 }\n",
                "sessions_max",
                "line 9",
            ),
            ("relay = \"a:25\"\ncarriers = [\"au\"]\n", "no carrier \"au\"", "line 9"),
            ("relay = \"a:25\"\nwhen_done = \"mx\"\n", "when_done", "line 9"),
            (auth, "tls = \"required\"", "line 10"),
        ] {
            let error = read(rows).unwrap_err();
            assert!(error.contains(words) && error.contains(line), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_password_that_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        fs::write(&file, "geheim\n").unwrap();
        let rows = format!(
            "relay = \"a:25\"\ncarriers = [\"docomo\"]\nauth = {{ user = \"u\", password_file = \"{}\", in_clear = true }}\n",
            file.display()
        );
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(read(&rows).unwrap_err().contains("chmod 600"));
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        let carriers = read(&rows).unwrap();
        assert_eq!(carriers.routes[0].login.as_ref().unwrap().password(), "geheim");
        assert!(!format!("{carriers:?}").contains("geheim"));
    }
}
