//! A listener with its allow-list, its limit of connections and its certificates [S16].

use std::{io, net::IpAddr, net::SocketAddr, sync::Arc};

use ipnet::IpNet;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::TlsFiles;
use super::stream::Stream;
use super::tls::Certificates;
use crate::error::Error;

/// Connections at once: more than there are people in the greatest organisation. Further ones wait in the system's own queue.
const CONNECTIONS_MAX: usize = 16_384;
/// With more connections than this, none is kept for a next request: phones keep theirs open for a while after an answer.
const CONNECTIONS_CALM: usize = CONNECTIONS_MAX / 2;

/// Where a router is served: to whom, over what, to how many at once.
#[derive(Debug)]
pub struct Door {
    listener: TcpListener,
    allow: Vec<IpNet>,
    places: Arc<Semaphore>,
    certificates: Option<Certificates>,
}

/// How many are inside; keeps no door open.
#[derive(Clone, Debug)]
pub(super) struct Crowd(Arc<Semaphore>);

impl Crowd {
    /// Whether so many are connected that each is to leave after its answer.
    pub(super) fn is_dense(&self) -> bool {
        CONNECTIONS_MAX - self.0.available_permits() > CONNECTIONS_CALM
    }
}

impl Door {
    /// Listens at an address, as [`Door::open`].
    ///
    /// # Errors
    /// [`Error::Serve`]: the address is taken or not this machine's.
    pub async fn bind(at: SocketAddr) -> Result<Self, Error> {
        let listener = TcpListener::bind(at).await;
        listener.map(Self::open).map_err(|source| Error::Serve { address: at.to_string(), source })
    }

    /// A door that anybody may enter, without TLS: behind a proxy, or on one machine.
    #[must_use]
    pub fn open(listener: TcpListener) -> Self {
        let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        Self { listener, allow: Vec::new(), places, certificates: None }
    }

    /// Only for connections from these networks; none means everybody.
    #[must_use]
    pub fn allow(mut self, networks: Vec<IpNet>) -> Self {
        self.allow = networks;
        self
    }

    /// With TLS 1.2 or later, by this certificate, which is read again by [`crate::TlsFiles::reload`].
    #[must_use]
    pub fn with_tls(mut self, files: &TlsFiles) -> Self {
        self.certificates = Some(files.certificates());
        self
    }

    /// Where it listens, such as `127.0.0.1:8080`.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.listener.local_addr().ok()
    }

    /// The next connection that may enter, and its place; one that may not is closed without a word.
    pub(super) async fn next(&self) -> io::Result<((TcpStream, SocketAddr), OwnedSemaphorePermit)> {
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(io::Error::other)?;
        loop {
            let (stream, peer) = self.listener.accept().await?;
            if self.admits(peer.ip()) {
                return Ok(((stream, peer), place));
            }
            tracing::warn!(peer = %peer.ip(), "a connection from outside the allow-list was refused");
        }
    }

    /// How many are inside, for each of them to know.
    pub(super) fn crowd(&self) -> Crowd {
        Crowd(Arc::clone(&self.places))
    }

    pub(super) async fn handshake(&self, stream: TcpStream) -> io::Result<Stream> {
        match &self.certificates {
            None => Ok(Stream::Plain(stream)),
            Some(certificates) => Ok(Stream::Tls(Box::new(certificates.acceptor().accept(stream).await?))),
        }
    }

    fn admits(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.allow.is_empty() || self.allow.iter().any(|network| network.contains(&peer))
    }
}
