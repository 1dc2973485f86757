//! Where the rows of a backup come from: a running server, which is asked at its socket, else the journal itself.

use std::path::Path;

use tokio::io::AsyncReadExt as _;
use tokio::net::UnixStream;

use super::rows;
use crate::journal::data::open_journal;
use crate::lock::server_of;

/// The socket of a running server in its data folder; whoever may open the file may read the journal beside it too.
pub const SOCKET: &str = "backup.sock";

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
        stream.read_to_end(&mut bytes).await.map_err(|e| format!("{}: {e}", data.join(SOCKET).display()))?;
        return Ok(bytes);
    }
    let journal = open_journal(data).await?;
    rows::write(&*journal, &mut bytes).await?;
    Ok(bytes)
}
