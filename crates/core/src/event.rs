//! What the machine hears and what it asks for: the whole of its dealings with the world.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::address::AddressStyle;
use crate::carrier::{Carrier, CarrierTable};
use crate::congestion::Lesson;
use crate::message::{BatchId, MailId, Recipient, Template, Urgency};
pub use crate::mx::HostRoute;
use crate::outcome::{ReplyRules, Stage};
use crate::policy::{Policy, Share};
use crate::queue::{ChunkId, Past, Places};
use crate::record::Record;
use crate::route::{RelayRoute, Source};
use crate::session::{Ending, Manner, Why};
use crate::time::{Instant, Span};
use crate::trust::Encryption;
use crate::via::Via;

/// What all mails of a batch share, kept once.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct BatchHead {
    /// The engine's number.
    pub id: BatchId,
    /// The caller's name.
    pub key: String,
    /// What is sent.
    pub template: Template,
    /// Its hurry.
    pub urgency: Urgency,
    /// When 99 % should have been accepted.
    pub deadline: Option<Instant>,
    /// After this nothing of it is sent.
    pub expires: Option<Instant>,
    /// When it was submitted; the `Date` of all its mails.
    pub submitted: Instant,
    /// How many recipients it has.
    pub recipients: u32,
}

impl BatchHead {
    /// Whether its mails must arrive now, so that no answer is waited for as long as RFC 5321 allows.
    #[must_use]
    pub fn is_in_hurry(&self) -> bool {
        self.deadline.is_some() || self.urgency < Urgency::Routine
    }
}

/// Recipients of one domain, loaded from the queue. A place is empty if its mail has settled or its key is gone.
#[derive(Clone, Debug)]
pub struct Chunk {
    /// Which chunk.
    pub id: ChunkId,
    /// What its mails share.
    pub head: Arc<BatchHead>,
    /// The callers' names for the mails by place; they stay when a recipient is gone.
    pub ids: Vec<String>,
    /// The recipients by place.
    pub recipients: Vec<Option<Recipient>>,
}

/// What of a chunk still waits.
#[derive(Clone, Debug)]
pub struct ChunkWork {
    /// The chunk's number in its batch.
    pub number: u32,
    /// The domain of its recipients.
    pub domain: String,
    /// What was not tried yet.
    pub fresh: Places,
    /// What was tried before: place, past, and when it is due.
    pub again: Vec<(u16, Past, Instant)>,
}

/// Number of a session, unique while the engine lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u64);

/// Where a domain's mail goes.
#[derive(Clone, Debug, PartialEq)]
pub enum Route {
    /// To these hosts.
    Hosts {
        /// The lane: a carrier of the table, else the site itself.
        carrier: Carrier,
        /// Domains with the same hosts share a site.
        site: String,
        /// The hosts.
        hosts: Vec<HostRoute>,
    },
    /// Nowhere: the domain does not exist or takes no mail.
    NoMail(String),
    /// Unknown: the name service did not answer.
    Failed(String),
}

/// How an attempt or a wait ended, as it is told to the machine.
#[derive(Clone, Debug)]
pub struct Ended {
    /// The session that carried it.
    pub session: SessionId,
    /// Which mail.
    pub mail: MailId,
    /// How. The reply is verbatim, for the rules; it is never kept.
    pub ending: Ending,
    /// The reply with `<rcpt>` in place of the address, to keep and show.
    pub shown: String,
    /// From the command to its answer.
    pub latency: Span,
    /// How the conversation was encrypted.
    pub tls: Encryption,
}

/// What is known of carriers from outside, and how their replies are read.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    /// The carriers known by name.
    pub table: CarrierTable,
    /// Their limits.
    pub policies: HashMap<Carrier, Policy>,
    /// The limits of everybody else.
    pub default_policy: Policy,
    /// Addresses of our own.
    pub sources: Vec<Source>,
    /// Relays through which the mails of some carriers go.
    pub routes: Vec<RelayRoute>,
    /// How replies are read.
    pub rules: ReplyRules,
}

/// What the machine hears.
#[derive(Clone, Debug)]
pub enum Event {
    /// A batch is durable (new, or found after a restart).
    Submitted(Arc<BatchHead>, Vec<ChunkWork>),
    /// A chunk was loaded.
    Loaded(Arc<Chunk>),
    /// A domain was looked up.
    Resolved {
        /// Which domain.
        domain: String,
        /// Where its mail goes.
        route: Route,
        /// Until when this holds.
        valid_until: Instant,
    },
    /// A relay's name was looked up.
    RelayFound {
        /// The route's name.
        relay: String,
        /// Where it listens, or why that is not known.
        found: Result<Vec<SocketAddr>, String>,
        /// Until when this holds.
        valid_until: Instant,
    },
    /// These attempts are durable and may reach the wire.
    Registered(Vec<MailId>),
    /// This many outcomes are durable.
    Recorded(usize),
    /// A session was greeted.
    SessionReady(SessionId),
    /// Its encryption is not as a policy in testing would have it; nothing is stopped for that.
    TlsReport(SessionId),
    /// A mail ended.
    Ended(Ended),
    /// A session ended; every mail sent to it has been reported before.
    SessionClosed {
        /// Which session.
        session: SessionId,
        /// How far the conversation had come.
        stage: Stage,
        /// Why.
        why: Why,
    },
    /// Nothing more of this batch is sent.
    Cancel(BatchId),
    /// The lanes of this carrier stop departing, or go on.
    Pause(Carrier, bool),
    /// At most so many mails a second leave for this carrier, over all ways to it; `None` ends that.
    Limit(Carrier, Option<f64>),
    /// Only this part of every ceiling is ours from now on.
    SetShare(Share),
    /// What other programs have learned of carriers.
    Learn(Vec<Lesson>),
    /// New limits for a carrier.
    SetPolicy(Carrier, Box<Policy>),
    /// Have the routes of these domains ready from now on.
    WarmUp(Vec<String>),
    /// Every mail of this batch has settled, durably.
    BatchEnded(BatchId),
    /// The queue has no room, and what to do; nothing can be registered until it says `None`.
    QueueFull(Option<String>),
    /// New tables, in place of all that were there.
    Reload(Box<Tables>),
    /// End all sessions in order and begin nothing.
    ShutDown,
}

/// What follows for a mail when an attempt or wait has ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// Nothing: it has settled, as the record says.
    Settled,
    /// Another attempt, not before this instant.
    Again(Past, Instant),
}

/// What must become durable.
#[derive(Clone, Debug)]
pub enum Write {
    /// An attempt is about to be made.
    Register(MailId, Past),
    /// Nothing was attempted after all.
    Release(MailId, Past),
    /// An attempt or a wait ended.
    Outcome(MailId, Record, Next),
}

/// What the machine asks for.
#[derive(Clone, Debug)]
pub enum Action {
    /// Make durable, in this order; `Registered` and `Recorded` follow.
    Persist(Vec<Write>),
    /// Load a chunk; `Loaded` follows.
    Load(ChunkId),
    /// Look a domain up; `Resolved` follows.
    Resolve(String),
    /// Look up the host of the route of this name; `RelayFound` follows.
    FindRelay {
        /// The route's name.
        relay: String,
        /// Name or address of its host.
        host: String,
        /// Its port.
        port: u16,
    },
    /// Open a session; `SessionReady` or `SessionClosed` follows.
    Open {
        /// Its number.
        session: SessionId,
        /// With whom.
        carrier: Carrier,
        /// The lane's name, for the gate of ceilings.
        gate: Arc<str>,
        /// By which way.
        via: Via,
        /// Host name, for TLS.
        host: String,
        /// Where to connect.
        addr: SocketAddr,
        /// How to speak.
        manner: Box<Manner>,
    },
    /// Begin to render and sign a mail whose attempt goes to the disk: it will be sent or released.
    Prepare {
        /// Which mail.
        mail: MailId,
        /// Its chunk.
        chunk: Arc<Chunk>,
        /// How a legacy local part is written.
        style: AddressStyle,
    },
    /// Send a mail; `Ended` follows.
    Send {
        /// On this session.
        session: SessionId,
        /// Which mail.
        mail: MailId,
        /// Its chunk.
        chunk: Arc<Chunk>,
        /// Not before this instant.
        depart: Instant,
        /// How a legacy local part is written.
        style: AddressStyle,
    },
    /// Take a mail back from a session that has not begun it: then `Ended` follows at once, with nothing attempted.
    Recall(SessionId, MailId),
    /// End a session in order once its mails have ended.
    Finish(SessionId),
    /// The ceilings of a lane changed: renew the gate of its name.
    Gate(Arc<str>, Box<Policy>),
    /// Keep something learned under a name across restarts, in place of what was kept there; no bytes forget it. Nothing
    /// waits for it, and a crash may lose the last of it.
    Keep(String, Vec<u8>),
}
