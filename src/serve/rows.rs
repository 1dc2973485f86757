//! Gives the rows of the journal to `hikyaku backup` while this server has the file: over a socket in the data folder.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hikyaku_dispatch::Desk;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::backup::{SOCKET, rows};
use crate::courier::told;

/// After an attempt that the system refused, such as for want of descriptors.
const AGAIN: Duration = Duration::from_secs(1);
/// Whoever takes longer to read all rows stands in the way of the next backup.
const PATIENCE: Duration = Duration::from_secs(1_800);

/// Serves until told to stop. Without the socket a backup waits until the server is stopped; everything else works.
pub async fn run(data: PathBuf, desk: Desk, mut stop: watch::Receiver<bool>) {
    let path = data.join(SOCKET);
    let listener = match listen(&path) {
        Ok(listener) => listener,
        Err(problem) => {
            tracing::warn!(%problem, path = %path.display(), "no backup can be made while this server runs");
            return;
        }
    };
    // Given to one at a time; what is under way ends with this.
    let mut giving = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if giving.is_empty() => match accepted {
                Ok((stream, _)) => drop(giving.spawn(give(stream, desk.clone()))),
                Err(problem) => {
                    tracing::warn!(%problem, "a backup has to wait a moment");
                    sleep(AGAIN).await;
                }
            },
            Some(_) = giving.join_next() => {}
            () = told(&mut stop) => break,
        }
    }
    // The next start makes another.
    let _ = std::fs::remove_file(&path);
}

fn listen(path: &Path) -> std::io::Result<UnixListener> {
    // Whoever left it is gone: the folder is ours.
    if path.exists() {
        std::fs::remove_file(path)?;
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

async fn give(mut stream: UnixStream, desk: Desk) {
    // What the other side does not get whole it does not take.
    let given = timeout(PATIENCE, rows::write(desk.journal(), &mut stream)).await;
    if let Err(problem) = given.unwrap_or_else(|_| Err(format!("it took longer than {} s", PATIENCE.as_secs()))) {
        tracing::warn!(problem, "a backup was not given to the end");
    }
}
