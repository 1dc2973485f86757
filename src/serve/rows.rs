//! Gives the rows of the journal to `hikyaku backup` while this server has the file: over a socket in the data folder.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use hikyaku_dispatch::Desk;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;

use crate::backup::{SOCKET, rows};
use crate::courier::told;

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
    loop {
        tokio::select! {
            Ok((stream, _)) = listener.accept() => give(stream, &desk).await,
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

async fn give(mut stream: UnixStream, desk: &Desk) {
    // What the other side does not get whole it does not take.
    if let Err(problem) = rows::write(desk.journal(), &mut stream).await {
        tracing::warn!(problem, "a backup was not given to the end");
    }
}
