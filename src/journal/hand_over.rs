//! `hikyaku journal hand-over`, `hand-over-key` and `open-hand-over`: everything, for one recipient alone.

use std::fs::{self, File, OpenOptions};
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use hikyaku_dispatch::{HandOverKeys, PublicKey, hand_over, open_hand_over};
use jiff::Timestamp;

use super::data;

/// What is handed over, to whom.
#[derive(Debug, Args)]
#[command(
    after_help = "EXAMPLE\n  hikyaku journal hand-over /var/lib/hikyaku/data --to 5a0f… --out hand-over.bin\n\nTwo people agree first: hikyaku access propose hand-over, then hikyaku access agree."
)]
pub struct HandOverArgs {
    /// The data folder.
    data: PathBuf,
    /// The recipient's public key, 64 hexadecimal digits.
    #[arg(long)]
    to: PublicKey,
    /// The sealed file; a signed receipt is written beside it.
    #[arg(long)]
    out: PathBuf,
}

/// Where the key pair goes.
#[derive(Debug, Args)]
#[command(after_help = "EXAMPLE\n  hikyaku journal hand-over-key --out hand-over.key")]
pub struct HandOverKeyArgs {
    /// The file of the private key, for its owner only; the public key is printed.
    #[arg(long)]
    out: PathBuf,
}

/// What is opened.
#[derive(Debug, Args)]
#[command(
    after_help = "EXAMPLE\n  hikyaku journal open-hand-over hand-over.bin --key hand-over.key --out everything.jsonl"
)]
pub struct OpenHandOverArgs {
    /// The sealed file.
    file: PathBuf,
    /// The file of the private key.
    #[arg(long)]
    key: PathBuf,
    /// Where everything is written, in clear, as JSON Lines.
    #[arg(long)]
    out: PathBuf,
}

/// Writes the sealed file and its receipt.
pub async fn run(args: &HandOverArgs) -> Result<bool, String> {
    let desk = data::open_desk(&args.data).await?;
    let mut out = BufWriter::new(private_file(&args.out)?);
    let receipt = hand_over(&desk, args.to.0, Timestamp::now(), &mut out).await;
    let receipt = receipt.map_err(|e| e.to_string())?;
    let path = args.out.with_extension("receipt.txt");
    fs::write(&path, receipt.to_string()).map_err(|e| format!("{}: {e}", path.display()))?;
    println!("{} and {}", args.out.display(), path.display());
    Ok(true)
}

/// Writes the private key and prints the public one.
pub fn make_key(args: &HandOverKeyArgs) -> Result<bool, String> {
    let pair = HandOverKeys::generate().map_err(|e| e.to_string())?;
    // A public key prints any 32 bytes as hexadecimal digits.
    let digits = format!("{}\n", PublicKey(pair.private));
    let written = private_file(&args.out)?.write_all(digits.as_bytes());
    written.map_err(|e| format!("{}: {e}", args.out.display()))?;
    println!("{}", PublicKey(pair.public));
    Ok(true)
}

/// Writes what a sealed file holds.
pub fn open(args: &OpenHandOverArgs) -> Result<bool, String> {
    let digits = fs::read_to_string(&args.key).map_err(|e| format!("{}: {e}", args.key.display()))?;
    let private: PublicKey = digits.parse().map_err(|e| format!("{}: {e}", args.key.display()))?;
    let sealed = File::open(&args.file).map_err(|e| format!("{}: {e}", args.file.display()))?;
    let mut out = BufWriter::new(private_file(&args.out)?);
    open_hand_over(private.0, &mut BufReader::new(sealed), &mut out)
        .map_err(|e| format!("{}: {e}", args.file.display()))?;
    Ok(true)
}

/// A new file that only its owner can read; one that is there is not replaced.
fn private_file(path: &Path) -> Result<File, String> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|e| format!("{}: {e}", path.display()))
}
