//! The files that `hikyaku send` reads, written for a test.
#![allow(dead_code, reason = "shared with a bench that needs less")]

use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Where a roster and a message lie, and the folder of the queue.
pub struct Letter {
    pub roster: PathBuf,
    pub message: PathBuf,
    pub data: PathBuf,
}

/// A message in Japanese with a field in both parts.
pub const MESSAGE: &str = r#"subject = "【安否確認】{name} さん、無事ですか"
from_name = "安否確認システム"
text = """
{name} 様（職員番号 {id}）

１４時３０分ごろ、東京都で震度６強の揺れがありました。
無事かどうかを、このメールに返信して知らせてください。
"""
"#;

impl Letter {
    /// Writes a roster of these addresses and a message.
    pub fn write<S: AsRef<str>>(folder: &Path, addresses: &[S], message: &str) -> Letter {
        let mut rows = String::from("id,name,email\n");
        for (at, address) in addresses.iter().enumerate() {
            let quoted = address.as_ref().replace('"', "\"\"");
            writeln!(rows, "{at},山田 花子{at},\"{quoted}\"").unwrap();
        }
        Letter::write_rows(folder, &rows, message)
    }

    /// Writes a roster as it is given and a message.
    pub fn write_rows(folder: &Path, rows: &str, message: &str) -> Letter {
        let letter = Letter {
            roster: folder.join("people.csv"),
            message: folder.join("message.toml"),
            data: folder.join("data"),
        };
        std::fs::write(&letter.roster, rows).unwrap();
        std::fs::write(&letter.message, message).unwrap();
        letter
    }

    /// The arguments of `send`, with `more` behind them.
    pub fn args(&self, more: &[&str]) -> Vec<String> {
        let path = |path: &Path| path.to_str().unwrap().to_owned();
        let own = ["send", "--roster", &path(&self.roster), "--message", &path(&self.message)];
        let own = own.iter().chain(&["--from", "anpi@example.go.jp", "--json", "--data"]).map(ToString::to_string);
        own.chain([path(&self.data)]).chain(more.iter().map(ToString::to_string)).collect()
    }
}

/// So many addresses, dealt to the domains in turn.
pub fn addresses(count: usize, domains: &[&str]) -> Vec<String> {
    (0..count).map(|n| format!("hanako.yamada{n}@{}", domains[n % domains.len()])).collect()
}
