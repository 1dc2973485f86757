//! The table of carriers that an operator gives: read at the start, and again whenever SIGHUP comes.

use std::path::PathBuf;

use hikyaku_core::{Carriers, Engine};
use tokio::task::JoinHandle;

/// Where the table is, and the limits of this run that stand above it.
#[derive(Debug)]
pub struct CarrierTable {
    /// The file.
    pub file: PathBuf,
    /// Most sessions at once with each carrier.
    pub sessions: Option<u32>,
    /// Most mails a second to each carrier.
    pub per_second: Option<f64>,
}

/// A table that is read again at SIGHUP, until `end`.
pub struct Following(JoinHandle<()>);

impl CarrierTable {
    /// Reads the table.
    ///
    /// # Errors
    /// A line that names the file, and the line in it that is wrong.
    pub fn read(&self) -> Result<Carriers, String> {
        let named = |problem: String| format!("--carriers {}: {problem}", self.file.display());
        let text = std::fs::read_to_string(&self.file).map_err(|e| named(e.to_string()))?;
        let mut carriers = Carriers::read(&text).map_err(|e| named(e.to_string()))?;
        carriers.limit_all(self.sessions, self.per_second);
        Ok(carriers)
    }

    /// Reads it again at each SIGHUP and gives it to the engine. One that is wrong is told of and changes nothing.
    pub fn follow(self, engine: Engine, quiet: bool) -> Following {
        Following(tokio::spawn(async move {
            let Some(mut signals) = Signals::new() else { return };
            while signals.next().await {
                let taken = self.read().and_then(|carriers| engine.reload(&carriers).map_err(|e| e.to_string()));
                match taken {
                    Ok(()) if quiet => {}
                    Ok(()) => eprintln!("キャリア表 {} を読み直しました", self.file.display()),
                    Err(problem) => eprintln!("キャリア表を読み直せません。これまでの表で続けます: {problem}"),
                }
            }
        }))
    }
}

impl Following {
    /// Reads nothing more, and lets go of the engine.
    pub async fn end(self) {
        self.0.abort();
        // It was cancelled, or had ended: there is nothing to learn from which.
        let _ = self.0.await;
    }
}

#[cfg(unix)]
struct Signals(tokio::signal::unix::Signal);

#[cfg(unix)]
impl Signals {
    fn new() -> Option<Self> {
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()).ok().map(Signals)
    }

    async fn next(&mut self) -> bool {
        self.0.recv().await.is_some()
    }
}

/// Elsewhere nobody can tell it to.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> Option<Self> {
        None
    }

    async fn next(&mut self) -> bool {
        false
    }
}
