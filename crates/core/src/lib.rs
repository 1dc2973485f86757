//! A rate-shaped, per-carrier SMTP delivery engine with its own MX resolution, congestion control and durable queue.
//!
//! It is made for the burst that must arrive now: thousands of individually addressed mails to a handful of carriers,
//! each of which takes them at a pace of its own and says so only by refusing. It can be used alone: it knows nothing of
//! people, hazards or HTTP. Every mail has one recipient.
//!
//! # Ten lines
//!
//! Open an engine on a folder, submit a batch, read what became of it. This example runs as a test, against a small relay
//! on the loopback interface; `examples/ten_lines.rs` is the same with a relay of your own.
//!
//! ```
//! # use std::io::{BufRead, BufReader, Write};
//! # use std::net::{TcpListener, TcpStream};
//! use hikyaku_core::{Address, Batch, Config, Dial, Engine, Recipient, Template, Urgency};
//! use hikyaku_core::letter::{History, KeyId, Mailbox, TemplateText};
//! use hikyaku_core::setup::Relay;
//! # fn small_relay() -> std::io::Result<Relay> {
//! #     let listener = TcpListener::bind("127.0.0.1:0")?;
//! #     let port = listener.local_addr()?.port();
//! #     std::thread::spawn(move || {
//! #         for stream in listener.incoming().flatten() {
//! #             std::thread::spawn(move || converse(stream));
//! #         }
//! #     });
//! #     Ok(Relay { host: "127.0.0.1".into(), port })
//! # }
//! # fn converse(stream: TcpStream) -> std::io::Result<()> {
//! #     let (mut out, mut in_content) = (stream.try_clone()?, false);
//! #     out.write_all(b"220 small relay\r\n")?;
//! #     for line in BufReader::new(stream).lines() {
//! #         let reply = match line?.as_str() {
//! #             "." if in_content => { in_content = false; "250 taken\r\n" }
//! #             _ if in_content => continue,
//! #             "DATA" => { in_content = true; "354 go on\r\n" }
//! #             "QUIT" => "221 bye\r\n",
//! #             _ => "250 ok\r\n",
//! #         };
//! #         out.write_all(reply.as_bytes())?;
//! #     }
//! #     Ok(())
//! # }
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let (folder, relay) = (folder.path(), small_relay()?);
//! let config = Config { relay: Some(relay), dial: Dial::RelayOnly, ..Config::new(folder, "mail.example.jp") };
//! let engine = Engine::open(config).await?;
//!
//! let template = Template::new(TemplateText {
//!     from: Mailbox { name: "防災課".into(), address: Address::parse("anpi@example.jp")? },
//!     return_path: "bounce+{id}@example.jp",
//!     reply_to: None,
//!     subject: "【訓練】{name}さんの安否をお知らせください",
//!     text: "{name} さん\n\nこれは訓練です。\n",
//!     fields: &["id", "name"],
//! })?;
//! let mut recipients = Vec::new();
//! for (id, name, address) in [("p1", "山田 太郎", "taro@example.jp"), ("p2", "佐藤 花子", "a..b@docomo.ne.jp")]
//! {
//!     let fields = vec![id.into(), name.into()];
//!     let (key, address, history) = (KeyId::default(), Address::parse(address)?, History::Unknown);
//!     recipients.push(Recipient { id: id.into(), key, address, fields, history });
//! }
//! let (key, urgency) = ("drill-1".into(), Urgency::Safety);
//! let receipt = engine.submit(Batch { key, template, urgency, deadline: None, expires: None, recipients }).await?;
//!
//! let (mut recorded, mut cursor, mut open) = (engine.recorded(), 0, receipt.recipients);
//! while open > 0 {
//!     for (behind, record) in engine.records(cursor, 1_000).await? {
//!         println!("{} {:?} {}", record.recipient, record.outcome, record.reply);
//!         open -= u32::from(record.batch == receipt.batch && record.settled.is_some());
//!         cursor = behind;
//!     }
//!     if open > 0 {
//!         recorded.changed().await?;
//!     }
//! }
//! engine.shutdown().await;
//! # assert_eq!(cursor, 2);
//! # Ok(())
//! # }
//! ```
//!
//! Without a relay the engine looks up each domain's MX hosts itself; [`Config::dial`] must then be [`Dial::Internet`]. By
//! default nothing but this machine is dialled.
//!
//! # What it promises
//!
//! - **A receipt means durable.** [`Engine::submit`] checks everything that rendering could refuse
//!   ([`Batch::validate`]), writes the batch to disk, then returns. A known [`Batch::key`] gives the same [`Receipt`] and
//!   sends nothing new, so a caller that crashed simply submits again.
//! - **Every recipient settles exactly once**, as one [`Settlement`]. After a crash it has settled or still waits;
//!   [`Engine::open`] goes on with what waits.
//! - **No attempt reaches the wire before it is on disk.** A mail of which it is not known whether the carrier took it is
//!   reported as [`Outcome::InDoubt`] and sent again with the same Message-ID and Date, twice at most
//!   ([`Policy::in_doubt_resends_max`]); then it settles as [`Settlement::Unknown`]. At most [`Config::unsettled_max`] attempts can be in that state after a crash.
//! - **A configured limit is never exceeded**, whatever is learned: [`Policy`] holds the ceilings of one carrier. Only a
//!   restart has its burst anew.
//! - **One carrier's trouble delays no other.** Each has its own lane with its own window, rate, queue order and health.
//! - **Delivery failure is a value, not an error.** [`Error`] means that *we* could not do our job; what became of a mail
//!   is in its [`Record`]: outcome, cause, stage, host, reply. `Accepted` means that a carrier answered 250 (受付済), not
//!   that anybody has read it.
//! - **Addresses do not leak.** [`Address`] shows no local part when it is printed, stored replies carry `<rcpt>` in its
//!   place, and what waits on disk is sealed ([`Seal`](setup::Seal)). Address and fields of settled recipients leave the queue as soon
//!   as they outnumber those of their chunk that wait, at the latest when the chunk is done.
//!
//! # Seen from outside
//!
//! - [`Engine::records`] reads outcomes from a cursor on, [`Engine::recorded`] says when there are more; a cursor that is
//!   stored finds its place after a restart.
//! - [`Engine::snapshot`] is a picture of the present: lanes, forecast, and the refusals that no row of the table knows
//!   ([`Snapshot::unrecognised`]); [`Engine::verbatim`] unseals the original of one of these.
//! - [`Engine::metrics`] is what Prometheus scrapes; `docs/metrics.md` lists it.
//! - [`Engine::trace`] reads along what is said about one recipient, with one host or with one carrier. It costs nothing
//!   while nobody reads.
//! - [`Engine::pause`], [`Engine::resume`], [`Engine::cancel`], [`Engine::set_policy`] and [`Engine::reload`] act while it
//!   runs; [`Engine::shutdown`] ends conversations in order and leaves what waits for the next start.
//!
//! None of these shows a local part: a test searches all of them for every address of a run.
//!
//! Tables of carriers and replies are data, see [`Carriers::parse`]; `examples/` has one of one's own
//! (`own_carrier`), watching (`watching`), and keys that live elsewhere (`own_seal`).
//!
//! [`simulate`] runs this same machine under virtual time against scripted carriers; the crate's tests hold the promises
//! there, over hundreds of seeds with crashes at random moments.
//!
//! # Words
//!
//! | word | meaning |
//! |---|---|
//! | [`Batch`] | one [`Template`], an urgency, and everybody who gets it; rendered just before departure |
//! | [`Carrier`] | who answers for a set of domains: a row of the table ([`Carriers`]), else the MX site itself |
//! | lane | one way to a carrier ([`Via`](observe::Via): MX, a source address, a relay) with limits, health and sessions of its own; shown as [`LaneView`](observe::LaneView) |
//! | site | domains that share the same MX hosts; a carrier has one or more, and all its lanes draw from them |
//! | [`Urgency`] | Immediate > Bulletin > Safety > Confirmed > Hazard > Routine; within one the earlier deadline goes first, and batches of equal standing share a lane evenly |
//! | [`Outcome`] | how one attempt ended: accepted, deferred, refused, in doubt |
//! | [`Settlement`] | how a recipient ended, once and for all: accepted, bounced, expired, cancelled, unknown |
//! | [`Cause`] | why, by who must act: the carrier is busy, the address is wrong, our own set-up is wrong, … |
//! | [`Forecast`] | when 50, 90, 99 and 100 % will have been accepted, and what would help; [`Engine::forecast`] |
//! | [`Record`] | one attempt as it was written down; [`Engine::records`] reads them from a cursor on |
//!
//! # Where names are
//!
//! What everybody needs stands at the top of the crate. The rest is in rooms: [`letter`] (what a batch is made of), [`setup`]
//! (what a configuration and a table of carriers are made of), [`tls`], [`signing`], [`observe`] (ways, stages, traces, what is in
//! trouble), [`forecast`], [`errors`], [`time`] (instants and spans) and [`simulate`].
//!
//! # A template that does not fit is refused
//!
//! ```
//! use hikyaku_core::{Address, Template};
//! use hikyaku_core::letter::{Mailbox, TemplateText};
//!
//! let refused = Template::new(TemplateText {
//!     from: Mailbox { name: String::new(), address: Address::parse("anpi@example.jp")? },
//!     return_path: "bounce@example.jp",
//!     reply_to: None,
//!     subject: "{nmae}さんの安否をお知らせください",
//!     text: "",
//!     fields: &["name"],
//! });
//! assert_eq!(refused.unwrap_err().to_string(), "subject: there is no field {nmae}; there are: name");
//! # Ok::<(), hikyaku_core::errors::AddressError>(())
//! ```
//!
//! # Features
//!
//! | feature | what |
//! |---|---|
//! | `smime` | an S/MIME signature beside DKIM ([`signing::SmimeKey`]); needs the crates `cms` and `x509-cert` |
//! | `hostile` | what the fuzz targets call; not for use |
//!
//! None is on by default. Nothing of it needs axum or any other HTTP framework.
//!
//! # Inside
//!
//! Five floors, imports only downward: words (`address carrier message reply time via`), rules (`outcome record retry
//! policy pace congestion mx route trust`), machines (`session queue plan event forecast`), edges (`seal store resolve press
//! wire clock config vouch`),
//! and on top the `engine` with its `report`, and `simulate`. The three lower floors hold no async code, no sockets, no
//! files and no clock. `ARCHITECTURE.md` tells the rest.

mod address;
mod carrier;
mod clock;
mod config;
mod congestion;
mod engine;
mod event;
pub mod forecast;
mod heard;
#[cfg(any(test, feature = "hostile"))]
#[doc(hidden)]
pub mod hostile;
mod message;
mod metrics;
mod mx;
mod outcome;
mod pace;
mod plan;
mod policy;
mod press;
mod queue;
mod record;
mod reply;
mod report;
mod resolve;
mod retry;
mod route;
mod seal;
mod session;
pub mod simulate;
mod store;
pub mod time;
mod trace;
mod trust;
mod unseen;
mod via;
mod vouch;
mod wire;

pub use address::Address;
pub use carrier::Carrier;
pub use config::{Carriers, Config, Dial};
pub use engine::{Engine, Error};
pub use forecast::Forecast;
pub use message::{Batch, BatchId, Recipient, Template, Urgency};
pub use outcome::{Cause, Outcome, Settlement};
pub use policy::Policy;
pub use record::Record;
pub use report::Snapshot;
pub use store::Receipt;

/// What a batch is made of beside itself, its template and its recipients.
pub mod letter {
    pub use crate::message::{History, KeyId, Mailbox, TemplateText};
    pub use crate::store::Submission;
}

/// What a [`Config`] and a table of [`Carriers`] are made of: name service, relays, addresses
/// of our own, limits, waits, the seal of what waits.
pub mod setup {
    pub use crate::address::AddressStyle;
    pub use crate::carrier::CarrierRow;
    pub use crate::config::{Dane, NameService, Relay};
    pub use crate::policy::{Share, Timeouts, Totals};
    pub use crate::route::{Login, RelayRoute, Source, SourceLimits, WhenDown};
    pub use crate::seal::Seal;
}

/// What a connection must show, and what it showed.
pub mod tls {
    pub use crate::trust::{Encryption, Pin, StsMode, StsPolicy, TlsPolicy, TlsVersion, Trusted};
}

/// Keys that sign the mails: DKIM, and S/MIME with the feature `smime`.
pub mod signing {
    pub use crate::press::{DkimAlgorithm, DkimKey, Signing, SmimeKey, Unsigned};
}

/// What is seen from outside beside a [`Snapshot`] and [`Record`]s: lanes, the way of a mail, the
/// stages of a conversation, live traces, what is in trouble, what was learned of carriers.
pub mod observe {
    pub use crate::congestion::Lesson;
    pub use crate::heard::HeardReply;
    pub use crate::outcome::Stage;
    pub use crate::report::{DomainTrouble, LaneView, QueueHealth, RouteTrouble};
    pub use crate::trace::{Follow, Speaker, Trace, TraceLine};
    pub use crate::unseen::UnseenReply;
    pub use crate::via::Via;
}

/// What is wrong, by where: [`Error`] holds most of them.
pub mod errors {
    pub use crate::address::AddressError;
    pub use crate::config::TableError;
    pub use crate::message::BatchError;
    pub use crate::press::SigningError;
    pub use crate::seal::SealError;
    pub use crate::store::StoreError;
}
