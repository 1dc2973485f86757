//! A wire between a program and its database, which can be cut at the worst moment.
#![allow(dead_code, reason = "shared by several tests")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Passes everything on; the answers to so many appends are swallowed, each with its connection.
pub struct Proxy {
    pub port: u16,
    lost: Arc<AtomicUsize>,
}

impl Proxy {
    pub async fn before(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Proxy { port: listener.local_addr().unwrap().port(), lost: Arc::default() };
        let lost = Arc::clone(&proxy.lost);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass_on(client, SocketAddr::from(([127, 0, 0, 1], port)), Arc::clone(&lost)));
            }
        });
        proxy
    }

    /// The answers to the next `appends` appends are lost.
    pub fn lose_answers(&self, appends: usize) {
        self.lost.store(appends, Ordering::SeqCst);
    }
}

async fn pass_on(mut client: TcpStream, server: SocketAddr, lost: Arc<AtomicUsize>) {
    let mut server = TcpStream::connect(server).await.unwrap();
    let (mut asked, mut answered) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    let mut appends = false;
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let Ok(length @ 1..) = read else { return };
                appends = asked[..length].windows(10).any(|part| part == b"WITH moved");
                server.write_all(&asked[..length]).await.unwrap();
            }
            read = server.read(&mut answered) => {
                let Ok(length @ 1..) = read else { return };
                let is_lost = |left: usize| left.checked_sub(1);
                if appends && lost.fetch_update(Ordering::SeqCst, Ordering::SeqCst, is_lost).is_ok() {
                    return;
                }
                if client.write_all(&answered[..length]).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// A long wire: everything arrives later, and nothing while it is cut.
pub struct LongWire {
    pub port: u16,
    cut: watch::Sender<bool>,
}

impl LongWire {
    /// To a port, so long each way.
    pub async fn to(port: u16, delay: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let wire = LongWire { port: listener.local_addr().unwrap().port(), cut: watch::Sender::new(false) };
        let cut = wire.cut.subscribe();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let cut = cut.clone();
                tokio::spawn(async move {
                    // A server that was killed takes nobody.
                    let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
                    let ((client_in, client_out), (server_in, server_out)) = (client.into_split(), server.into_split());
                    tokio::select! {
                        () = carry(client_in, server_out, delay, cut.clone()) => {}
                        () = carry(server_in, client_out, delay, cut) => {}
                    }
                });
            }
        });
        wire
    }

    pub fn cut(&self, is_cut: bool) {
        self.cut.send_replace(is_cut);
    }
}

async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, delay: Duration, mut cut: watch::Receiver<bool>) {
    let mut bytes = vec![0; 1 << 16];
    while let Ok(length @ 1..) = from.read(&mut bytes).await {
        tokio::time::sleep(delay).await;
        // What was under way when it was cut arrives when it is mended, as with TCP.
        if cut.wait_for(|is_cut| !is_cut).await.is_err() || to.write_all(&bytes[..length]).await.is_err() {
            return;
        }
    }
}
