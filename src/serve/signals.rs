//! What the system tells the server: read the tables again, or stop.

/// What was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGHUP.
    Reload,
    /// SIGTERM or Ctrl-C.
    Stop,
}

/// The signals as they come.
#[cfg(unix)]
pub struct Signals {
    reload: tokio::signal::unix::Signal,
    stop: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// Listens from now on.
    ///
    /// # Errors
    /// The system does not tell them.
    pub fn new() -> Result<Self, String> {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind| signal(kind).map_err(|e| format!("signals cannot be heard: {e}"));
        Ok(Self {
            reload: listen(SignalKind::hangup())?,
            stop: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        })
    }

    /// The next one.
    pub async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.reload.recv() => Signal::Reload,
            _ = self.stop.recv() => Signal::Stop,
            _ = self.interrupt.recv() => Signal::Stop,
        }
    }
}

/// Elsewhere there is Ctrl-C alone.
#[cfg(not(unix))]
pub struct Signals;

#[cfg(not(unix))]
impl Signals {
    pub fn new() -> Result<Self, String> {
        Ok(Self)
    }

    pub async fn next(&mut self) -> Signal {
        drop(tokio::signal::ctrl_c().await);
        Signal::Stop
    }
}
