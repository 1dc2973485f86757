//! Serving a router behind a door until told to stop, letting requests in progress finish.

mod door;
mod stream;
mod tls;

use std::{convert::Infallible, future::Future, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{HeaderValue, header},
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{net::TcpStream, sync::watch, task::JoinSet};
use tower::ServiceExt;

pub use door::Door;
pub use tls::TlsFiles;

use door::Crowd;
use stream::Stream;

/// How long requests in progress may take to finish after the stop, in seconds; a phone that fell silent must not hold up a stop.
pub const GRACE_S: u64 = 10;
/// How long a request's head may take to arrive: who sends it a byte at a time keeps nobody else out.
const HEAD_PATIENCE: Duration = Duration::from_secs(15);
/// How long a TLS handshake may take; a phone on a congested network needs seconds.
const HANDSHAKE_PATIENCE: Duration = Duration::from_secs(20);
/// The largest head of a request, in bytes.
const HEAD_MAX_BYTES: usize = 16 * 1024;
/// How long to wait after the system refused to accept, such as for want of file handles.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Who is at the other end of a connection, before any proxy's word about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// Serves `router` until `shutdown` resolves, then takes no new connection and waits for requests in progress, at most [`GRACE_S`] seconds.
pub async fn serve<F>(door: Door, router: Router, shutdown: F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let door = Arc::new(door);
    let (stop, stopping) = watch::channel(());
    let mut connections = JoinSet::new();
    tokio::pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => {}
            arrived = door.next() => match arrived {
                Ok((stream, place)) => {
                    let visit = visit(Arc::clone(&door), stream, router.clone(), stopping.clone());
                    connections.spawn(async move {
                        visit.await;
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop(door);
    let _ = stop.send(());
    let finish = async { while connections.join_next().await.is_some() {} };
    // Whoever is not done by then is cut off.
    let _ = tokio::time::timeout(Duration::from_secs(GRACE_S), finish).await;
}

/// One connection from its handshake to its end.
async fn visit(
    door: Arc<Door>,
    (stream, peer): (TcpStream, SocketAddr),
    router: Router,
    stopping: watch::Receiver<()>,
) {
    // Without it pages merely leave a little later.
    let _ = stream.set_nodelay(true);
    let stream = match tokio::time::timeout(HANDSHAKE_PATIENCE, door.handshake(stream)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return tracing::debug!(%error, "a TLS handshake failed"),
        Err(_) => return tracing::debug!("a TLS handshake took too long"),
    };
    let crowd = door.crowd();
    drop(door);
    converse(stream, peer, router, crowd, stopping).await;
}

async fn converse(stream: Stream, peer: SocketAddr, router: Router, crowd: Crowd, mut stopping: watch::Receiver<()>) {
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let mut request: Request = request.map(Body::new);
        request.extensions_mut().insert(Peer(peer));
        let (answered, crowd) = (router.clone().oneshot(request), crowd.clone());
        async move {
            let mut response = answered.await?;
            if crowd.is_dense() {
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(response)
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_PATIENCE)
        .max_buf_size(HEAD_MAX_BYTES.max(8 * 1024))
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = stopping.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}
