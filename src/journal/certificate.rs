//! `hikyaku journal certificate`: a certificate checked without the system it came from, in Japanese.

use std::fs;
use std::path::PathBuf;

use clap::Args;
use hikyaku_dispatch::{PublicKey, SignedText, certificate_in_japanese};

/// What to check, and whose signature it must have.
#[derive(Debug, Args)]
#[command(after_help = "EXAMPLE\n  hikyaku journal certificate certificate.txt --key 3b6a27bc…")]
pub struct CertificateArgs {
    /// The certificate.
    file: PathBuf,
    /// Who must have signed it, 64 hexadecimal digits, as learned before; else any key, which is shown.
    #[arg(long)]
    key: Option<PublicKey>,
}

/// Prints the certificate; `false` if it is not to be trusted.
pub fn run(args: &CertificateArgs) -> Result<bool, String> {
    let text = fs::read_to_string(&args.file).map_err(|e| format!("{}: {e}", args.file.display()))?;
    let signed = match SignedText::read(&text, args.key) {
        Ok(signed) => signed,
        Err(e) => {
            println!("{}: {e}", args.file.display());
            return Ok(false);
        }
    };
    let paper = certificate_in_japanese(&signed);
    print!("{}", paper.ok_or_else(|| format!("{}: this is signed, but no certificate", args.file.display()))?);
    Ok(true)
}
