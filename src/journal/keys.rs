//! `hikyaku journal rotate-keys`: the master key, or the key of links.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::data;

/// What is replaced.
#[derive(Debug, Args)]
#[command(
    after_help = "EXAMPLE\n  hikyaku journal rotate-keys /var/lib/hikyaku/data master\n\nA master key from the environment is replaced by giving the new one as HIKYAKU_MASTER_KEY and the old one as\nHIKYAKU_MASTER_KEY_BEFORE at one start."
)]
pub struct RotateKeysArgs {
    /// The data folder.
    data: PathBuf,
    /// Which key.
    which: Which,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Which {
    /// The master key in its file: the ring is sealed anew, the old master key destroyed.
    Master,
    /// The key of links: new links use another one, those that were sent keep working.
    Links,
    /// Every earlier key of links is destroyed: links that were sent before the last change open nothing any more.
    RetireLinks,
}

/// Replaces it.
pub fn run(args: &RotateKeysArgs) -> Result<bool, String> {
    let keys = data::open_keys(&args.data)?;
    match args.which {
        Which::Master => keys.rotate_master(),
        Which::Links => keys.rotate_link_key().map(drop),
        Which::RetireLinks => keys.retire_link_keys(),
    }
    .map_err(|e| e.to_string())?;
    Ok(true)
}
