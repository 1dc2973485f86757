//! What the documents say is so: commands, files, rooms and tests that they name exist, and their example is the tested one.

#[path = "documents/configuration.rs"]
mod configuration;

use std::fs;
use std::path::{Path, PathBuf};

const READMES: [&str; 2] = ["README.md", "README.ja.md"];
const DOCUMENTS: [&str; 5] = ["README.md", "README.ja.md", "ARCHITECTURE.md", "CHANGELOG.md", "SECURITY.md"];
/// Documents that promise tests by name.
const PROMISES: [&str; 3] = ["ARCHITECTURE.md", "docs/threat-model.md", "docs/ipa-checklist.md"];

fn read(path: &str) -> String {
    // Cargo runs a package's tests in the package's folder.
    fs::read_to_string(path).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// The text of each fenced block of a language.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let opening = format!("```{language}\n");
    text.split(&opening).skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

/// What stands in backticks on one line, outside fenced blocks.
fn quoted(text: &str) -> Vec<&str> {
    let outside = text.split("```").step_by(2);
    outside.flat_map(str::lines).flat_map(|line| line.split('`').skip(1).step_by(2)).collect()
}

/// Every Rust file of the workspace in one text.
fn all_code() -> String {
    let mut code = String::new();
    let mut folders: Vec<PathBuf> = ["src", "tests", "crates"].map(PathBuf::from).to_vec();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|e| panic!("{folder:?}: {e}")) {
            let path = entry.unwrap_or_else(|e| panic!("{folder:?}: {e}")).path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                code.push_str(&fs::read_to_string(&path).unwrap_or_default());
            }
        }
    }
    code
}

#[test]
fn both_readmes_name_the_two_commands_and_show_the_same_blocks() {
    let [english, japanese] = READMES.map(read);
    for command in ["\ncargo run --release -- demo\n", "\n./scripts/test\n"] {
        assert!(english.contains(command) && japanese.contains(command), "{command}");
    }
    for language in ["sh", "csv", "toml", "rust"] {
        assert!(!blocks(&english, language).is_empty(), "{language}");
        assert_eq!(blocks(&english, language), blocks(&japanese, language));
    }
}

#[test]
fn the_embedding_snippet_is_the_example_and_the_doc_test() {
    let example = read("crates/core/examples/ten_lines.rs");
    let crate_docs = read("crates/core/src/lib.rs");
    let shown = read("README.md");
    let lines: Vec<&str> = blocks(&shown, "rust")[0].lines().collect();
    let prefixed = |prefix: &str| -> String {
        lines.iter().map(|line| format!("{}\n", format!("{prefix}{line}").trim_end())).collect()
    };
    assert!(example.contains(&prefixed("    ")), "README.md and crates/core/examples/ten_lines.rs differ");
    assert!(crate_docs.contains(&prefixed("//! ")), "README.md and crates/core/src/lib.rs differ");
}

#[test]
fn every_file_that_a_document_names_exists() {
    for document in DOCUMENTS {
        let text = read(document);
        let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let links = links.filter(|link| !link.starts_with(['#', 'h']));
        let is_file = |word: &&str| word.ends_with(".rs") || word.contains('/') && word.ends_with(".toml");
        for path in links.chain(quoted(&text).into_iter().filter(is_file)) {
            let there = ["", "crates/core/src/"].iter().any(|base| Path::new(&format!("{base}{path}")).exists());
            assert!(there, "{document} names {path}, which does not exist");
        }
    }
}

#[test]
fn every_document_that_a_manual_leads_to_is_built_with_the_manuals() {
    let script = read("scripts/manual");
    let names = |list: &str| -> Vec<String> {
        let (_, rest) = script.split_once(&format!("\n{list} = [")).unwrap_or_else(|| panic!("scripts/manual: {list}"));
        let inside = rest.split(']').next().unwrap_or_default();
        inside.split('"').skip(1).step_by(2).map(str::to_owned).collect()
    };
    let (manuals, others) = (names("manuals"), names("others"));
    assert!(manuals.len() == 5 && others.len() > 5, "{manuals:?} {others:?}");
    let paths =
        manuals.iter().map(|it| format!("docs/manual/{it}.md")).chain(others.iter().map(|it| format!("docs/{it}.md")));
    for path in paths {
        let text = read(&path);
        let links = text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
        for link in links.filter(|link| link.ends_with(".md") && !link.contains(':')) {
            let name = link.rsplit('/').next().unwrap_or_default().trim_end_matches(".md").to_owned();
            let is_built =
                manuals.contains(&name) || others.contains(&name) || ["CHANGELOG", "ARCHITECTURE"].contains(&&*name);
            assert!(is_built, "{path} leads to {link}: add it to scripts/manual");
        }
    }
}

#[test]
fn every_test_that_a_document_promises_exists() {
    let code = all_code();
    let is_sentence = |word: &&str| word.matches('_').count() >= 3 && !word.contains(['.', '/', ' ', '(']);
    for document in PROMISES {
        let text = read(document);
        let named: Vec<&str> = quoted(&text).into_iter().filter(is_sentence).collect();
        assert!(named.len() > 15, "{document}: {named:?}");
        for name in named {
            assert!(code.contains(&format!("fn {name}(")), "{document} names {name}, which no file has");
        }
    }
}

#[test]
fn every_room_of_core_is_on_the_map() {
    let text = read("ARCHITECTURE.md");
    for entry in fs::read_dir("crates/core/src").unwrap_or_else(|e| panic!("crates/core/src: {e}")) {
        let name = entry.map(|entry| entry.file_name().to_string_lossy().into_owned()).unwrap_or_default();
        let room = name.trim_end_matches(".rs");
        assert!(room == "lib" || quoted(&text).contains(&room), "ARCHITECTURE.md has no room {room}");
    }
}
