//! Where sources push telegrams, and how each proves itself.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use hikyaku_bulletin::CountryCode;
use hikyaku_feeds::edge::{self, Proof, PushSource, PushTls};
use hikyaku_feeds::poll::known_country;
use hikyaku_feeds::push::SharedKey;
use serde::Deserialize;

use super::secret;

/// The longest name of a source, in characters.
const NAME_MAX: usize = 40;
/// SHA-256 in hexadecimal digits.
const DIGEST_DIGITS: usize = 64;

/// The push endpoint.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PushSettings {
    /// Its address and port.
    pub listen: SocketAddr,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    clients: Option<PathBuf>,
    #[serde(default)]
    sources: Vec<Source>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Source {
    name: String,
    key_file: Option<PathBuf>,
    certificates: Option<Vec<String>>,
    country: Option<CountryCode>,
}

impl PushSettings {
    pub(super) fn anchor(&mut self, folder: &Path) {
        let keys = self.sources.iter_mut().map(|source| &mut source.key_file);
        let own = [&mut self.certificate, &mut self.key, &mut self.clients];
        for path in own.into_iter().chain(keys).flatten() {
            *path = folder.join(&*path);
        }
    }

    /// The file of its own chain, if it has one.
    pub fn certificate(&self) -> Option<&Path> {
        self.certificate.as_deref()
    }

    /// What can be told without reading keys and certificates.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.certificate.is_some() != self.key.is_some() {
            return Err("[push] certificate and key belong together: give both or none".into());
        }
        if self.sources.is_empty() {
            return Err("[push] nobody may push: name a source in [[push.sources]], or take [push] out".into());
        }
        for (at, source) in self.sources.iter().enumerate() {
            let named = |problem: &str| format!("[[push.sources]] \"{}\": {problem}", source.name);
            source.check(self.clients.is_some()).map_err(|problem| named(&problem))?;
            if self.sources[..at].iter().any(|other| other.name == source.name) {
                return Err(named("another source has this name: give each its own"));
            }
        }
        Ok(())
    }

    /// The names of the sources.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.sources.iter().map(|source| source.name.as_str())
    }

    /// The country in which the areas of CAP alerts lie that tell none themselves, by the source that pushes them.
    pub fn countries(&self) -> impl Iterator<Item = (String, CountryCode)> {
        self.sources.iter().filter_map(|it| Some((it.name.clone(), it.country?)))
    }

    /// What the endpoint is started with.
    ///
    /// # Errors
    /// One line that names the file and what to mend.
    pub fn settings(&self) -> Result<edge::PushSettings, String> {
        let certificate = self.certificate.clone().zip(self.key.clone());
        let tls = certificate.map(|(certificates, key)| PushTls { certificates, key, clients: self.clients.clone() });
        let sources: Result<Vec<PushSource>, String> = self.sources.iter().map(Source::read).collect();
        Ok(edge::PushSettings { sources: sources?, tls, ..edge::PushSettings::default() })
    }
}

impl Source {
    fn check(&self, has_authority: bool) -> Result<(), String> {
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        if self.name.is_empty() || self.name.len() > NAME_MAX || !self.name.bytes().all(is_plain) {
            return Err(format!("name stands in the address: at most {NAME_MAX} letters, digits, - and _"));
        }
        self.country.map_or(Ok(()), known_country)?;
        match (&self.key_file, &self.certificates) {
            (Some(_), None) => Ok(()),
            (None, Some(_)) if !has_authority => {
                Err("proves itself by certificate: name the authority that signs it in [push] clients".into())
            }
            (None, Some(digests)) => match digests.iter().find(|it| digest(it).is_none()) {
                Some(wrong) => Err(format!(
                    "certificates: \"{wrong}\" is no SHA-256 of a certificate: write what openssl x509 -noout -fingerprint -sha256 prints"
                )),
                None => Ok(()),
            },
            (Some(_), Some(_)) => Err("key_file and certificates are two proofs: choose one".into()),
            (None, None) => Err("has no proof: give key_file or certificates".into()),
        }
    }

    fn read(&self) -> Result<PushSource, String> {
        let proof = match &self.key_file {
            None => Proof::Certificate(self.certificates.iter().flatten().filter_map(|it| digest(it)).collect()),
            Some(path) => {
                let named = |problem: String| format!("[[push.sources]] \"{}\" key_file: {problem}", self.name);
                let text = secret::read(path).map_err(named)?;
                let key = SharedKey::new(text.as_bytes());
                Proof::Key(key.map_err(|problem| named(format!("{}: {problem}", path.display())))?)
            }
        };
        Ok(PushSource { name: self.name.clone(), proof })
    }
}

/// The digits of a certificate's SHA-256, with or without colons between them.
fn digest(text: &str) -> Option<String> {
    let digits = text.replace(':', "");
    let is_digest = digits.len() == DIGEST_DIGITS && digits.bytes().all(|b| b.is_ascii_hexdigit());
    is_digest.then(|| digits.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(rows: &str) -> Result<(), String> {
        toml::from_str::<PushSettings>(&format!("listen = '127.0.0.1:0'\n{rows}")).map_err(|e| e.to_string())?.check()
    }

    #[test]
    fn each_source_has_a_name_of_its_own_and_one_proof() {
        let colons = ["AB"; 32].join(":");
        for rows in [
            "[[sources]]\nname = 'jalert'\nkey_file = 'k'".to_owned(),
            "[[sources]]\nname = 'metservice'\nkey_file = 'k'\ncountry = 'NZ'".to_owned(),
            "clients = 'ca.pem'\n[[sources]]\nname = 'm'\ncertificates = []".to_owned(),
            format!("clients = 'ca.pem'\n[[sources]]\nname = 'm'\ncertificates = ['{colons}']"),
        ] {
            assert_eq!(checked(&rows), Ok(()), "{rows}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        let source = |rows: &str| format!("[[sources]]\nname = 'm'\n{rows}");
        let two = format!("{}\n{}", source("key_file = 'k'"), source("key_file = 'l'"));
        for (rows, words) in [
            (String::new(), ["[[push.sources]]", "nobody"]),
            (source(""), ["\"m\"", "no proof"]),
            (source("key_file = 'k'\ncertificates = []"), ["\"m\"", "choose one"]),
            (source("certificates = []"), ["\"m\"", "clients"]),
            (format!("clients = 'c'\n{}", source("certificates = ['ab']")), ["\"ab\"", "SHA-256"]),
            (source("key_file = 'k'\ncountry = 'UK'"), ["\"m\"", "GB"]),
            (two, ["\"m\"", "another source"]),
            ("[[sources]]\nname = 'a/b'\nkey_file = 'k'".to_owned(), ["\"a/b\"", "letters"]),
            (source("key = 'clear text'"), ["unknown field `key`", "line 4"]),
            ("certificate = 'c'\n".to_owned() + &source("key_file = 'k'"), ["[push]", "belong together"]),
        ] {
            let why = checked(&rows).unwrap_err();
            assert!(words.iter().all(|word| why.contains(word)), "{rows}: {why}");
        }
    }
}
