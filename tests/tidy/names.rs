//! Words that say nothing, kept out of names.

use crate::Violation;
use crate::tree::{self, SourceFile};

/// Words that could stand on anything.
const EMPTY_WORDS: [&str; 5] = ["manager", "handler", "helper", "util", "utils"];

/// Words of the field that only look empty: (folder, word). A group has its managers (管理者).
const TERMS: [(&str, &str); 2] = [("crates/dispatch/", "manager"), ("crates/web/", "manager")];

/// The keywords that give something a name.
const NAMING: [&str; 8] = ["fn", "struct", "enum", "mod", "trait", "type", "const", "static"];

pub(crate) fn check_tests(tree: &[SourceFile]) -> Vec<Violation> {
    let remedy = |name: &str| format!("say in words what {name} shows");
    named(tree, |_, keyword, name| (keyword == "fn" && name.starts_with("test_")).then(|| remedy(name)))
}

pub(crate) fn check_words(tree: &[SourceFile]) -> Vec<Violation> {
    named(tree, |file, _, name| {
        let term = |word: &str| TERMS.iter().any(|(folder, term)| file.path.starts_with(folder) && *term == word);
        let empty = words(name).into_iter().find(|word| EMPTY_WORDS.contains(&word.as_str()) && !term(word))?;
        Some(format!("call {name} by what it is; `{empty}` could be anything"))
    })
}

pub(crate) fn check_beginnings(tree: &[SourceFile]) -> Vec<Violation> {
    let begins = |name: &str| ["do_", "get_"].iter().any(|start| name.starts_with(start));
    named(tree, |_, _, name| begins(name).then(|| format!("call {name} by what it returns or does")))
}

/// What `judge` has to say about each (keyword, name) in each file.
fn named(tree: &[SourceFile], judge: impl Fn(&SourceFile, &str, &str) -> Option<String>) -> Vec<Violation> {
    let mut found = Vec::new();
    for file in tree {
        for pair in file.all.windows(2) {
            let (Some(keyword), Some(name)) = (pair[0].word(), pair[1].word()) else { continue };
            if !NAMING.contains(&keyword) {
                continue;
            }
            if let Some(remedy) = judge(file, keyword, name) {
                found.push(Violation::new(&file.path, pair[1].line, remedy));
            }
        }
    }
    found
}

/// The words of a name in either case style, in small letters.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_small = false;
    for c in name.chars() {
        if c == '_' || (c.is_uppercase() && after_small) {
            words.push(String::new());
        }
        after_small = c.is_lowercase() || c.is_ascii_digit();
        if c != '_'
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
    }
    words
}

pub(crate) fn planted_test() -> Vec<SourceFile> {
    tree::planted(&[("src/a.rs", "#[cfg(test)] mod tests { #[test] fn test_lanes() {} }")])
}

pub(crate) fn planted_word() -> Vec<SourceFile> {
    tree::planted(&[("src/a.rs", "struct QueueManager;")])
}

pub(crate) fn planted_beginning() -> Vec<SourceFile> {
    tree::planted(&[("src/a.rs", "fn get_lane() {}")])
}

#[test]
fn empty_words_are_seen_in_either_case_style_and_only_as_whole_words() {
    let text =
        "mod str_utils; enum EventHandler {} const HELPER: u8 = 1; fn utility() {} struct Handlers; fn managers() {}";
    let found: Vec<String> =
        check_words(&tree::planted(&[("src/a.rs", text)])).into_iter().map(|found| found.remedy).collect();
    assert_eq!(found.len(), 3, "{found:?}");
}

#[test]
fn a_group_has_managers() {
    let text = "struct GroupManager;";
    assert_eq!(check_words(&tree::planted(&[("crates/dispatch/src/group.rs", text)])), []);
    assert_eq!(check_words(&tree::planted(&[("crates/core/src/queue.rs", text)])).len(), 1);
}
