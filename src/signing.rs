//! What signs the mails, from the command line or from a TOML file.

use std::path::{Path, PathBuf};

use clap::Args;
use hikyaku_core::signing::{DkimKey, Signing, Unsigned};

/// Options that `send` shares with whoever else sends.
#[derive(Debug, Args)]
pub struct SigningArgs {
    /// Sign with DKIM: the domain of --from, the selector of its record, and the PEM file of the key; see dkim-key.
    #[arg(long, value_name = "DOMAIN:SELECTOR:FILE")]
    dkim: Vec<String>,
    /// TOML file with [[dkim]] keys that change with the date; mails that no key signs are then refused or sent as it says.
    #[arg(long, value_name = "FILE")]
    signing: Option<PathBuf>,
}

impl SigningArgs {
    /// The configuration.
    ///
    /// # Errors
    /// One line that names the option or the file and what to mend.
    pub fn read(&self) -> Result<Signing, String> {
        let mut signing = match &self.signing {
            Some(file) => read(file)?,
            // Whoever names a key wants every mail signed.
            None if !self.dkim.is_empty() => Signing { unsigned: Unsigned::Refuse, ..Signing::default() },
            None => Signing::default(),
        };
        for key in &self.dkim {
            let mut parts = key.splitn(3, ':');
            let (Some(domain), Some(selector), Some(file)) = (parts.next(), parts.next(), parts.next()) else {
                return Err(format!(
                    "--dkim {key}: write it as DOMAIN:SELECTOR:FILE, such as example.jp:2026a:2026a.pem"
                ));
            };
            signing.dkim.push(DkimKey::new(domain, selector, file));
        }
        Ok(signing)
    }
}

fn read(file: &Path) -> Result<Signing, String> {
    let named = |problem: &dyn std::fmt::Display| format!("{}: {problem}", file.display());
    let text = std::fs::read_to_string(file).map_err(|e| named(&e))?;
    let folder = file.parent().unwrap_or(Path::new(""));
    Signing::parse(&text, folder).map_err(|e| named(&e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_the_command_line_come_beside_those_of_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("signing.toml");
        std::fs::write(&file, "[[dkim]]\ndomain = \"a.jp\"\nselector = \"s\"\nfile = \"k.pem\"\n").unwrap();
        let args = SigningArgs { dkim: vec!["b.jp:t:/k:1.pem".into()], signing: Some(file) };
        let signing = args.read().unwrap();
        assert_eq!(signing.dkim[0].file, folder.path().join("k.pem"));
        assert_eq!(signing.dkim[1], DkimKey::new("b.jp", "t", "/k:1.pem"));
    }

    #[test]
    fn a_key_that_is_not_written_in_three_parts_is_shown_with_an_example() {
        let error = SigningArgs { dkim: vec!["b.jp:k.pem".into()], signing: None }.read().unwrap_err();
        assert!(error.contains("--dkim b.jp:k.pem") && error.contains("example.jp:2026a:2026a.pem"), "{error}");
    }
}
