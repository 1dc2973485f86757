//! One MX host: listens on its loopback address, except while it is down.

use std::net::SocketAddrV4;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::carrier::Carrier;
use crate::conversation::Conversation;
use crate::session::Session;
use crate::tls::HostTls;
use crate::visit::Visit;

/// How often a host that is sometimes down looks whether it is now.
const LOOK: Duration = Duration::from_millis(20);

/// One MX host.
pub(crate) struct Host {
    pub(crate) carrier: Arc<Carrier>,
    /// Its place in the carrier's profile.
    pub(crate) index: usize,
    pub(crate) name: Arc<str>,
    pub(crate) address: SocketAddrV4,
    pub(crate) tls: Arc<HostTls>,
}

impl Host {
    /// Serves until aborted; its sessions end with it.
    pub(crate) async fn serve(self, listener: TcpListener) {
        let sometimes_down = self.carrier.is_ever_down(self.index);
        let mut listener = Some(listener);
        let mut sessions = JoinSet::new();
        let mut look = tokio::time::interval(LOOK);
        loop {
            if sometimes_down {
                match (self.is_down(), listener.is_some()) {
                    (true, true) => {
                        listener = None;
                        sessions.abort_all();
                    }
                    (false, false) => listener = TcpListener::bind(self.address).await.ok(),
                    _ => {}
                }
            }
            tokio::select! {
                socket = accept(listener.as_ref()) => self.admit(socket, &mut sessions),
                Some(_) = sessions.join_next() => {}
                _ = look.tick(), if sometimes_down => {}
            }
        }
    }

    fn is_down(&self) -> bool {
        let terms = self.carrier.terms(Instant::now());
        terms.manners[self.index].down == Some(true)
    }

    fn admit(&self, socket: TcpStream, sessions: &mut JoinSet<()>) {
        // a connection that is reset before we look has no address any more
        let Ok(client) = socket.peer_addr() else {
            return;
        };
        self.carrier.clock.begin(Instant::now());
        let visit = Visit::new(self.carrier.clone(), self.index, client.ip());
        let talk = Conversation::new(visit, self.name.clone());
        let tls = self.tls.clone();
        sessions.spawn(async move { Session::serve(socket, talk, &tls).await });
    }
}

/// The next connection; never, while nobody listens.
async fn accept(listener: Option<&TcpListener>) -> TcpStream {
    let Some(listener) = listener else {
        return std::future::pending().await;
    };
    loop {
        match listener.accept().await {
            Ok((socket, _)) => return socket,
            Err(error) => {
                tracing::warn!(%error, "a mock host could not accept a connection");
                tokio::time::sleep(LOOK).await;
            }
        }
    }
}
