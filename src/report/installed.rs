//! What is set up beside the configuration, for the document of it (環境設定書): the database, the table of carriers in force, keys that
//! sign, this node, how long records are kept. Passwords and keys are not in it.

use std::path::{Path, PathBuf};

use hikyaku_core::setup::Totals;
use hikyaku_core::signing::DkimKey;
use hikyaku_core::time::Instant;
use hikyaku_core::{Carriers, Config, Policy};
use hikyaku_dispatch::Schedule;
use hikyaku_web::dated;
use jiff::Timestamp;

use super::as_built::flattened;
use super::sheet::Section;
use crate::settings::{MailSettings, Settings};

/// Where it is looked.
#[derive(Clone, Debug)]
pub struct Installed {
    data: PathBuf,
    mail: MailSettings,
    retention: Schedule,
}

impl Installed {
    /// By this configuration.
    pub fn of(settings: &Settings) -> Self {
        Installed { data: settings.data.clone(), mail: settings.mail.clone(), retention: settings.records.schedule() }
    }

    /// The sections of it as it is now. What cannot be read says so in its place.
    pub fn sections(&self) -> Vec<Section> {
        let mut sections = vec![self.journal(), self.node()];
        match self.mail.config(self.data.join("queue")) {
            Ok(config) => sections.extend([self.carriers(&config.carriers), ways(&self.mail), keys(&config)]),
            Err(problem) => {
                sections.push(Section::words("通信事業者の表と署名の鍵", [format!("読めません: {problem}")]))
            }
        }
        sections.push(retention(self.retention));
        sections
    }

    /// The database, as its file says.
    fn journal(&self) -> Section {
        let heading = "記録の置き場所";
        match std::fs::read_to_string(self.data.join("journal.toml")) {
            Ok(text) => match toml::from_str(&text) {
                Ok(table) => Section::table(heading, ["項目", "値"], flattened(&without_passwords(table)), "")
                    .saying("PostgreSQL（データフォルダーの journal.toml）。パスワードは載りません。"),
                Err(problem) => Section::words(heading, [format!("journal.toml を読めません: {}", problem.message())]),
            },
            Err(_) => {
                let file = self.data.join("journal.redb");
                Section::words(heading, [format!("この機械のファイル（{}）です。", file.display())])
            }
        }
    }

    /// What this node is called among those that share the database.
    fn node(&self) -> Section {
        let name = std::fs::read_to_string(self.data.join("journal.node")).unwrap_or_default();
        let words = match name.trim() {
            "" => "1 台で動いています。".to_owned(),
            name => {
                format!("このノードは {name} です。同じデータベースを使うノードは、それぞれの環境設定書に載ります。")
            }
        };
        Section::words("ノード", [words])
    }

    fn carriers(&self, carriers: &Carriers) -> Section {
        let heading = "通信事業者の表（有効な値）";
        let number = |number: Option<String>| number.unwrap_or_else(|| "―".into());
        let row = |row: &hikyaku_core::setup::CarrierRow| {
            let policy: &Policy = carriers.policy(&row.carrier);
            let Totals { sessions_max, mails_per_second_max, .. } = policy.total;
            [
                row.carrier.to_string(),
                row.domains.len().to_string(),
                format!("{}（初め {}）", policy.sessions_max, policy.sessions_start),
                number(policy.mails_per_second_max.map(|it| it.to_string())),
                policy.mails_per_session_max.to_string(),
                number(policy.connects_per_minute_max.map(|it| it.to_string())),
                format!(
                    "{} / {}",
                    number(sessions_max.map(|it| it.to_string())),
                    number(mails_per_second_max.map(|it| it.to_string()))
                ),
            ]
        };
        let columns =
            ["事業者", "ドメイン数", "接続", "毎秒の通数", "1 接続の通数", "毎分の接続", "全アドレスの接続 / 毎秒"];
        let from = match &self.mail.carriers {
            Some(file) => format!("{} によります。", file.display()),
            None => "組み込みの表によります。".to_owned(),
        };
        Section::table(heading, columns, carriers.rows().map(row), "事業者はありません。").saying(format!(
            "{from}―は上限のない項目です。送信元アドレスごとの値で、学んだ上限はこれより低いことがあります。"
        ))
    }
}

/// Addresses of ours and relays, as the file of carriers names them.
fn ways(mail: &MailSettings) -> Section {
    let heading = "送信元アドレスと中継サーバー";
    let text = mail.carriers.as_deref().map_or(Ok(String::new()), std::fs::read_to_string).unwrap_or_default();
    let table: toml::Table = toml::from_str(&text).unwrap_or_default();
    let named = table.into_iter().filter(|(key, _)| matches!(key.as_str(), "source" | "route"));
    Section::table(heading, ["項目", "値"], flattened(&named.collect()), "キャリア表に書いたものはありません。")
}

/// Keys that sign mails: names and dates.
fn keys(config: &Config) -> Section {
    let day = |at: Instant, never: &str| match at {
        Instant::EPOCH | Instant::NEVER => never.to_owned(),
        at => i64::try_from(at.as_micros())
            .ok()
            .and_then(|micros| Timestamp::from_microsecond(micros).ok())
            .map_or_else(|| never.to_owned(), dated),
    };
    let row = |key: &DkimKey| {
        [
            key.domain.clone(),
            key.selector.clone(),
            name_of(&key.file),
            day(key.from, "初めから"),
            day(key.until, "期限なし"),
        ]
    };
    let columns = ["ドメイン", "セレクター", "ファイル", "使い始め", "使い終わり"];
    Section::table("DKIM の鍵", columns, config.signing.dkim.iter().map(row), "署名の鍵はありません。")
}

fn name_of(file: &Path) -> String {
    file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

/// How long records are kept.
fn retention(schedule: Schedule) -> Section {
    let rows = [
        ("事象にならなかった電文", schedule.bulletins_days),
        ("実災害の事象と、その配信・回答", schedule.incidents_days),
        ("訓練・試験の事象と、その配信・回答", schedule.drills_days),
    ];
    let rows = rows.map(|(what, days)| [what.to_owned(), format!("{days} 日")]);
    Section::table("記録の保存期間", ["記録", "期間"], rows, "")
}

/// The same table, no URL in it with a password.
fn without_passwords(table: toml::Table) -> toml::Table {
    let masked = |(key, value): (String, toml::Value)| match value {
        toml::Value::String(text) => (key, toml::Value::String(without_password(&text))),
        other => (key, other),
    };
    table.into_iter().map(masked).collect()
}

/// A URL without the password that may stand before its host or among its parameters.
fn without_password(url: &str) -> String {
    let (head, rest) = url.split_once("://").map_or(("", url), |(scheme, rest)| (scheme, rest));
    if head.is_empty() {
        return url.to_owned();
    }
    let (place, query) = rest.split_once('?').map_or((rest, None), |(place, query)| (place, Some(query)));
    let place = match place.rsplit_once('@') {
        Some((login, host)) => format!("{}@{host}", login.split(':').next().unwrap_or_default()),
        None => place.to_owned(),
    };
    let shown = |pair: &str| !pair.starts_with("password=");
    let query: Option<Vec<&str>> = query.map(|it| it.split('&').filter(|pair| shown(pair)).collect());
    let query = query.filter(|it| !it.is_empty()).map_or_else(String::new, |it| format!("?{}", it.join("&")));
    format!("{head}://{place}{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn installed(folder: &Path, mail: &str) -> Installed {
        let mail = format!(
            "from = \"a@example.go.jp\"\nfrom_name = \"安否\"\nreturn_path = \"b+{{verp}}@example.go.jp\"\nhelo = \"m.example.go.jp\"\n{mail}"
        );
        Installed { data: folder.to_owned(), mail: toml::from_str(&mail).unwrap(), retention: Schedule::default() }
    }

    #[test]
    fn req_m02_the_document_names_database_carriers_keys_with_dates_node_and_retention_and_no_password() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write(
            "journal.toml",
            "url = \"postgresql://hikyaku:geheim@db.example/h?password=geheim&sslmode=verify-full\"\nstandbys = \"osaka\"\n",
        );
        write("journal.node", "tokyo-1\n");
        write(
            "signing.toml",
            "[[dkim]]\ndomain = \"example.go.jp\"\nselector = \"2026a\"\nfile = \"2026a.pem\"\nuntil = 2027-11-01\n",
        );
        let signing = format!("signing = \"{}\"\n", folder.path().join("signing.toml").display());
        let sections = installed(folder.path(), &signing).sections();
        let all: String = sections
            .iter()
            .flat_map(|it| it.words.iter().cloned().chain(it.rows.iter().map(|row| row.join("|"))))
            .collect::<Vec<_>>()
            .join("\n");
        for part in [
            "url|\"postgresql://hikyaku@db.example/h?sslmode=verify-full\"",
            "standbys|\"osaka\"",
            "tokyo-1",
            "example.go.jp|2026a|2026a.pem|初めから|2027年11月1日 00:00:00",
            "docomo|5|10（初め ",
            "実災害の事象と、その配信・回答|1825 日",
        ] {
            assert!(all.contains(part), "{part}: {all}");
        }
        assert!(!all.contains("geheim"), "{all}");
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named_in_its_place_and_one_machine_has_no_database() {
        let folder = tempfile::tempdir().unwrap();
        let sections = installed(folder.path(), "signing = \"nowhere.toml\"\n").sections();
        let all: String = sections.iter().flat_map(|it| it.words.clone()).collect();
        assert!(all.contains("nowhere.toml") && all.contains("journal.redb") && all.contains("1 台"), "{all}");
    }
}
