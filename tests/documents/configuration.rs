//! `docs/configuration.md` is made from the commented configuration that `hikyaku init` writes, and from that of the files beside it:
//! one source, never two.

use std::fs;

const SOURCE: &str = "src/init.toml";
const FURTHER: &str = "src/files.toml";
const REFERENCE: &str = "docs/configuration.md";

const HEAD: &str = "# 設定ファイルの全項目\n\n\
`hikyaku init` が書く `hikyaku.toml` と、そのほかに人が書くファイルの全項目です。このファイルは `src/init.toml` と `src/files.toml` から作られ、`tests/documents.rs` が一致を確かめます\n\
（作り直すには `HIKYAKU_WRITE=1 cargo test --test documents`）。「書かれる値」が空の項目は、初めは書かれていません。知らない項目があると起動しません。\n\
★ の項目は SIGHUP（`systemctl reload hikyaku`）で読み直し、他の項目は再起動で反映します。\n";

/// One key of the file.
struct Key<'a> {
    name: &'a str,
    value: &'a str,
    is_set: bool,
    meaning: String,
}

/// `name = value` of a line, whether it is commented out or not.
fn key(line: &str) -> Option<(&str, &str, bool)> {
    let bare = line.strip_prefix("# ").unwrap_or(line);
    let (name, value) = bare.split_once(" = ")?;
    let is_name =
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte.is_ascii_digit());
    is_name.then_some((name, value, bare.len() == line.len()))
}

/// The name of a section's line, in brackets as it stands there.
fn section(line: &str) -> Option<&str> {
    let bare = line.strip_prefix("# ").unwrap_or(line);
    (bare.starts_with('[') && bare.ends_with(']') && !bare.contains(' ')).then_some(bare)
}

fn row(reference: &mut String, key: &Key) {
    let cell = |text: &str| text.replace('|', "\\|");
    let (set, example) = if key.is_set {
        (format!("`{}`", cell(key.value)), String::new())
    } else {
        (String::new(), format!("`{}`", cell(key.value)))
    };
    reference.push_str(&format!("| `{}` | {set} | {example} | {} |\n", key.name, cell(&key.meaning)));
}

/// The reference that belongs to a commented configuration.
fn made(source: &str) -> String {
    let mut reference = HEAD.to_owned();
    let mut words: Vec<&str> = Vec::new();
    let mut title = None;
    let mut is_in_table = false;
    let open = |reference: &mut String, heading: &str, about: &str| {
        reference.push_str(&format!("\n## {heading}\n\n"));
        if !about.is_empty() {
            reference.push_str(&format!("{about}\n\n"));
        }
        reference.push_str("| 項目 | 書かれる値 | 例 | 意味 |\n|---|---|---|---|\n");
    };
    for line in source.lines() {
        if let Some(file) = line.strip_prefix("# ━━ ") {
            reference.push_str(&format!("\n# {file}\n"));
            (title, is_in_table) = (None, false);
            words.clear();
        } else if let Some(rule) = line.strip_prefix("# ── ") {
            title = Some(rule.trim_end_matches(['─', ' ']));
            words.clear();
        } else if let Some(name) = section(line) {
            let mut about: Vec<&str> = title.take().into_iter().collect();
            about.append(&mut words);
            open(&mut reference, &format!("`{name}`"), &about.join("。").replace("。。", "。"));
            is_in_table = true;
        } else if let Some((name, rest, is_set)) = key(line) {
            if !is_in_table {
                open(&mut reference, "先頭（節の前）", "");
                is_in_table = true;
            }
            let (value, aside) = rest.split_once(" # ").unwrap_or((rest, ""));
            let aside = aside.trim();
            let mut meaning = std::mem::take(&mut words).concat();
            if !aside.is_empty() {
                meaning = if meaning.is_empty() { aside.to_owned() } else { format!("{meaning} {aside}") };
            }
            row(&mut reference, &Key { name, value: value.trim(), is_set, meaning });
        } else if let Some(text) = line.strip_prefix("# ") {
            words.push(text);
        } else {
            words.clear();
        }
    }
    reference
}

#[test]
fn the_reference_of_every_configuration_key_is_what_the_commented_configuration_says() {
    let source = format!("{}\n{}", fs::read_to_string(SOURCE).unwrap(), fs::read_to_string(FURTHER).unwrap());
    let made = made(&source.replace("@organisation@", "架空省"));
    if std::env::var_os("HIKYAKU_WRITE").is_some() {
        fs::write(REFERENCE, &made).unwrap();
    }
    let written = fs::read_to_string(REFERENCE).unwrap_or_default();
    assert!(
        written == made,
        "{REFERENCE} is not what {SOURCE} and {FURTHER} say: run HIKYAKU_WRITE=1 cargo test --test documents"
    );
    assert!(made.matches("\n| `").count() > 60, "{made}");
}
