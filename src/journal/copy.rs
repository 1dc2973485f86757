//! `hikyaku journal copy`: from a file into a database or the other way, proved equal row by row.

use clap::Args;
use hikyaku_dispatch::{PublicKey, copy};

use super::home::Home;

/// From where, and where to.
#[derive(Debug, Args)]
#[command(
    after_help = "EXAMPLE\n  hikyaku journal copy /var/lib/hikyaku/data 'postgresql://hikyaku@db1,db2/hikyaku?password_file=db.password'\n\nA place is a data folder, a file, or a URL (docs/postgres.md). Stop the system first, or what comes meanwhile is missing;\ncalled again, only what is missing is copied."
)]
pub struct CopyArgs {
    /// The journal that is there.
    from: String,
    /// An empty place, or a copy that was begun.
    to: String,
}

/// Copies, and says what both have in common.
pub async fn run(args: &CopyArgs) -> Result<bool, String> {
    let (from, to) = (Home::named(&args.from)?, Home::named(&args.to)?);
    if !from.is_there() {
        return Err(format!("{}: there is no journal: name a data folder, a file or a URL", args.from));
    }
    let copied = copy(&*from.open().await?, &*to.open().await?).await.map_err(|e| e.to_string())?;
    // A public key prints any 32 bytes as hexadecimal digits.
    println!("{} rows in both, the same one by one; {} without content", copied.head.seq, copied.dropped);
    println!("both chains end in {}", PublicKey(copied.head.hash));
    Ok(true)
}
