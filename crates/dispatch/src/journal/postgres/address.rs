//! Where a journal in PostgreSQL is: a connection URL with libpq's names, one or several hosts, and no secret in it.
//!
//! `postgresql://USER@HOST[:PORT][,HOST…]/DATABASE?…` with, after the question mark: `sslmode` (`verify-full`, which is
//! the default, or `disable`), `sslrootcert`, `sslcert` and `sslkey` (PEM files), `password_file`, `schema` (default
//! `hikyaku`), and whatever else the client library knows, such as `connect_timeout`. A password comes from
//! `password_file` or from the caller.

use std::path::{Path, PathBuf};
use std::time::Duration;

use thiserror::Error;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

/// The schema that is used where none is named.
const SCHEMA: &str = "hikyaku";
/// Longest name of anything in PostgreSQL.
const NAME_BYTES_MAX: usize = 63;
/// How long one server may take to be connected to, if the URL does not say.
const CONNECT: Duration = Duration::from_secs(3);
/// After how long without an acknowledgement a connection is given up, so that a cut network is noticed.
const UNACKNOWLEDGED: Duration = Duration::from_secs(8);
/// How long an append or a read goes on trying to find a server that takes it, unless told otherwise.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often the end of the journal is looked at, unless told otherwise.
const LOOK: Duration = Duration::from_secs(1);

/// Why a URL cannot be used.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{place}: {problem}")]
pub struct AddressError {
    place: String,
    problem: String,
}

/// How the connection is protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Encryption {
    /// Not at all.
    Clear,
    /// TLS to a server whose certificate is valid for its name.
    Verified {
        /// Who may have issued it; the system's roots if there is none.
        roots: Option<PathBuf>,
        /// Our own certificate and its key.
        own: Option<(PathBuf, PathBuf)>,
    },
}

/// Where a journal in PostgreSQL is, and how to get in.
#[derive(Clone, Debug)]
pub struct PostgresAddress {
    /// One for each host, in the order of the URL.
    pub(super) servers: Vec<Config>,
    pub(super) encryption: Encryption,
    pub(super) schema: String,
    pub(super) patience: Duration,
    /// How often the end is looked at.
    pub(super) look: Duration,
    /// Where it is remembered which server was last written to.
    pub(super) memory: Option<PathBuf>,
    password_file: Option<PathBuf>,
    place: String,
}

/// What of a URL is ours and not the client library's.
#[derive(Default)]
struct Own {
    sslmode: Option<String>,
    roots: Option<PathBuf>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    password_file: Option<PathBuf>,
    schema: Option<String>,
}

impl PostgresAddress {
    /// Whether this names a journal in PostgreSQL, and no file.
    #[must_use]
    pub fn is_meant(text: &str) -> bool {
        text.starts_with("postgresql://") || text.starts_with("postgres://")
    }

    /// Reads a URL.
    ///
    /// # Errors
    /// [`AddressError`] says what to write instead; a password in the URL is refused.
    pub fn parse(url: &str) -> Result<Self, AddressError> {
        // Messages must not repeat what somebody wrote into the URL by mistake.
        let (start, options) = url.split_once('?').unwrap_or((url, ""));
        let place = format!("postgresql://{}", start.rsplit_once('@').map_or("…", |(_, hosts)| hosts));
        let wrong = |problem: String| AddressError { place: place.clone(), problem };
        let (own, rest) = Own::take(options).map_err(wrong)?;
        let config: Config = format!("{start}?{rest}").parse().map_err(|e: tokio_postgres::Error| {
            wrong(std::error::Error::source(&e).map_or_else(|| e.to_string(), ToString::to_string))
        })?;
        if config.get_password().is_some() {
            return Err(wrong("a password stands in the URL: put it into a file and say password_file=…".into()));
        }
        if !matches!(config.get_target_session_attrs(), TargetSessionAttrs::Any | TargetSessionAttrs::ReadWrite) {
            return Err(wrong("target_session_attrs can only be read-write: leave it out".into()));
        }
        let schema = own.schema.clone().unwrap_or_else(|| SCHEMA.into());
        check_name(&schema).map_err(wrong)?;
        let encryption = own.encryption(&config).map_err(wrong)?;
        let servers = servers(&config, &encryption).map_err(wrong)?;
        let password_file = own.password_file;
        Ok(PostgresAddress {
            servers,
            encryption,
            schema,
            patience: PATIENCE,
            look: LOOK,
            memory: None,
            password_file,
            place,
        })
    }

    /// The file that has the password, if the URL names one. Whoever opens the journal reads it.
    #[must_use]
    pub fn password_file(&self) -> Option<&Path> {
        self.password_file.as_deref()
    }

    /// With this password.
    #[must_use]
    pub fn with_password(mut self, password: &str) -> Self {
        for server in &mut self.servers {
            server.password(password);
        }
        self
    }

    /// In another schema of the same database.
    ///
    /// # Errors
    /// [`AddressError`] if it is no name.
    pub fn with_schema(mut self, schema: &str) -> Result<Self, AddressError> {
        check_name(schema).map_err(|problem| AddressError { place: self.place.clone(), problem })?;
        schema.clone_into(&mut self.schema);
        Ok(self)
    }

    /// Gives up looking for a server after this time instead of 30 seconds.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Looks at the end of the journal so often instead of every second, beside being told by the database.
    #[must_use]
    pub fn with_look(mut self, look: Duration) -> Self {
        self.look = look;
        self
    }

    /// Remembers in this file which server was last written to, so that an older one is refused after a restart too.
    #[must_use]
    pub fn with_memory(mut self, file: impl Into<PathBuf>) -> Self {
        self.memory = Some(file.into());
        self
    }

    /// What messages call it.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }
}

impl Own {
    /// Ours, and what is left for the client library.
    fn take(options: &str) -> Result<(Self, String), String> {
        let (mut own, mut rest) = (Own::default(), Vec::new());
        for option in options.split('&').filter(|option| !option.is_empty()) {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            let path = match name {
                "sslmode" => {
                    own.sslmode = Some(value.to_owned());
                    continue;
                }
                "schema" => {
                    own.schema = Some(value.to_owned());
                    continue;
                }
                "sslrootcert" => &mut own.roots,
                "sslcert" => &mut own.certificate,
                "sslkey" => &mut own.key,
                "password_file" => &mut own.password_file,
                "password" => {
                    return Err("a password stands in the URL: put it into a file and say password_file=…".into());
                }
                _ => {
                    rest.push(option);
                    continue;
                }
            };
            if value.is_empty() || value.contains('%') {
                return Err(format!("{name}: give the path of a file as it is, without % in it"));
            }
            *path = Some(value.into());
        }
        Ok((own, rest.join("&")))
    }

    fn encryption(&self, config: &Config) -> Result<Encryption, String> {
        let only_sockets = config.get_hosts().iter().all(|host| matches!(host, Host::Unix(_)));
        match self.sslmode.as_deref() {
            Some("disable") => Ok(Encryption::Clear),
            None if only_sockets => Ok(Encryption::Clear),
            None | Some("verify-full") => {
                let own = match (&self.certificate, &self.key) {
                    (Some(certificate), Some(key)) => Some((certificate.clone(), key.clone())),
                    (None, None) => None,
                    _ => return Err("sslcert and sslkey belong together: give both".into()),
                };
                Ok(Encryption::Verified { roots: self.roots.clone(), own })
            }
            Some(other) => Err(format!("sslmode={other}: say verify-full, or disable where no network is in between")),
        }
    }
}

/// Letters, digits and underscores, so that a name never needs to be escaped.
fn check_name(name: &str) -> Result<(), String> {
    let starts = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
    let fits = name.len() <= NAME_BYTES_MAX
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if starts && fits { Ok(()) } else { Err(format!("schema={name}: use a-z, 0-9 and _, at most 63 of them")) }
}

/// A configuration for each host, since each is asked by itself.
fn servers(config: &Config, encryption: &Encryption) -> Result<Vec<Config>, String> {
    let (Some(user), Some(database)) = (config.get_user(), config.get_dbname()) else {
        return Err("write postgresql://USER@HOST/DATABASE".into());
    };
    let ports = config.get_ports();
    let one = |(at, host): (usize, &Host)| {
        let mut server = Config::new();
        server.user(user).dbname(database).application_name("hikyaku");
        match host {
            Host::Tcp(name) => server.host(name),
            Host::Unix(folder) => server.host_path(folder),
        };
        if let Some(port) = ports.get(at).or(ports.first()) {
            server.port(*port);
        }
        if let Some(options) = config.get_options() {
            server.options(options);
        }
        server.ssl_mode(match encryption {
            Encryption::Clear => SslMode::Disable,
            Encryption::Verified { .. } => SslMode::Require,
        });
        server.channel_binding(config.get_channel_binding());
        server.connect_timeout(config.get_connect_timeout().copied().unwrap_or(CONNECT));
        server.tcp_user_timeout(config.get_tcp_user_timeout().copied().unwrap_or(UNACKNOWLEDGED));
        server.keepalives_idle(UNACKNOWLEDGED / 2).keepalives_interval(UNACKNOWLEDGED / 8).keepalives_retries(4);
        server
    };
    let servers: Vec<Config> = config.get_hosts().iter().enumerate().map(one).collect();
    if servers.is_empty() { Err("write postgresql://USER@HOST/DATABASE".into()) } else { Ok(servers) }
}

/// How messages name a server.
pub(super) fn name_of(server: &Config) -> String {
    let port = server.get_ports().first().copied().unwrap_or(5432);
    match server.get_hosts().first() {
        Some(Host::Tcp(name)) => format!("{name}:{port}"),
        Some(Host::Unix(folder)) => format!("{}:{port}", folder.display()),
        None => "?".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(url: &str) -> String {
        PostgresAddress::parse(url).unwrap_err().to_string()
    }

    #[test]
    fn a_url_of_two_sites_is_two_servers_asked_apart() {
        let url = "postgresql://hikyaku@tokyo.example:6000,osaka.example:6001/anpi?target_session_attrs=read-write";
        let address = PostgresAddress::parse(url).unwrap();
        assert_eq!(
            address.servers.iter().map(name_of).collect::<Vec<_>>(),
            ["tokyo.example:6000", "osaka.example:6001"]
        );
        assert_eq!(address.encryption, Encryption::Verified { roots: None, own: None });
        assert_eq!(address.schema, "hikyaku");
    }

    #[test]
    fn req_s24_a_connection_is_verified_unless_somebody_says_that_it_is_not() {
        let encryption = |url: &str| PostgresAddress::parse(url).unwrap().encryption;
        let verified = encryption("postgresql://h@db/anpi?sslrootcert=/etc/ca.pem");
        assert_eq!(verified, Encryption::Verified { roots: Some("/etc/ca.pem".into()), own: None });
        assert_eq!(encryption("postgresql://h@db/anpi?sslmode=disable"), Encryption::Clear);
        assert_eq!(encryption("postgresql://h@%2Frun%2Fpostgresql/anpi"), Encryption::Clear);
        assert!(refused("postgresql://h@db/anpi?sslmode=prefer").contains("verify-full"));
        assert!(refused("postgresql://h@db/anpi?sslcert=/etc/a.pem").contains("give both"));
    }

    #[test]
    fn a_password_in_a_url_is_refused_and_not_repeated() {
        for url in ["postgresql://h:geheim@db/anpi", "postgresql://h@db/anpi?password=geheim"] {
            let said = refused(url);
            assert!(said.contains("password_file") && !said.contains("geheim"), "{said}");
        }
    }

    #[test]
    fn a_name_that_would_need_escaping_is_refused() {
        for name in ["", "Anpi", "a-b", "a\"b", "1a", &"a".repeat(64)] {
            assert!(refused(&format!("postgresql://h@db/anpi?schema={name}")).contains("a-z"), "{name}");
        }
    }
}
