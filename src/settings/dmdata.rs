//! DM-D.S.S (dmdata.jp): the stream that brings what JMA's feeds do not, 緊急地震速報 among it.

use std::path::{Path, PathBuf};

use hikyaku_feeds::edge::{ApiKey, ClientSettings, StreamSettings};
use jiff::SignedDuration;
use serde::Deserialize;

use super::secret;

/// What the source is called in records, alarms and metrics.
pub(super) const NAME: &str = "dmdata";
/// How many types the service takes at most.
const TYPES_MAX: usize = 30;

/// The stream; what it connects through stands in `[feeds]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DmdataSettings {
    key_file: PathBuf,
    /// Where the service's API is.
    #[serde(default = "service")]
    pub api: String,
    #[serde(default = "earthquakes")]
    classifications: Vec<String>,
    #[serde(default)]
    types: Vec<String>,
    #[serde(default)]
    with_tests: bool,
    #[serde(default = "an_hour")]
    history_minutes: u32,
}

fn service() -> String {
    "https://api.dmdata.jp".to_owned()
}

fn earthquakes() -> Vec<String> {
    vec!["telegram.earthquake".to_owned()]
}

const fn an_hour() -> u32 {
    60
}

impl DmdataSettings {
    pub(super) fn anchor(&mut self, folder: &Path) {
        self.key_file = folder.join(&self.key_file);
    }

    /// What can be told without reading the key.
    pub(super) fn check(&self) -> Result<(), String> {
        let api = &self.api;
        let is_of_this_machine = ["http://localhost", "http://127.0.0.1"]
            .iter()
            .any(|it| api.strip_prefix(it).is_some_and(|rest| rest.is_empty() || rest.starts_with(':')));
        if !api.starts_with("https://") && !is_of_this_machine {
            return Err(format!("[dmdata] api = \"{api}\" must begin with https://, for the key is sent there"));
        }
        if api.ends_with('/') {
            return Err(format!("[dmdata] api = \"{api}\" must not end with a slash"));
        }
        let is_class = |it: &String| it.starts_with("telegram.") || it.starts_with("eew.");
        if let Some(wrong) = self.classifications.iter().find(|it| !is_class(it)) {
            return Err(format!(
                "[dmdata] classifications: \"{wrong}\" is none: write such as telegram.earthquake, telegram.weather or eew.warning"
            ));
        }
        if self.classifications.is_empty() {
            return Err("[dmdata] classifications is empty: name what to receive, such as telegram.earthquake".into());
        }
        let is_type = |it: &String| it.len() == 6 && it.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        if let Some(wrong) = self.types.iter().find(|it| !is_type(it)) {
            return Err(format!("[dmdata] types: \"{wrong}\" is none: write six characters, such as VXSE51"));
        }
        if self.types.len() > TYPES_MAX {
            return Err(format!("[dmdata] types: the service takes {TYPES_MAX} at most; leave it out for all of them"));
        }
        Ok(())
    }

    /// What the stream is started with.
    ///
    /// # Errors
    /// One line that names the file and what to mend.
    pub fn settings(&self, client: ClientSettings) -> Result<StreamSettings, String> {
        let key = ApiKey::new(secret::read(&self.key_file).map_err(|e| format!("[dmdata] key_file: {e}"))?);
        Ok(StreamSettings {
            name: NAME.to_owned(),
            api: self.api.clone(),
            classifications: self.classifications.clone(),
            types: self.types.clone(),
            with_tests: self.with_tests,
            history: SignedDuration::from_mins(self.history_minutes.into()),
            client,
            ..StreamSettings::new(key)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(rows: &str) -> Result<(), String> {
        toml::from_str::<DmdataSettings>(&format!("key_file = 'k'\n{rows}")).map_err(|e| e.to_string())?.check()
    }

    #[test]
    fn what_is_left_out_suits_the_service_and_what_is_wrong_is_named_with_its_place() {
        assert_eq!(checked(""), Ok(()));
        assert_eq!(
            checked("classifications = ['eew.warning']\ntypes = ['VXSE43']\napi = 'http://localhost:1'"),
            Ok(())
        );
        for (rows, words) in [
            ("api = 'http://api.dmdata.jp'", ["[dmdata] api", "https://"]),
            ("api = 'http://localhost.evil.example'", ["[dmdata] api", "https://"]),
            ("api = 'https://api.dmdata.jp/'", ["[dmdata] api", "slash"]),
            ("classifications = ['earthquake']", ["[dmdata] classifications", "\"earthquake\""]),
            ("classifications = []", ["[dmdata] classifications", "empty"]),
            ("types = ['震度速報']", ["[dmdata] types", "VXSE51"]),
            ("clasifications = []", ["clasifications", "unknown field"]),
        ] {
            let why = checked(rows).unwrap_err();
            assert!(words.iter().all(|word| why.contains(word)), "{rows}: {why}");
        }
        let many: Vec<String> = (0..31).map(|it| format!("'VXSE{it:02}'")).collect();
        assert!(checked(&format!("types = [{}]", many.join(","))).is_err_and(|why| why.contains("30")));
    }
}
