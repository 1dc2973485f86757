//! The configuration as it is (環境設定書): what runs, every key that is set, what is set up beside it, rules; secrets are masked.

use hikyaku_dispatch::{Sending, State, Unattended};
use hikyaku_web::dated;
use jiff::Timestamp;

use super::sheet::{Section, Sheet};
use crate::inventory::sheet::Item;

/// Words in a key's name by which its value is a secret; a file's name is none.
const SECRET: [&str; 4] = ["password", "secret", "token", "passphrase"];

/// The document; `keys` are those of the configuration that are written, `installed` what is set up beside it.
pub fn sheet(
    organisation: &str,
    items: &[Item],
    (keys, installed): (&toml::Table, Vec<Section>),
    state: &State,
    now: Timestamp,
) -> Sheet {
    let flat = flattened(keys);
    let rules = state.rules().values().map(|rule| [rule.id.to_string(), rule.name.clone(), sending(&rule.sending)]);
    let mut sections = vec![
        inventory(items),
        Section::table("設定ファイルの項目", ["項目", "値"], flat, "すべて初期値です。")
            .saying("鍵とパスワードはファイルに置かれ、ここには載りません。書かれていない項目は初期値です。"),
    ];
    sections.extend(installed);
    sections.push(Section::table("配信の規則", ["番号", "名前", "送信"], rules, "規則はありません。"));
    Sheet {
        title: "環境設定書".into(),
        lead: vec![organisation.to_owned(), format!("作成 {}（日本時間）", dated(now))],
        sections,
    }
}

/// What runs, with its dates.
pub fn inventory(items: &[Item]) -> Section {
    let row = |it: &Item| {
        let until = it.until.map_or_else(|| "―".to_owned(), |until| until.to_string());
        [it.name.clone(), it.version.clone(), until, it.note.clone()]
    };
    Section::table("構成とサポート・有効期限", ["名称", "版", "期限", "備考"], items.iter().map(row), "")
}

/// Whether a rule sends by itself, in words.
fn sending(sending: &Sending) -> String {
    match sending {
        Sending::AtOnce => "自動で送信".into(),
        Sending::Never => "送信しない（判定の記録だけ）".into(),
        Sending::Hold(hold) => {
            let otherwise = match hold.unattended {
                Unattended::Send => "判断がなければ送信",
                Unattended::Drop => "判断がなければ送信しない",
            };
            format!("承認を待つ（{} 分、承認者 {} 人、{otherwise}）", hold.minutes, hold.approvers.len())
        }
    }
}

/// Each key of a table with its value, secrets masked.
pub fn flattened(table: &toml::Table) -> Vec<[String; 2]> {
    let mut flat = Vec::new();
    flatten("", &toml::Value::Table(table.clone()), &mut flat);
    flat
}

fn flatten(path: &str, value: &toml::Value, flat: &mut Vec<[String; 2]>) {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        toml::Value::Table(table) => table.iter().for_each(|(key, value)| flatten(&below(key), value, flat)),
        toml::Value::Array(values) if values.iter().any(toml::Value::is_table) => {
            values.iter().enumerate().for_each(|(at, value)| flatten(&format!("{path}[{}]", at + 1), value, flat));
        }
        _ => {
            let name = path.rsplit('.').next().unwrap_or(path).to_lowercase();
            let is_secret = SECRET.iter().any(|word| name.contains(word)) && !name.ends_with("_file");
            flat.push([path.to_owned(), if is_secret { "＊＊＊".into() } else { value.to_string() }]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_that_is_set_stands_in_the_document_and_a_secret_is_masked() {
        let keys = toml::from_str(
            "data = \"d\"\n[mail]\nport = 25\npassword = \"geheim\"\npassword_file = \"f\"\n[[roster]]\nsource = \"r\"\n",
        );
        let own = (&keys.unwrap(), Vec::new());
        let sheet = sheet("架空省", &[], own, &State::default(), Timestamp::UNIX_EPOCH);
        let rows = &sheet.sections[1].rows;
        let expected = [
            ["data", "\"d\""],
            ["mail.password", "＊＊＊"],
            ["mail.password_file", "\"f\""],
            ["mail.port", "25"],
            ["roster[1].source", "\"r\""],
        ];
        assert_eq!(*rows, expected);
    }

    #[test]
    fn how_a_rule_sends_is_said_in_words() {
        let hold = |unattended| {
            let approvers = vec![hikyaku_dispatch::PersonId(1)];
            sending(&Sending::Hold(hikyaku_dispatch::Hold { approvers, duty: Vec::new(), minutes: 10, unattended }))
        };
        assert_eq!(sending(&Sending::AtOnce), "自動で送信");
        assert_eq!(hold(Unattended::Drop), "承認を待つ（10 分、承認者 1 人、判断がなければ送信しない）");
        assert_eq!(hold(Unattended::Send), "承認を待つ（10 分、承認者 1 人、判断がなければ送信）");
    }
}
