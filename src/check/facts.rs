//! Everything that the rules are told: what the configuration says, and what was found of it outside.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

use hikyaku_dispatch::Concern;
use mail_auth::SpfResult;

/// What the name service said to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<T> {
    /// These.
    These(Vec<T>),
    /// There are none.
    Nothing,
    /// Nothing is known: why.
    Failed(String),
}

impl<T> Answer<T> {
    /// What was answered; empty where there is none, or nothing is known.
    pub fn all(&self) -> &[T] {
        if let Answer::These(all) = self { all } else { &[] }
    }

    /// Whether it is known that there are none.
    pub fn is_nothing(&self) -> bool {
        matches!(self, Answer::Nothing)
    }
}

/// Answers by what was asked for.
pub type Answers<K, T> = BTreeMap<K, Answer<T>>;

/// What the name service says; a name that is not there was not asked for.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Preference and host.
    pub mx: Answers<String, (u16, String)>,
    /// Addresses of both families.
    pub addresses: Answers<String, IpAddr>,
    /// Texts, each joined from its strings.
    pub txt: Answers<String, String>,
    /// Names of addresses.
    pub ptr: Answers<IpAddr, String>,
    /// What SPF says of mails of a domain from an address (RFC 7208).
    pub spf: BTreeMap<(String, IpAddr), SpfResult>,
    /// How many questions the SPF record of a domain costs, with all that it includes.
    pub spf_questions: BTreeMap<String, usize>,
}

impl Names {
    /// The texts of a name; empty where none are known.
    pub fn texts(&self, name: &str) -> &[String] {
        self.txt.get(name).map_or(&[], Answer::all)
    }

    /// The addresses of a host; empty where none are known.
    pub fn addresses(&self, host: &str) -> &[IpAddr] {
        self.addresses.get(host).map_or(&[], Answer::all)
    }

    /// Whether a name is known to have no text.
    pub fn has_no_text(&self, name: &str) -> bool {
        self.txt.get(name).is_some_and(Answer::is_nothing)
    }

    /// Whether a host is known to have no address.
    pub fn has_no_address(&self, host: &str) -> bool {
        self.addresses.get(host).is_some_and(Answer::is_nothing)
    }
}

/// A name that we give in EHLO, and the addresses from which we do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Helo {
    /// The name.
    pub name: String,
    /// The addresses; empty where they are not known.
    pub addresses: Vec<IpAddr>,
}

/// A DKIM key as configured.
#[derive(Clone, Debug)]
pub struct SigningKey {
    /// The domain that it signs for.
    pub domain: String,
    /// Its selector.
    pub selector: String,
    /// The text of its record, or why the file cannot be used.
    pub record: Result<String, String>,
    /// Whether mails that are submitted now are signed with it.
    pub signs_now: bool,
}

impl SigningKey {
    /// Where its record is.
    pub fn name(&self) -> String {
        format!("{}._domainkey.{}", self.selector, self.domain)
    }
}

/// Who we are to others, as configured.
#[derive(Clone, Debug, Default)]
pub struct Identity {
    /// The domain of From.
    pub from: String,
    /// The domain of the return path.
    pub return_path: String,
    /// What we say in EHLO.
    pub helo: Vec<Helo>,
    /// From which addresses mails leave.
    pub addresses: Vec<IpAddr>,
    /// Whether everything goes through a relay, which then has PTR and EHLO of its own.
    pub is_relayed: bool,
    /// DKIM keys.
    pub keys: Vec<SigningKey>,
    /// The host of the links in mails.
    pub web: String,
    /// Domains of the organisation.
    pub own: Vec<String>,
}

/// What a certificate is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A public authority vouches for it, in this name.
    Good,
    /// Its time, or that of an authority above it, is over.
    Expired,
    /// Its time has not begun.
    NotYet,
    /// It is for other names.
    WrongName,
    /// No public authority vouches for it.
    Untrusted(String),
    /// There is none to be seen: why.
    Unseen(String),
}

/// The certificate that people's browsers see.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// The file, or the host that shows it.
    pub place: String,
    /// Now.
    pub now: Verdict,
    /// In two weeks.
    pub soon: Verdict,
    /// In a month.
    pub later: Verdict,
    /// Whether the host takes TLS older than 1.2 too.
    pub takes_old_tls: bool,
}

/// Another clock.
#[derive(Clone, Debug)]
pub struct Clock {
    /// Whose.
    pub reference: String,
    /// How far ours is ahead, in milliseconds, or why it is not known.
    pub ahead_ms: Result<i64, String>,
}

/// The disk that the data is on.
#[derive(Clone, Debug)]
pub struct Disk {
    /// The data folder.
    pub folder: PathBuf,
    /// Free for us, in bytes.
    pub free: u64,
    /// All of it, in bytes.
    pub size: u64,
    /// So much is to be free, in bytes.
    pub wanted: u64,
}

/// A file that holds a secret, and who may read it.
#[derive(Clone, Debug)]
pub struct Secret {
    /// The file.
    pub path: PathBuf,
    /// Its permissions, or why they are not known.
    pub mode: Result<u32, String>,
    /// Whether not even its group may read it.
    pub owner_only: bool,
}

/// How the sources of telegrams do.
#[derive(Clone, Debug)]
pub enum Sources {
    /// The configuration has no page for monitoring, so nobody can be asked.
    Unwatched,
    /// The server does not answer: why.
    Silent(String),
    /// Alarms, each of a source and of a kind.
    Alarms(Vec<(String, String)>),
}

/// What a carrier's host said when it was called.
#[derive(Clone, Debug)]
pub struct Call {
    /// The domain.
    pub domain: String,
    /// The greeting, or why there was none.
    pub greeting: Result<String, String>,
}

/// Everything.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Who we are to others.
    pub identity: Identity,
    /// What the name service says of that.
    pub names: Names,
    /// The MTA-STS policy of the return path's domain, if one is announced.
    pub sts_policy: Option<Result<String, String>>,
    /// The certificate of the pages, if they are served over TLS.
    pub certificate: Option<Certificate>,
    /// Other clocks.
    pub clocks: Vec<Clock>,
    /// The zone of this machine's clock.
    pub zone: String,
    /// The disk.
    pub disk: Result<Disk, String>,
    /// Keys and passwords.
    pub secrets: Vec<Secret>,
    /// The sources of telegrams.
    pub sources: Sources,
    /// What stands against the database, if the journal is in one.
    pub database: Vec<Concern>,
    /// Carriers that were called.
    pub calls: Vec<Call>,
    /// What the rules' own check says, or why the rules cannot be read.
    pub rules: Result<Vec<String>, String>,
    /// Large carriers at which nobody gets the drill that goes round.
    pub undrilled: Vec<String>,
}
