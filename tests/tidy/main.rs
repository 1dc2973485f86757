//! The rules of the house, held by a test: each is a function over the tree of files that says what breaks it, where.
//!
//! `the_tree_is_clean` reads the real workspace; `each_rule_sees_a_planted_violation` gives every rule of the table the
//! small tree it must object to, so no rule can be added that sees nothing.

mod arrows;
mod cycles;
mod floors;
mod imports;
mod names;
mod opening;
mod panics;
mod paths;
mod purity;
mod size;
mod surface;
mod text;
mod tokens;
mod tree;

use std::fmt;
use std::path::Path;
use tree::SourceFile;

/// One broken rule: where, and what to do about it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Violation {
    path: String,
    line: usize,
    remedy: String,
}

impl Violation {
    fn new(path: &str, line: usize, remedy: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, remedy: remedy.into() }
    }
}

/// A rule, and the smallest tree that breaks it.
struct Rule {
    name: &'static str,
    check: fn(&[SourceFile]) -> Vec<Violation>,
    planted: fn() -> Vec<SourceFile>,
}

/// Every rule of the house.
const RULES: [Rule; 15] = [
    Rule { name: "crates depend only along the arrows", check: arrows::check, planted: arrows::planted },
    Rule { name: "core imports only downward", check: floors::check, planted: floors::planted },
    Rule { name: "modules have no import cycles", check: cycles::check, planted: cycles::planted },
    Rule { name: "the engine shows few names", check: surface::check, planted: surface::planted },
    Rule { name: "deciding code is pure", check: purity::check, planted: purity::planted },
    Rule { name: "files are at most 400 lines of code", check: size::check_files, planted: size::planted_file },
    Rule { name: "functions are at most 70 lines", check: size::check_functions, planted: size::planted_function },
    Rule { name: "each file opens with its sentence", check: opening::check, planted: opening::planted },
    Rule { name: "no unwrap outside tests", check: panics::check_unwrap, planted: panics::planted_unwrap },
    Rule { name: "an expect names its reason", check: panics::check_expect, planted: panics::planted_expect },
    Rule { name: "tests are sentences", check: names::check_tests, planted: names::planted_test },
    Rule { name: "no empty words in names", check: names::check_words, planted: names::planted_word },
    Rule { name: "no do_ or get_ names", check: names::check_beginnings, planted: names::planted_beginning },
    Rule { name: "no machine paths", check: text::check_machine_paths, planted: text::planted_machine_path },
    Rule { name: "no registry hosts", check: text::check_registry_hosts, planted: text::planted_registry_host },
];

/// All that is wrong with a tree, one line each, in the form editors can follow.
struct Complaint(Vec<(&'static str, Violation)>);

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (rule, Violation { path, line, remedy }) in &self.0 {
            writeln!(f, "{path}:{line}: {rule}: {remedy}")?;
        }
        Ok(())
    }
}

fn complaint(tree: &[SourceFile]) -> Complaint {
    let mut found = Vec::new();
    for rule in &RULES {
        let mut violations = (rule.check)(tree);
        violations.sort();
        found.extend(violations.into_iter().map(|violation| (rule.name, violation)));
    }
    Complaint(found)
}

#[test]
fn the_tree_is_clean() -> std::io::Result<()> {
    // Cargo runs a package's tests in the package's folder.
    let tree = tree::read(Path::new("."))?;
    assert!(tree.iter().any(|file| file.path == "tests/tidy/main.rs"), "run this in the workspace root");
    let complaint = complaint(&tree);
    assert!(complaint.0.is_empty(), "{} to mend:\n{complaint}", complaint.0.len());
    Ok(())
}

#[test]
fn each_rule_sees_a_planted_violation() {
    for rule in &RULES {
        assert!(!(rule.check)(&(rule.planted)()).is_empty(), "{} saw nothing", rule.name);
    }
}

#[test]
fn a_complaint_names_the_place_the_rule_and_the_remedy() {
    let line = complaint(&tree::planted(&[("src/a.rs", "//! Owns a.\n\nfn get_b() {}\n")])).to_string();
    assert_eq!(line, "src/a.rs:3: no do_ or get_ names: call get_b by what it returns or does\n");
}
