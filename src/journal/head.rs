//! `hikyaku journal head`: where the journal ends, signed, into a folder that leaves this machine.

use std::path::PathBuf;

use clap::Args;
use hikyaku_dispatch::write_head;
use jiff::Timestamp;

use super::data;

/// Whose head, and where to.
#[derive(Debug, Args)]
#[command(after_help = "EXAMPLE\n  hikyaku journal head /var/lib/hikyaku/data --to /mnt/other-site/heads")]
pub struct HeadArgs {
    /// The data folder.
    data: PathBuf,
    /// The folder; something else must carry it away from here.
    #[arg(long)]
    to: PathBuf,
}

/// Writes one head and says where.
pub async fn run(args: &HeadArgs) -> Result<bool, String> {
    let (journal, keys) = (data::open_journal(&args.data).await?, data::read_keys(&args.data)?);
    let path = write_head(&*journal, &keys, &args.to, Timestamp::now()).await.map_err(|e| e.to_string())?;
    println!("{}", path.display());
    Ok(true)
}
