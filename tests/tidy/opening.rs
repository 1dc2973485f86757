//! Each file opens with a sentence that says what it owns.

use crate::Violation;
use crate::tree::{self, SourceFile};

pub(crate) fn check(tree: &[SourceFile]) -> Vec<Violation> {
    let mut found = Vec::new();
    for file in tree.iter().filter(|file| file.is_rust()) {
        let opening: Vec<&str> = file.text.lines().map_while(|line| line.strip_prefix("//! ")).collect();
        match opening.last() {
            None => found.push(Violation::new(&file.path, 1, "begin with `//! ` and what this file owns")),
            Some(last) if !last.ends_with(['.', '。']) => {
                found.push(Violation::new(&file.path, opening.len(), "end the opening sentence with a full stop"));
            }
            Some(_) => {}
        }
    }
    found
}

pub(crate) fn planted() -> Vec<SourceFile> {
    tree::planted(&[("src/main.rs", "fn main() {}\n")])
}

#[test]
fn a_sentence_may_go_on_over_lines_but_has_an_end() {
    assert_eq!(check(&tree::planted(&[("a.rs", "//! Owns a,\n//! and b.\n//!\n//! See c\nmod d;")])), []);
    assert_eq!(check(&tree::planted(&[("a.rs", "//! Owns a,\n//! and b\n\nmod d;")]))[0].line, 2);
}

#[test]
fn the_sentence_comes_first() {
    assert_eq!(check(&tree::planted(&[("a.rs", "\n//! Owns a.\n")])).len(), 1);
}
