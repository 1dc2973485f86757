//! Serving a router on a listener until told to stop, letting requests in progress finish.

use std::{future::Future, pin::pin, time::Duration};

use axum::{Router, serve::ListenerExt};
use tokio::{net::TcpListener, sync::oneshot};

use crate::error::Error;

/// How long requests in progress may take to finish after the stop, in seconds; a phone that fell silent must not hold up a stop.
pub const GRACE_S: u64 = 10;

/// Serves `router` until `shutdown` resolves, then takes no new connection and waits for requests in progress, at most [`GRACE_S`] seconds.
///
/// # Errors
/// [`Error::Serve`] when the listener fails.
pub async fn serve<F>(listener: TcpListener, router: Router, shutdown: F) -> Result<(), Error>
where
    F: Future<Output = ()> + Send + 'static,
{
    let address = listener.local_addr().map_or_else(|_| "an unknown address".to_owned(), |at| at.to_string());
    let (stopped, stopping) = oneshot::channel();
    let signal = async move {
        shutdown.await;
        // Nobody listens any more only when serving has already ended.
        let _ = stopped.send(());
    };
    let listener = listener.tap_io(|stream| {
        // Without it pages merely leave a little later.
        let _ = stream.set_nodelay(true);
    });
    let serving = pin!(axum::serve(listener, router).with_graceful_shutdown(signal).into_future());
    let grace = async {
        match stopping.await {
            Ok(()) => tokio::time::sleep(Duration::from_secs(GRACE_S)).await,
            // `shutdown` was dropped unresolved with the server; the server's own end decides.
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        ended = serving => ended.map_err(|source| Error::Serve { address, source }),
        () = grace => Ok(()),
    }
}
