//! A connection's bytes, bare or under TLS.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::{HandshakeKind, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Longest a handshake, or a write that nobody reads, may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longest a closed connection is drained, so that the last reply is not destroyed by unread input.
const DRAIN: Duration = Duration::from_secs(1);

/// One client's connection.
pub(crate) enum Stream {
    Bare(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    /// Appends what comes to `tail`; 0 is the end. Dropped half-way it loses nothing.
    pub(crate) async fn read(&mut self, tail: &mut Vec<u8>) -> io::Result<usize> {
        match self {
            Self::Bare(stream) => stream.read_buf(tail).await,
            Self::Tls(stream) => stream.read_buf(tail).await,
        }
    }

    /// Writes all of `bytes` out.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let written = async {
            match self {
                Self::Bare(stream) => stream.write_all(bytes).await,
                Self::Tls(stream) => {
                    stream.write_all(bytes).await?;
                    stream.flush().await
                }
            }
        };
        tokio::time::timeout(PATIENCE, written).await?
    }

    /// Upgrades to TLS; bare bytes not yet read belong to the handshake.
    pub(crate) async fn secure(self, config: Arc<ServerConfig>) -> io::Result<Self> {
        let Self::Bare(stream) = self else {
            return Ok(self);
        };
        let handshake = TlsAcceptor::from(config).accept(stream);
        let stream = tokio::time::timeout(PATIENCE, handshake).await??;
        Ok(Self::Tls(Box::new(stream)))
    }

    /// Whether the client resumed an earlier TLS session.
    pub(crate) fn is_resumed(&self) -> bool {
        match self {
            Self::Bare(_) => false,
            Self::Tls(stream) => stream.get_ref().1.handshake_kind() == Some(HandshakeKind::Resumed),
        }
    }

    /// Answers the client's first flight as a server that knows no version of TLS it offers, and closes.
    pub(crate) async fn refuse_tls(&mut self) {
        // Alert (21) in a TLS 1.0 record, two bytes: fatal, protocol_version (RFC 8446 §6).
        const ALERT: [u8; 7] = [21, 3, 1, 0, 2, 2, 70];
        let mut flight = Vec::with_capacity(4096);
        // Whoever has gone meanwhile need not be told.
        let _ = tokio::time::timeout(PATIENCE, self.read(&mut flight)).await;
        let _ = self.write(&ALERT).await;
    }

    /// Closes in good order.
    pub(crate) async fn close(mut self) {
        let closing = async {
            match &mut self {
                Self::Bare(stream) => stream.shutdown().await?,
                Self::Tls(stream) => stream.shutdown().await?,
            }
            let mut rest = Vec::with_capacity(4096);
            while self.read(&mut rest).await? > 0 {
                rest.clear();
            }
            io::Result::Ok(())
        };
        // nobody is left to be told
        let _ = tokio::time::timeout(DRAIN, closing).await;
    }

    /// Resets the connection: the client gets RST at once.
    pub(crate) fn reset(self) {
        let socket = match &self {
            Self::Bare(stream) => stream,
            Self::Tls(stream) => stream.get_ref().0,
        };
        if let Err(error) = socket.set_zero_linger() {
            tracing::debug!(%error, "a connection could only be closed, not reset");
        }
    }
}
