//! Mock carriers and their name server, as hostile as real ones.
//!
//! A [`Profile`] says which carriers there are, what each tolerates, how it refuses and misbehaves, and when all that
//! changes. [`MockNet::start`] brings it to life on loopback: a DNS server that knows the MX records, and MX hosts that
//! speak SMTP, each on an address of its own, all on one port. The [`Ledger`] counts what the carriers saw from their
//! own side; that is how a sender is judged. Nothing is shared with the engine, so that a mistake on one side shows on
//! the other.
//!
//! ```
//! # let runtime = tokio::runtime::Runtime::new()?;
//! # runtime.block_on(async {
//! use hikyaku_mock::{Directory, MockNet, Profile};
//!
//! let profile = Profile::named("calm").ok_or("no such profile")?;
//! let net = MockNet::start(profile, Directory::UnknownPrefix("nobody".into()), 1).await?;
//! println!("resolve with {}, dial port {}", net.dns, net.smtp_port);
//! assert_eq!(net.ledger().snapshot().total(|carrier| carrier.accepted), 0);
//! net.shutdown().await;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })
//! # .map_err(|error| std::io::Error::other(error.to_string()))?;
//! # Ok::<(), std::io::Error>(())
//! ```

mod auth;
mod book;
mod carrier;
mod command;
mod content;
mod conversation;
mod counts;
mod delay;
mod directory;
mod dns;
mod error;
mod extensions;
mod feeds;
mod gauge;
mod host;
mod identity;
mod judgement;
mod ledger;
mod lot;
mod mailbox;
mod moments;
mod names;
mod net;
mod policy_host;
mod post;
mod profile;
mod records;
mod replies;
mod session;
mod settings;
mod signer;
mod stream;
mod tls;
mod visit;
mod window;
mod zone;

pub use auth::AuthProfile;
pub use counts::{Acceptance, CarrierCount, End, Fate};
pub use directory::Directory;
pub use error::Error;
pub use feeds::{
    FeedClock, FeedManner, FeedScope, FeedServer, FeedTally, FeedTls, MockProxy, MockTelegram, Regeneration,
    StreamHost, StreamTally,
};
pub use identity::{MockAuthority, MockIdentity};
pub use ledger::{Ledger, LedgerSnapshot};
pub use names::MockNames;
pub use net::MockNet;
pub use post::AcceptedMail;
pub use profile::{
    CarrierProfile, Change, DnsChange, DnsFailure, DnsProfile, FromSource, HostProfile, Profile, StsProfile,
    StsServing, TlsaProfile,
};
pub use settings::{CountBy, Limits, LocalParts, Manner, Overrun, Pipelining, Refusal, Stage, Tls, Wording};
