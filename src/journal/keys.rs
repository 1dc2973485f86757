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
    // A server has ring and master key in memory: what it wrote next would open with nothing that is left.
    let _lock = data::lock(&args.data)?;
    let keys = data::open_keys(&args.data)?;
    match args.which {
        Which::Master => keys.rotate_master(),
        Which::Links => keys.rotate_link_key().map(drop),
        Which::RetireLinks => keys.retire_link_keys(),
    }
    .map_err(|e| e.to_string())?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lock::Lock;

    #[test]
    fn no_key_is_replaced_beside_a_running_server() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().to_owned();
        let args = |which| RotateKeysArgs { data: data.clone(), which };
        data::make_keys(&data).unwrap();
        let files = || ["people.keys", "master.key"].map(|name| std::fs::read(data.join("keys").join(name)).unwrap());
        let before = files();
        let server = Lock::take(&data).unwrap();
        for which in [Which::Master, Which::Links, Which::RetireLinks] {
            let refusal = run(&args(which)).unwrap_err();
            assert!(refusal.contains("サーバーを止めて"), "{refusal}");
        }
        assert_eq!(files(), before);
        drop(server);
        assert_eq!(run(&args(Which::Master)), Ok(true));
        assert_ne!(files(), before);
        assert_eq!(run(&args(Which::Links)), Ok(true), "the folder was given back");
    }
}
