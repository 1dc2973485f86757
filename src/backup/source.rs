//! Where the rows of a backup come from: a running server, which is asked at its socket, else the journal itself.

use std::path::Path;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::rows;
use crate::journal::data::open_journal;
use crate::lock::server_of;

/// The socket of a running server in its data folder; whoever may open the file may read the journal beside it too.
pub const SOCKET: &str = "backup.sock";

/// One backup is made at a time, and another one may be under way.
const PATIENCE: Duration = Duration::from_secs(3_600);

/// The file of all rows of the journal of a data folder, up to its present end.
///
/// # Errors
/// One line that says why they cannot be had.
pub async fn rows(data: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    // One that nobody listens at was left by a server that was killed.
    if server_of(data).is_some()
        && let Ok(mut stream) = UnixStream::connect(data.join(SOCKET)).await
    {
        let socket = data.join(SOCKET);
        let read = timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.map_err(|_| {
            format!(
                "{}: サーバーが {} 分以内に応えません。状態を確かめてください",
                socket.display(),
                PATIENCE.as_secs() / 60
            )
        })?;
        read.map_err(|e| format!("{}: {e}", socket.display()))?;
        return Ok(bytes);
    }
    let journal = open_journal(data).await?;
    rows::write(&*journal, &mut bytes).await?;
    Ok(bytes)
}
