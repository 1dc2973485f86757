//! An HTTP proxy that tunnels (CONNECT) to this machine only.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::http::{head, request};
use crate::error::Error;

/// A proxy on loopback, until dropped.
pub struct MockProxy {
    /// Where it listens.
    pub addr: SocketAddr,
    tunnels: Arc<AtomicU64>,
    _tasks: JoinSet<()>,
}

impl MockProxy {
    /// Starts a proxy that asks for these credentials, in base64, if any.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start(credentials: Option<String>) -> Result<Self, Error> {
        let any: SocketAddr = (Ipv4Addr::LOCALHOST, 0).into();
        let listener = TcpListener::bind(any).await.map_err(|e| Error::Listen(any, e))?;
        let addr = listener.local_addr().map_err(|e| Error::Listen(any, e))?;
        let tunnels = Arc::new(AtomicU64::new(0));
        let mut tasks = JoinSet::new();
        let count = tunnels.clone();
        tasks.spawn(async move {
            let mut clients = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let (count, credentials) = (count.clone(), credentials.clone());
                clients.spawn(async move { drop(tunnel(client, credentials, &count).await) });
            }
        });
        Ok(Self { addr, tunnels, _tasks: tasks })
    }

    /// How many tunnels were opened.
    #[must_use]
    pub fn tunnels(&self) -> u64 {
        self.tunnels.load(Ordering::Relaxed)
    }
}

async fn tunnel(mut client: TcpStream, credentials: Option<String>, count: &AtomicU64) -> std::io::Result<()> {
    let Some(request) = request(&mut client).await? else { return Ok(()) };
    let login = credentials.map(|it| format!("Basic {it}"));
    let status = if request.method != "CONNECT" {
        400
    } else if login.is_some() && request.header("proxy-authorization") != login.as_deref() {
        407
    } else {
        200
    };
    let port = request.target.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok()).unwrap_or(0);
    let server = if status == 200 { TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.ok() } else { None };
    let status = if status == 200 && server.is_none() { 503 } else { status };
    client.write_all(head(status, &[]).as_bytes()).await?;
    if let Some(mut server) = server {
        count.fetch_add(1, Ordering::Relaxed);
        copy_bidirectional(&mut client, &mut server).await?;
    }
    Ok(())
}
