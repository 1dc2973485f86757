//! The list of what must be gone: names, addresses, keys and files of a system, made while all of them are still known.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use hikyaku_core::Config;
use hikyaku_core::setup::NameService;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::check::{Helo, Identity, SigningKey};
use crate::settings::Settings;

/// What is said above it.
const HEAD: &str = "\
# 閉鎖の一覧。システムを消すと分からなくなるため、消す前に作り、別の場所に保管します。
# 終了後も別の業務で使い続ける名前やファイルは、この一覧から消してください。
# 確認: hikyaku closing check このファイル
";

/// Everything that is looked for in the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct List {
    /// The day on which it was made.
    pub made: String,
    pub organisation: String,
    /// The domain of From.
    pub from: String,
    /// The domain of the return path.
    pub return_path: String,
    /// Names that were given in EHLO.
    pub hosts: Vec<String>,
    /// Where mails came from.
    pub addresses: Vec<IpAddr>,
    /// The host of the answer pages.
    pub web: String,
    /// Files and folders with data, keys and certificates.
    pub files: Vec<PathBuf>,
    /// Name servers that are asked; with none, those of the system.
    #[serde(default)]
    pub dns: Vec<SocketAddr>,
    /// Whether the journal was in a database.
    #[serde(default)]
    pub database: bool,
    /// DKIM keys.
    #[serde(default)]
    pub dkim: Vec<Selector>,
}

/// Where the record of a DKIM key is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Selector {
    pub domain: String,
    pub selector: String,
}

impl List {
    /// Everything that the configuration names.
    ///
    /// # Errors
    /// A path cannot be made absolute.
    pub fn of(
        settings: &Settings,
        config: &Config,
        identity: Identity,
        (now, database): (Timestamp, bool),
    ) -> Result<Self, String> {
        let mut files = vec![settings.data.clone()];
        files.extend(settings.tls.iter().flat_map(|tls| [tls.files().0.to_owned(), tls.files().1.to_owned()]));
        files.extend(config.signing.dkim.iter().map(|key| key.file.clone()));
        files.extend(config.signing.smime.iter().flat_map(|pair| [pair.certificate.clone(), pair.key.clone()]));
        let absolute = |path: PathBuf| std::path::absolute(&path).map_err(|e| format!("{}: {e}", path.display()));
        let dns = match &config.dns {
            NameService::Servers(servers) => servers.clone(),
            _ => Vec::new(),
        };
        Ok(List {
            made: hikyaku_dispatch::japan_date(now).to_string(),
            organisation: settings.organisation.clone(),
            from: identity.from,
            return_path: identity.return_path,
            hosts: identity.helo.into_iter().map(|helo| helo.name).collect(),
            addresses: identity.addresses,
            web: identity.web,
            files: files.into_iter().map(absolute).collect::<Result<_, _>>()?,
            dns,
            database,
            dkim: identity
                .keys
                .into_iter()
                .map(|key| Selector { domain: key.domain, selector: key.selector })
                .collect(),
        })
    }

    /// Reads what was printed.
    ///
    /// # Errors
    /// One line that names the file and what to mend.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
        toml::from_str(&text)
            .map_err(|e| format!("{}: {}", path.display(), e.to_string().trim_end().replace('\n', " ")))
    }

    /// As it is printed.
    ///
    /// # Errors
    /// A path is not UTF-8.
    pub fn text(&self) -> Result<String, String> {
        Ok(format!("{HEAD}{}", toml::to_string(self).map_err(|e| e.to_string())?))
    }

    /// Who is asked for names.
    pub fn name_service(&self) -> NameService {
        if self.dns.is_empty() { NameService::System } else { NameService::Servers(self.dns.clone()) }
    }

    /// What the name service is asked about.
    pub fn identity(&self) -> Identity {
        let key = |it: &Selector| SigningKey {
            domain: it.domain.clone(),
            selector: it.selector.clone(),
            record: Err(String::new()),
            signs_now: false,
        };
        Identity {
            from: self.from.clone(),
            return_path: self.return_path.clone(),
            helo: self.hosts.iter().map(|name| Helo { name: name.clone(), addresses: Vec::new() }).collect(),
            addresses: self.addresses.clone(),
            keys: self.dkim.iter().map(key).collect(),
            web: self.web.clone(),
            ..Identity::default()
        }
    }

    /// What no program can look for.
    pub fn by_hand(&self) -> Vec<&'static str> {
        let mut all = vec![
            "消去の証明書（hikyaku journal erase-system）と引渡しの受領書を、秘書課へ提出した",
            "バックアップの写し、持ち出した名簿、印刷物を廃棄した",
            "TLS の証明書を発行元で失効させた",
            "ドメイン名を他人が取り直せないよう、登録を続けるか、その期間を決めた",
            "回線・中継サーバー・DM-D.S.S などの契約を終えた",
        ];
        if self.database {
            all.push("データベースの基底バックアップと WAL の保管を廃棄し、利用者 anpi を消した");
        }
        all
    }
}

/// Whether something is left at a path: a file, or a folder with anything in it.
pub fn is_there(path: &Path) -> bool {
    match std::fs::read_dir(path) {
        Ok(mut entries) => entries.next().is_some(),
        // A folder that may not be looked into, or a file.
        Err(_) => path.symlink_metadata().is_ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_as_it_was_printed_and_a_slip_of_the_pen_is_named() {
        let text = "made = \"2026-11-22\"\norganisation = \"架空省\"\nfrom = \"a.jp\"\nreturn_path = \"b.jp\"\nhosts = []\naddresses = [\"2001:db8::1\"]\nweb = \"c.jp\"\nfiles = [\"/x\"]\n";
        let list: List = toml::from_str(text).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("closing.toml");
        std::fs::write(&path, list.text().unwrap()).unwrap();
        assert_eq!(List::read(&path), Ok(list));
        std::fs::write(&path, format!("{text}host = []")).unwrap();
        assert!(List::read(&path).unwrap_err().contains("host"));
    }

    #[test]
    fn an_empty_folder_is_nothing_and_a_file_in_it_is() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!is_there(folder.path()) && !is_there(&folder.path().join("none")));
        std::fs::write(folder.path().join("one"), "").unwrap();
        assert!(is_there(folder.path()) && is_there(&folder.path().join("one")));
    }
}
