//! `hikyaku journal verify`: every row, the recorded end, and the heads that left the machine.

use std::path::{Path, PathBuf};

use clap::Args;
use hikyaku_dispatch::{JournalError, PublicKey, read_heads, verify_against};

use super::data;
use super::home::Home;

/// What to verify.
#[derive(Debug, Args)]
#[command(after_help = "EXAMPLE\n  hikyaku journal verify /var/lib/hikyaku/data --heads /mnt/other-site/heads")]
pub struct VerifyArgs {
    /// The data folder, a file, or the URL of a database.
    data: String,
    /// Signed heads that the journal must have passed through.
    #[arg(long)]
    heads: Option<PathBuf>,
    /// Who must have signed them, 64 hexadecimal digits; else keys/signing.pub of the data folder.
    #[arg(long)]
    key: Option<PublicKey>,
}

/// Says what was found; `false` if the journal is not what was written.
pub async fn run(args: &VerifyArgs) -> Result<bool, String> {
    let home = Home::named(&args.data)?;
    if !home.is_there() {
        return Err(format!("{}: there is no journal: name a data folder, a file or a URL", args.data));
    }
    let journal = home.open().await?;
    let heads = match &args.heads {
        Some(folder) => {
            let key = data::public_key(Path::new(&args.data), args.key)?;
            read_heads(folder, key).map_err(|e| e.to_string())?
        }
        None => Vec::new(),
    };
    match verify_against(&*journal, &heads).await {
        Ok(found) => {
            println!("{} rows, each is what was written; {} without content", found.head.seq, found.dropped);
            println!("it passed through {} signed heads", heads.len());
            Ok(true)
        }
        Err(JournalError::Broken(broken)) => {
            println!("{broken}");
            Ok(false)
        }
        Err(e) => Err(e.to_string()),
    }
}
