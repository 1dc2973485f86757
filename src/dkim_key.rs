//! `hikyaku dkim-key`: makes a key for DKIM, and prints the record that publishes it.

use std::path::PathBuf;

use clap::Args;
use hikyaku_core::signing::{DkimAlgorithm, DkimKey};

/// Longest string in a TXT record (RFC 1035 §3.3).
const STRING_BYTES_MAX: usize = 255;

/// Make a DKIM key and print its DNS record.
#[derive(Debug, Args)]
#[command(
    after_help = "EXAMPLE\n  hikyaku dkim-key example.go.jp 2026a 2026a.pem\n\nPublish the record, wait until name servers show it, then send with --dkim example.go.jp:2026a:2026a.pem. To change keys, make a new one with a new selector, publish it, and give both in a --signing file with the date of the change; the old record stays for some weeks. Only the owner may read the file; keep a copy where keys are kept."
)]
pub struct DkimKeyArgs {
    /// Domain of the sender's address.
    domain: String,
    /// Name of the key, such as 2026a.
    selector: String,
    /// File of the key. If it exists, its record is printed and nothing is changed.
    file: PathBuf,
    /// Make an Ed25519 key (RFC 8463), to sign beside RSA: not every carrier reads it.
    #[arg(long)]
    ed25519: bool,
}

/// Runs the command.
///
/// # Errors
/// One line that says what to mend.
pub fn run(args: DkimKeyArgs) -> Result<bool, String> {
    let key = DkimKey::new(args.domain, args.selector, args.file);
    if !key.file.exists() {
        let algorithm = if args.ed25519 { DkimAlgorithm::Ed25519 } else { DkimAlgorithm::Rsa };
        key.make(algorithm).map_err(|e| e.to_string())?;
    }
    let (name, text) = key.record().map_err(|e| e.to_string())?;
    println!("{}", zone_line(&name, &text));
    Ok(true)
}

/// The record as a zone file has it (RFC 1035 §5.1).
fn zone_line(name: &str, text: &str) -> String {
    let mut strings = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        // A record holds ASCII only.
        let (string, more) = rest.split_at(rest.len().min(STRING_BYTES_MAX));
        strings.push(format!("\"{string}\""));
        rest = more;
    }
    format!("{name}. IN TXT ( {} )", strings.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_cut_into_strings_that_a_name_server_takes() {
        let line = zone_line("s._domainkey.a.jp", &"x".repeat(300));
        assert!(line.starts_with("s._domainkey.a.jp. IN TXT ( \"xxx") && line.ends_with("\" )"), "{line}");
        let strings: Vec<&str> = line.split('"').skip(1).step_by(2).collect();
        assert_eq!(strings.iter().map(|s| s.len()).collect::<Vec<_>>(), [255, 45]);
    }
}
